//! Rules: one function for each path that has some.
//!
//! ```text
//! p := 1 if { a } else := 2 if { b }        fn data.p.p (memo 0)
//!                                             block 'rule: enter; a; return 1
//!                                             block 'else: enter; b; return 2
//! ```
//!
//! A complete rule's value is kept in an optional local that complains about a second, different value, unless it is
//! plain that there is only one. Partial rules fill a builder.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::emit::{Emitter, Fault, Lowered};
use super::keyed::kind_of;
use super::tables::{Tables, constant_of, index};
use super::tree::{PlacedRule, data_path};
use super::unify::Side;
use crate::ast::{Rule, Term};
use crate::error::{Code, Diagnostic};
use crate::ir::{
    Conflict, Constant, FunctionId, FunctionKind, Local, LocalKind, NodeId, Operand, RuleId,
    StmtKind, Test,
};

/// What becomes of the value of a complete rule or function.
#[derive(Clone, Copy)]
enum Outcome {
    /// All rules give the same constant: the first success returns.
    Return,
    /// The value is kept until all rules are through.
    Keep {
        target: Local,
        conflict: Conflict,
        /// No other rule could give another value.
        only: bool,
    },
}

/// A rule of a general document, and the path that leads to it from the document's node.
pub(super) struct BelowRule<'a> {
    prefix: Vec<Constant>,
    placed: PlacedRule<'a>,
}

impl BelowRule<'_> {
    /// The number of keys that lead to what the rule says, a member of a set counted.
    pub(super) fn keys(&self) -> usize {
        let is_set = self.placed.rule.head.value.is_none();
        self.prefix.len() + self.placed.rest.len() + usize::from(is_set)
    }

    /// One of these keys.
    pub(super) fn key(&self, at: usize) -> Option<Result<&Constant, &Term>> {
        if let Some(constant) = self.prefix.get(at) {
            return Some(Ok(constant));
        }
        let rest = self.placed.rest;
        match at - self.prefix.len() {
            at if at < rest.len() => Some(Err(&rest[at])),
            at if at == rest.len() => self.placed.rule.head.key.as_ref().map(Err),
            _ => None,
        }
    }

    /// Whether the rule can have a part in what a reference with these operands sees.
    pub(super) fn may_match(&self, operands: &[Term]) -> bool {
        let prefix = self.prefix.iter().map(|key| Some(key.clone()));
        let rest = self.placed.rest.iter().map(constant_of);
        prefix
            .chain(rest)
            .zip(operands)
            .all(|(part, operand)| match (part, constant_of(operand)) {
                (Some(part), Some(operand)) => !differ(&part, &operand),
                _ => true,
            })
    }
}

/// A part of a document that is there whatever its rules give: constant keys in the heads of rules lead to it.
struct Place {
    path: Vec<Constant>,
    /// A set, and not an object.
    is_set: bool,
}

fn places(rules: &[BelowRule<'_>]) -> Vec<Place> {
    let heads: Vec<(Vec<Option<Constant>>, bool)> = rules
        .iter()
        .map(|rule| {
            let prefix = rule.prefix.iter().cloned().map(Some);
            let rest = rule.placed.rest.iter().map(|term| {
                constant_of(term).filter(|key| {
                    matches!(
                        key,
                        Constant::Null
                            | Constant::Boolean(_)
                            | Constant::Number(_)
                            | Constant::String(_)
                    )
                })
            });
            let is_set = rule.placed.rule.head.value.is_none();
            (prefix.chain(rest).collect(), is_set)
        })
        .collect();
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), heads.iter().collect::<Vec<_>>())];
    while let Some((path, heads)) = open.pop() {
        let at = path.len();
        // Where a head has no constant, its rules say what is there.
        if heads
            .iter()
            .any(|(head, _)| !matches!(head.get(at), Some(Some(_))))
        {
            continue;
        }
        let mut groups: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for entry in heads {
            groups
                .entry(format!("{:?}", entry.0[at]))
                .or_default()
                .push(entry);
        }
        for below in groups.into_values() {
            let mut path = path.clone();
            path.extend(below.first().and_then(|(head, _)| head[at].clone()));
            let leaf = below.iter().find(|(head, _)| head.len() == at + 1);
            match leaf {
                Some((_, is_set)) if *is_set => found.push(Place { path, is_set: true }),
                Some(_) => {}
                None => {
                    found.push(Place {
                        path: path.clone(),
                        is_set: false,
                    });
                    open.push((path, below));
                }
            }
        }
    }
    found
}

