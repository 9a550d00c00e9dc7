//! Type errors, with what was found and what was wanted on lines of their own.

use serde_json::{Value, json};

use super::kinds::{FunctionType, Type};
use super::shorten;
use super::text::{arguments, key_json, wanted, wanted_json};
use crate::ast::display::ref_text;
use crate::ast::json::ref_json;
use crate::ast::{Span, Term, TermValue};
use crate::error::{Code, Diagnostic};

/// An error, and whether it may only be due to another one: some type was not known.
pub(super) struct TypeError {
    pub(super) diagnostic: Diagnostic,
    pub(super) from_unknown: bool,
}

const MATCH_ERROR_PAGE: &str =
    "https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error";

/// Two sides that can never be equal.
pub(super) fn mismatch(span: Span, left: &Type, right: &Type) -> Box<TypeError> {
    let mut diagnostic = Diagnostic::new(Code::Type, span, "match error");
    let lines =
        |left: &str, right: &str| vec![format!("left  : {left}"), format!("right : {right}")];
    diagnostic.details = lines(&left.to_string(), &right.to_string());
    if shorten::too_long(&diagnostic.details) {
        let (left, right) = shorten::difference(left, right);
        diagnostic.details = lines(&left, &right);
    }
    let kind = match (left, right) {
        (Type::Object(_), Type::Object(_)) => Some("objects"),
        (Type::Array(_), Type::Array(_)) => Some("arrays"),
        (Type::Set(_), Type::Set(_)) => Some("sets"),
        _ => None,
    };
    if let Some(kind) = kind {
        diagnostic.details.push(format!(
            "hint  : both sides are {kind} but their types differ, so they can never be equal (see {MATCH_ERROR_PAGE})"
        ));
    }
    diagnostic.data = Some(json!({"a": left.to_json(), "b": right.to_json()}));
    Box::new(TypeError {
        diagnostic,
        from_unknown: left.has_unknown() || right.has_unknown(),
    })
}

/// A call whose arguments do not fit.
pub(super) fn arguments_error(
    span: Span,
    name: &[Term],
    message: &str,
    have: &[Type],
    want: &FunctionType,
    with_result: bool,
) -> Box<TypeError> {
    let mut diagnostic =
        Diagnostic::new(Code::Type, span, format!("{}: {message}", ref_text(name)));
    diagnostic.details = vec![
        format!("have: {}", arguments(have, None)),
        format!("want: {}", wanted(want, with_result)),
    ];
    if shorten::too_long(&diagnostic.details) {
        let result = want.result.as_ref().filter(|_| with_result);
        let parameters: Vec<_> = want.args.iter().chain(result).collect();
        let (have, want) = shorten::arguments(have, &parameters, want.variadic.as_ref());
        diagnostic.details = vec![format!("have: {have}"), format!("want: {want}")];
    }
    diagnostic.data = Some(json!({
        "have": have.iter().map(Type::to_json).collect::<Vec<_>>(),
        "want": wanted_json(want, with_result),
    }));
    Box::new(TypeError {
        diagnostic,
        from_unknown: have.iter().any(Type::has_unknown),
    })
}

/// The result of a call that does not fit is kept in a variable: it counts among the arguments.
pub(super) fn open_result(error: &mut Diagnostic) {
    let Some(Value::Array(have)) = error.data.as_mut().and_then(|data| data.get_mut("have")) else {
        return;
    };
    have.push(Value::Null);
    if let Some(line) = error
        .details
        .first_mut()
        .filter(|line| line.starts_with("have: ("))
        && let Some(open) = line.strip_suffix(')')
    {
        *line = format!("{open}{}???)", if open.ends_with('(') { "" } else { ", " });
    }
}

/// A reference into a value that has no parts, or to a function.
pub(super) fn unsupported(reference: &[Term], position: usize, have: &Type) -> Box<TypeError> {
    let span = reference.first().map_or_else(Span::default, |it| it.span);
    let text = ref_text(reference);
    let message = if matches!(have, Type::Function(_)) {
        // Made variables at the end stand for parameters that the author did not write.
        let shown = match reference {
            [rest @ .., last] if is_local(last) => ref_text(rest),
            _ => text.clone(),
        };
        format!("function {shown} used as reference, not called")
    } else {
        format!("undefined ref: {text}")
    };
    let mut diagnostic = Diagnostic::new(Code::Type, span, message);
    let marked = reference.get(..=position).unwrap_or(reference);
    diagnostic.details = vec![
        text,
        "^".repeat(ref_text(marked).chars().count()),
        format!("have: {have}"),
    ];
    diagnostic.data = Some(json!({
        "ref": parts_json(reference),
        "pos": position,
        "have": have.to_json(),
    }));
    Box::new(TypeError {
        diagnostic,
        from_unknown: false,
    })
}

fn is_local(term: &Term) -> bool {
    matches!(&term.value, TermValue::Var(name) | TermValue::String(name)
        if name.starts_with("__local") && name.ends_with("__"))
}

/// A part of a reference that its value cannot have.
pub(super) fn invalid(
    reference: &[Term],
    position: usize,
    have: &Type,
    want: &Type,
    one_of: &[TermValue],
) -> Box<TypeError> {
    let span = reference.first().map_or_else(Span::default, |it| it.span);
    let text = ref_text(reference);
    let mut diagnostic = Diagnostic::new(Code::Type, span, format!("undefined ref: {text}"));
    let before = reference.get(..position).unwrap_or(reference);
    let pad = " ".repeat(ref_text(before).chars().count() + 1);
    let mut lines = vec![text, format!("{pad}^")];
    if have.is_unknown() {
        let part = reference.get(position).map(Term::to_string);
        lines.push(format!("{pad}have: {}", part.unwrap_or_default()));
    } else {
        lines.push(format!("{pad}have (type): {have}"));
    }
    if !one_of.is_empty() {
        let list: Vec<String> = one_of.iter().map(TermValue::to_string).collect();
        lines.push(format!("{pad}want (one of): [{}]", list.join(" ")));
    } else if want.is_unknown() {
        lines.push(format!("{pad}want (one of): []"));
    } else {
        lines.push(format!("{pad}want (type): {want}"));
    }
    diagnostic.details = lines;
    let mut data = json!({
        "ref": parts_json(reference),
        "pos": position,
        "want": want.to_json(),
        "oneOf": (!one_of.is_empty()).then(|| one_of.iter().map(key_json).collect::<Vec<_>>()),
    });
    if !have.is_unknown() {
        data["have"] = have.to_json();
    }
    diagnostic.data = Some(data);
    Box::new(TypeError {
        diagnostic,
        from_unknown: false,
    })
}

/// The parts of a reference as terms of reports.
fn parts_json(reference: &[Term]) -> Value {
    // The text is the crate's own, so that it is read again.
    serde_json::from_str(&ref_json(reference)).unwrap_or_default()
}
