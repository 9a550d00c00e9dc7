//! Rego's order of terms: by kind, then by content. Sets and objects are kept in it.

use std::cmp::Ordering;

use super::{Body, Expr, ExprKind, Template, TemplatePart, Term, TermValue};

/// Rank of the kind of value, as in OPA.
fn rank(value: &TermValue) -> u8 {
    match value {
        TermValue::Null => 0,
        TermValue::Boolean(_) => 1,
        TermValue::Number(_) => 2,
        TermValue::String(_) => 3,
        TermValue::Template(_) => 4,
        TermValue::Var(_) => 5,
        TermValue::Ref(_) => 6,
        TermValue::Array(_) => 7,
        TermValue::Object(_) => 8,
        TermValue::Set(_) => 9,
        TermValue::ArrayComprehension(_) => 10,
        TermValue::ObjectComprehension(_) => 11,
        TermValue::SetComprehension(_) => 12,
        TermValue::Call(_) => 13,
    }
}

/// Compares two terms; places don't count.
pub fn compare(a: &Term, b: &Term) -> Ordering {
    compare_values(&a.value, &b.value)
}

/// Compares two values.
pub fn compare_values(a: &TermValue, b: &TermValue) -> Ordering {
    use TermValue as V;
    match (a, b) {
        (V::Boolean(a), V::Boolean(b)) => a.cmp(b),
        (V::Number(a), V::Number(b)) => compare_numbers(a, b),
        (V::String(a), V::String(b)) | (V::Var(a), V::Var(b)) => a.cmp(b),
        (V::Template(a), V::Template(b)) => compare_templates(a, b),
        (V::Ref(a), V::Ref(b)) | (V::Array(a), V::Array(b)) | (V::Call(a), V::Call(b)) => {
            compare_lists(a, b)
        }
        (V::Set(a), V::Set(b)) => compare_lists(&owned(a), &owned(b)),
        (V::Object(a), V::Object(b)) => compare_entries(a, b),
        (V::ArrayComprehension(a), V::ArrayComprehension(b))
        | (V::SetComprehension(a), V::SetComprehension(b)) => {
            compare(&a.term, &b.term).then_with(|| compare_bodies(&a.body, &b.body))
        }
        (V::ObjectComprehension(a), V::ObjectComprehension(b)) => compare(&a.key, &b.key)
            .then_with(|| compare(&a.value, &b.value))
            .then_with(|| compare_bodies(&a.body, &b.body)),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn owned(items: &[Term]) -> Vec<Term> {
    sorted_terms(items).into_iter().cloned().collect()
}

/// Compares two lists, term by term.
pub fn compare_lists(a: &[Term], b: &[Term]) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(a, b)| compare(a, b))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Keys are compared before the values of equal keys, pair by pair.
fn compare_entries(a: &[(Term, Term)], b: &[(Term, Term)]) -> Ordering {
    let (a, b) = (sorted_entries(a), sorted_entries(b));
    a.iter()
        .zip(&b)
        .map(|(a, b)| compare(&a.0, &b.0).then_with(|| compare(&a.1, &b.1)))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn compare_templates(a: &Template, b: &Template) -> Ordering {
    let part = |a: &TemplatePart, b: &TemplatePart| match (a, b) {
        (TemplatePart::Text(a), TemplatePart::Text(b)) => compare(a, b),
        (TemplatePart::Expr(a), TemplatePart::Expr(b)) => compare_exprs(a, b),
        (TemplatePart::Text(_), TemplatePart::Expr(_)) => Ordering::Less,
        (TemplatePart::Expr(_), TemplatePart::Text(_)) => Ordering::Greater,
    };
    a.parts
        .iter()
        .zip(&b.parts)
        .map(|(a, b)| part(a, b))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.parts.len().cmp(&b.parts.len()))
}

/// Compares two bodies, expression by expression.
pub fn compare_bodies(a: &Body, b: &Body) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(a, b)| compare_exprs(a, b))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// Compares two expressions.
pub fn compare_exprs(a: &Expr, b: &Expr) -> Ordering {
    let rank = |expr: &Expr| match expr.kind {
        ExprKind::Some(_) => 0,
        ExprKind::Term(_) => 1,
        ExprKind::Call(_) => 2,
        ExprKind::Every(_) => 3,
        ExprKind::Not(_) => 4,
        ExprKind::And(_) => 5,
        ExprKind::Or(_) => 6,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| a.negated.cmp(&b.negated))
        .then_with(|| compare_kinds(&a.kind, &b.kind))
        .then_with(|| {
            let withs = a.with.iter().zip(&b.with).map(|(a, b)| {
                compare(&a.target, &b.target).then_with(|| compare(&a.value, &b.value))
            });
            withs
                .into_iter()
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.with.len().cmp(&b.with.len()))
        })
}

