//! The tree of a document: tokens by the grammar, with anchors resolved.

use std::collections::HashMap;

use super::depth::Depth;
use super::error::{Mark, message};
use super::resolve::{self, Tag, short};
use super::scan::{Kind as T, Scanner, Style};

/// A document: nodes that refer to each other by number.
#[derive(Default)]
pub(super) struct Tree {
    /// All nodes of the stream.
    pub(super) nodes: Vec<Node>,
    /// The root of the first document, if there is one.
    pub(super) root: Option<usize>,
}

/// A node with its tag, without `tag:yaml.org,2002:` where it is one of YAML's own.
pub(super) struct Node {
    pub(super) tag: String,
    pub(super) kind: Kind,
    /// Counted from 1.
    pub(super) line: usize,
}

/// What a node is.
pub(super) enum Kind {
    /// `plain`: without quotes, and without a tag of its own.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<usize>),
    /// Keys and values in turn.
    Mapping(Vec<usize>),
    Alias {
        name: String,
        target: usize,
    },
}

/// The tree of the first document; the others are only checked.
///
/// # Errors
/// The text is no YAML.
pub(super) fn parse(source: &str, depth: Depth) -> Result<Tree, String> {
    let mut composer = Composer {
        scanner: Scanner::new(source)?,
        tree: Tree::default(),
        anchors: HashMap::new(),
        handles: Vec::new(),
        depth,
    };
    let mut first = true;
    while let Some(root) = composer.document(first)? {
        composer.tree.root = composer.tree.root.or(Some(root));
        first = false;
    }
    Ok(composer.tree)
}

struct Composer {
    scanner: Scanner,
    tree: Tree,
    anchors: HashMap<String, usize>,
    /// What handles of tags stand for.
    handles: Vec<(String, String)>,
    depth: Depth,
}

/// An anchor and a tag.
#[derive(Default)]
struct Properties {
    anchor: Option<String>,
    tag: Option<String>,
    /// There is a tag, if only the bare mark.
    tagged: bool,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    BlockSequence,
    /// As deep as the key that it belongs to.
    Indentless,
    BlockMapping,
    FlowSequence,
    FlowMapping,
    /// A pair without braces in a sequence.
    Pair,
}

/// A collection that is open.
struct Frame {
    number: usize,
    form: Form,
    begun: Mark,
    content: Vec<usize>,
    /// The key has no mark, and therefore no value.
    bare: bool,
}

enum Opened {
    Leaf(usize),
    Collection(Frame),
}

/// What comes next in a collection.
enum Step {
    Leaf(usize),
    Node { block: bool, indentless: bool },
    Open(Frame),
    End,
}

const FLOW_NODE: Step = Step::Node {
    block: false,
    indentless: false,
};

impl Composer {
    fn peek(&mut self) -> Result<(T, Mark), String> {
        let token = self.scanner.peek()?;
        Ok((token.kind.clone(), token.start))
    }

    /// Whether the next token is one of these.
    fn next_is(&mut self, kinds: &[T]) -> Result<bool, String> {
        Ok(kinds.contains(&self.scanner.peek()?.kind))
    }

    /// Takes the next token if it is this one.
    fn take(&mut self, kind: &T) -> Result<bool, String> {
        let there = self.scanner.peek()?.kind == *kind;
        if there {
            self.scanner.skip();
        }
        Ok(there)
    }

    /// The root of the next document.
    fn document(&mut self, first: bool) -> Result<Option<usize>, String> {
        if !first {
            while self.take(&T::DocumentEnd)? {}
        }
        self.handles = vec![
            ("!".to_owned(), "!".to_owned()),
            ("!!".to_owned(), "tag:yaml.org,2002:".to_owned()),
        ];
        let (kind, _) = self.peek()?;
        let explicit = match kind {
            T::StreamEnd => return Ok(None),
            T::Version(..) | T::TagDirective(..) | T::DocumentStart => true,
            _ => !first,
        };
        if explicit {
            self.explicit()?;
        }
        let (kind, start) = self.peek()?;
        let empty = explicit
            && matches!(
                kind,
                T::Version(..)
                    | T::TagDirective(..)
                    | T::DocumentStart
                    | T::DocumentEnd
                    | T::StreamEnd
            );
        let root = if empty {
            self.empty(start)
        } else {
            self.node()?
        };
        self.take(&T::DocumentEnd)?;
        Ok(Some(root))
    }

    /// Directives and the mark at the start of a document.
    fn explicit(&mut self) -> Result<(), String> {
        let grammar = |at: Mark, problem: &str| Err(message(Mark::default(), at, false, problem));
        let mut version = false;
        let mut own: Vec<(String, String)> = Vec::new();
        loop {
            let (kind, start) = self.peek()?;
            match kind {
                T::Version(..) if version => {
                    return grammar(start, "found duplicate %YAML directive");
                }
                T::Version(1, 1) => version = true,
                T::Version(..) => return grammar(start, "found incompatible YAML document"),
                T::TagDirective(handle, prefix) => {
                    if own.iter().any(|(known, _)| *known == handle) {
                        return grammar(start, "found duplicate %TAG directive");
                    }
                    own.push((handle, prefix));
                }
                T::DocumentStart => {
                    self.scanner.skip();
                    self.handles.splice(0..0, own);
                    return Ok(());
                }
                _ => return grammar(start, "did not find expected <document start>"),
            }
            self.scanner.skip();
        }
    }

