//! The metadata blocks of modules, in one list.

use std::cmp::Ordering;

use crate::ast::order::compare;
use crate::ast::{Annotations, Module, Rule, Span, Term, TermValue};
use crate::compile::visit::ground_prefix;
use crate::source::Sources;

/// A metadata block and what it describes.
#[derive(Clone, Debug)]
pub struct Annotated<'a> {
    /// The document or package, with its leading `data`.
    pub path: Vec<Term>,
    /// Where the rule or the package declaration stands.
    pub span: Span,
    /// The module.
    pub module: &'a Module,
    /// The rule; `None` for packages.
    pub rule: Option<&'a Rule>,
    /// The block.
    pub annotations: &'a Annotations,
}

/// All blocks, ordered by what they describe and then by their place.
#[must_use]
pub fn annotated<'a>(modules: &'a [Module], sources: &Sources) -> Vec<Annotated<'a>> {
    let mut found = Vec::new();
    for module in modules {
        for (index, annotations) in (0u32..).zip(&module.annotations) {
            let mut owners: Vec<&Rule> = module
                .rules
                .iter()
                .flat_map(Rule::branches)
                .filter(|rule| rule.annotations.contains(&index))
                .collect();
            // What describes a document belongs to all its rules, and stands above one of them.
            owners.sort_by_key(|rule| (rule.span.start < annotations.span.start, rule.span.start));
            let owner = owners.first().copied();
            let of_package = matches!(annotations.scope.as_str(), "package" | "subpackages");
            let rule = owner.filter(|_| !of_package);
            if rule.is_none() && !of_package {
                continue;
            }
            found.push(Annotated {
                path: rule.map_or_else(
                    || module.package.path.clone(),
                    |rule| document(module, rule),
                ),
                span: rule.map_or(module.package.span, |rule| rule.span),
                module,
                rule,
                annotations,
            });
        }
    }
    let file = |span: Span| sources.get(span.source).map(|source| source.name.clone());
    found.sort_by(|a, b| {
        let (one, other) = (a.annotations.span, b.annotations.span);
        paths(&a.path, &b.path)
            .then_with(|| file(one).cmp(&file(other)))
            .then_with(|| (one.row, one.col).cmp(&(other.row, other.col)))
    });
    found
}

fn paths(a: &[Term], b: &[Term]) -> Ordering {
    a.iter()
        .zip(b)
        .map(|(one, other)| compare(one, other))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

/// The document that a rule defines, up to its first variable.
fn document(module: &Module, rule: &Rule) -> Vec<Term> {
    let mut path = module.package.path.clone();
    for (at, part) in rule.head.reference.iter().enumerate() {
        path.push(match (&part.value, at) {
            (TermValue::Var(name), 0) => Term {
                span: part.span,
                value: TermValue::String(name.clone()),
            },
            _ => part.clone(),
        });
    }
    ground_prefix(&path).to_vec()
}
