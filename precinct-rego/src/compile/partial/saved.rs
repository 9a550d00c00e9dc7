//! Expressions that remain, and the modules of support.

use std::collections::BTreeMap;

use super::bindings::{At, Bindings};
use super::{PartialOptions, Refused};
use crate::ast::display::{is_name, ref_text};
use crate::ast::order::{compare, compare_bodies, compare_lists};
use crate::ast::{Body, Expr, ExprKind, Module, Package, Ref, Rule, Span, Term, TermValue};
use crate::compile::locals::{always, equality_operands};

/// An expression that remains: its operands' variables belong to tables, those of an equation's sides to one each.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) expr: Expr,
    /// Without tables the expression is complete as it stands.
    pub(super) tables: Option<(At, At)>,
}

impl Saved {
    pub(super) fn plug(&self, bindings: &Bindings, outside: At) -> Expr {
        let mut expr = self.expr.clone();
        let Some((left, right)) = self.tables else {
            return expr;
        };
        let equation = equality_operands(&expr).is_some();
        match &mut expr.kind {
            ExprKind::Call(terms) => {
                for (position, term) in terms.iter_mut().enumerate().skip(1) {
                    let at = if equation && position == 2 {
                        right
                    } else {
                        left
                    };
                    *term = bindings.plug_for(term, at, outside);
                }
            }
            ExprKind::Term(term) => *term = bindings.plug_for(term, left, outside),
            _ => {}
        }
        for with in &mut expr.with {
            with.value = bindings.plug_for(&with.value, left, outside);
        }
        expr
    }
}

/// Expressions as a body, which is never empty.
pub(super) fn plugged(saved: &[Saved], bindings: &Bindings, outside: At) -> Body {
    if saved.is_empty() {
        return vec![always(Span::default())];
    }
    saved.iter().map(|it| it.plug(bindings, outside)).collect()
}

/// The modules of support, by package.
#[derive(Debug, Default)]
pub(super) struct Support {
    modules: BTreeMap<String, Module>,
}

/// The package and the rest of a reference. As much belongs to the package as can be written in its declaration; the
/// last name is the rule's.
pub(super) fn split(path: &[Term]) -> (Ref, Ref) {
    let constant = path
        .iter()
        .skip(1)
        .take_while(|it| matches!(it.value, TermValue::String(_)))
        .count()
        + 1;
    let mut start = 2;
    for at in 2..constant {
        match path.get(at).map(|it| &it.value) {
            Some(TermValue::String(name)) if is_name(name) => start = at,
            _ => break,
        }
    }
    let start = start.min(path.len());
    (path[..start].to_vec(), named(&path[start..]))
}

/// The reference of a head: its first part becomes a name.
pub(super) fn named(parts: &[Term]) -> Ref {
    let mut parts = parts.to_vec();
    if let Some(first) = parts.first_mut()
        && let TermValue::String(name) = &first.value
    {
        first.value = TermValue::Var(name.clone());
    }
    parts
}

impl Support {
    /// Whether there are rules for the document.
    pub(super) fn exists(&self, path: &[Term]) -> bool {
        let (package, rest) = split(path);
        let Some(module) = self.modules.get(&ref_text(&package)) else {
            return false;
        };
        let matches = |rule: &Rule| {
            rest.iter()
                .zip(&rule.head.reference)
                .all(|(a, b)| compare(a, b).is_eq())
                && (rest.len() == 1 || rule.head.reference.len() >= rest.len())
        };
        module.rules.iter().any(matches)
    }

    pub(super) fn insert(&mut self, package: Ref, rule: Rule, options: &PartialOptions) {
        let key = ref_text(&package);
        let module = self.modules.entry(key).or_insert_with(|| Module {
            package: Package {
                span: Span::default(),
                path: package,
            },
            imports: Vec::new(),
            rules: Vec::new(),
            comments: Vec::new(),
            annotations: Vec::new(),
            version: options.version,
        });
        module.rules.push(rule);
    }

    /// The modules, their rules in OPA's order.
    pub(super) fn finish(self) -> Vec<Module> {
        let mut modules: Vec<Module> = self.modules.into_values().collect();
        for module in &mut modules {
            module.rules.sort_by(|a, b| {
                compare_lists(&a.head.args, &b.head.args)
                    .then_with(|| compare_lists(&a.head.reference, &b.head.reference))
                    .then_with(|| compare_optional(a.head.key.as_ref(), b.head.key.as_ref()))
                    .then_with(|| compare_optional(a.head.value.as_ref(), b.head.value.as_ref()))
                    .then_with(|| a.default.cmp(&b.default))
                    .then_with(|| compare_bodies(&a.body, &b.body))
            });
        }
        modules
    }
}

fn compare_optional(a: Option<&Term>, b: Option<&Term>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// A conflict of values.
pub(super) fn conflict(span: Span, what: &str) -> Refused {
    Refused {
        span,
        code: "eval_conflict_error",
        what: what.to_owned(),
    }
}
