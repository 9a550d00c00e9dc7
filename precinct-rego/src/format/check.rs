//! What a module from an older version has to change by hand before it can be valid under a newer one.

use std::collections::HashMap;

use crate::ast::{Expr, ExprKind, Import, Module, RegoVersion, Rule, Term, TermValue};
use crate::error::{Code, Diagnostic};

use super::imports::path;
use super::scan::{Node, walk_rule, walk_term};

/// Built-in functions that v1 doesn't have any more.
const DEPRECATED: [&str; 11] = [
    "all",
    "any",
    "cast_array",
    "cast_boolean",
    "cast_null",
    "cast_object",
    "cast_set",
    "cast_string",
    "net.cidr_overlap",
    "re_match",
    "set_diff",
];

const KEYWORDS_V1: [&str; 15] = [
    "not", "package", "import", "as", "default", "else", "with", "null", "true", "false", "some",
    "if", "contains", "in", "every",
];

/// Checks a module against the version that it is formatted for.
pub(super) fn check(module: &Module, version: RegoVersion) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    duplicate_imports(module, &mut errors);
    for rule in &module.rules {
        shadowed_roots(rule, &mut errors);
    }
    for rule in &module.rules {
        expressions(rule, &mut errors);
    }
    for rule in &module.rules {
        deprecated(rule, &mut errors);
    }
    for rule in &module.rules {
        name(rule, &KEYWORDS_V1, &mut errors);
    }
    if version == RegoVersion::V2 {
        for rule in &module.rules {
            name(rule, &["and", "or"], &mut errors);
            variables(rule, &mut errors);
        }
    }
    errors
}

fn import_name(import: &Import) -> String {
    if let Some((name, _)) = &import.alias {
        return name.to_string();
    }
    let parts = path(import);
    parts.last().copied().unwrap_or_default().to_owned()
}

fn duplicate_imports(module: &Module, errors: &mut Vec<Diagnostic>) {
    let mut seen: HashMap<String, &Import> = HashMap::new();
    for import in &module.imports {
        let name = import_name(import);
        if let Some(first) = seen.get(&name) {
            let message = format!("import must not shadow {first}");
            errors.push(Diagnostic::new(Code::Compile, import.span, message));
        } else {
            seen.insert(name, import);
        }
    }
}

fn is_root(name: &str) -> bool {
    matches!(name, "input" | "data")
}

fn shadowed_roots(rule: &Rule, errors: &mut Vec<Diagnostic>) {
    let head = &rule.head;
    let name = match head.reference.first().map(|term| &term.value) {
        Some(TermValue::Var(name)) => name,
        _ => &head.name,
    };
    if is_root(name) {
        let message = format!("rules must not shadow {name} (use a different rule name)");
        errors.push(Diagnostic::new(Code::Compile, rule.span, message));
    }
    for arg in &head.args {
        let shown = arg.to_string();
        if matches!(arg.value, TermValue::Ref(_)) && is_root(&shown) {
            let message = format!("args must not shadow {shown} (use a different variable name)");
            errors.push(Diagnostic::new(Code::Compile, arg.span, message));
        }
    }
}

fn expressions(rule: &Rule, errors: &mut Vec<Diagnostic>) {
    walk_rule(rule, &mut |node| {
        if let Node::Expr(expr) = node
            && expr.operator_is("assign")
            && let ExprKind::Call(terms) = &expr.kind
            && let Some(target) = terms.get(1)
        {
            let name = target.to_string();
            if is_root(&name) {
                let message =
                    format!("variables must not shadow {name} (use a different variable name)");
                errors.push(Diagnostic::new(Code::Compile, expr.span, message));
            }
        }
        true
    });
}

fn deprecated(rule: &Rule, errors: &mut Vec<Diagnostic>) {
    let mut visit = |node: Node<'_>| {
        let (terms, span) = match node {
            Node::Expr(Expr {
                kind: ExprKind::Call(terms),
                span,
                ..
            }) => (terms, *span),
            Node::Term(Term {
                value: TermValue::Call(terms),
                ..
            }) => (
                terms,
                terms.first().map(|term| term.span).unwrap_or_default(),
            ),
            _ => return true,
        };
        let name = terms.first().map(ToString::to_string).unwrap_or_default();
        if DEPRECATED.contains(&name.as_str()) {
            let message = format!("deprecated built-in function calls in expression: {name}");
            errors.push(Diagnostic::new(Code::Type, span, message));
        }
        true
    };
    // A reference of several open parts has no key, in which its calls would be seen.
    if rule.head.key.is_none() {
        for part in &rule.head.reference {
            walk_term(part, &mut visit);
        }
    }
    walk_rule(rule, &mut visit);
}

fn name(rule: &Rule, keywords: &[&str], errors: &mut Vec<Diagnostic>) {
    let name = rule.head.name.as_ref();
    if rule.head.reference.len() < 2 && keywords.contains(&name) {
        let message = format!("{name} keyword cannot be used for rule name");
        errors.push(Diagnostic::new(Code::Parse, rule.span, message));
    }
}

/// `and` and `or` as names of variables. Operators of calls are no variables.
fn variables(rule: &Rule, errors: &mut Vec<Diagnostic>) {
    let mut operators: Vec<*const Term> = Vec::new();
    walk_rule(rule, &mut |node| {
        let terms = match node {
            Node::Expr(Expr {
                kind: ExprKind::Call(terms),
                ..
            })
            | Node::Term(Term {
                value: TermValue::Call(terms),
                ..
            }) => terms,
            Node::Term(Term {
                value: TermValue::Var(name),
                span,
            }) if matches!(name.as_ref(), "and" | "or") => {
                let is_operator = match node {
                    Node::Term(term) => operators.contains(&std::ptr::from_ref(term)),
                    Node::Expr(_) => false,
                };
                if !is_operator {
                    let message = format!("{name} keyword cannot be used for variable name");
                    errors.push(Diagnostic::new(Code::Parse, *span, message));
                }
                return true;
            }
            _ => return true,
        };
        if let Some(Term {
            value: TermValue::Ref(parts),
            ..
        }) = terms.first()
        {
            operators.extend(parts.first().map(std::ptr::from_ref));
        }
        true
    });
}
