//! The planner: what it keeps, and how statements are written.
//!
//! Planning is written in continuations. Each step plans its statements and then calls `then`, which plans what comes
//! after it, inside the innermost block there is: a step that iterates has its successors inside its loop, and one that
//! has alternatives plans its successors once for each.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::policy::{
    Block, BuiltinFunction, Kind, Local, Operand, Place, Policy, Statement, UnplannedRule,
};
use super::scopes::{Generations, Replacements, Variables};
use super::tree::{RuleIndex, Tree};
use crate::ast::display::ref_text;
use crate::ast::{Ref, Span, Term, TermValue, Var};
use crate::capabilities::{Builtin, Capabilities};
use crate::compile::Compiled;
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// What planning gives, or why something can't be planned.
pub(super) type Planned<T = ()> = Result<T, Box<Diagnostic>>;

/// Plans what comes after a step.
pub(super) type Then<'t, 'a> = &'t mut dyn FnMut(&mut Planner<'a>) -> Planned;

/// As [`Then`], of a step that leaves something in a variable.
pub(super) type WithLocal<'t, 'a> = &'t mut dyn FnMut(&mut Planner<'a>, Local) -> Planned;

pub(super) struct Planner<'a> {
    pub(super) policy: Policy,
    pub(super) tree: Tree<'a>,
    pub(super) generations: Generations,
    pub(super) replacements: Replacements,
    pub(super) variables: Variables,
    /// The block that is being written.
    pub(super) block: Block,
    /// Where the last term that was planned is found.
    pub(super) target: Operand,
    /// The next variable.
    pub(super) next: Local,
    /// What statements are written for; row 0 is nothing.
    pub(super) span: Span,
    /// Paths whose functions are being planned.
    pub(super) open: HashSet<String>,
    pub(super) planned: HashSet<RuleIndex>,
    /// The variables that modifiers replace functions by.
    pub(super) bound: HashMap<Span, Var>,
    texts: HashMap<String, usize>,
    files: HashMap<String, usize>,
    builtins: BTreeMap<String, &'a Builtin>,
    capabilities: &'a Capabilities,
    sources: &'a Sources,
}

impl<'a> Planner<'a> {
    pub(super) fn new(compiled: &'a Compiled, sources: &'a Sources) -> Self {
        let roots = [("input", Local::INPUT), ("data", Local::DATA)];
        Self {
            policy: Policy::default(),
            tree: Tree::new(&compiled.modules),
            generations: Generations::new(),
            replacements: Replacements::new(),
            variables: Variables::new(roots.map(|(name, local)| (name.into(), local)).into()),
            block: Block::default(),
            target: Operand::Local(Local::INPUT),
            next: Local::FREE,
            span: Span::default(),
            open: HashSet::new(),
            planned: HashSet::new(),
            bound: HashMap::new(),
            texts: HashMap::new(),
            files: HashMap::new(),
            builtins: BTreeMap::new(),
            capabilities: &compiled.options.capabilities,
            sources,
        }
    }

    /// What was planned.
    pub(super) fn finish(mut self, unplanned: bool) -> Policy {
        let builtins = std::mem::take(&mut self.builtins).into_iter();
        self.policy.builtins = builtins
            .map(|(name, builtin)| BuiltinFunction {
                name,
                declaration: builtin.decl.to_json(),
            })
            .collect();
        if unplanned {
            let left: Vec<(String, Span)> = self
                .tree
                .rules
                .iter()
                .enumerate()
                .filter(|(index, _)| !self.planned.contains(index))
                .map(|(_, placed)| (ref_text(&placed.reference), placed.rule.span))
                .collect();
            for (path, span) in left {
                let place = self.place(span);
                self.policy.unplanned.push(UnplannedRule { path, place });
            }
            self.policy
                .unplanned
                .sort_by(|one, other| one.path.cmp(&other.path));
        }
        self.policy
    }

    /// Something that OPA does not plan either.
    pub(super) fn refused<T>(&self, message: impl Into<String>) -> Planned<T> {
        Err(Box::new(Diagnostic::new(Code::Plain, self.span, message)))
    }

    pub(super) fn local(&mut self) -> Local {
        let local = self.next;
        self.next = Local(local.0 + 1);
        local
    }

    /// A new variable, which becomes the target.
    pub(super) fn target_local(&mut self) -> Local {
        let local = self.local();
        self.target = Operand::Local(local);
        local
    }

