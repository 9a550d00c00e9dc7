//! The evaluation: expressions in their order, one state for each way in which they can hold.

use std::collections::{BTreeMap, BTreeSet};

use super::{Refused, substitute};
use crate::ast::order::compare_values;
use crate::ast::{Body, Expr, ExprKind, Ref, Rule, Span, Term, TermValue, Var};
use crate::compile::locals::{equality, equality_operands};
use crate::compile::rule_tree::{Key, RuleId, RuleNode};
use crate::compile::vars::{self, Scope};
use crate::compile::visit::{self, Node, is_constant, is_scalar};
use crate::compile::{Compiled, is_multi_value};

/// How deep continuations nest before the query is refused.
const DEPTH: usize = 300;
/// How many queries may remain.
const QUERIES: usize = 4096;

type Outcome = Result<(), Refused>;
/// What follows, given a state.
type Then<'a, 'c> = &'a mut dyn FnMut(&mut Walk<'c>, State) -> Outcome;
/// What follows, given a state and a value.
type Take<'a, 'c> = &'a mut dyn FnMut(&mut Walk<'c>, State, Term) -> Outcome;

/// What is known on one way through the query.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    bound: BTreeMap<Var, TermValue>,
    /// Variables that what is saved gives values to.
    open: BTreeSet<Var>,
    pub(super) saved: Vec<Expr>,
}

impl State {
    fn value_of(&self, name: &Var) -> Option<TermValue> {
        let mut value = self.bound.get(name)?;
        while let TermValue::Var(next) = value {
            match self.bound.get(next) {
                Some(known) => value = known,
                None => break,
            }
        }
        Some(value.clone())
    }

    /// Replaces variables by what they are known to be.
    pub(super) fn plug(&self, term: &mut Term) {
        substitute::term(term, &|name| self.value_of(name));
    }

    fn save(&mut self, mut expr: Expr) {
        substitute::expr(&mut expr, &|name| self.value_of(name));
        self.open.extend(Scope::default().of_expr(&expr));
        self.saved.push(expr);
    }

    /// Makes both sides equal, or saves that they have to be. False if they cannot be.
    fn unify(&mut self, mut lhs: Term, mut rhs: Term) -> bool {
        self.plug(&mut lhs);
        self.plug(&mut rhs);
        if lhs == rhs && is_plain(&lhs.value) {
            return true;
        }
        for (variable, value) in [(&lhs, &rhs), (&rhs, &lhs)] {
            if let TermValue::Var(name) = &variable.value
                && !self.open.contains(name)
                && is_plain(&value.value)
                && !Scope::default().of_term(value).contains(name)
            {
                self.bound.insert(name.clone(), value.value.clone());
                return true;
            }
        }
        if is_constant(&lhs.value) && is_constant(&rhs.value) {
            return compare_values(&lhs.value, &rhs.value).is_eq();
        }
        if let (TermValue::Array(left), TermValue::Array(right)) = (&lhs.value, &rhs.value) {
            return left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(x, y)| self.unify(x.clone(), y.clone()));
        }
        self.save(equality(lhs, rhs));
        true
    }
}

/// Whether the value is a lone `input` or a part of it.
pub(super) fn is_input(value: &TermValue) -> bool {
    matches!(value, TermValue::Ref(parts) if parts.first().and_then(vars::name).is_some_and(|it| it.as_ref() == "input"))
}

/// Whether the value is written out: scalars, variables, and collections of these.
pub(super) fn is_plain(value: &TermValue) -> bool {
    match value {
        TermValue::Var(name) => !vars::is_root(name),
        TermValue::Array(items) => items.iter().all(|it| is_plain(&it.value)),
        TermValue::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_constant(&key.value) && is_plain(&value.value)),
        value => is_constant(value),
    }
}

pub(super) struct Walk<'c> {
    compiled: &'c Compiled,
    pub(super) found: Vec<State>,
    calls: u32,
    depth: usize,
}

fn refused<T>(span: Span, what: &str) -> Result<T, Refused> {
    Err(Refused {
        span,
        what: what.to_owned(),
    })
}

impl<'c> Walk<'c> {
    pub(super) fn new(compiled: &'c Compiled) -> Self {
        Self {
            compiled,
            found: Vec::new(),
            calls: 0,
            depth: 0,
        }
    }

    pub(super) fn query(&mut self, body: &Body) -> Outcome {
        self.body(body, State::default(), &mut |walk, state| {
            if walk.found.len() >= QUERIES {
                return refused(Span::default(), "too many queries remain");
            }
            walk.found.push(state);
            Ok(())
        })
    }

    fn body(&mut self, body: &[Expr], state: State, then: Then<'_, 'c>) -> Outcome {
        let Some((first, rest)) = body.split_first() else {
            return then(self, state);
        };
        if self.depth >= DEPTH {
            return refused(first.span, "the query is too deep");
        }
        self.depth += 1;
        let outcome = self.expr(first, state, &mut |walk, state| {
            walk.body(rest, state, then)
        });
        self.depth -= 1;
        outcome
    }

