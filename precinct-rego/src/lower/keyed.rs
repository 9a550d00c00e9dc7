//! Documents that are asked for some keys.
//!
//! OPA asks only the rules whose heads fit the keys of a reference, with the variables of the heads bound from the start:
//! a conflict at another key, or a builtin that fails on the way to it, is not met. Here the whole document is asked
//! first, since it is remembered and asked for many keys; only where it fails is it done as OPA does it. Where bound
//! variables spare a loop it is done as OPA does it from the start: then a key costs a part of what the document costs.
//!
//! ```text
//! data.p.r[k]                 l0 = lookup in data.p.r, or data.p.r#7(k)
//!
//! r[x] := y if { body }       fn data.p.r#7(l0)
//!                               block 'rule      x is l0
//!                                 body, with x bound …
//! ```
//!
//! Which lookups need this is known when all functions are written: a document that can't fail, and is written without
//! a loop that a key spares, is just called.

use std::collections::{HashMap, HashSet};

use super::emit::{Emitter, Lowered};
use super::rules::BelowRule;
use super::tables::{Tables, constant_of, index};
use super::tree::data_path;
use super::unify::Side;
use crate::ast::{Term, TermValue, Var};
use crate::ir::{
    CallTarget, Comparison, Conflict, Function, FunctionId, FunctionKind, Local, NodeId, Operand,
    Stmt, StmtKind, Test, visit,
};

/// The part of a document that some references look up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    /// Where the document stands.
    node: NodeId,
    /// Which of its rules can have a part in it.
    visible: Vec<bool>,
    /// Which of the operands behind the node are known.
    known: Vec<bool>,
}

/// A call of a document, of which only a part is looked at.
pub(super) struct Wanted {
    /// Receives the document; says which call it is.
    target: Local,
    part: Part,
    keys: Vec<Operand>,
}

impl Tables<'_> {
    /// Makes lookups of the calls that only look at a part of a document that can fail, and writes the functions that these
    /// need, until there are no more.
    pub(super) fn settle_lookups(&mut self) -> Lowered<()> {
        self.write_parts()?;
        while !self.wanted.is_empty() {
            let failing = failing(&self.functions);
            let mut unwritten = Vec::new();
            let mut looping = Vec::new();
            for (caller, wanted) in std::mem::take(&mut self.wanted) {
                self.settle(caller, wanted, &failing, &mut unwritten, &mut looping);
            }
            for (id, part) in unwritten {
                self.keyed_function(id, &part)?;
            }
            for (caller, lookups) in looping {
                self.choose(caller, &lookups, &failing);
            }
            self.write_parts()?;
        }
        Ok(())
    }

    /// Decides for lookups in documents with loops whether the keys are asked first.
    fn choose(&mut self, caller: FunctionId, lookups: &[Local], failing: &HashSet<FunctionId>) {
        let Some(mut function) = self.taken(caller) else {
            return;
        };
        visit::each_mut(&mut function.body, &mut |stmt| {
            let StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys_first,
                otherwise,
                ..
            } = &mut stmt.kind
            else {
                return;
            };
            if !lookups.contains(target) {
                return;
            }
            *keys_first = self.loops(*keyed) < self.loops(*whole);
            if !*keys_first && !failing.contains(whole) {
                stmt.kind = StmtKind::Call {
                    target: *target,
                    function: CallTarget::Function(*whole),
                    args: Vec::new(),
                    otherwise: *otherwise,
                };
            }
        });
        self.define(caller, function);
    }

    /// Takes a function out, to be changed and defined again.
    fn taken(&mut self, id: FunctionId) -> Option<Function> {
        self.functions.get_mut(id.index()).and_then(Option::take)
    }

    /// How many loops a function is written with.
    fn loops(&self, id: FunctionId) -> usize {
        let mut loops = 0;
        if let Some(Some(function)) = self.functions.get(id.index()) {
            visit::each(&function.body, &mut |stmt| {
                loops += usize::from(matches!(stmt.kind, StmtKind::Scan { .. }));
            });
        }
        loops
    }

    fn settle(
        &mut self,
        caller: FunctionId,
        wanted: Vec<Wanted>,
        failing: &HashSet<FunctionId>,
        unwritten: &mut Vec<(FunctionId, Part)>,
        looping: &mut Vec<(FunctionId, Vec<Local>)>,
    ) {
        let mut with_loops = Vec::new();
        let mut wanted: HashMap<Local, Wanted> =
            wanted.into_iter().map(|one| (one.target, one)).collect();
        let Some(mut function) = self.taken(caller) else {
            return;
        };
        visit::each_mut(&mut function.body, &mut |stmt| {
            let StmtKind::Call {
                target,
                function: CallTarget::Function(whole),
                otherwise,
                ..
            } = stmt.kind
            else {
                return;
            };
            let has_loops = self.loops(whole) > 0;
            if !has_loops && !failing.contains(&whole) {
                return;
            }
            let Some(Wanted { part, keys, .. }) = wanted.remove(&target) else {
                return;
            };
            let keyed = self.keyed.get(&part).copied().unwrap_or_else(|| {
                let id = FunctionId(index(self.functions.len()));
                self.functions.push(None);
                self.keyed.insert(part.clone(), id);
                unwritten.push((id, part));
                id
            });
            stmt.kind = StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first: false,
                otherwise,
            };
            if has_loops {
                with_loops.push(target);
            }
        });
        self.define(caller, function);
        looping.push((caller, with_loops));
    }

    fn keyed_function(&mut self, id: FunctionId, part: &Part) -> Lowered<()> {
        let path = data_path(&self.program.tree[part.node.index()].path);
        let rules: Vec<_> = self
            .general_rules(part.node)
            .into_iter()
            .zip(&part.visible)
            .filter_map(|(rule, visible)| visible.then_some(rule))
            .collect();
        let name = format!("{path}#{}", id.0).into();
        self.general_function(id, part.node, name, &rules, Some(&part.known))
    }
}