    fn add(&mut self, properties: Properties, kind: Kind, tag: &str, at: Mark) -> usize {
        let number = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            tag: short(properties.tag.as_deref().unwrap_or(tag)),
            kind,
            line: at.line + 1,
        });
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, number);
        }
        number
    }

    fn scalar(&mut self, properties: Properties, text: String, style: Style, at: Mark) -> usize {
        let plain = style == Style::Plain && properties.tag.is_none();
        let tag = match style {
            Style::Quoted => Tag::Str,
            Style::Plain if text == "<<" => Tag::Merge,
            Style::Plain => resolve::plain(&text).tag(),
        };
        self.add(properties, Kind::Scalar { text, plain }, tag.name(), at)
    }

    fn empty(&mut self, at: Mark) -> usize {
        self.scalar(Properties::default(), String::new(), Style::Plain, at)
    }

    /// A node with all that is in it. What is open is kept on a list, so that depth costs no stack.
    fn node(&mut self) -> Result<usize, String> {
        let mut open: Vec<Frame> = Vec::new();
        let mut step = Step::Node {
            block: true,
            indentless: false,
        };
        loop {
            let done = match step {
                Step::Leaf(number) => Some(number),
                Step::Node { block, indentless } => match self.open(block, indentless)? {
                    Opened::Leaf(number) => Some(number),
                    Opened::Collection(frame) => {
                        open.push(frame);
                        None
                    }
                },
                Step::Open(frame) => {
                    open.push(frame);
                    None
                }
                Step::End => open.pop().map(|frame| self.fill(frame)),
            };
            self.depth.check(open.len())?;
            if let Some(number) = done {
                match open.last_mut() {
                    Some(frame) => frame.content.push(number),
                    None => return Ok(number),
                }
            }
            step = match open.last_mut() {
                Some(frame) => self.advance(frame)?,
                None => Step::End,
            };
        }
    }

    /// Starts a node: a scalar or an alias is complete.
    fn open(&mut self, block: bool, indentless: bool) -> Result<Opened, String> {
        let (kind, start) = self.peek()?;
        if let T::Alias(name) = kind {
            self.scanner.skip();
            let Some(target) = self.anchors.get(&name).copied() else {
                return Err(format!("yaml: unknown anchor '{name}' referenced"));
            };
            let kind = Kind::Alias { name, target };
            let number = self.add(Properties::default(), kind, "", start);
            return Ok(Opened::Leaf(number));
        }
        let properties = self.properties(start)?;
        let (kind, at) = self.peek()?;
        let form = match kind {
            T::BlockEntry if indentless => Form::Indentless,
            T::Scalar(text, style) => {
                self.scanner.skip();
                return Ok(Opened::Leaf(self.scalar(properties, text, style, start)));
            }
            T::FlowSequenceStart => Form::FlowSequence,
            T::FlowMappingStart => Form::FlowMapping,
            T::BlockSequenceStart if block => Form::BlockSequence,
            T::BlockMappingStart if block => Form::BlockMapping,
            _ if properties.anchor.is_some() || properties.tagged => {
                let number = self.scalar(properties, String::new(), Style::Plain, start);
                return Ok(Opened::Leaf(number));
            }
            _ => {
                return Err(message(
                    start,
                    at,
                    false,
                    "did not find expected node content",
                ));
            }
        };
        if form != Form::Indentless {
            self.scanner.skip();
        }
        Ok(Opened::Collection(self.frame(form, properties, start, at)))
    }

    fn frame(&mut self, form: Form, properties: Properties, start: Mark, begun: Mark) -> Frame {
        let (kind, tag) = match form {
            Form::BlockMapping | Form::FlowMapping | Form::Pair => {
                (Kind::Mapping(Vec::new()), Tag::Mapping)
            }
            Form::BlockSequence | Form::Indentless | Form::FlowSequence => {
                (Kind::Sequence(Vec::new()), Tag::Sequence)
            }
        };
        Frame {
            number: self.add(properties, kind, tag.name(), start),
            form,
            begun,
            content: Vec::new(),
            bare: false,
        }
    }

    fn fill(&mut self, frame: Frame) -> usize {
        if let Some(node) = self.tree.nodes.get_mut(frame.number) {
            match &mut node.kind {
                Kind::Sequence(items) | Kind::Mapping(items) => *items = frame.content,
                Kind::Scalar { .. } | Kind::Alias { .. } => {}
            }
        }
        frame.number
    }

    /// A node comes, or an empty scalar in front of one of these tokens.
    fn unless(&mut self, ends: &[T], block: bool, indentless: bool) -> Result<Step, String> {
        if self.next_is(ends)? {
            return self.nothing();
        }
        Ok(Step::Node { block, indentless })
    }

    fn nothing(&mut self) -> Result<Step, String> {
        let (_, at) = self.peek()?;
        Ok(Step::Leaf(self.empty(at)))
    }

    /// What comes next in a collection.
    fn advance(&mut self, frame: &mut Frame) -> Result<Step, String> {
        let key_comes = frame.content.len().is_multiple_of(2);
        match frame.form {
            Form::BlockSequence => {
                if self.take(&T::BlockEntry)? {
                    return self.unless(&[T::BlockEntry, T::BlockEnd], true, false);
                }
                self.block_end(frame, "did not find expected '-' indicator")
            }
            Form::Indentless => {
                if self.take(&T::BlockEntry)? {
                    let ends = [T::BlockEntry, T::Key, T::Value, T::BlockEnd];
                    return self.unless(&ends, true, false);
                }
                Ok(Step::End)
            }
            Form::BlockMapping => {
                let ends = [T::Key, T::Value, T::BlockEnd];
                match (
                    key_comes,
                    self.take(if key_comes { &T::Key } else { &T::Value })?,
                ) {
                    (_, true) => self.unless(&ends, true, true),
                    (true, false) => self.block_end(frame, "did not find expected key"),
                    (false, false) => self.nothing(),
                }
            }
            Form::FlowSequence => self.flow_item(frame),
            Form::FlowMapping if key_comes => self.flow_key(frame),
            Form::FlowMapping if frame.bare => self.nothing(),
            Form::FlowMapping => self.flow_value(T::FlowMappingEnd),
            Form::Pair => match frame.content.len() {
                0 => {
                    if self.next_is(&[T::Value, T::FlowEntry, T::FlowSequenceEnd])? {
                        // The token after an empty key is lost, as it is in libyaml.
                        let (_, at) = self.peek()?;
                        self.scanner.skip();
                        return Ok(Step::Leaf(self.empty(at)));
                    }
                    Ok(FLOW_NODE)
                }
                1 => self.flow_value(T::FlowSequenceEnd),
                _ => Ok(Step::End),
            },
        }
    }

    fn block_end(&mut self, frame: &Frame, problem: &str) -> Result<Step, String> {
        let (_, at) = self.peek()?;
        if self.take(&T::BlockEnd)? {
            return Ok(Step::End);
        }
        Err(message(frame.begun, at, false, problem))
    }

    /// A comma but in front of the first member.
    fn comma(&mut self, frame: &Frame, problem: &str) -> Result<(), String> {
        if !frame.content.is_empty() {
            let (_, at) = self.peek()?;
            if !self.take(&T::FlowEntry)? {
                return Err(message(frame.begun, at, false, problem));
            }
        }
        Ok(())
    }

    fn flow_item(&mut self, frame: &Frame) -> Result<Step, String> {
        if self.take(&T::FlowSequenceEnd)? {
            return Ok(Step::End);
        }
        self.comma(frame, "did not find expected ',' or ']'")?;
        if self.take(&T::FlowSequenceEnd)? {
            return Ok(Step::End);
        }
        let (_, at) = self.peek()?;
        if self.take(&T::Key)? {
            // A mapping of one pair without braces.
            let pair = self.frame(Form::Pair, Properties::default(), at, at);
            return Ok(Step::Open(pair));
        }
        Ok(FLOW_NODE)
    }

    fn flow_key(&mut self, frame: &mut Frame) -> Result<Step, String> {
        if self.take(&T::FlowMappingEnd)? {
            return Ok(Step::End);
        }
        self.comma(frame, "did not find expected ',' or '}'")?;
        if self.take(&T::FlowMappingEnd)? {
            return Ok(Step::End);
        }
        frame.bare = !self.take(&T::Key)?;
        if frame.bare {
            return Ok(FLOW_NODE);
        }
        self.unless(&[T::Value, T::FlowEntry, T::FlowMappingEnd], false, false)
    }

    fn flow_value(&mut self, end: T) -> Result<Step, String> {
        if self.take(&T::Value)? {
            return self.unless(&[T::FlowEntry, end], false, false);
        }
        self.nothing()
    }

    /// An anchor and a tag in either order.
    fn properties(&mut self, start: Mark) -> Result<Properties, String> {
        let mut properties = Properties::default();
        for _ in 0..2 {
            match self.peek()? {
                (T::Anchor(name), _) if properties.anchor.is_none() => {
                    properties.anchor = Some(name);
                }
                (T::Tag(handle, suffix), at) if !properties.tagged => {
                    properties.tagged = true;
                    let tag = if handle.is_empty() {
                        suffix
                    } else {
                        let prefix = self.handles.iter().find(|(known, _)| *known == handle);
                        let Some((_, prefix)) = prefix else {
                            return Err(message(start, at, false, "found undefined tag handle"));
                        };
                        format!("{prefix}{suffix}")
                    };
                    // The bare mark says no more than that there is a tag.
                    properties.tag = Some(tag).filter(|tag| tag != "!");
                }
                _ => break,
            }
            self.scanner.skip();
        }
        Ok(properties)
    }
}