    fn expr(&mut self, expr: &Expr, mut state: State, then: Then<'_, 'c>) -> Outcome {
        if !expr.with.is_empty() {
            return refused(expr.span, "with");
        }
        if expr.negated {
            return self.negation(expr, state, then);
        }
        match &expr.kind {
            ExprKind::Term(term) => self.value(term, state, &mut |walk, mut state, value| {
                if matches!(value.value, TermValue::Boolean(false)) {
                    return Ok(());
                }
                if !is_constant(&value.value) {
                    state.save(Expr {
                        kind: ExprKind::Term(value),
                        ..expr.clone()
                    });
                }
                then(walk, state)
            }),
            ExprKind::Call(terms) => {
                if let Some((lhs, rhs)) = equality_operands(expr).or_else(|| comparison(expr)) {
                    return self.value(lhs, state, &mut |walk, state, lhs| {
                        walk.value(rhs, state, &mut |walk, mut state, rhs| {
                            if state.unify(lhs.clone(), rhs) {
                                then(walk, state)
                            } else {
                                Ok(())
                            }
                        })
                    });
                }
                self.call(expr, terms, state, then)
            }
            ExprKind::Some(_) => then(self, state),
            _ if reads_data(expr) => refused(expr.span, "a closure that reads data"),
            _ => {
                state.save(expr.clone());
                then(self, state)
            }
        }
    }

    fn call(
        &mut self,
        expr: &Expr,
        terms: &[Term],
        mut state: State,
        then: Then<'_, 'c>,
    ) -> Outcome {
        if reads_data(expr) || terms.first().is_some_and(names_data) {
            return refused(
                expr.span,
                "a call of a function, or with data as its operand",
            );
        }
        let mut operands: Vec<Term> = terms.iter().skip(1).cloned().collect();
        for it in &mut operands {
            state.plug(it);
        }
        if let [lhs, rhs] = operands.as_slice()
            && is_constant(&lhs.value)
            && is_constant(&rhs.value)
        {
            let order = compare_values(&lhs.value, &rhs.value);
            let holds = match expr
                .operator()
                .and_then(|it| it.first())
                .and_then(vars::name)
            {
                Some(name) => match name.as_ref() {
                    "neq" => Some(order.is_ne()),
                    "lt" => Some(order.is_lt()),
                    "lte" => Some(order.is_le()),
                    "gt" => Some(order.is_gt()),
                    "gte" => Some(order.is_ge()),
                    _ => None,
                },
                None => None,
            };
            match holds {
                Some(true) => return then(self, state),
                Some(false) => return Ok(()),
                None => {}
            }
        }
        state.save(expr.clone());
        then(self, state)
    }

    fn negation(&mut self, expr: &Expr, mut state: State, then: Then<'_, 'c>) -> Outcome {
        if reads_data(expr) {
            return refused(expr.span, "a negation that reads data");
        }
        let positive = Expr {
            negated: false,
            ..expr.clone()
        };
        let before = state.saved.len();
        let (mut certain, mut possible) = (false, false);
        self.expr(&positive, state.clone(), &mut |_, inner| {
            if inner.saved.len() == before {
                certain = true;
            } else {
                possible = true;
            }
            Ok(())
        })?;
        if certain {
            return Ok(());
        }
        if possible {
            state.save(expr.clone());
        }
        then(self, state)
    }

    /// What the term stands for: itself, a part of `input`, or what rules say.
    fn value(&mut self, term: &Term, state: State, take: Take<'_, 'c>) -> Outcome {
        let mut term = term.clone();
        state.plug(&mut term);
        let TermValue::Ref(parts) = &term.value else {
            if term_reads_data(&term) {
                return refused(term.span, "a closure or collection that reads data");
            }
            return take(self, state, term);
        };
        let Some((head, rest)) = parts.split_first() else {
            return Ok(());
        };
        if rest.iter().any(term_reads_data) {
            return refused(term.span, "a reference with data as its operand");
        }
        match &head.value {
            TermValue::Var(name) if name.as_ref() == "data" => self.document(parts, &state, take),
            TermValue::Var(_) => take(self, state, term),
            _ => self.member(head.clone(), rest, state, take),
        }
    }

    /// The rules that a reference to `data` reads.
    fn document(&mut self, parts: &[Term], state: &State, take: Take<'_, 'c>) -> Outcome {
        let compiled = self.compiled;
        let mut node: &'c RuleNode = &compiled.tree;
        let mut at = 1;
        while node.rules.is_empty() {
            let Some(part) = parts.get(at) else {
                break;
            };
            let Some(child) = Key::of(part).and_then(|key| node.children.get(&key)) else {
                return refused(part.span, "base documents");
            };
            node = child;
            at += 1;
        }
        let span = parts.last().map(|it| it.span).unwrap_or_default();
        if node.rules.is_empty() || !node.children.is_empty() {
            return refused(span, "a package as a whole");
        }
        let rest = parts.get(at..).unwrap_or_default();
        for id in &node.rules {
            self.rule(*id, rest, state, take)?;
        }
        Ok(())
    }