impl Emitter<'_, '_> {
    /// Asks the document of a node with rules for the operands of a reference. Gives the operands that are left for
    /// looking into the document: those that had to be worked out for it are variables now.
    pub(super) fn part_of_document(
        &mut self,
        node: NodeId,
        operands: &[Term],
    ) -> Lowered<(Operand, Vec<Term>)> {
        let mut operands = operands.to_vec();
        if self.tables.nodes[node.index()].is_complete() {
            return Ok((self.document(node), operands));
        }
        if !operands.first().is_some_and(|first| self.evaluable(first)) {
            let document = self.tables.part_for(node, &operands);
            return Ok((self.call_document(node, document), operands));
        }
        let document = self.tables.part_for(node, &operands);
        let rules = self.tables.general_rules(node);
        let visible: Vec<bool> = rules.iter().map(|rule| rule.may_match(&operands)).collect();
        let longest = rules.iter().map(BelowRule::keys).max().unwrap_or(0);
        let mut known = Vec::new();
        let mut keys = Vec::new();
        for operand in operands.iter_mut().take(longest) {
            known.push(self.evaluable(operand));
            if !self.evaluable(operand) {
                continue;
            }
            let key = self.eval(operand)?;
            keys.push(key);
            let is_simple = matches!(operand.value, TermValue::Var(_));
            if !is_simple && constant_of(operand).is_none() {
                let name: Var = format!("$key{}", self.bindings()).into();
                self.bind(&name, key);
                operand.value = TermValue::Var(name);
            }
        }
        let result = self.call_document(node, document);
        if let Operand::Local(target) = result {
            let part = Part {
                node,
                visible,
                known,
            };
            self.tables.pending.push(Wanted { target, part, keys });
        }
        Ok((result, operands))
    }

    /// The keys that were given fit the head of a rule.
    pub(super) fn fits(&mut self, rule: &BelowRule<'_>, known: &[bool]) -> Lowered<()> {
        let mut given = (0..).map(Local);
        for (at, known) in known.iter().enumerate() {
            if !known {
                continue;
            }
            let Some(local) = given.next() else {
                break;
            };
            match rule.key(at) {
                Some(Ok(constant)) => {
                    let right = self.constant(constant.clone());
                    self.test(Test::Compare {
                        comparison: Comparison::Equal,
                        left: Operand::Local(local),
                        right,
                    });
                }
                Some(Err(term)) => {
                    self.unify(Side::Value(Operand::Local(local)), Side::Term(term))?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// The functions that can end the evaluation, or note that a builtin failed.
fn failing(functions: &[Option<Function>]) -> HashSet<FunctionId> {
    let mut found: HashSet<FunctionId> = HashSet::new();
    let mut callers: HashMap<FunctionId, Vec<FunctionId>> = HashMap::new();
    let mut open = Vec::new();
    for (id, function) in (0..).map(FunctionId).zip(functions) {
        let Some(function) = function else { continue };
        let mut fails = false;
        visit::each(&function.body, &mut |stmt| {
            fails |= can_fail(stmt);
            match &stmt.kind {
                StmtKind::Call {
                    function: CallTarget::Function(callee),
                    ..
                }
                | StmtKind::Lookup { whole: callee, .. } => {
                    callers.entry(*callee).or_default().push(id);
                }
                _ => {}
            }
        });
        if fails {
            open.push(id);
        }
    }
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(callers.get(&id).into_iter().flatten());
        }
    }
    found
}

fn can_fail(stmt: &Stmt) -> bool {
    match &stmt.kind {
        StmtKind::Call { function, .. } => matches!(function, CallTarget::Builtin(_)),
        StmtKind::CallReplacement { .. }
        | StmtKind::PutAt { .. }
        | StmtKind::AddAt { .. }
        | StmtKind::Fail { .. } => true,
        StmtKind::Insert { conflict, .. } | StmtKind::AssignOnce { conflict, .. } => {
            *conflict != Conflict::Replace
        }
        _ => false,
    }
}

/// What a function of this kind is.
pub(super) const fn kind_of(known: Option<&[bool]>) -> FunctionKind {
    match known {
        Some(_) => FunctionKind::Keyed,
        None => FunctionKind::Rule,
    }
}
