//! Template strings become calls that show undefined parts.
//!
//! ```text
//! $"hello {input.name}"    ==>    internal.template_string(["hello ", {l0 | l0 = input.name}])
//! ```

use std::collections::HashMap;

use super::Builtins;
use super::make::{self, Fresh};
use super::safety::{self, Arity};
use super::vars::{self, Skip, VarSet};
use crate::ast::{
    Body, Comprehension, Expr, ExprKind, Template, TemplatePart, Term, TermValue, Var,
};
use crate::error::{Code, Diagnostic};

/// What the rewriting needs to know.
pub(super) struct Templates<'a> {
    pub(super) fresh: &'a mut Fresh,
    pub(super) arity: &'a Arity<'a>,
    pub(super) builtins: &'a dyn Builtins,
    pub(super) renamed: &'a HashMap<Var, Var>,
    pub(super) errors: Vec<Diagnostic>,
}

impl Templates<'_> {
    /// Rewrites the templates of a body; `outside` have a value around it. Gives what has a value behind it.
    pub(super) fn body(&mut self, body: &mut Body, outside: &VarSet) -> VarSet {
        let mut safe = safety::outputs(body, outside, self.arity);
        safe.extend(outside.iter().cloned());
        for expr in body {
            self.expr(expr, &safe);
        }
        safe
    }

    fn expr(&mut self, expr: &mut Expr, safe: &VarSet) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term, safe),
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                terms.iter_mut().for_each(|term| self.term(term, safe));
            }
            ExprKind::Every(every) => {
                self.term(&mut every.domain, safe);
                let mut inner = safe.clone();
                inner.extend(vars::of_term(&every.value, Skip::default()));
                if let Some(key) = &every.key {
                    inner.extend(vars::of_term(key, Skip::default()));
                }
                self.body(&mut every.body, &inner);
            }
            ExprKind::Not(not) => {
                self.body(&mut not.body, safe);
            }
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.body(&mut sides.lhs, safe);
                self.body(&mut sides.rhs, safe);
            }
        }
        for with in &mut expr.with {
            self.term(&mut with.value, safe);
        }
    }

    /// Rewrites the templates in a term; `safe` have a value where it stands.
    pub(super) fn term(&mut self, term: &mut Term, safe: &VarSet) {
        match &mut term.value {
            TermValue::Template(template) => {
                let template = std::mem::replace(
                    template,
                    Template {
                        parts: Vec::new(),
                        multi_line: false,
                    },
                );
                term.value = self.template(term, template, safe);
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                let inner = self.body(&mut c.body, safe);
                self.term(&mut c.term, &inner);
            }
            TermValue::ObjectComprehension(c) => {
                let inner = self.body(&mut c.body, safe);
                self.term(&mut c.key, &inner);
                self.term(&mut c.value, &inner);
            }
            TermValue::Ref(items)
            | TermValue::Array(items)
            | TermValue::Set(items)
            | TermValue::Call(items) => items.iter_mut().for_each(|item| self.term(item, safe)),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.term(key, safe);
                    self.term(value, safe);
                }
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => {}
        }
    }

    fn template(&mut self, whole: &Term, template: Template, safe: &VarSet) -> TermValue {
        let span = whole.span;
        let mut items = Vec::new();
        for part in template.parts {
            match part {
                TemplatePart::Text(text) => items.push(text),
                TemplatePart::Expr(expr) => {
                    if let Some(item) = self.part(*expr, safe) {
                        items.push(item);
                    }
                }
            }
        }
        if items.is_empty() {
            items.push(make::term(span, TermValue::String("".into())));
        }
        TermValue::Call(vec![
            make::reference(span, &["internal", "template_string"]),
            make::term(span, TermValue::Array(items)),
        ])
    }

    fn part(&mut self, expr: Expr, safe: &VarSet) -> Option<Term> {
        let span = expr.span;
        let mut term = match expr.kind {
            ExprKind::Term(term) => term,
            ExprKind::Call(terms) => {
                let relation = match terms.first().map(|operator| &operator.value) {
                    Some(TermValue::Ref(parts)) => super::dotted(parts)
                        .filter(|name| self.builtins.get(name).is_some_and(|shape| shape.relation)),
                    _ => None,
                };
                if let Some(name) = relation {
                    let text = format!(
                        "illegal call to relation built-in '{name}' that may cause multiple outputs"
                    );
                    self.errors.push(Diagnostic::new(Code::Compile, span, text));
                    return None;
                }
                make::term(span, TermValue::Call(terms))
            }
            _ => {
                let text = "unexpected template-string expression type";
                self.errors.push(Diagnostic::new(Code::Compile, span, text));
                return None;
            }
        };
        self.term(&mut term, safe);
        if matches!(term.value, TermValue::Var(_)) {
            return Some(make::term(span, TermValue::Set(vec![term])));
        }
        for var in &vars::of_term(&term, Skip::SAFETY) - safe {
            let name = self.renamed.get(&var).unwrap_or(&var);
            let text = format!("var {name} is undeclared");
            self.errors
                .push(Diagnostic::new(Code::Compile, term.span, text));
        }
        let (local, mut capture) = self.fresh.equality(term);
        capture.with = expr.with;
        let set = Comprehension {
            term: local,
            body: vec![capture],
        };
        Some(make::term(span, TermValue::SetComprehension(Box::new(set))))
    }
}
