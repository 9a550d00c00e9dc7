//! Terms that get a value: constants, collections, comprehensions.

use super::emit::{Emitter, Lowered};
use super::tables::constant_of;
use crate::ast::{Body, ObjectComprehension, Span, Template, TemplatePart, Term, TermValue};
use crate::ir::{Conflict, LocalKind, Operand, StmtKind};

impl Emitter<'_, '_> {
    /// The value of a term. A reference among its parts may open loops.
    pub(super) fn eval(&mut self, term: &Term) -> Lowered<Operand> {
        if let Some(constant) = constant_of(term) {
            return Ok(self.constant(constant));
        }
        self.nested(|e| e.eval_part(term))
    }

    fn eval_part(&mut self, term: &Term) -> Lowered<Operand> {
        match &term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_) => {
                let constant = constant_of(term).unwrap_or(crate::ir::Constant::Null);
                Ok(self.constant(constant))
            }
            TermValue::Template(template) => self.template(template),
            TermValue::Var(var) => match self.lookup(var) {
                Some(operand) => Ok(operand),
                None if matches!(var.as_ref(), "input" | "data") => {
                    self.eval_ref(std::slice::from_ref(term))
                }
                None => Err(self.unsafe_var(var)),
            },
            TermValue::Ref(parts) => self.eval_ref(parts),
            TermValue::Array(items) => {
                let items = self.eval_all(items)?;
                let target = self.value();
                self.emit(StmtKind::Array { target, items });
                Ok(Operand::Local(target))
            }
            TermValue::Set(items) => self.eval_set(items),
            TermValue::Object(entries) => self.eval_object(entries),
            TermValue::ArrayComprehension(c) => {
                self.collect(LocalKind::ArrayBuilder, &c.term, &c.body)
            }
            TermValue::SetComprehension(c) => self.collect(LocalKind::SetBuilder, &c.term, &c.body),
            TermValue::ObjectComprehension(c) => self.collect_object(term.span, c),
            TermValue::Call(terms) => self.eval_call(terms),
        }
    }

    pub(super) fn eval_all(&mut self, terms: &[Term]) -> Lowered<Vec<Operand>> {
        terms.iter().map(|term| self.eval(term)).collect()
    }

    /// `[term | body]`, `{term | body}`
    fn collect(&mut self, kind: LocalKind, term: &Term, body: &Body) -> Lowered<Operand> {
        self.build(kind, |e, builder| {
            e.inner_body(body)?;
            let value = e.eval(term)?;
            e.emit(StmtKind::Push { builder, value });
            Ok(())
        })
    }

    /// `{key: value | body}`
    fn collect_object(&mut self, span: Span, c: &ObjectComprehension) -> Lowered<Operand> {
        self.build(LocalKind::ObjectBuilder, |e, builder| {
            e.inner_body(&c.body)?;
            let key = e.eval(&c.key)?;
            let value = e.eval(&c.value)?;
            e.span = span;
            e.emit(StmtKind::Insert {
                builder,
                key,
                value,
                conflict: Conflict::ObjectKey,
            });
            Ok(())
        })
    }

    /// A builder that `f` fills; what is undefined on the way adds nothing.
    pub(super) fn build(
        &mut self,
        kind: LocalKind,
        f: impl FnOnce(&mut Self, crate::ir::Local) -> Lowered<()>,
    ) -> Lowered<Operand> {
        let span = self.span;
        let builder = self.local(kind, None);
        self.emit(StmtKind::Begin { builder });
        self.attempt(|e, _| e.scope(|e| f(e, builder)))?;
        self.span = span;
        let target = self.value();
        self.emit(StmtKind::Finish { target, builder });
        Ok(Operand::Local(target))
    }

    /// A template's parts: text as it is, each expression as the set of its values, which is empty when it is
    /// undefined.
    fn template(&mut self, template: &Template) -> Lowered<Operand> {
        let mut items = Vec::new();
        for part in &template.parts {
            items.push(match part {
                TemplatePart::Text(term) => self.eval(term)?,
                TemplatePart::Expr(expr) => self.build(LocalKind::SetBuilder, |e, builder| {
                    let value = e.expression_value(expr)?;
                    e.emit(StmtKind::Push { builder, value });
                    Ok(())
                })?,
            });
        }
        let target = self.value();
        self.emit(StmtKind::Array { target, items });
        self.call_named("internal.template_string", vec![Operand::Local(target)])
    }
}