/// Whether two constants are different whatever their numbers mean.
fn differ(a: &Constant, b: &Constant) -> bool {
    match (a, b) {
        (Constant::Number(_), Constant::Number(_)) => false,
        (Constant::Null | Constant::Boolean(_) | Constant::Number(_) | Constant::String(_), _)
        | (_, Constant::Null | Constant::Boolean(_) | Constant::Number(_) | Constant::String(_)) => {
            a != b
        }
        _ => false,
    }
}

impl<'a> Tables<'a> {
    /// The function of a node with rules.
    pub(super) fn rules_function(&mut self, node: NodeId) -> Lowered<()> {
        let tree_node = &self.program.tree[node.index()];
        let name = data_path(&tree_node.path);
        let (Some(id), is_function) = (
            tree_node.function.or(tree_node.document),
            tree_node.function.is_some(),
        ) else {
            return Ok(());
        };
        if self.nodes[node.index()].is_general() {
            let rules = self.general_rules(node);
            return self.general_function(id, node, name, &rules, None);
        }
        let node_rules = &self.nodes[node.index()];
        let (rules, arity, span) = (node_rules.rules.clone(), node_rules.arity, node_rules.span);
        let memo = (!is_function).then(|| self.memo());
        let mut e = Emitter::new(self, span);
        let params: Vec<Local> = (0..arity)
            .map(|_| e.local(LocalKind::Value, None))
            .collect();
        e.attempt(|e, _| {
            if rules.iter().all(|placed| placed.rule.head.value.is_none()) {
                return e.set_rules(&rules);
            }
            let conflict = if is_function {
                Conflict::Function
            } else {
                Conflict::CompleteRule
            };
            e.complete_rules(&rules, &params, conflict)
        })?;
        let kind = if is_function {
            FunctionKind::Function
        } else {
            FunctionKind::Rule
        };
        let function = e.finish(name, kind, index(arity), memo, span);
        self.define(id, function);
        Ok(())
    }

    /// The document of some of the rules whose heads have parts that are known only at run time; of what they say about
    /// keys that are given, if it is known which ones are.
    pub(super) fn general_function(
        &mut self,
        id: FunctionId,
        node: NodeId,
        name: Arc<str>,
        rules: &[BelowRule<'a>],
        known: Option<&[bool]>,
    ) -> Lowered<()> {
        let span = self.nodes[node.index()].span;
        let memo = known.is_none().then(|| self.memo());
        let places = places(&self.general_rules(node));
        let mut e = Emitter::new(self, span);
        let params = known.unwrap_or_default().iter().filter(|known| **known);
        let params = params.map(|_| e.value()).count();
        e.attempt(|e, _| e.document_rules(rules, places, known.unwrap_or_default()))?;
        let function = e.finish(name, kind_of(known), index(params), memo, span);
        self.define(id, function);
        Ok(())
    }

    /// The function for the part of a general document that a reference with these operands can see: the rules whose
    /// heads do not contradict it. This is more than thrift: the others may depend on what this reference asks for.
    pub(super) fn part_for(&mut self, node: NodeId, operands: &[Term]) -> FunctionId {
        let rules = self.general_rules(node);
        let visible: Vec<bool> = rules.iter().map(|rule| rule.may_match(operands)).collect();
        if let Some(document) = self.program.tree[node.index()].document
            && !visible.contains(&false)
        {
            return document;
        }
        let key = (node, visible);
        if let Some(id) = self.parts.get(&key) {
            return *id;
        }
        let id = self.reserve();
        self.parts.insert(key.clone(), id);
        self.unwritten.push((id, key.0, key.1));
        id
    }

    /// Writes the functions that references asked for, and those that these ask for in turn.
    pub(super) fn write_parts(&mut self) -> Lowered<()> {
        while let Some((id, node, visible)) = self.unwritten.pop() {
            let name = format!(
                "{}#{}",
                data_path(&self.program.tree[node.index()].path),
                id.0
            );
            let rules: Vec<_> = self
                .general_rules(node)
                .into_iter()
                .zip(visible)
                .filter_map(|(rule, visible)| visible.then_some(rule))
                .collect();
            self.general_function(id, node, name.into(), &rules, None)?;
        }
        Ok(())
    }

    /// The rules of a general document: those at its node, then those below.
    pub(super) fn general_rules(&self, node: NodeId) -> Vec<BelowRule<'a>> {
        let here = self.nodes[node.index()]
            .rules
            .iter()
            .map(|placed| BelowRule {
                prefix: Vec::new(),
                placed: *placed,
            });
        here.chain(self.rules_below(node)).collect()
    }

