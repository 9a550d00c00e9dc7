//! Which conditions of a rule OPA's index knows.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::emit::Emitter;
use super::super::tables::{constant_of, dotted_name, strings};
use super::{Guard, Subject};
use crate::ast::{Expr, ExprKind, Rule, Term, TermValue, Var};
use crate::ir::NodeId;

/// `x in xs`
pub(super) const MEMBER: &str = "internal.member_2";

/// What has been found in a rule's body so far.
pub(super) struct Found<'a> {
    rule: &'a Rule,
    /// Variables that stand for a constant.
    constants: HashMap<Var, Term>,
    /// Variables that stand for a document.
    documents: HashMap<Var, Vec<Term>>,
    /// What the rule itself asks in the same way, and need not be asked twice.
    pub(super) plain: Vec<Guard>,
    /// What is asked twice, and so only before something that can fail whatever the documents are.
    pub(super) dear: Vec<Guard>,
}

impl Emitter<'_, '_> {
    pub(super) fn guards_of(&self, expr: &Expr, found: &mut Found<'_>) {
        // What replaces is worked out before anything is replaced.
        for with in &expr.with {
            self.documents_in(&with.value, found);
        }
        if expr.negated || !expr.with.is_empty() {
            return;
        }
        match &expr.kind {
            ExprKind::Term(term) => self.documents_in(term, found),
            ExprKind::Call(terms) => {
                if let [operator, one, other] = terms.as_slice() {
                    match dotted_name(operator).as_deref() {
                        Some("eq" | "equal" | "assign") => {
                            let known = self.equality(one, other, found)
                                || self.equality(other, one, found);
                            if !known {
                                self.documents_of(one, other, found);
                                self.documents_of(other, one, found);
                            }
                            return;
                        }
                        Some(MEMBER) => self.membership(one, other, found),
                        Some("startswith") => self.affix("startswith", one, other, found),
                        Some("endswith") => self.affix("endswith", one, other, found),
                        _ => {}
                    }
                }
                if let [operator, pattern, delimiters, value] = terms.as_slice()
                    && dotted_name(operator).as_deref() == Some("glob.match")
                {
                    self.glob(pattern, delimiters, value, found);
                }
                for term in terms.iter().skip(1) {
                    self.documents_in(term, found);
                }
            }
            ExprKind::Every(every) => self.documents_in(&every.domain, found),
            ExprKind::And(sides) => {
                // Each side has variables of its own.
                for side in [&sides.lhs, &sides.rhs] {
                    let outer = (found.constants.clone(), found.documents.clone());
                    for expr in side {
                        self.guards_of(expr, found);
                    }
                    (found.constants, found.documents) = outer;
                }
            }
            ExprKind::Some(_) | ExprKind::Not(_) | ExprKind::Or(_) => {}
        }
    }

    fn equality(&self, one: &Term, other: &Term, found: &mut Found<'_>) -> bool {
        if let TermValue::Var(name) = &one.value {
            if let Some(value) = found.scalar(other) {
                found.constants.entry(Arc::clone(name)).or_insert(value);
            } else if let Some(parts) = self.stands_for(other, found) {
                found.documents.entry(Arc::clone(name)).or_insert(parts);
                return false;
            }
        }
        if let TermValue::Ref(parts) = &one.value
            && let Some(parts) = self.known_document(parts, found)
            && let TermValue::Array(items) = &other.value
            && !items.iter().any(|item| item.value.is_composite())
        {
            let guard = Guard::Array(parts, items.clone());
            found.note(guard, self.is_written_out(one));
            self.documents_in(other, found);
            return true;
        }
        let Some(value) = found.scalar(other) else {
            return false;
        };
        if let TermValue::Ref(parts) = &one.value
            && let Some((last, collection)) = parts.split_last()
            && is_var(last)
            && found.scalar(last).is_none()
            && let Some(collection) = self.known_document(collection, found)
        {
            let subject = Subject::Document(collection);
            found.dear.push(Guard::Holds(subject, value));
            return true;
        }
        let Some(subject) = self.subject_of(one, found) else {
            return false;
        };
        let is_parameter = matches!(subject, Subject::Parameter(_));
        let plain = is_scalar(other) && (is_parameter || self.is_written_out(one));
        found.note(Guard::Equal(subject, value), plain);
        true
    }

