//! What the `with` modifiers of a program replace. Every one is known before the first function is written, because a
//! reference that stands far from any `with` has to look whether its rules are hidden or its function is replaced.

use std::sync::Arc;

use super::tables::{Tables, dotted_name, name_and_path};
use crate::ast::{Body, Expr, ExprKind, Rule, TemplatePart, Term, TermValue, With};
use crate::ir::{CallTarget, MaskId, MockId};

/// What a `with` replaces.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A path of `input`.
    Input(Vec<Arc<str>>),
    /// A path of `data`.
    Data(Vec<Arc<str>>, MaskId),
    /// A function or builtin.
    Function(MockId),
}

impl Tables<'_> {
    /// Resolves the target of a modifier, and notes the replacement.
    pub(super) fn target(&mut self, with: &With) -> Option<Target> {
        let (head, path, _) = name_and_path(&with.target)?;
        match head {
            "input" => Some(Target::Input(path)),
            "data" if self.function_at(&path).is_none() => {
                let mask = self.mask(&path);
                Some(Target::Data(path, mask))
            }
            _ => {
                let name = dotted_name(&with.target)?;
                let by = self.callable(&with.value);
                Some(Target::Function(self.add_mock(&name, by)))
            }
        }
    }

    /// The function or builtin that the term names.
    pub(super) fn callable(&mut self, term: &Term) -> Option<CallTarget> {
        let (head, path, operands) = name_and_path(term)?;
        if path.len() < operands {
            return None;
        }
        if head == "data" {
            return self.function_at(&path).map(CallTarget::Function);
        }
        let name = dotted_name(term)?;
        let (id, _) = self.builtin(&name)?;
        Some(CallTarget::Builtin(id))
    }

    /// Notes every replacement in a rule and its `else` branches.
    pub(super) fn note_rule(&mut self, rule: &Rule) {
        let mut next = Some(rule);
        while let Some(rule) = next {
            for term in rule.head.args.iter().chain(&rule.head.reference) {
                self.note_term(term);
            }
            for term in rule.head.key.iter().chain(&rule.head.value) {
                self.note_term(term);
            }
            self.note_body(&rule.body);
            next = rule.else_rule.as_deref();
        }
    }

    /// Notes every replacement in a body.
    pub(super) fn note_body(&mut self, body: &Body) {
        for expr in body {
            self.note_expr(expr);
        }
    }

    fn note_expr(&mut self, expr: &Expr) {
        for with in &expr.with {
            self.target(with);
            self.note_term(&with.value);
        }
        match &expr.kind {
            ExprKind::Term(term) => self.note_term(term),
            ExprKind::Call(terms) | ExprKind::Some(terms) => self.note_terms(terms),
            ExprKind::Every(every) => {
                self.note_term(&every.domain);
                self.note_body(&every.body);
            }
            ExprKind::Not(not) => self.note_body(&not.body),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.note_body(&sides.lhs);
                self.note_body(&sides.rhs);
            }
        }
    }

    fn note_terms(&mut self, terms: &[Term]) {
        for term in terms {
            self.note_term(term);
        }
    }

    fn note_term(&mut self, term: &Term) {
        match &term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => {}
            TermValue::Template(template) => {
                for part in &template.parts {
                    match part {
                        TemplatePart::Text(term) => self.note_term(term),
                        TemplatePart::Expr(expr) => self.note_expr(expr),
                    }
                }
            }
            TermValue::Ref(terms)
            | TermValue::Array(terms)
            | TermValue::Set(terms)
            | TermValue::Call(terms) => self.note_terms(terms),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.note_term(key);
                    self.note_term(value);
                }
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                self.note_term(&c.term);
                self.note_body(&c.body);
            }
            TermValue::ObjectComprehension(c) => {
                self.note_term(&c.key);
                self.note_term(&c.value);
                self.note_body(&c.body);
            }
        }
    }
}
