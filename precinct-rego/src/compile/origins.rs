//! Where the variables of a reference get their values, to be told in messages about recursion.

use std::collections::HashMap;

use super::locals::{equality_operands, is_equality};
use super::vars::{begins_with, name};
use super::visit::is_constant;
use crate::ast::display::ref_text;
use crate::ast::{ExprKind, Ref, Rule, Term, TermValue, Var};
use crate::capabilities::Capabilities;

/// Where a variable gets its value.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// A part of `input`.
    Input(Ref),
    /// A rule.
    Rule(Ref),
    /// A member of a constant.
    Collection(TermValue),
    /// What a builtin returns.
    Builtin(String),
    HeadKey,
    HeadArgument,
}

/// The origins of the variables in a reference that stands in the expression at `index`.
pub(super) fn of_vars(
    rule: &Rule,
    index: usize,
    reference: &[Term],
    capabilities: &Capabilities,
) -> HashMap<Var, Origin> {
    let mut search = Search {
        bindings: HashMap::new(),
        outputs: HashMap::new(),
        head: HashMap::new(),
        longest: rule.body.len(),
    };
    for expr in rule.body.iter().take(index) {
        if expr.negated || !expr.with.is_empty() {
            continue;
        }
        if let Some((lhs, rhs)) = equality_operands(expr) {
            for (var, value) in [(lhs, rhs), (rhs, lhs)] {
                if let Some(var) = name(var) {
                    search.bindings.entry(var).or_insert(value);
                }
            }
        } else if let ExprKind::Call(terms) = &expr.kind
            && !is_equality(expr)
            && let Some(operator) = expr.operator().map(|parts| ref_text(parts))
            && let Some(builtin) = capabilities.builtin(&operator)
            && terms.len() == builtin.arity() + 2
            && let Some(output) = terms.last().and_then(name)
        {
            search.outputs.insert(output, operator);
        }
    }
    let keys = rule.head.reference.iter().skip(1).chain(&rule.head.key);
    for var in keys.filter_map(name) {
        search.head.insert(var, Origin::HeadKey);
    }
    for var in rule.head.args.iter().filter_map(name) {
        search.head.insert(var, Origin::HeadArgument);
    }
    reference
        .iter()
        .skip(1)
        .filter_map(name)
        .filter_map(|var| Some((var.clone(), search.origin(var, 0)?)))
        .collect()
}

struct Search<'a> {
    bindings: HashMap<&'a Var, &'a Term>,
    outputs: HashMap<&'a Var, String>,
    head: HashMap<&'a Var, Origin>,
    /// A chain of bindings that is longer runs in a circle.
    longest: usize,
}

impl Search<'_> {
    fn origin(&self, var: &Var, depth: usize) -> Option<Origin> {
        let mut var = var;
        let mut depth = depth;
        while depth <= self.longest {
            if let Some(name) = self.outputs.get(var) {
                return Some(Origin::Builtin(name.clone()));
            }
            match self.bindings.get(var).map(|term| &term.value) {
                Some(TermValue::Var(next)) => {
                    var = next;
                    depth += 1;
                    continue;
                }
                Some(TermValue::Ref(parts)) if begins_with(parts, "input") => {
                    return Some(Origin::Input(constant_prefix(parts)));
                }
                Some(TermValue::Ref(parts)) if begins_with(parts, "data") => {
                    return Some(Origin::Rule(constant_prefix(parts)));
                }
                Some(TermValue::Ref(parts)) => {
                    if let [head, operand] = parts.as_slice()
                        && !is_constant(&operand.value)
                        && let Some(collection) = self.collection(head, depth)
                    {
                        return Some(Origin::Collection(collection));
                    }
                }
                _ => {}
            }
            return self.head.get(var).cloned();
        }
        None
    }

    fn collection(&self, term: &Term, depth: usize) -> Option<TermValue> {
        let mut term = term;
        for _ in depth..=self.bindings.len() {
            match name(term) {
                Some(var) => term = self.bindings.get(var)?,
                None => break,
            }
        }
        let is_collection = matches!(
            term.value,
            TermValue::Array(_) | TermValue::Set(_) | TermValue::Object(_)
        );
        (is_collection && is_constant(&term.value)).then(|| term.value.clone())
    }
}

fn constant_prefix(parts: &[Term]) -> Ref {
    let constant = parts
        .iter()
        .skip(1)
        .take_while(|part| is_constant(&part.value))
        .count();
    parts.iter().take(constant + 1).cloned().collect()
}

/// Whether a builtin may return the value, as far as its declared type tells.
pub(super) fn may_return(name: &str, value: &TermValue, capabilities: &Capabilities) -> bool {
    let Some(result) = capabilities
        .builtin(name)
        .and_then(|it| it.decl.result.as_ref())
    else {
        return true;
    };
    let kind = match value {
        TermValue::Null => "null",
        TermValue::Boolean(_) => "boolean",
        TermValue::Number(_) => "number",
        TermValue::String(_) => "string",
        _ => return true,
    };
    admits(result, kind)
}

fn admits(declared: &serde_json::Value, kind: &str) -> bool {
    match declared.get("type").and_then(serde_json::Value::as_str) {
        Some("any") => match declared.get("of").and_then(serde_json::Value::as_array) {
            Some(options) => options.iter().any(|option| admits(option, kind)),
            None => true,
        },
        Some(declared) => declared == kind,
        None => true,
    }
}