    /// The documents that one side of an equality needs. A reference that is compared with another one, or with a
    /// composite that is no plain array, is not in the index.
    fn documents_of(&self, side: &Term, other: &Term, found: &mut Found<'_>) {
        let indexed = !matches!(other.value, TermValue::Ref(_)) && !other.value.is_composite();
        match &side.value {
            TermValue::Ref(parts) if !indexed => self.documents_in_operands(parts, found),
            _ => self.documents_in(side, found),
        }
    }

    /// A document, and no variable that stands for one.
    fn is_written_out(&self, term: &Term) -> bool {
        matches!(&term.value, TermValue::Ref(parts) if self.is_base(parts))
    }

    /// A document that is one of some constants, or has a constant as a member.
    fn membership(&self, member: &Term, collection: &Term, found: &mut Found<'_>) {
        let guard = match self.subject_of(member, found) {
            Some(subject) => {
                let one_of = has_scalars(collection);
                one_of.then(|| Guard::OneOf(subject, collection.clone()))
            }
            None => found.scalar(member).and_then(|member| {
                let subject = self.subject_of(collection, found)?;
                Some(Guard::Holds(subject, member))
            }),
        };
        found.dear.extend(guard);
    }

    /// A document that is a string with a constant at one of its ends.
    fn affix(&self, operator: &'static str, value: &Term, affix: &Term, found: &mut Found<'_>) {
        let Some(affix) = found.scalar(affix) else {
            return;
        };
        let is_text = matches!(affix.value, TermValue::String(_));
        // OPA's index has no parameters here.
        if let Some(subject @ Subject::Document(_)) = self.subject_of(value, found)
            && is_text
            && !self.is_replaced(&[operator, "is_string"])
        {
            found.dear.push(Guard::Affix(subject, operator, affix));
        }
    }

    /// A document that is a string of segments, some of them constants.
    fn glob(&self, pattern: &Term, delimiters: &Term, value: &Term, found: &mut Found<'_>) {
        let TermValue::Array(delimiters) = &delimiters.value else {
            return;
        };
        let text = |term: &Term| match &term.value {
            TermValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        let Some(mut characters) = delimiters.iter().map(text).collect::<Option<String>>() else {
            return;
        };
        if delimiters.is_empty() {
            characters.push('.');
        }
        if let Some(subject) = self.subject_of(value, found)
            && let Some(segments) = segments(pattern, &characters)
            && !self.is_replaced(&["glob.match", "is_string", "replace", "split"])
        {
            let guard = Guard::Segments(subject, characters.chars().collect(), segments);
            found.dear.push(guard);
        }
    }

    /// Some `with` replaces one of these builtins.
    fn is_replaced(&self, builtins: &[&str]) -> bool {
        builtins.iter().any(|name| self.tables.mock(name).is_some())
    }

    /// What a condition on this term is about, if it is about something that is there from the start.
    fn subject_of(&self, term: &Term, found: &Found<'_>) -> Option<Subject> {
        match &term.value {
            TermValue::Ref(parts) => self.known_document(parts, found).map(Subject::Document),
            TermValue::Var(name) => {
                let is_parameter =
                    |arg: &Term| matches!(&arg.value, TermValue::Var(it) if it == name);
                let number = found.rule.head.args.iter().position(is_parameter);
                let document = || found.documents.get(name).cloned();
                number
                    .map(Subject::Parameter)
                    .or_else(|| document().map(Subject::Document))
            }
            _ => None,
        }
    }

    /// The document that a variable with this value stands for.
    fn stands_for(&self, value: &Term, found: &Found<'_>) -> Option<Vec<Term>> {
        let is_input =
            |term: &Term| matches!(&term.value, TermValue::Var(name) if &**name == "input");
        match &value.value {
            TermValue::Ref(parts) => match parts.as_slice() {
                [head] if is_input(head) => Some(vec![head.clone()]),
                parts => self.known_document(parts, found),
            },
            _ => is_input(value).then(|| vec![value.clone()]),
        }
    }

    /// The reference to a part of `input` or of base data that this one is, with what its variables stand for.
    fn known_document(&self, parts: &[Term], found: &Found<'_>) -> Option<Vec<Term>> {
        let (head, operands) = parts.split_first()?;
        let document = match &head.value {
            TermValue::Var(name) => found.documents.get(name),
            _ => None,
        };
        let mut whole = document.map_or_else(|| vec![head.clone()], Clone::clone);
        for operand in operands {
            whole.push(found.scalar(operand)?);
        }
        self.is_base(&whole).then_some(whole)
    }

    /// The documents that have to be there for the term to have a value.
    pub(super) fn documents_in(&self, term: &Term, found: &mut Found<'_>) {
        match &term.value {
            TermValue::Ref(parts) => {
                if let Some(document) = self.known_document(parts, found) {
                    found.note(Guard::Defined(document), self.is_base(parts));
                }
                self.documents_in_operands(parts, found);
            }
            TermValue::Array(items) | TermValue::Set(items) => {
                for item in items {
                    self.documents_in(item, found);
                }
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.documents_in(key, found);
                    self.documents_in(value, found);
                }
            }
            TermValue::Call(terms) => {
                for term in terms.iter().skip(1) {
                    self.documents_in(term, found);
                }
            }
            _ => {}
        }
    }

