//! `print` calls: taken out, or made to show undefined arguments too.
//!
//! ```text
//! print("x is", input.x)    ==>    internal.print([{l0 | l0 = "x is"}, {l1 | l1 = input.x}])
//! ```

use std::collections::HashMap;

use super::make::{self, Fresh};
use super::safety::{self, Arity};
use super::vars::{self, Skip, VarSet};
use super::walk;
use crate::ast::{Body, Comprehension, Expr, ExprKind, TermValue, Var};
use crate::error::{Code, Diagnostic};

/// Takes the calls out of a body and those inside it.
pub(super) fn erase(body: &mut Body) {
    let span = body.first().map(|expr| expr.span).unwrap_or_default();
    body.retain(|expr| !is_print(expr));
    if body.is_empty() {
        body.push(make::truth(span));
    }
    body.iter_mut()
        .for_each(|expr| walk::inner_bodies(expr, &mut erase));
}

fn is_print(expr: &Expr) -> bool {
    expr.operator_is("print")
}

/// What the rewriting needs to know.
pub(super) struct Prints<'a> {
    pub(super) fresh: &'a mut Fresh,
    pub(super) arity: &'a Arity<'a>,
    pub(super) renamed: &'a HashMap<Var, Var>,
    pub(super) errors: Vec<Diagnostic>,
}

impl Prints<'_> {
    /// Rewrites the calls in a body and those inside it; `outside` have a value around the body.
    pub(super) fn body(&mut self, body: &mut Body, outside: &VarSet) {
        for index in 0..body.len() {
            let (before, rest) = body.split_at_mut(index);
            let Some(expr) = rest.first_mut() else { return };
            let mut safe = safety::outputs(before, outside, self.arity);
            safe.extend(outside.iter().cloned());
            if !is_print(expr) {
                if let ExprKind::Every(every) = &expr.kind {
                    safe.extend(vars::of_term(&every.value, Skip::default()));
                    if let Some(key) = &every.key {
                        safe.extend(vars::of_term(key, Skip::default()));
                    }
                }
                walk::inner_bodies(expr, &mut |body: &mut Body| self.body(body, &safe));
                continue;
            }
            for expr in before.iter() {
                let all = vars::of_expr(expr, Skip::default());
                safe.extend(all.into_iter().filter(|var| vars::is_generated(var)));
            }
            self.call(expr, &safe);
        }
    }

    fn call(&mut self, expr: &mut Expr, safe: &VarSet) {
        let span = expr.span;
        let ExprKind::Call(terms) = &mut expr.kind else {
            return;
        };
        let mut shown = Vec::new();
        for arg in terms.drain(1..) {
            for var in &vars::of_term(&arg, Skip::SAFETY) - safe {
                let name = self.renamed.get(&var).unwrap_or(&var);
                let text = format!("var {name} is undeclared");
                self.errors
                    .push(Diagnostic::new(Code::Compile, arg.span, text));
            }
            let place = arg.span;
            let (local, capture) = self.fresh.equality(arg);
            let set = Comprehension {
                term: local,
                body: vec![capture],
            };
            shown.push(make::term(
                place,
                TermValue::SetComprehension(Box::new(set)),
            ));
        }
        *terms = vec![
            make::reference(span, &["internal", "print"]),
            make::term(span, TermValue::Array(shown)),
        ];
    }
}
