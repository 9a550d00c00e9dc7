//! What is asked before a rule is entered.
//!
//! OPA keeps an index of rules: those that need a document that is not there, or another value of it, are not evaluated
//! at all, and errors that they would meet before they find that out do not happen. Here such a rule asks first, if there
//! is anything in it that can fail.
//!
//! ```text
//! p if { q(input.a) > 1; input.b == "x" }        l0 = input["b"]    else 'p
//!                                                test l0 == "x"     else 'p
//!                                                l1 = input["a"]    else 'p
//!                                                …
//! ```

use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::{constant_of, strings};
use super::unify::Side;
use crate::ast::{Body, Expr, ExprKind, Rule, Term, TermValue};
use crate::ir::{Comparison, Local, NodeId, Operand, Test};

/// One condition.
enum Guard<'a> {
    /// The document is there.
    Defined(&'a [Term]),
    /// The document has this value.
    Equal(&'a [Term], &'a Term),
    /// The document is an array of this length, with these constants among its items.
    Array(&'a [Term], &'a [Term]),
    /// The parameter of this number has this value.
    Parameter(usize, &'a Term),
}

/// Operators that cannot fail.
const COMPARISONS: [&str; 8] = ["eq", "equal", "assign", "neq", "lt", "lte", "gt", "gte"];

impl Emitter<'_, '_> {
    /// Asks for what the rule needs, if something in it can fail before it comes to that.
    pub(super) fn guards(&mut self, rule: &Rule, params: &[Local]) -> Lowered<()> {
        let risky = |expr: &Expr| !self.is_harmless(expr);
        let Some(first) = rule.body.iter().position(risky) else {
            return Ok(());
        };
        let mut guards = Vec::new();
        if has_effects(&rule.body) {
            return Ok(());
        }
        for expr in &rule.body[first..] {
            self.guards_of(expr, rule, &mut guards);
        }
        for term in rule.head.key.iter().chain(&rule.head.value) {
            self.documents_in(term, &mut guards);
        }
        let outer = self.span;
        for guard in guards {
            match guard {
                Guard::Defined(parts) => {
                    self.eval_ref(parts)?;
                }
                Guard::Equal(parts, value) => {
                    let document = self.eval_ref(parts)?;
                    self.equal(document, value)?;
                }
                Guard::Array(parts, items) => {
                    let document = self.eval_ref(parts)?;
                    let pattern = Term {
                        span: self.span,
                        value: TermValue::Array(items.iter().enumerate().map(anonymous).collect()),
                    };
                    let sides = (Side::Value(document), Side::Term(&pattern));
                    self.scope(|e| e.unify_all(vec![sides]))?;
                }
                Guard::Parameter(number, value) => {
                    if let Some(param) = params.get(number) {
                        self.equal(Operand::Local(*param), value)?;
                    }
                }
            }
        }
        self.span = outer;
        Ok(())
    }

    fn equal(&mut self, operand: Operand, value: &Term) -> Lowered<()> {
        let value = self.eval(value)?;
        self.test(Test::Compare {
            comparison: Comparison::Equal,
            left: operand,
            right: value,
        });
        Ok(())
    }

    /// The expression compares documents and constants, and does nothing else.
    fn is_harmless(&self, expr: &Expr) -> bool {
        let harmless = |term: &Term| match &term.value {
            TermValue::Ref(parts) => self.is_base(parts),
            TermValue::Var(_) => true,
            _ => constant_of(term).is_some(),
        };
        if !expr.with.is_empty() {
            return false;
        }
        match &expr.kind {
            ExprKind::Term(term) => harmless(term),
            ExprKind::Call(terms) => {
                COMPARISONS.iter().any(|name| expr.operator_is(name))
                    && terms.iter().skip(1).all(harmless)
            }
            ExprKind::Some(_) => true,
            _ => false,
        }
    }

    fn guards_of<'a>(&self, expr: &'a Expr, rule: &Rule, guards: &mut Vec<Guard<'a>>) {
        // What replaces is worked out before anything is replaced.
        for with in &expr.with {
            self.documents_in(&with.value, guards);
        }
        if expr.negated || !expr.with.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Term(term) => self.documents_in(term, guards),
            ExprKind::Call(terms) => {
                let equals = ["eq", "equal", "assign"];
                if let [_, one, other] = terms.as_slice()
                    && equals.iter().any(|name| expr.operator_is(name))
                    && (self.equality(one, other, rule, guards)
                        || self.equality(other, one, rule, guards))
                {
                    return;
                }
                for term in terms.iter().skip(1) {
                    self.documents_in(term, guards);
                }
            }
            ExprKind::Every(every) => self.documents_in(&every.domain, guards),
            ExprKind::And(sides) => {
                for expr in sides.lhs.iter().chain(&sides.rhs) {
                    self.guards_of(expr, rule, guards);
                }
            }
            ExprKind::Some(_) | ExprKind::Not(_) | ExprKind::Or(_) => {}
        }
    }

    fn equality<'a>(
        &self,
        one: &'a Term,
        other: &'a Term,
        rule: &Rule,
        guards: &mut Vec<Guard<'a>>,
    ) -> bool {
        if let TermValue::Array(items) = &other.value
            && let TermValue::Ref(parts) = &one.value
            && self.is_base(parts)
            && items.iter().all(|item| is_scalar(item) || is_var(item))
        {
            guards.push(Guard::Array(parts, items));
            return true;
        }
        if !is_scalar(other) {
            return false;
        }
        match &one.value {
            TermValue::Ref(parts) if self.is_base(parts) => {
                guards.push(Guard::Equal(parts, other));
                true
            }
            TermValue::Var(name) => {
                let is_parameter =
                    |arg: &Term| matches!(&arg.value, TermValue::Var(it) if it == name);
                let number = rule.head.args.iter().position(is_parameter);
                guards.extend(number.map(|number| Guard::Parameter(number, other)));
                number.is_some()
            }
            _ => false,
        }
    }

    /// The documents that have to be there for the term to have a value.
    fn documents_in<'a>(&self, term: &'a Term, guards: &mut Vec<Guard<'a>>) {
        match &term.value {
            TermValue::Ref(parts) if self.is_base(parts) => guards.push(Guard::Defined(parts)),
            TermValue::Array(items) | TermValue::Set(items) => {
                for item in items {
                    self.documents_in(item, guards);
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.documents_in(key, guards);
                    self.documents_in(value, guards);
                }
            }
            TermValue::Call(terms) => {
                for term in terms.iter().skip(1) {
                    self.documents_in(term, guards);
                }
            }
            _ => {}
        }
    }

    /// A reference without variables to a part of `input`, or of `data` where no rules are.
    fn is_base(&self, parts: &[Term]) -> bool {
        let Some((head, operands)) = parts.split_first() else {
            return false;
        };
        if operands.is_empty() || !operands.iter().all(is_scalar) {
            return false;
        }
        match &head.value {
            TermValue::Var(name) if name.as_ref() == "input" => true,
            TermValue::Var(name) if name.as_ref() == "data" => {
                self.leaves_the_rules(&strings(operands))
            }
            _ => false,
        }
    }

    fn leaves_the_rules(&self, path: &[Arc<str>]) -> bool {
        let mut node = NodeId(0);
        for key in path {
            match self.tables.child(node, key) {
                None => return true,
                Some(child) if self.tables.nodes[child.index()].rules.is_empty() => node = child,
                Some(_) => return false,
            }
        }
        false
    }
}

