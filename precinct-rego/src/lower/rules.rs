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

use super::emit::{Emitter, Fault, Lowered};
use super::tables::{Tables, constant_of, index};
use super::tree::{PlacedRule, data_path};
use super::unify::Side;
use crate::ast::Rule;
use crate::error::{Code, Diagnostic};
use crate::ir::{
    Conflict, Constant, FunctionKind, Local, LocalKind, NodeId, Operand, RuleId, StmtKind, Test,
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

impl<'a> Tables<'a> {
    /// The function of a node with rules.
    pub(super) fn rules_function(&mut self, node: NodeId) -> Lowered<()> {
        let tree_node = &self.program.tree[node.index()];
        let path = tree_node.path.clone();
        let (Some(id), is_function) = (
            tree_node.function.or(tree_node.document),
            tree_node.function.is_some(),
        ) else {
            return Ok(());
        };
        let node_rules = &self.nodes[node.index()];
        let (rules, arity, span) = (node_rules.rules.clone(), node_rules.arity, node_rules.span);
        let general = rules.iter().any(|placed| !placed.rest.is_empty());
        let below = if general {
            self.rules_below(node)
        } else {
            Vec::new()
        };
        let memo = (!is_function).then(|| self.memo());
        let mut e = Emitter::new(self, span);
        let params: Vec<Local> = (0..arity)
            .map(|_| e.local(LocalKind::Value, None))
            .collect();
        e.attempt(|e, _| {
            if general {
                return e.document_rules(&rules, &below);
            }
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
        let function = e.finish(data_path(&path), kind, index(arity), memo, span);
        self.define(id, function);
        Ok(())
    }

    /// The rules at the nodes below this one, with their paths from it.
    fn rules_below(&self, node: NodeId) -> Vec<(Vec<Constant>, PlacedRule<'a>)> {
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
                found.extend(rules.rules.iter().map(|placed| (path.clone(), *placed)));
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
        let outcome = if same_constant(&rules) {
            Outcome::Return
        } else {
            Outcome::Keep {
                target: self.local(LocalKind::Optional, None),
                conflict,
                only: rules.len() == 1,
            }
        };
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
                e.branch_of(placed.rule, placed.id, params, |e, value, _| {
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
        let mut branches = Vec::new();
        let mut next = Some(placed.rule);
        while let Some(rule) = next {
            branches.push(rule);
            next = rule.else_rule.as_deref();
        }
        let (target, conflict, only) = match outcome {
            Outcome::Return => {
                for (id, rule) in (placed.id.0..).zip(branches) {
                    self.attempt(|e, _| {
                        e.branch_of(rule, RuleId(id), params, |e, value, _| {
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
                e.attempt(|e, label| {
                    e.branch_of(rule, RuleId(id), params, |e, value, fixed| {
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
                        if fixed {
                            e.emit(StmtKind::Break { label });
                        }
                        Ok(())
                    })
                })?;
            }
            Ok(())
        })
    }

    /// One rule: parameters, body, value. `f` gets the value and whether it is a constant.
    fn branch_of(
        &mut self,
        rule: &Rule,
        id: RuleId,
        params: &[Local],
        f: impl FnOnce(&mut Self, Operand, bool) -> Lowered<()>,
    ) -> Lowered<()> {
        self.scope(|e| {
            e.enter(rule, id, params)?;
            let (value, fixed) = match &rule.head.value {
                Some(term) => {
                    e.span = rule.head.span;
                    (e.eval(term)?, constant_of(term).is_some())
                }
                None => (e.constant(Constant::Boolean(true)), true),
            };
            e.span = rule.span;
            f(e, value, fixed)
        })
    }

    fn enter(&mut self, rule: &Rule, id: RuleId, params: &[Local]) -> Lowered<()> {
        self.span = rule.span;
        let pairs = params
            .iter()
            .zip(&rule.head.args)
            .map(|(param, arg)| (Side::Value(Operand::Local(*param)), Side::Term(arg)))
            .collect();
        self.unify_all(pairs)?;
        self.emit(StmtKind::Enter { rule: id });
        self.body(&rule.body)
    }

    /// `p contains key`
    fn set_rules(&mut self, rules: &[PlacedRule<'_>]) -> Lowered<()> {
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
        rules: &[PlacedRule<'_>],
        below: &[(Vec<Constant>, PlacedRule<'_>)],
    ) -> Lowered<()> {
        let flat = below.is_empty()
            && rules
                .iter()
                .all(|placed| placed.rest.len() == 1 && placed.rule.head.value.is_some());
        let kind = if flat {
            LocalKind::ObjectBuilder
        } else {
            LocalKind::DocumentBuilder
        };
        let here = rules.iter().map(|placed| (Vec::new(), *placed));
        let all: Vec<_> = here.chain(below.iter().cloned()).collect();
        let value = self.build(kind, |e, builder| {
            for (prefix, placed) in &all {
                if placed.rule.default {
                    continue;
                }
                e.attempt(|e, _| e.scope(|e| e.entry(builder, flat, prefix, placed)))?;
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
        prefix: &[Constant],
        placed: &PlacedRule<'_>,
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
        let mut next = Some(placed.rule);
        while let Some(rule) = next {
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
            next = rule.else_rule.as_deref();
        }
    }
    true
}
