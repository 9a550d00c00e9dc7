//! Rules: one function for all whose references begin with the same constant path.
//!
//! ```text
//! p := 1 if { a } else := 2 if { b }     func g0.data.x.p
//! default p := 0                           block { reset r; a; r = 1 } or { r undefined; b; r = 2 } or { r defined; return r }
//!                                          result undefined; result = 0
//!                                          return result
//! ```

use std::collections::HashMap;

use super::planner::{Planned, Planner, Then, WithLocal, unplaced};
use super::policy::{Block, Function, Kind, Local, Operand};
use super::scopes::Variables;
use super::tree::{Node, RuleIndex};
use crate::ast::display::ref_text;
use crate::ast::order::compare_lists;
use crate::ast::{Ref, Rule, Term, TermValue};

/// What the rules of a function have in common.
struct Shape {
    /// How many parts of the references are constant in all of them.
    path: usize,
    /// The rules fill an object whose keys are the rest of their references.
    builds_object: bool,
    /// What every function is called with.
    context: Vec<Local>,
    parameters: Vec<Local>,
    result: Local,
    /// Holds the value of one rule and its `else` branches.
    value: Local,
    /// The first variable that each rule can use.
    next: Local,
}

impl<'a> Planner<'a> {
    /// Plans the rules at a node, unless that has happened; the answer is the name of the function.
    pub(super) fn rules_at(&mut self, node: Node) -> Planned<String> {
        let rules = self.tree.rules_at(node).to_vec();
        self.rules(rules)
    }

    /// As [`Planner::rules_at`].
    pub(super) fn rules(&mut self, mut rules: Vec<RuleIndex>) -> Planned<String> {
        self.planned.extend(&rules);
        self.sort(&mut rules)?;
        let Some(first) = rules.first() else {
            return self.refused("a reference to no rule");
        };
        let reference: Ref = self.tree.rules[*first].reference.clone();
        let length = self.constant_length(&rules, reference.len());
        let path = ref_text(&reference[..length]);
        if let Some(name) = self.generations.get(&path) {
            return Ok(name.clone());
        }
        // A function can't be called while it is planned. Generations don't matter: a `with` that starts a new one would
        // go on for ever.
        if !self.open.insert(path.clone()) {
            return self.refused(format!(
                "reference to {path} is not supported: rules sharing that path prefix are planned as a single function"
            ));
        }
        let outer = (
            self.variables.clone(),
            std::mem::take(&mut self.block),
            self.target,
            self.next,
            self.span,
        );
        let result = self.function(&rules, &reference[..length], reference.len());
        (
            self.variables,
            self.block,
            self.target,
            self.next,
            self.span,
        ) = outer;
        self.open.remove(&path);
        let function = result?;
        let name = function.name.clone();
        self.policy.functions.push(function);
        self.generations.add(path, name.clone());
        Ok(name)
    }

    /// Longer references first, then in their order.
    fn sort(&self, rules: &mut [RuleIndex]) -> Planned {
        let compare = |one: &RuleIndex, other: &RuleIndex| {
            let (one, other) = (&self.tree.rules[*one], &self.tree.rules[*other]);
            let (one, other) = (&one.reference, &other.reference);
            other
                .len()
                .cmp(&one.len())
                .then_with(|| compare_lists(one, other))
        };
        // OPA's sort keeps the order of equal references in short lists, and in those that are sorted already.
        let is_stable = rules.len() <= 12 || rules.is_sorted_by(|a, b| compare(a, b).is_le());
        rules.sort_by(compare);
        let repeats = rules.windows(2).any(|pair| match pair {
            [one, other] => compare(one, other).is_eq(),
            _ => false,
        });
        if !is_stable && repeats {
            return self.refused(
                "more than twelve rules of one path, some with the same reference: OPA orders them in no way that could be told",
            );
        }
        Ok(())
    }

    /// How many parts all references have before the first that is no string.
    fn constant_length(&self, rules: &[RuleIndex], longest: usize) -> usize {
        let ends = rules.iter().filter_map(|index| {
            let mut parts = self.tree.rules[*index].reference.iter().enumerate().skip(1);
            parts.find(|(_, part)| !matches!(part.value, TermValue::String(_)))
        });
        ends.map(|(at, _)| at).fold(longest, usize::min)
    }