fn is_scalar(term: &Term) -> bool {
    matches!(
        term.value,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    )
}

const fn is_var(term: &Term) -> bool {
    matches!(term.value, TermValue::Var(_))
}

/// The item of an array, a variable under a name that nothing else has.
fn anonymous((number, item): (usize, &Term)) -> Term {
    let mut item = item.clone();
    if is_var(&item) {
        item.value = TermValue::Var(format!("$guard{number}").into());
    }
    item
}

/// Something is printed: OPA has no index for such rules.
fn has_effects(body: &Body) -> bool {
    body.iter().any(|expr| {
        is_effect(expr)
            || match &expr.kind {
                ExprKind::Every(every) => has_effects(&every.body),
                ExprKind::Not(not) => has_effects(&not.body),
                ExprKind::And(sides) | ExprKind::Or(sides) => {
                    has_effects(&sides.lhs) || has_effects(&sides.rhs)
                }
                _ => false,
            }
    })
}

fn is_effect(expr: &Expr) -> bool {
    let Some([head, name]) = expr.operator().map(Vec::as_slice) else {
        return false;
    };
    matches!(&head.value, TermValue::Var(head) if head.as_ref() == "internal")
        && matches!(&name.value, TermValue::String(name) if matches!(name.as_ref(), "print" | "test_case"))
}
