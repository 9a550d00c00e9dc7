//! Modules in whose place others come that were evaluated in part: the questions on the way there.
//!
//! [`unknowns`] and [`required`] say how an entry point is evaluated in part, [`support`] makes rules of what remains, and
//! [`without`] takes out of a module what those define.

use std::collections::BTreeSet;

use super::dependencies::{constant_prefix, has_prefix, in_order, rules_of};
use crate::ast::{
    Body, Head, HeadKeywords, Module, Package, Ref, RegoVersion, Rule, Span, Term, TermValue,
};
use crate::compile::visit::{self, Node, ground_prefix};
use crate::compile::{Compiled, RuleId, rule_ref};

/// The variable that takes an entry point's value.
pub const RESULT: &str = "__result__";

/// What is not known when a policy that owns `roots` (paths below `data`) is built: `input`, and the documents outside of
/// the roots that its rules read.
#[must_use]
pub fn unknowns(compiled: &Compiled, roots: &[Ref]) -> Vec<Ref> {
    let mut found = vec![vec![variable("input")]];
    for module in &compiled.modules {
        visit::module(module, &mut |node| {
            let Node::Term(Term {
                value: TermValue::Ref(parts),
                ..
            }) = node
            else {
                return false;
            };
            let prefix = constant_prefix(parts);
            if !is_data(prefix) {
                return true;
            }
            let is_inside = |roots: &[Ref]| roots.iter().any(|root| has_prefix(prefix, root));
            if !is_inside(roots) && !is_inside(&found) {
                found.retain(|other| !has_prefix(other, prefix));
                found.push(prefix.to_vec());
            }
            false
        });
    }
    in_order(&mut found);
    found
}

/// The documents whose rules must stay for an entry point: others put something in their place with `with`.
#[must_use]
pub fn required(compiled: &Compiled, entrypoint: &[Term]) -> Vec<Ref> {
    let mut pending: Vec<RuleId> = rules_of(compiled, entrypoint).into_iter().collect();
    let mut readers = BTreeSet::new();
    while let Some(id) = pending.pop() {
        pending.extend(
            compiled
                .graph
                .dependents(id)
                .filter(|reader| readers.insert(*reader)),
        );
    }
    let mut found = Vec::new();
    let mut note = |node: Node<'_>| {
        if let Node::With(with) = node
            && let TermValue::Ref(target) = &with.target.value
            && is_data(target)
        {
            found.push(target.clone());
        }
        false
    };
    for rule in readers.into_iter().filter_map(|id| compiled.rule(id)) {
        visit::head(rule, &mut note);
        visit::body(&rule.body, &mut note);
    }
    in_order(&mut found);
    found
}

/// The rules that an entry point becomes; none when what remains of it reads the entry point itself.
#[must_use]
pub fn support(queries: &[Body], entrypoint: &[Term], version: RegoVersion) -> Option<Module> {
    let (last, package) = entrypoint.split_last()?;
    let TermValue::String(name) = &last.value else {
        return None;
    };
    let mut reads_itself = false;
    for query in queries {
        visit::body(query, &mut |node| {
            reads_itself |= matches!(node, Node::Term(Term { value: TermValue::Ref(parts), .. })
                if has_prefix(parts, entrypoint));
            reads_itself
        });
    }
    if reads_itself {
        return None;
    }
    let rules = queries.iter().map(|query| Rule {
        span: Span::default(),
        default: false,
        head: Head {
            span: Span::default(),
            name: name.clone(),
            reference: vec![variable(name)],
            args: Vec::new(),
            key: None,
            value: Some(variable(RESULT)),
            assign: false,
            generated_value: false,
            keywords: HeadKeywords::default(),
        },
        body: query.clone(),
        generated_body: false,
        else_rule: None,
        annotations: Vec::new(),
    });
    Some(Module {
        package: Package {
            span: Span::default(),
            path: package.to_vec(),
        },
        imports: Vec::new(),
        rules: rules.collect(),
        comments: Vec::new(),
        annotations: Vec::new(),
        version,
    })
}

/// What is left of a module when others define some documents: the rules that do not overlap with them, and of the comments
/// those of metadata blocks. `None` when no rule is left.
#[must_use]
pub fn without(module: &Module, others: &[Module]) -> Option<Module> {
    let defined = defined(others);
    let mut left = module.clone();
    let mut dropped: Vec<Ref> = Vec::new();
    left.rules.retain(|rule| {
        let path = rule_ref(module, &rule.head);
        let own = constant_prefix(&path);
        let overlaps = defined
            .iter()
            .any(|other| has_prefix(other, own) || has_prefix(own, other));
        if overlaps {
            dropped.push(path);
        }
        !overlaps
    });
    if left.rules.is_empty() {
        return None;
    }
    let describes_dropped = |index: u32| {
        let owner = module
            .rules
            .iter()
            .flat_map(Rule::branches)
            .find(|rule| rule.annotations.contains(&index));
        owner.is_some_and(|rule| {
            let path = rule_ref(module, &rule.head);
            let path = ground_prefix(&path);
            dropped
                .iter()
                .any(|other| other.len() == path.len() && has_prefix(other, path))
        })
    };
    let kept: Vec<u32> = (0u32..)
        .zip(&module.annotations)
        .filter(|(index, block)| {
            matches!(block.scope.as_str(), "package" | "subpackages") || !describes_dropped(*index)
        })
        .map(|(index, _)| index)
        .collect();
    left.annotations = kept
        .iter()
        .filter_map(|index| {
            module
                .annotations
                .get(usize::try_from(*index).ok()?)
                .cloned()
        })
        .collect();
    for rule in &mut left.rules {
        renumber(rule, &kept);
    }
    let blocks = &left.annotations;
    left.comments.retain(|comment| {
        blocks
            .iter()
            .any(|block| (block.span.start..block.span.end).contains(&comment.span.start))
    });
    Some(left)
}

/// The documents that modules define.
fn defined(modules: &[Module]) -> Vec<Ref> {
    let mut found = Vec::new();
    for module in modules {
        for rule in &module.rules {
            found.push(constant_prefix(&rule_ref(module, &rule.head)).to_vec());
        }
    }
    in_order(&mut found);
    found
}

fn renumber(rule: &mut Rule, kept: &[u32]) {
    let mut next = Some(rule);
    while let Some(rule) = next {
        rule.annotations = (0u32..)
            .zip(kept)
            .filter(|(_, old)| rule.annotations.contains(old))
            .map(|(new, _)| new)
            .collect();
        next = rule.else_rule.as_deref_mut();
    }
}

fn is_data(reference: &[Term]) -> bool {
    matches!(reference.first().map(|head| &head.value), Some(TermValue::Var(name)) if &**name == "data")
}

fn variable(name: &str) -> Term {
    Term {
        span: Span::default(),
        value: TermValue::Var(name.into()),
    }
}
