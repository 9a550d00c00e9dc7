//! What belongs to the whole program: constants, builtins, the document tree, replacements.

use std::collections::HashMap;
use std::sync::Arc;

use super::Watch;
use super::keyed::{Part, Wanted};
use super::tree::NodeRules;
use crate::ast::{Term, TermValue};
use crate::ir::{
    Builtin, BuiltinId, CallTarget, CallTargetName, Constant, ConstantId, Function, FunctionId,
    MaskId, MemoSlot, MockId, NodeId, Program, RuleId, RuleInfo,
};

/// What the lowering has to know about a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The number of arguments, the result not counted.
    pub arity: u32,
    /// Asking twice may give two answers.
    pub nondeterministic: bool,
    /// The result is an array of answers, each of which holds (`walk`).
    pub relation: bool,
}

/// The builtins that policies can call.
pub trait Signatures {
    /// The builtin of this name (`json.marshal`), if there is one.
    fn signature(&self, name: &str) -> Option<Signature>;
}

/// The tables of a program that is being written.
pub(super) struct Tables<'a> {
    pub(super) program: Program,
    pub(super) signatures: &'a dyn Signatures,
    /// What the rules at each node of the tree are, in step with [`Program::tree`].
    pub(super) nodes: Vec<NodeRules<'a>>,
    /// Finished functions, in step with their identifiers.
    pub(super) functions: Vec<Option<Function>>,
    constants: HashMap<Constant, ConstantId>,
    builtins: HashMap<Arc<str>, (BuiltinId, Signature)>,
    mocks: HashMap<Arc<str>, (MockId, Vec<CallTarget>)>,
    /// Functions for parts of general documents: which of their rules are in, and the function.
    pub(super) parts: HashMap<(NodeId, Vec<bool>), FunctionId>,
    /// Those that are still to be written.
    pub(super) unwritten: Vec<(FunctionId, NodeId, Vec<bool>)>,
    /// Functions for some keys of documents.
    pub(super) keyed: HashMap<Part, FunctionId>,
    /// Functions of so many arguments that give the document at a node.
    pub(super) instead: HashMap<(NodeId, u32), FunctionId>,
    /// Calls of the function that is being written that only look at a part of a document.
    pub(super) pending: Vec<Wanted>,
    /// The same of the functions that are written.
    pub(super) wanted: Vec<(FunctionId, Vec<Wanted>)>,
    /// How it will be watched.
    pub(super) watch: Option<Watch>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(signatures: &'a dyn Signatures) -> Self {
        Self {
            program: Program::default(),
            signatures,
            nodes: Vec::new(),
            functions: Vec::new(),
            constants: HashMap::new(),
            builtins: HashMap::new(),
            mocks: HashMap::new(),
            parts: HashMap::new(),
            unwritten: Vec::new(),
            keyed: HashMap::new(),
            instead: HashMap::new(),
            pending: Vec::new(),
            wanted: Vec::new(),
            watch: None,
        }
    }

    pub(super) fn finish(mut self) -> Program {
        self.program.functions = self.functions.into_iter().flatten().collect();
        self.program
    }

    pub(super) fn constant(&mut self, constant: Constant) -> ConstantId {
        if let Some(id) = self.constants.get(&constant) {
            return *id;
        }
        let id = ConstantId(index(self.program.constants.len()));
        self.program.constants.push(constant.clone());
        self.constants.insert(constant, id);
        id
    }

    /// A place for a function whose body comes later.
    pub(super) fn reserve(&mut self) -> FunctionId {
        let id = FunctionId(index(self.functions.len()));
        self.functions.push(None);
        id
    }

    pub(super) fn define(&mut self, id: FunctionId, function: Function) {
        if !self.pending.is_empty() {
            self.wanted.push((id, std::mem::take(&mut self.pending)));
        }
        if let Some(slot) = self.functions.get_mut(id.index()) {
            *slot = Some(function);
        }
    }

    pub(super) fn memo(&mut self) -> MemoSlot {
        let slot = MemoSlot(self.program.memo_slots);
        self.program.memo_slots += 1;
        slot
    }

    pub(super) fn rule(&mut self, info: RuleInfo) -> RuleId {
        let id = RuleId(index(self.program.rules.len()));
        self.program.rules.push(info);
        id
    }

    pub(super) fn builtin(&mut self, name: &str) -> Option<(BuiltinId, Signature)> {
        if let Some(found) = self.builtins.get(name) {
            return Some(*found);
        }
        let signature = self.signatures.signature(name)?;
        let id = BuiltinId(index(self.program.builtins.len()));
        let name: Arc<str> = name.into();
        self.program.builtins.push(Builtin {
            name: Arc::clone(&name),
            arity: signature.arity,
            nondeterministic: signature.nondeterministic,
        });
        self.builtins.insert(name, (id, signature));
        Some((id, signature))
    }

    /// The mask of a `with` target, made at its first use.
    pub(super) fn mask(&mut self, path: &[Arc<str>]) -> MaskId {
        let known = self.program.masks.iter().position(|m| m == path);
        let position = known.unwrap_or_else(|| {
            self.program.masks.push(path.to_vec());
            self.program.masks.len() - 1
        });
        MaskId(index(position))
    }

    /// The masks that hide the rules at this path: those of its prefixes and of the path itself.
    pub(super) fn masks_over(&self, path: &[Arc<str>]) -> Vec<MaskId> {
        (0..)
            .zip(&self.program.masks)
            .filter(|(_, mask)| path.starts_with(mask))
            .map(|(id, _)| MaskId(id))
            .collect()
    }

    /// Notes that some `with` replaces this function, by another one if `by` is given.
    pub(super) fn add_mock(&mut self, name: &Arc<str>, by: Option<CallTarget>) -> MockId {
        let next = MockId(index(self.program.mocks.len()));
        let (id, candidates) = self
            .mocks
            .entry(Arc::clone(name))
            .or_insert_with(|| (next, Vec::new()));
        if let Some(by) = by
            && !candidates.contains(&by)
        {
            candidates.push(by);
        }
        let id = *id;
        if id == next {
            self.program.mocks.push(CallTargetName(Arc::clone(name)));
        }
        id
    }

    /// The replacement of this function and the functions that some `with` puts in its place.
    pub(super) fn mock(&self, name: &str) -> Option<(MockId, Vec<CallTarget>)> {
        self.mocks.get(name).cloned()
    }

    /// The deepest node on the way along the path, and how many steps lead to it.
    pub(super) fn descend(&self, path: &[Arc<str>]) -> (NodeId, usize) {
        let mut node = NodeId(0);
        for (steps, key) in path.iter().enumerate() {
            match self.child(node, key) {
                Some(child) => node = child,
                None => return (node, steps),
            }
        }
        (node, path.len())
    }

    pub(super) fn child(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.program
            .tree
            .get(node.index())?
            .children
            .get(key)
            .copied()
    }

    /// The Rego function at this path.
    pub(super) fn function_at(&self, path: &[Arc<str>]) -> Option<FunctionId> {
        let (node, steps) = self.descend(path);
        if steps < path.len() {
            return None;
        }
        self.program.tree.get(node.index())?.function
    }
}

