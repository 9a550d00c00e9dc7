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

mod finding;

use finding::{Found, MEMBER, is_scalar};

use super::emit::{Emitter, Lowered};
use super::tables::{constant_of, dotted_name, index};
use super::unify::Side;
use crate::ast::{Body, Expr, ExprKind, Rule, Term, TermValue};
use crate::ir::{Comparison, Constant, Local, Operand, Test};

/// What a condition is about.
#[derive(Clone)]
enum Subject {
    /// A reference to a part of `input` or of base data.
    Document(Vec<Term>),
    /// The parameter of this number.
    Parameter(usize),
}

/// One condition.
enum Guard {
    /// The document is there.
    Defined(Vec<Term>),
    /// The subject has this value.
    Equal(Subject, Term),
    /// The document is an array of this length, with these constants among its items.
    Array(Vec<Term>, Vec<Term>),
    /// The subject is one of the members of a constant.
    OneOf(Subject, Term),
    /// The subject has this member.
    Holds(Subject, Term),
    /// The subject is a string that begins (`startswith`) or ends (`endswith`) with this one.
    Affix(Subject, &'static str, Term),
    /// The subject is a string that these characters take apart into as many segments as there are here, equal to those
    /// that are given.
    Segments(Subject, Vec<char>, Vec<Option<Term>>),
}

/// Operators that cannot fail.
const COMPARISONS: [&str; 8] = ["eq", "equal", "assign", "neq", "lt", "lte", "gt", "gte"];

/// Operators that fail only for documents that OPA's index tells apart by them.
const INDEXED: [&str; 6] = [
    MEMBER,
    "endswith",
    "glob.match",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
];

impl Emitter<'_, '_> {
    /// Asks for what the rule needs, if something in it can fail before it comes to that.
    pub(super) fn guards(&mut self, rule: &Rule, params: &[Local]) -> Lowered<()> {
        let risky = |expr: &Expr| !self.is_harmless(expr, &[]);
        let Some(first) = rule.body.iter().position(risky) else {
            return Ok(());
        };
        let graver = |expr: &Expr| !self.is_harmless(expr, &INDEXED);
        let gravest = rule.body.iter().position(graver);
        if has_effects(&rule.body) {
            return Ok(());
        }
        let mut found = Found::new(rule);
        for (at, expr) in rule.body.iter().enumerate() {
            self.guards_of(expr, &mut found);
            // What comes before the first risk is asked in time.
            if at < first {
                found.plain.clear();
            }
            if gravest.is_none_or(|gravest| at < gravest) {
                found.dear.clear();
            }
        }
        for term in rule.head.key.iter().chain(&rule.head.value) {
            self.documents_in(term, &mut found);
        }
        if gravest.is_none() {
            found.dear.clear();
        }
        self.ask(found, params)
    }

    /// Asks for all that OPA's index knows of the rule.
    pub(super) fn index_guards(&mut self, rule: &Rule, params: &[Local]) -> Lowered<()> {
        if has_effects(&rule.body) {
            return Ok(());
        }
        let mut found = Found::new(rule);
        for expr in &rule.body {
            self.guards_of(expr, &mut found);
        }
        for term in rule.head.key.iter().chain(&rule.head.value) {
            self.documents_in(term, &mut found);
        }
        self.ask(found, params)
    }

    fn ask(&mut self, found: Found<'_>, params: &[Local]) -> Lowered<()> {
        let outer = self.span;
        for guard in found.plain.into_iter().chain(found.dear) {
            self.guard(guard, params)?;
        }
        self.span = outer;
        Ok(())
    }

    fn guard(&mut self, guard: Guard, params: &[Local]) -> Lowered<()> {
        match guard {
            Guard::Defined(parts) => self.eval_ref(&parts).map(drop),
            Guard::Equal(subject, value) => {
                let left = self.subject(&subject, params)?;
                let right = self.eval(&value)?;
                self.test(Test::Compare {
                    comparison: Comparison::Equal,
                    left,
                    right,
                });
                Ok(())
            }
            Guard::Array(parts, items) => {
                let document = self.eval_ref(&parts)?;
                let pattern = Term {
                    span: self.span,
                    value: TermValue::Array(items.iter().enumerate().map(anonymous).collect()),
                };
                let sides = (Side::Value(document), Side::Term(&pattern));
                self.scope(|e| e.unify_all(vec![sides]))
            }
            Guard::OneOf(subject, members) => {
                let value = self.subject(&subject, params)?;
                let collection = self.eval(&members)?;
                self.test(Test::Member { value, collection });
                Ok(())
            }
            Guard::Holds(subject, member) => {
                let collection = self.subject(&subject, params)?;
                let value = self.eval(&member)?;
                self.test(Test::Member { value, collection });
                Ok(())
            }
            Guard::Affix(subject, operator, affix) => {
                let text = self.text(&subject, params)?;
                let affix = self.eval(&affix)?;
                self.asked(operator, vec![text, affix])
            }
            Guard::Segments(subject, delimiters, segments) => {
                let mut text = self.text(&subject, params)?;
                let mut delimiters = delimiters.into_iter().map(|it| {
                    let text = Constant::String(it.to_string().into());
                    self.tables.constant(text)
                });
                let first = delimiters.next().map(Operand::Constant);
                let others: Vec<_> = delimiters.map(Operand::Constant).collect();
                let Some(first) = first else { return Ok(()) };
                for other in others {
                    text = self.call_named("replace", vec![text, other, first])?;
                }
                let value = self.call_named("split", vec![text, first])?;
                let length = index(segments.len());
                self.test(Test::ArrayOf { value, length });
                for (number, segment) in segments.iter().enumerate() {
                    let Some(segment) = segment else { continue };
                    let number = self.constant(Constant::Number(number.to_string().into()));
                    let left = self.get(value, number);
                    let right = self.eval(segment)?;
                    self.test(Test::Compare {
                        comparison: Comparison::Equal,
                        left,
                        right,
                    });
                }
                Ok(())
            }
        }
    }

    /// The subject, which must be a string.
    fn text(&mut self, subject: &Subject, params: &[Local]) -> Lowered<Operand> {
        let value = self.subject(subject, params)?;
        self.asked("is_string", vec![value])?;
        Ok(value)
    }

    /// A builtin must have an answer that is not `false`.
    fn asked(&mut self, builtin: &str, args: Vec<Operand>) -> Lowered<()> {
        let answer = self.call_named(builtin, args)?;
        self.test(Test::Truthy(answer));
        Ok(())
    }

    fn subject(&mut self, subject: &Subject, params: &[Local]) -> Lowered<Operand> {
        match subject {
            Subject::Document(parts) => self.eval_ref(parts),
            Subject::Parameter(number) => match params.get(*number) {
                Some(param) => Ok(Operand::Local(*param)),
                None => Err(self.unsafe_var("_")),
            },
        }
    }

    /// The expression compares documents and constants, or calls one of the operators on them, and does nothing else.
    fn is_harmless(&self, expr: &Expr, operators: &[&str]) -> bool {
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
                let operator = terms.first().and_then(dotted_name);
                operator.is_some_and(|name| {
                    COMPARISONS.contains(&&*name) || operators.contains(&&*name)
                }) && terms.iter().skip(1).all(harmless)
            }
            ExprKind::Some(_) => true,
            _ => false,
        }
    }
}

/// The item of an array: a scalar, or a variable under a name that nothing else has.
fn anonymous((number, item): (usize, &Term)) -> Term {
    let mut item = item.clone();
    if !is_scalar(&item) {
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