    fn rule(&mut self, id: RuleId, rest: &[Term], state: &State, take: Take<'_, 'c>) -> Outcome {
        let Some(rule) = self.compiled.rule(id) else {
            return Ok(());
        };
        if rule.default || rule.else_rule.is_some() || !rule.head.args.is_empty() {
            return refused(rule.span, "default, else, and functions");
        }
        if rule.head.reference.len() > 1 {
            return refused(rule.span, "rules with operands in their heads");
        }
        self.calls += 1;
        let rule = renamed(rule, self.calls);
        let mut state = state.clone();
        if is_multi_value(&rule.head) {
            let (Some(key), Some((first, rest))) = (&rule.head.key, rest.split_first()) else {
                return refused(rule.span, "a partial set as a whole");
            };
            let named =
                |term: &Term| matches!(term.value, TermValue::Var(_)) || is_constant(&term.value);
            if !named(key) || !named(first) {
                return refused(rule.span, "a partial set with composite members");
            }
            if !state.unify(key.clone(), first.clone()) {
                return Ok(());
            }
            return self.body(&rule.body, state, &mut |walk, state| {
                let mut key = key.clone();
                state.plug(&mut key);
                walk.member(key, rest, state, take)
            });
        }
        let Some(value) = &rule.head.value else {
            return Ok(());
        };
        self.body(&rule.body, state, &mut |walk, state| {
            walk.value(value, state, &mut |walk, state, value| {
                walk.member(value, rest, state, take)
            })
        })
    }

    /// What lies in a value behind the operands.
    fn member(&mut self, value: Term, rest: &[Term], state: State, take: Take<'_, 'c>) -> Outcome {
        let Some((operand, rest)) = rest.split_first() else {
            return take(self, state, value);
        };
        let position = |at: usize| Term {
            span: operand.span,
            value: TermValue::Number(at.to_string().into()),
        };
        let entries: Vec<(Term, Term)> = match &value.value {
            TermValue::Object(entries) => entries.clone(),
            TermValue::Array(items) => (0..)
                .zip(items)
                .map(|(at, item)| (position(at), item.clone()))
                .collect(),
            TermValue::Set(items) if is_constant(&value.value) => {
                items.iter().map(|it| (it.clone(), it.clone())).collect()
            }
            TermValue::Ref(head) if is_input(&value.value) => {
                let mut parts: Ref = head.clone();
                parts.push(operand.clone());
                parts.extend_from_slice(rest);
                let whole = Term {
                    span: value.span,
                    value: TermValue::Ref(parts),
                };
                return take(self, state, whole);
            }
            it if is_scalar(it) => return Ok(()),
            _ => return refused(operand.span, "a member of a value that is not known"),
        };
        for (key, value) in entries {
            let mut state = state.clone();
            if state.unify(key, operand.clone()) {
                self.member(value, rest, state, take)?;
            }
        }
        Ok(())
    }
}

/// The operands of `lhs == rhs`: both have values there, so that unification means the same.
fn comparison(expr: &Expr) -> Option<(&Term, &Term)> {
    match &expr.kind {
        ExprKind::Call(terms) if expr.operator_is("equal") => match terms.as_slice() {
            [_, lhs, rhs] => Some((lhs, rhs)),
            _ => None,
        },
        _ => None,
    }
}

/// The rule with variables of its own.
fn renamed(rule: &Rule, call: u32) -> Rule {
    let mut rule = rule.clone();
    // Names that end in a digit get a separator: `x1` in call 2 is not `x` in call 12.
    let fresh = |name: &Var| {
        let separator = if name.ends_with(|it: char| it.is_ascii_digit()) {
            "_"
        } else {
            ""
        };
        (!vars::is_root(name)).then(|| TermValue::Var(format!("{name}{separator}{call}").into()))
    };
    for it in rule.head.key.iter_mut().chain(&mut rule.head.value) {
        substitute::term(it, &fresh);
    }
    for expr in &mut rule.body {
        substitute::expr(expr, &fresh);
    }
    rule
}

fn names_data(term: &Term) -> bool {
    matches!(&term.value, TermValue::Ref(parts) if parts.first().is_some_and(is_data))
}

fn is_data(term: &Term) -> bool {
    vars::name(term).is_some_and(|name| name.as_ref() == "data")
}

fn reads_data(expr: &Expr) -> bool {
    let mut found = false;
    visit::expr(expr, &mut |node| {
        found |= matches!(node, Node::Term(term) if is_data(term) || names_data(term));
        found
    });
    found
}

fn term_reads_data(term: &Term) -> bool {
    let mut found = false;
    visit::term(term, &mut |node| {
        found |= matches!(node, Node::Term(term) if is_data(term) || names_data(term));
        found
    });
    found
}