pub(super) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// A string as the runtime holds it (`precinct_runtime::octets`): the last 128 characters there are stand for bytes that
/// are no UTF-8, so they are written byte by byte.
fn carried(text: &Arc<str>) -> Arc<str> {
    const FIRST: char = '\u{10ff80}';
    if !text.contains(|c| c >= FIRST) {
        return Arc::clone(text);
    }
    let mut out = String::new();
    for c in text.chars() {
        if c < FIRST {
            out.push(c);
            continue;
        }
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).bytes();
        out.extend(bytes.filter_map(|byte| char::from_u32(0x0010_ff00 | u32::from(byte))));
    }
    out.into()
}

/// The constant that a term is, if it is one.
pub(super) fn constant_of(term: &Term) -> Option<Constant> {
    Some(match &term.value {
        TermValue::Null => Constant::Null,
        TermValue::Boolean(b) => Constant::Boolean(*b),
        TermValue::Number(n) => Constant::Number(Arc::clone(n)),
        TermValue::String(s) => Constant::String(carried(s)),
        TermValue::Array(items) => {
            Constant::Array(items.iter().map(constant_of).collect::<Option<_>>()?)
        }
        TermValue::Set(items) => {
            Constant::Set(items.iter().map(constant_of).collect::<Option<_>>()?)
        }
        TermValue::Object(entries) => Constant::Object(
            entries
                .iter()
                .map(|(k, v)| Some((constant_of(k)?, constant_of(v)?)))
                .collect::<Option<_>>()?,
        ),
        TermValue::Template(_)
        | TermValue::Var(_)
        | TermValue::Ref(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_)
        | TermValue::Call(_) => return None,
    })
}

/// The name at the head of a reference or variable, and the strings behind it up to the first operand that is none.
pub(super) fn name_and_path(term: &Term) -> Option<(&str, Vec<Arc<str>>, usize)> {
    match &term.value {
        TermValue::Var(name) => Some((name, Vec::new(), 0)),
        TermValue::Ref(parts) => {
            let (head, operands) = parts.split_first()?;
            let TermValue::Var(name) = &head.value else {
                return None;
            };
            let path = strings(operands);
            Some((name, path, operands.len()))
        }
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Template(_)
        | TermValue::Array(_)
        | TermValue::Object(_)
        | TermValue::Set(_)
        | TermValue::ArrayComprehension(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_)
        | TermValue::Call(_) => None,
    }
}

/// The leading strings of a reference's operands.
pub(super) fn strings(operands: &[Term]) -> Vec<Arc<str>> {
    operands
        .iter()
        .map_while(|term| match &term.value {
            TermValue::String(s) => Some(Arc::clone(s)),
            _ => None,
        })
        .collect()
}

/// The name of a builtin as written: `json.marshal`, `count`.
pub(super) fn dotted_name(term: &Term) -> Option<Arc<str>> {
    let (head, path, operands) = name_and_path(term)?;
    if path.len() < operands {
        return None;
    }
    let mut name = head.to_owned();
    for part in &path {
        name.push('.');
        name.push_str(part);
    }
    Some(name.into())
}
