//! What v1 asks of rules: `if` before bodies, `contains` for sets, a value or a body, no keyword as a name.

use crate::ast::RegoVersion;
use crate::error::Diagnostic;

use super::parser::whole_error;
use super::token::Keywords;
use super::tree::RuleNode;

/// Checks a rule and its `else` branches.
pub(super) fn rule(rule: &RuleNode, errors: &mut Vec<Diagnostic>) {
    let mut next = Some(rule);
    while let Some(rule) = next {
        one(rule, errors);
        next = rule.else_rule.as_deref();
    }
}

fn one(rule: &RuleNode, errors: &mut Vec<Diagnostic>) {
    let mut report = |message: String| errors.push(whole_error(rule.span, message));
    let what = if rule.head.args.is_empty() {
        "rule"
    } else {
        "function"
    };
    if let Some(name) = &rule.head.name {
        let keywords = Keywords::of_version(RegoVersion::V1);
        if rule.head.reference.len() < 2 && keywords.has(Keywords::one(name)) {
            report(format!("{name} keyword cannot be used for rule name"));
        }
    }
    if rule.generated_body && rule.head.generated_value {
        report(format!(
            "{what} must have value assignment and/or body declaration"
        ));
    }
    if !rule.generated_body && !rule.head.keywords.r#if && !rule.default {
        report(format!("`if` keyword is required before {what} body"));
    }
    if rule.head.value.is_none() && rule.head.key.is_some() && !rule.head.keywords.contains {
        report("`contains` keyword is required for partial set rules".to_owned());
    }
}