    /// The target, where only a variable will do.
    pub(super) fn local_target(&self) -> Planned<Local> {
        match self.target {
            Operand::Local(local) => Ok(local),
            Operand::Text(_) | Operand::Boolean(_) => {
                self.refused("a constant is not supported here")
            }
        }
    }

    /// The variable of a name; input's if there is none, as OPA has it.
    pub(super) fn variable(&self, name: &str) -> Local {
        self.variables.get(name).unwrap_or(Local::INPUT)
    }

    /// The operands that every function is called with.
    pub(super) fn context(&self) -> Vec<Operand> {
        let names = self.generations.variables();
        let operands = names.iter().map(|name| self.variable(name));
        operands.map(Operand::Local).collect()
    }

    /// Adds a statement to the block.
    pub(super) fn emit(&mut self, kind: Kind) {
        let statement = self.statement(kind);
        self.block.statements.push(statement);
    }

    /// A statement for what is being planned.
    pub(super) fn statement(&mut self, kind: Kind) -> Statement {
        let place = self.place(self.span);
        Statement { kind, place }
    }

    /// A block of statements for what is being planned.
    pub(super) fn block_of(&mut self, kinds: impl IntoIterator<Item = Kind>) -> Block {
        let statements = kinds.into_iter().map(|kind| self.statement(kind));
        Block {
            statements: statements.collect(),
        }
    }

    /// Plans into a block of its own.
    pub(super) fn inside(&mut self, f: impl FnOnce(&mut Self) -> Planned) -> Planned<Block> {
        let outer = std::mem::take(&mut self.block);
        let result = f(self);
        let block = std::mem::replace(&mut self.block, outer);
        result.map(|()| block)
    }

    fn place(&mut self, span: Span) -> Place {
        if span.row == 0 {
            return Place::default();
        }
        let source = self.sources.get(span.source);
        let name = source.map_or("", |source| &*source.name);
        let file = match self.files.get(name) {
            Some(file) => *file,
            None => {
                let file = self.policy.files.len();
                self.policy.files.push(if name.is_empty() {
                    "<query>".to_owned()
                } else {
                    name.to_owned()
                });
                self.files.insert(name.to_owned(), file);
                file
            }
        };
        let text = source.and_then(|it| it.text.get(span.start as usize..span.end as usize));
        let (end_row, end_column) = end(span, text.unwrap_or_default());
        Place {
            file,
            column: span.col,
            row: span.row,
            end_column,
            end_row,
        }
    }

    /// The position of a text among the constants.
    pub(super) fn text(&mut self, text: &str) -> usize {
        if let Some(index) = self.texts.get(text) {
            return *index;
        }
        let index = self.policy.strings.len();
        self.policy.strings.push(text.to_owned());
        self.texts.insert(text.to_owned(), index);
        index
    }

    /// The builtin of a name.
    pub(super) fn builtin(&self, name: &str) -> Option<&'a Builtin> {
        self.capabilities.builtin(name)
    }

    /// Notes that a builtin is called.
    pub(super) fn needs(&mut self, builtin: &'a Builtin) {
        self.builtins.insert(builtin.name.clone(), builtin);
    }
}

/// A statement that stands for nothing in the source.
pub(super) fn unplaced(kind: Kind) -> Statement {
    Statement {
        kind,
        place: Place::default(),
    }
}

/// The row and column where a text ends.
fn end(span: Span, text: &str) -> (u32, u32) {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match text.rsplit_once('\n') {
        Some((before, last)) => (
            span.row + count(before.matches('\n').count() + 1),
            1 + count(last.chars().count()),
        ),
        None => (span.row, span.col + count(text.chars().count())),
    }
}

/// The parts of a reference; a variable that stands alone counts as one.
pub(super) fn parts(term: &Term) -> &[Term] {
    match &term.value {
        TermValue::Ref(parts) => parts,
        _ => std::slice::from_ref(term),
    }
}

/// The name at the head of a reference.
pub(super) fn head(parts: &[Term]) -> Option<&Var> {
    match &parts.first()?.value {
        TermValue::Var(name) => Some(name),
        _ => None,
    }
}

/// A string at no place.
pub(super) fn string(text: &Var) -> Term {
    Term {
        span: Span::default(),
        value: TermValue::String(text.clone()),
    }
}

/// A reference below `data`.
pub(super) fn data_reference<'n>(names: impl Iterator<Item = &'n str>) -> Ref {
    let root = Term {
        span: Span::default(),
        value: TermValue::Var("data".into()),
    };
    std::iter::once(root)
        .chain(names.map(|name| string(&name.into())))
        .collect()
}