    /// The rules at the nodes below this one, with their paths from it.
    fn rules_below(&self, node: NodeId) -> Vec<BelowRule<'a>> {
        let mut found = Vec::new();
        let mut nodes: Vec<(Vec<Constant>, NodeId)> = vec![(Vec::new(), node)];
        while let Some((path, at)) = nodes.pop() {
            for (name, child) in self.program.tree[at.index()].children.iter().rev() {
                let mut longer = path.clone();
                longer.push(Constant::String(name.clone()));
                nodes.push((longer, *child));
            }
            let rules = &self.nodes[at.index()];
            if at != node && rules.has_document() {
                found.extend(rules.rules.iter().map(|placed| BelowRule {
                    prefix: path.clone(),
                    placed: *placed,
                }));
            }
        }
        found
    }
}

impl Emitter<'_, '_> {
    /// Complete rules, or the bodies of a function.
    fn complete_rules(
        &mut self,
        rules: &[PlacedRule<'_>],
        params: &[Local],
        conflict: Conflict,
    ) -> Lowered<()> {
        let (defaults, rules): (Vec<_>, Vec<_>) =
            rules.iter().partition(|placed| placed.rule.default);
        let early = self.tables.watch.is_none_or(|watch| watch.early_exit);
        let outcome = if early && same_constant(&rules) {
            Outcome::Return
        } else {
            Outcome::Keep {
                target: self.local(LocalKind::Optional, None),
                conflict,
                only: rules.len() == 1,
            }
        };
        for placed in &rules {
            self.indexed(placed, params)?;
        }
        for placed in &rules {
            self.chain(placed, params, outcome)?;
        }
        if let Outcome::Keep { target, .. } = outcome {
            self.attempt(|e, _| {
                e.test(Test::Set(target));
                e.emit(StmtKind::Return {
                    value: Operand::Local(target),
                });
                Ok(())
            })?;
        }
        for placed in defaults {
            self.attempt(|e, _| {
                e.branch_of(placed.rule, placed.id, params, |e, value| {
                    e.emit(StmtKind::Return { value });
                    Ok(())
                })
            })?;
        }
        Ok(())
    }

    /// A rule and its `else` branches, of which the first that holds counts.
    fn chain(
        &mut self,
        placed: &PlacedRule<'_>,
        params: &[Local],
        outcome: Outcome,
    ) -> Lowered<()> {
        let branches: Vec<_> = placed.rule.branches().collect();
        let (target, conflict, only) = match outcome {
            Outcome::Return => {
                for (id, rule) in (placed.id.0..).zip(branches) {
                    self.attempt(|e, _| {
                        e.branch_of(rule, RuleId(id), params, |e, value| {
                            e.emit(StmtKind::Return { value });
                            Ok(())
                        })
                    })?;
                }
                return Ok(());
            }
            Outcome::Keep {
                target,
                conflict,
                only,
            } => (target, conflict, only),
        };
        let alone = branches.len() == 1;
        let held = self.local(LocalKind::Optional, None);
        let truth = self.constant(Constant::Boolean(true));
        self.block(|e, through| {
            for (position, (id, rule)) in (placed.id.0..).zip(branches).enumerate() {
                if position > 0 {
                    e.emit(StmtKind::Test {
                        test: Test::Not(Box::new(Test::Set(held))),
                        otherwise: through,
                    });
                }
                let open = e.open();
                e.attempt(|e, _| {
                    e.branch_of(rule, RuleId(id), params, |e, value| {
                        if only && e.open() == open + 1 {
                            e.emit(StmtKind::Return { value });
                            return Ok(());
                        }
                        e.emit(StmtKind::AssignOnce {
                            target,
                            source: value,
                            conflict,
                        });
                        if !alone {
                            e.emit(StmtKind::Assign {
                                target: held,
                                source: truth,
                            });
                        }
                        Ok(())
                    })
                })?;
            }
            Ok(())
        })
    }

    /// One rule: parameters, body, value, which `f` gets.
    fn branch_of(
        &mut self,
        rule: &Rule,
        id: RuleId,
        params: &[Local],
        f: impl FnOnce(&mut Self, Operand) -> Lowered<()>,
    ) -> Lowered<()> {
        self.scope(|e| {
            e.enter(rule, id, params)?;
            let value = match &rule.head.value {
                Some(term) => {
                    e.span = rule.head.span;
                    e.eval(term)?
                }
                None => e.constant(Constant::Boolean(true)),
            };
            e.span = rule.span;
            f(e, value)
        })
    }

    fn enter(&mut self, rule: &Rule, id: RuleId, params: &[Local]) -> Lowered<()> {
        self.span = rule.span;
        if let Some(watch) = self.tables.watch {
            // What the index leaves out is not entered; it does not know the arguments in heads.
            if watch.index {
                self.index_guards(rule, params)?;
            }
            self.emit(StmtKind::Enter { rule: id });
            self.args(rule, params)?;
        } else {
            self.args(rule, params)?;
            self.emit(StmtKind::Enter { rule: id });
            self.guards(rule, params)?;
        }
        self.body(&rule.body)?;
        // The body holds: coverage counts the head.
        self.span = rule.head.span;
        self.emit(StmtKind::Mark);
        self.span = rule.span;
        Ok(())
    }

    /// The parameters fit the rule's head.
    fn args(&mut self, rule: &Rule, params: &[Local]) -> Lowered<()> {
        let pairs = params
            .iter()
            .zip(&rule.head.args)
            .map(|(param, arg)| (Side::Value(Operand::Local(*param)), Side::Term(arg)))
            .collect();
        self.unify_all(pairs)
    }

    /// Says which of the rules and their `else` branches OPA's index lets through, if that is watched.
    fn indexed(&mut self, placed: &PlacedRule<'_>, params: &[Local]) -> Lowered<()> {
        let Some(watch) = self.tables.watch else {
            return Ok(());
        };
        if placed.rule.default {
            return Ok(());
        }
        for (id, rule) in (placed.id.0..).zip(placed.rule.branches()) {
            self.attempt(|e, _| {
                e.scope(|e| {
                    e.span = rule.span;
                    if watch.index {
                        e.index_guards(rule, params)?;
                    }
                    e.emit(StmtKind::Indexed { rule: RuleId(id) });
                    Ok(())
                })
            })?;
        }
        Ok(())
    }

    /// `p contains key`
    fn set_rules(&mut self, rules: &[PlacedRule<'_>]) -> Lowered<()> {
        for placed in rules {
            self.indexed(placed, &[])?;
        }
        let value = self.build(LocalKind::SetBuilder, |e, builder| {
            for placed in rules {
                e.attempt(|e, _| {
                    e.scope(|e| {
                        e.enter(placed.rule, placed.id, &[])?;
                        e.span = placed.rule.head.span;
                        let value = e.head_key(placed.rule)?;
                        e.emit(StmtKind::Push { builder, value });
                        Ok(())
                    })
                })?;
            }
            Ok(())
        })?;
        self.emit(StmtKind::Return { value });
        Ok(())
    }

    fn head_key(&mut self, rule: &Rule) -> Lowered<Operand> {
        match &rule.head.key {
            Some(key) => self.eval(key),
            None => Ok(self.constant(Constant::Null)),
        }
    }

    /// Rules whose heads have parts that are known only at run time, and the rules below them.
    fn document_rules(
        &mut self,
        rules: &[BelowRule<'_>],
        places: Vec<Place>,
        known: &[bool],
    ) -> Lowered<()> {
        let flat = rules.iter().all(|rule| {
            rule.prefix.is_empty()
                && rule.placed.rest.len() == 1
                && rule.placed.rule.head.value.is_some()
        });
        let kind = if flat {
            LocalKind::ObjectBuilder
        } else {
            LocalKind::DocumentBuilder
        };
        for rule in rules {
            self.attempt(|e, _| {
                e.scope(|e| {
                    e.fits(rule, known)?;
                    e.indexed(&rule.placed, &[])
                })
            })?;
        }
        let value = self.build(kind, |e, builder| {
            for Place { path, is_set } in places {
                let path = path.into_iter().map(|key| e.constant(key)).collect();
                let statement = if is_set {
                    let value = e.constant(Constant::Set(Vec::new()));
                    StmtKind::PutAt {
                        builder,
                        path,
                        value,
                    }
                } else {
                    StmtKind::AddAt {
                        builder,
                        path,
                        value: None,
                    }
                };
                e.emit(statement);
            }
            for rule in rules {
                if rule.placed.rule.default {
                    continue;
                }
                e.attempt(|e, _| {
                    e.scope(|e| {
                        e.fits(rule, known)?;
                        e.entry(builder, flat, rule)
                    })
                })?;
            }
            Ok(())
        })?;
        self.emit(StmtKind::Return { value });
        Ok(())
    }

    /// What one rule adds to a document.
    fn entry(
        &mut self,
        builder: Local,
        flat: bool,
        BelowRule { prefix, placed }: &BelowRule<'_>,
    ) -> Lowered<()> {
        let rule = placed.rule;
        self.enter(rule, placed.id, &[])?;
        self.span = rule.head.span;
        let mut path: Vec<Operand> = prefix.iter().map(|c| self.constant(c.clone())).collect();
        for term in placed.rest {
            path.push(self.eval(term)?);
        }
        let Some(value) = &rule.head.value else {
            let value = self.head_key(rule)?;
            self.span = rule.head.span;
            self.emit(StmtKind::AddAt {
                builder,
                path,
                value: Some(value),
            });
            return Ok(());
        };
        let value = self.eval(value)?;
        self.span = rule.head.span;
        match path.as_slice() {
            [] => Err(Fault::new(Diagnostic::new(
                Code::Type,
                rule.span,
                format!("conflicting rules {} found", rule.head.name),
            ))),
            [key] if flat => {
                self.emit(StmtKind::Insert {
                    builder,
                    key: *key,
                    value,
                    conflict: Conflict::ObjectKey,
                });
                Ok(())
            }
            _ => {
                self.emit(StmtKind::PutAt {
                    builder,
                    path,
                    value,
                });
                Ok(())
            }
        }
    }
}

/// Whether all rules, `else` branches included, have the same constant as their value.
fn same_constant(rules: &[&PlacedRule<'_>]) -> bool {
    let mut first = None;
    for placed in rules {
        for rule in placed.rule.branches() {
            let value = match &rule.head.value {
                Some(term) => match constant_of(term) {
                    Some(value) => value,
                    None => return false,
                },
                None => Constant::Boolean(true),
            };
            if first.get_or_insert_with(|| value.clone()) != &value {
                return false;
            }
        }
    }
    true
}
