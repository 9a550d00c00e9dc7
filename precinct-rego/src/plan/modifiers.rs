//! `with`: parts of documents and functions that are replaced while an expression is evaluated.
//!
//! ```text
//! p with input.x as 1 ; q   ==>   save input; with input.x := 1 { p; with input := saved { q } }
//! ```

use std::collections::BTreeSet;

use super::planner::{Planned, Planner, Then, head, parts};
use super::policy::{Kind, Local, Operand};
use super::scopes::Replaced;
use crate::ast::{Expr, Term, TermValue, Var, With};

/// What the modifiers of an expression do.
struct Modifiers<'e> {
    /// Replaced functions.
    functions: Replaced,
    /// The variables that replacements of functions are.
    variables: Vec<Var>,
    /// Replaced documents: where, and by what.
    documents: Vec<(&'e [Term], &'e Term)>,
}

/// The part of a document that is replaced.
struct Document {
    root: Var,
    path: Vec<usize>,
    value: Operand,
}

impl<'a> Planner<'a> {
    /// An expression with its modifiers.
    pub(super) fn modified(&mut self, expr: &Expr, then: Then<'_, 'a>) -> Planned {
        let modifiers = self.modifiers(expr)?;
        let values: Vec<&Term> = modifiers
            .documents
            .iter()
            .map(|(_, value)| *value)
            .collect();
        self.terms(&values, &[], &mut |p, values| {
            p.with_values(expr, &modifiers, values, then)
        })
    }

    fn modifiers<'e>(&mut self, expr: &'e Expr) -> Planned<Modifiers<'e>> {
        let mut made = Modifiers {
            functions: Replaced::new(),
            variables: Vec::new(),
            documents: Vec::new(),
        };
        for with in &expr.with {
            let target = parts(&with.target);
            let root = head(target).map(|name| &**name);
            if self.is_function(target) {
                if let TermValue::Var(name) = &with.value.value {
                    made.variables.push(name.clone());
                    self.is_bound_once(with, name)?;
                }
            } else if matches!(root, Some("data" | "input")) {
                made.documents.push((target, &with.value));
                continue;
            }
            let name = with.target.to_string();
            made.functions.insert(name, with.value.clone());
        }
        Ok(made)
    }

    /// OPA binds the value of a modifier once for all calls of the expression that it belongs to; here each call has a
    /// variable of its own.
    fn is_bound_once(&mut self, with: &With, variable: &Var) -> Planned {
        if with.span.row == 0 {
            return Ok(());
        }
        let first = self
            .bound
            .entry(with.span)
            .or_insert_with(|| variable.clone());
        if first == variable {
            return Ok(());
        }
        self.refused("this value of with is needed by several calls: bind it to a variable before, to have it planned")
    }

    fn is_function(&self, reference: &[Term]) -> bool {
        match self.tree.find(reference) {
            Some(node) => self.tree.arity(node) > 0,
            None => {
                let name = crate::ast::display::ref_text(reference);
                self.builtin(&name).is_some()
            }
        }
    }

    fn with_values(
        &mut self,
        expr: &Expr,
        modifiers: &Modifiers<'_>,
        values: &[Operand],
        then: Then<'_, 'a>,
    ) -> Planned {
        self.replacements.enter(modifiers.functions.clone());
        let mut documents = Vec::new();
        for ((target, _), value) in modifiers.documents.iter().zip(values) {
            let mut path = Vec::new();
            for part in target.iter().skip(1) {
                let TermValue::String(name) = &part.value else {
                    return self.refused("invalid with target");
                };
                path.push(self.text(name));
            }
            let Some(root) = head(target).cloned() else {
                return self.refused("invalid with target");
            };
            documents.push(Document {
                root,
                path,
                value: *value,
            });
        }
        let roots: BTreeSet<&Var> = documents.iter().map(|it| &it.root).collect();
        let mut saved = Vec::new();
        for root in roots {
            let original = self.variable(root);
            let copy = self.local();
            self.emit(Kind::AssignVar {
                source: Operand::Local(original),
                target: copy,
            });
            saved.push((original, copy));
        }
        let targets = modifiers.documents.iter().map(|(target, _)| *target);
        let in_data: Vec<&[Term]> = targets
            .filter(|target| head(target).is_some_and(|name| &**name == "data"))
            .collect();
        // Rules that were planned before may now mean something else; they are planned once more.
        let shadows = !modifiers.functions.is_empty()
            || in_data
                .iter()
                .any(|target| self.tree.find(target).is_some());
        if shadows {
            self.shadow(&modifiers.variables, &in_data);
        }
        let result = self.replaced(expr, &documents, &mut |p| {
            p.replacements.leave();
            if shadows {
                p.unshadow(&in_data);
            }
            p.restored(&saved, &mut |p| {
                let result = then(p);
                p.replacements.enter(modifiers.functions.clone());
                if shadows {
                    p.shadow(&modifiers.variables, &in_data);
                }
                result
            })
        });
        self.replacements.leave();
        if shadows {
            self.unshadow(&in_data);
        }
        result
    }

    fn shadow(&mut self, variables: &[Var], in_data: &[&[Term]]) {
        self.generations.enter(variables);
        for target in in_data {
            self.tree.hide(target);
        }
    }

    fn unshadow(&mut self, in_data: &[&[Term]]) {
        self.generations.leave();
        for target in in_data.iter().rev() {
            self.tree.show(target);
        }
    }

    /// The expression, in a statement for each document that is replaced.
    fn replaced(&mut self, expr: &Expr, documents: &[Document], then: Then<'_, 'a>) -> Planned {
        let Some((first, rest)) = documents.split_first() else {
            return self.unmodified(expr, then);
        };
        let block = self.inside(|p| p.replaced(expr, rest, then))?;
        let local = self.variable(&first.root);
        self.emit(Kind::With {
            local,
            path: Some(first.path.clone()),
            value: first.value,
            block,
        });
        Ok(())
    }

    /// What follows the expression sees the documents as they were.
    fn restored(&mut self, saved: &[(Local, Local)], then: Then<'_, 'a>) -> Planned {
        let Some(((original, copy), rest)) = saved.split_first() else {
            return then(self);
        };
        let block = self.inside(|p| p.restored(rest, then))?;
        self.emit(Kind::With {
            local: *original,
            path: None,
            value: Operand::Local(*copy),
            block,
        });
        Ok(())
    }
}
