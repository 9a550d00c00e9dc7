//! `with` modifiers: what can be replaced by what, and values that have to be evaluated first.

use super::make::{self, Fresh};
use super::tree::RuleTree;
use super::{Builtins, dotted};
use crate::ast::{Body, Expr, Term, TermValue, With};
use crate::error::{Code, Diagnostic};

/// What the check needs to know.
pub(super) struct Withs<'a> {
    pub(super) fresh: &'a mut Fresh,
    pub(super) tree: &'a RuleTree,
    pub(super) builtins: &'a dyn Builtins,
    pub(super) errors: Vec<Diagnostic>,
}

impl Withs<'_> {
    /// Checks the modifiers of a body and those inside it.
    pub(super) fn body(&mut self, body: &mut Body) {
        let mut out = Vec::with_capacity(body.len());
        for mut expr in std::mem::take(body) {
            super::walk::inner_bodies(&mut expr, &mut |inner: &mut Body| self.body(inner));
            let mut withs = std::mem::take(&mut expr.with);
            for with in &mut withs {
                self.with(with, &mut out);
            }
            expr.with = withs;
            out.push(expr);
        }
        *body = out;
    }

    fn with(&mut self, with: &mut With, out: &mut Vec<Expr>) {
        as_builtin(&mut with.value, self.builtins);
        let evaluated = match self.validate(with) {
            Ok(evaluated) => evaluated,
            Err(error) => return self.errors.push(*error),
        };
        if evaluated && make::needs_evaluation(&with.value) {
            let (local, equality) = self.fresh.equality(with.value.clone());
            out.push(equality);
            with.value = local;
        }
    }

    /// Whether the value is a document; otherwise it is a function that takes the place of another.
    fn validate(&self, with: &mut With) -> Result<bool, Box<Diagnostic>> {
        as_builtin(&mut with.target, self.builtins);
        let span = with.target.span;
        let refuse = |code, message: String| Err(Box::new(Diagnostic::new(code, span, message)));
        let TermValue::Ref(target) = &with.target.value else {
            return refuse(Code::Type, UNKNOWN_TARGET.to_owned());
        };
        match target.first().map(|head| &head.value) {
            Some(TermValue::Var(head)) if head.as_ref() == "input" => return Ok(true),
            Some(TermValue::Var(head)) if head.as_ref() == "data" => {
                if self.tree.has_rules_above(target) {
                    let text = "with keyword cannot partially replace virtual document(s)";
                    return refuse(Code::Compile, text.to_owned());
                }
                let replaces_function = self.tree.is_function(target);
                if replaces_function && self.is_function_or_rule(&with.value) {
                    return Ok(false);
                }
                let value_is_function = match &with.value.value {
                    TermValue::Ref(value) => self.tree.is_function(value),
                    _ => false,
                };
                return Ok(!value_is_function);
            }
            _ => {}
        }
        let Some((name, shape)) =
            dotted(target).and_then(|name| Some((name.clone(), self.builtins.get(&name)?)))
        else {
            return refuse(Code::Type, UNKNOWN_TARGET.to_owned());
        };
        let prefix = "with keyword replacing built-in function:";
        if matches!(
            name.as_str(),
            "eq" | "rego.metadata.chain" | "rego.metadata.rule"
        ) {
            return refuse(
                Code::Compile,
                format!("{prefix} replacement of \"{name}\" invalid"),
            );
        }
        if name.starts_with("internal.") {
            let text = format!("{prefix} replacement of internal function \"{name}\" invalid");
            return refuse(Code::Compile, text);
        }
        if shape.relation {
            return refuse(
                Code::Compile,
                format!("{prefix} target must not be a relation"),
            );
        }
        if shape.void {
            return refuse(
                Code::Compile,
                format!("{prefix} target must not be a void function"),
            );
        }
        Ok(!self.is_function_or_rule(&with.value))
    }

    fn is_function_or_rule(&self, value: &Term) -> bool {
        match &value.value {
            TermValue::Ref(parts) => {
                self.tree.has(parts)
                    || dotted(parts).is_some_and(|name| self.builtins.get(&name).is_some())
            }
            _ => false,
        }
    }
}

const UNKNOWN_TARGET: &str =
    "with keyword target must reference existing input, data, or a function";

/// A lone name of a builtin is a reference to it.
fn as_builtin(term: &mut Term, builtins: &dyn Builtins) {
    if let TermValue::Var(name) = &term.value
        && builtins.get(name).is_some()
    {
        term.value = TermValue::Ref(vec![make::var(term.span, name)]);
    }
}