    fn documents_in_operands(&self, parts: &[Term], found: &mut Found<'_>) {
        for operand in parts.iter().skip(1) {
            self.documents_in(operand, found);
        }
    }

    /// A reference without variables to a part of `input`, or of `data` where no rules are.
    pub(super) fn is_base(&self, parts: &[Term]) -> bool {
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

impl<'a> Found<'a> {
    /// Nothing yet.
    pub(super) fn new(rule: &'a Rule) -> Self {
        Self {
            rule,
            constants: HashMap::new(),
            documents: HashMap::new(),
            plain: Vec::new(),
            dear: Vec::new(),
        }
    }

    fn note(&mut self, guard: Guard, plain: bool) {
        if plain {
            self.plain.push(guard);
        } else {
            self.dear.push(guard);
        }
    }

    /// The scalar that a term is or stands for.
    fn scalar(&self, term: &Term) -> Option<Term> {
        match &term.value {
            TermValue::Var(name) => self.constants.get(name).cloned(),
            _ => is_scalar(term).then(|| term.clone()),
        }
    }
}

/// A constant collection of scalars.
fn has_scalars(term: &Term) -> bool {
    match &term.value {
        TermValue::Array(items) | TermValue::Set(items) => {
            !items.is_empty() && items.iter().all(is_scalar)
        }
        TermValue::Object(entries) => {
            let constant =
                |(key, value): &(Term, Term)| is_scalar(value) && constant_of(key).is_some();
            !entries.is_empty() && entries.iter().all(constant)
        }
        _ => false,
    }
}

/// The segments of a glob as OPA's index sees them, which takes texts apart at each of the characters: constants, and
/// `None` for stars. It knows no other patterns.
fn segments(pattern: &Term, delimiters: &str) -> Option<Vec<Option<Term>>> {
    let TermValue::String(pattern_text) = &pattern.value else {
        return None;
    };
    if delimiters.is_empty() || pattern_text.contains('\\') {
        return None;
    }
    let segment = |text: &str| match text {
        "*" => Some(None),
        text if text.contains(['[', '?', '{', '*']) => None,
        text => Some(Some(Term {
            span: pattern.span,
            value: TermValue::String(text.into()),
        })),
    };
    let is_delimiter = |c| delimiters.contains(c);
    pattern_text.split(is_delimiter).map(segment).collect()
}

pub(super) fn is_scalar(term: &Term) -> bool {
    matches!(
        term.value,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    )
}

const fn is_var(term: &Term) -> bool {
    matches!(term.value, TermValue::Var(_))
}