    fn function(
        &mut self,
        rules: &[RuleIndex],
        path: &[Term],
        longest: usize,
    ) -> Planned<Function> {
        let all: Vec<(&'a Rule, Ref)> = rules
            .iter()
            .map(|index| &self.tree.rules[*index])
            .map(|placed| (placed.rule, placed.reference.clone()))
            .collect();
        let [(first, _), ..] = all.as_slice() else {
            return self.refused("a function without rules");
        };
        self.next = Local(0);
        self.span = first.head.span;
        let generation = format!("g{}", self.generations.number());
        let context: Vec<Local> = self
            .generations
            .variables()
            .iter()
            .map(|_| self.local())
            .collect();
        let result = self.local();
        let parameters: Vec<Local> = first.head.args.iter().map(|_| self.local()).collect();
        let builds_object = path.len() != longest;
        let mut blocks = Vec::new();
        if builds_object {
            blocks.push(self.block_of([Kind::MakeObject { target: result }]));
        } else if first.head.value.is_none() {
            blocks.push(self.block_of([Kind::MakeSet { target: result }]));
        }
        let value = self.local();
        let shape = Shape {
            path: path.len(),
            builds_object,
            context: context.clone(),
            parameters: parameters.clone(),
            result,
            value,
            next: self.next,
        };
        let mut default = None;
        for (rule, reference) in &all {
            if rule.default {
                default = Some(*rule);
                continue;
            }
            let chain = self.chain(rule, reference, &shape)?;
            if rule.else_rule.is_none() {
                blocks.extend(chain);
            } else {
                blocks.push(Block {
                    statements: vec![unplaced(Kind::Block { blocks: chain })],
                });
            }
        }
        if let Some(rule) = default {
            blocks.push(self.default(rule, result)?);
        }
        self.span = first.head.span;
        blocks.push(self.block_of([Kind::ReturnLocal { source: result }]));
        let name = format!("{generation}.{}", ref_text(path));
        let names = path.iter().filter_map(|part| match &part.value {
            TermValue::String(name) => Some(name.to_string()),
            _ => None,
        });
        Ok(Function {
            name,
            parameters: context.into_iter().chain(parameters).collect(),
            result,
            blocks,
            path: std::iter::once(generation).chain(names).collect(),
        })
    }

    /// A rule and its `else` branches, of which the first that holds counts.
    fn chain(&mut self, first: &'a Rule, reference: &[Term], shape: &Shape) -> Planned<Vec<Block>> {
        let mut blocks = Vec::new();
        for (at, rule) in first.branches().enumerate() {
            self.span = rule.head.span;
            self.next = shape.next;
            let names = self.generations.variables();
            let known: HashMap<_, _> = names.into_iter().zip(shape.context.clone()).collect();
            self.variables = Variables::new(known);
            blocks.push(self.inside(|p| {
                p.emit(if at == 0 {
                    Kind::ResetLocal {
                        target: shape.value,
                    }
                } else {
                    Kind::IsUndefined {
                        source: shape.value,
                    }
                });
                p.parameters(&shape.parameters, &rule.head.args, &mut |p| {
                    p.body(&rule.body, &mut |p| p.value(rule, reference, shape))
                })
            })?);
        }
        if first.head.value.is_some() && !shape.builds_object {
            blocks.push(self.block_of([
                Kind::IsDefined {
                    source: shape.value,
                },
                Kind::AssignVarOnce {
                    source: Operand::Local(shape.value),
                    target: shape.result,
                },
            ]));
        }
        Ok(blocks)
    }

    fn parameters(
        &mut self,
        parameters: &[Local],
        arguments: &[Term],
        then: Then<'_, 'a>,
    ) -> Planned {
        let (Some((local, locals)), Some((argument, arguments))) =
            (parameters.split_first(), arguments.split_first())
        else {
            return then(self);
        };
        self.unify_operand(Operand::Local(*local), argument, &mut |p| {
            p.parameters(locals, arguments, then)
        })
    }

    /// What a rule whose body holds adds to the result.
    fn value(&mut self, rule: &'a Rule, reference: &[Term], shape: &Shape) -> Planned {
        let head = &rule.head;
        let keys = reference.get(shape.path..).unwrap_or_default();
        match (&head.value, keys.split_last()) {
            (Some(value), None) if !shape.builds_object => self.term(value, &mut |p| {
                let source = p.target;
                p.emit(Kind::AssignVarOnce {
                    source,
                    target: shape.value,
                });
                Ok(())
            }),
            (Some(value), Some((last, keys))) if shape.builds_object => {
                self.term(value, &mut |p| {
                    let value = p.target;
                    p.nested(shape.result, keys, &mut |p, object| {
                        p.term(last, &mut |p| {
                            let key = p.target;
                            p.emit(Kind::ObjectInsertOnce { key, value, object });
                            Ok(())
                        })
                    })
                })
            }
            (None, None) if !shape.builds_object => self.key(rule, &mut |p| {
                let value = p.target;
                p.emit(Kind::SetAdd {
                    value,
                    set: shape.result,
                });
                Ok(())
            }),
            (None, Some((last, keys))) if shape.builds_object => {
                self.nested(shape.result, keys, &mut |p, object| {
                    p.term(last, &mut |p| {
                        let key = p.target;
                        p.key(rule, &mut |p| {
                            let value = p.target;
                            p.member_or(object, key, Kind::set, &mut |p, set| {
                                p.emit(Kind::SetAdd { value, set });
                                p.emit(Kind::ObjectInsert {
                                    key,
                                    value: Operand::Local(set),
                                    object,
                                });
                                Ok(())
                            })
                        })
                    })
                })
            }
            _ => self.refused("illegal rule kind"),
        }
    }

    fn key(&mut self, rule: &'a Rule, then: Then<'_, 'a>) -> Planned {
        match &rule.head.key {
            Some(key) => self.term(key, then),
            None => self.refused("illegal rule kind"),
        }
    }

    /// Objects within an object, made where they are missing.
    fn nested(&mut self, object: Local, keys: &[Term], then: WithLocal<'_, 'a>) -> Planned {
        let Some((first, rest)) = keys.split_first() else {
            return then(self, object);
        };
        self.term(first, &mut |p| {
            let key = p.target;
            p.member_or(object, key, Kind::object, &mut |p, inner| {
                p.nested(inner, rest, then)
            })
        })
    }

    /// A member of an object, or what is made in its place.
    fn member_or(
        &mut self,
        object: Local,
        key: Operand,
        make: fn(Local) -> Kind,
        then: WithLocal<'_, 'a>,
    ) -> Planned {
        let value = self.local();
        let found = self.block_of([
            Kind::Dot {
                source: Operand::Local(object),
                key,
                target: value,
            },
            Kind::Break { index: 1 },
        ]);
        let either = [
            Kind::Block {
                blocks: vec![found],
            },
            make(value),
        ]
        .map(unplaced);
        self.emit(Kind::Block {
            blocks: vec![Block {
                statements: either.into(),
            }],
        });
        then(self, value)?;
        self.emit(Kind::ObjectInsert {
            key,
            value: Operand::Local(value),
            object,
        });
        Ok(())
    }

    /// A default rule, for when no other holds.
    fn default(&mut self, rule: &'a Rule, result: Local) -> Planned<Block> {
        self.span = rule.head.span;
        self.inside(|p| {
            p.emit(Kind::IsUndefined { source: result });
            let Some(value) = &rule.head.value else {
                return p.refused("illegal rule kind");
            };
            p.body(&rule.body, &mut |p| {
                p.span = rule.head.span;
                p.term(value, &mut |p| {
                    let source = p.target;
                    p.emit(Kind::AssignVarOnce {
                        source,
                        target: result,
                    });
                    Ok(())
                })
            })
        })
    }
}

impl Kind {
    fn object(target: Local) -> Self {
        Self::MakeObject { target }
    }

    fn set(target: Local) -> Self {
        Self::MakeSet { target }
    }
}