fn compare_kinds(a: &ExprKind, b: &ExprKind) -> Ordering {
    match (a, b) {
        (ExprKind::Term(a), ExprKind::Term(b)) => compare(a, b),
        (ExprKind::Call(a), ExprKind::Call(b)) | (ExprKind::Some(a), ExprKind::Some(b)) => {
            compare_lists(a, b)
        }
        (ExprKind::Every(a), ExprKind::Every(b)) => compare(&a.value, &b.value)
            .then_with(|| compare(&a.domain, &b.domain))
            .then_with(|| compare_bodies(&a.body, &b.body)),
        (ExprKind::Not(a), ExprKind::Not(b)) => compare_bodies(&a.body, &b.body),
        (ExprKind::And(a), ExprKind::And(b)) | (ExprKind::Or(a), ExprKind::Or(b)) => {
            compare_bodies(&a.lhs, &b.lhs).then_with(|| compare_bodies(&a.rhs, &b.rhs))
        }
        _ => Ordering::Equal,
    }
}

/// The elements of a set: sorted, each once.
pub fn sorted_terms(items: &[Term]) -> Vec<&Term> {
    let mut sorted: Vec<&Term> = items.iter().collect();
    sorted.sort_by(|a, b| compare(a, b));
    sorted.dedup_by(|a, b| compare(a, b).is_eq());
    sorted
}

/// The entries of an object, sorted by key. As in OPA's syntax tree, equal keys all stay, in the order of the source.
pub fn sorted_entries(entries: &[(Term, Term)]) -> Vec<&(Term, Term)> {
    let mut sorted: Vec<&(Term, Term)> = entries.iter().collect();
    sorted.sort_by(|a, b| compare(&a.0, &b.0));
    sorted
}

/// A decimal number as sign, digits without zeros at either end, and the power of ten of the first digit.
struct Decimal<'a> {
    negative: bool,
    digits: Vec<u8>,
    power: i64,
    text: &'a str,
}

impl<'a> Decimal<'a> {
    fn new(text: &'a str) -> Self {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = all.iter().take_while(|b| **b == b'0').count();
        let mut digits: Vec<u8> = all.into_iter().skip(leading).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let place = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(leading).unwrap_or(0);
        Self {
            negative: text.starts_with('-') && !digits.is_empty(),
            power: if digits.is_empty() {
                i64::MIN
            } else {
                place + exponent
            },
            digits,
            text,
        }
    }
}

/// Compares numbers by value, however they are written.
pub fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (Decimal::new(a), Decimal::new(b));
    if a.text == b.text {
        return Ordering::Equal;
    }
    let magnitude = || a.power.cmp(&b.power).then_with(|| a.digits.cmp(&b.digits));
    match (a.negative, b.negative) {
        (false, false) => magnitude(),
        (true, true) => magnitude().reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

impl PartialEq for TermValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for TermValue {}

impl PartialOrd for TermValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Term {}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl Ord for TermValue {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_values(self, other)
    }
}
