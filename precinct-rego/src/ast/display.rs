//! Syntax as text, in the form that OPA's messages and results use: one line, sets and objects in Rego's order.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write as _};

use super::order::{sorted_entries, sorted_terms};
use super::{
    Body, Every, Expr, ExprKind, Head, Import, Logical, NotBody, Package, Ref, RegoVersion, Rule,
    Template, TemplatePart, Term, TermValue, With,
};

/// Words that references put in brackets (`a["if"]`).
const KEYWORDS: [&str; 15] = [
    "not", "package", "import", "as", "default", "else", "with", "null", "true", "false", "some",
    "if", "contains", "in", "every",
];

/// A name as it is shown: wildcards are all `_`.
pub(crate) fn var_text(name: &str) -> &str {
    if name.starts_with('$') { "_" } else { name }
}

/// Whether the text can be written as a name: letters, digits, `_`, no digit first.
pub(crate) fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    let mut characters = text.chars();
    characters.next().is_some_and(letter) && characters.all(|c| letter(c) || c.is_ascii_digit())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl Display for TermValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => f.write_str(&quoted(text)),
            Self::Template(template) => template.fmt(f),
            Self::Var(name) => f.write_str(var_text(name)),
            Self::Ref(parts) => write_ref(f, parts),
            Self::Array(items) => {
                f.write_char('[')?;
                write_list(f, items, ", ")?;
                f.write_char(']')
            }
            Self::Object(entries) => {
                f.write_char('{')?;
                for (index, (key, value)) in sorted_entries(entries).iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_char('}')
            }
            Self::Set(items) if items.is_empty() => f.write_str("set()"),
            Self::Set(items) => {
                f.write_char('{')?;
                write_list(f, &sorted_terms(items), ", ")?;
                f.write_char('}')
            }
            Self::ArrayComprehension(c) => {
                f.write_char('[')?;
                write_comprehension_term(f, &c.term)?;
                f.write_str(" | ")?;
                write_body(f, &c.body)?;
                f.write_char(']')
            }
            Self::SetComprehension(c) => {
                f.write_char('{')?;
                write_comprehension_term(f, &c.term)?;
                f.write_str(" | ")?;
                write_body(f, &c.body)?;
                f.write_char('}')
            }
            Self::ObjectComprehension(c) => {
                f.write_char('{')?;
                write_comprehension_term(f, &c.key)?;
                f.write_str(": ")?;
                write_comprehension_term(f, &c.value)?;
                f.write_str(" | ")?;
                write_body(f, &c.body)?;
                f.write_char('}')
            }
            Self::Call(terms) => write_call(f, terms),
        }
    }
}

fn write_list<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

fn write_call(f: &mut Formatter<'_>, terms: &[Term]) -> fmt::Result {
    let Some((operator, args)) = terms.split_first() else {
        return Ok(());
    };
    write!(f, "{operator}(")?;
    write_list(f, args, ", ")?;
    f.write_char(')')
}

/// Writes a reference: `a.b["c d"][x]`.
pub(crate) fn write_ref(f: &mut impl fmt::Write, parts: &[Term]) -> fmt::Result {
    let Some((head, operands)) = parts.split_first() else {
        return Ok(());
    };
    match &head.value {
        TermValue::String(text) => f.write_str(text)?,
        value => write!(f, "{value}")?,
    }
    for operand in operands {
        match &operand.value {
            TermValue::String(text) if is_name(text) && !KEYWORDS.contains(&text.as_ref()) => {
                write!(f, ".{text}")?;
            }
            TermValue::String(text) if text.contains(|c: char| c.is_control() || c == '\\') => {
                write!(f, "[{}]", quoted(text))?;
            }
            TermValue::String(text) => write!(f, "[\"{text}\"]")?,
            value => write!(f, "[{value}]")?,
        }
    }
    Ok(())
}

/// A reference as text.
pub fn ref_text(parts: &[Term]) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = write_ref(&mut out, parts);
    out
}

/// The sign of an infix operator, except for `in`.
pub(crate) fn infix_sign(name: &str) -> Option<&'static str> {
    Some(match name {
        "and" => "&",
        "or" => "|",
        "plus" => "+",
        "minus" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "eq" => "=",
        "equal" => "==",
        "neq" => "!=",
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "assign" => ":=",
        _ => return None,
    })
}

/// In the head of a comprehension, operators are written between their operands, so that `|` stays clear.
fn write_comprehension_term(f: &mut Formatter<'_>, term: &Term) -> fmt::Result {
    if let TermValue::Call(terms) = &term.value
        && let [operator, lhs, rhs] = terms.as_slice()
        && let Some(sign) = infix_sign(&operator.to_string())
    {
        f.write_char('(')?;
        write_comprehension_term(f, lhs)?;
        write!(f, " {sign} ")?;
        write_comprehension_term(f, rhs)?;
        return f.write_char(')');
    }
    term.fmt(f)
}

impl Display for Template {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("$\"")?;
        for part in &self.parts {
            match part {
                TemplatePart::Expr(expr) => write!(f, "{{{expr}}}")?,
                TemplatePart::Text(Term {
                    value: TermValue::String(text),
                    ..
                }) => f.write_str(&escaped_braces(&unquoted(text)))?,
                TemplatePart::Text(term) => term.fmt(f)?,
            }
        }
        f.write_char('"')
    }
}

/// Escapes each `{` that is not escaped yet.
pub(crate) fn escaped_braces(text: &str) -> Cow<'_, str> {
    if !text.contains('{') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    let mut before = None;
    for character in text.chars() {
        if character == '{' && before != Some('\\') {
            out.push('\\');
        }
        out.push(character);
        before = Some(character);
    }
    Cow::Owned(out)
}

/// The text of a reference that is mostly one name: an operator.
pub(crate) fn operator_text(parts: &[Term]) -> Cow<'_, str> {
    match parts {
        [
            Term {
                value: TermValue::Var(name),
                ..
            },
        ] => Cow::Borrowed(var_text(name)),
        _ => Cow::Owned(ref_text(parts)),
    }
}

/// A string in quotes, with the escapes that Go's `strconv.Quote` uses.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", unquoted(text))
}

fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{B}' => out.push_str("\\v"),
            c if c < ' ' || c == '\u{7F}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if is_printable(c) => out.push(c),
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out
}

/// Whether a character stands for itself in quotes: no control, format, private or separator character but a space.
fn is_printable(character: char) -> bool {
    let code = u32::from(character);
    !(character.is_control()
        || (character.is_whitespace() && character != ' ')
        || matches!(
            code,
            0xAD | 0x600..=0x605
                | 0x61C
                | 0x6DD
                | 0x70F
                | 0x180E
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0xE000..=0xF8FF
                | 0xFEFF
                | 0xFFF0..=0xFFFB
                | 0xFFFE..=0xFFFF
                | 0xE0000..=0xE0FFF
                | 0xF0000..=0x0010_FFFF
        ))
}

/// Writes a body on one line.
pub(crate) fn write_body(f: &mut Formatter<'_>, body: &Body) -> fmt::Result {
    write_list(f, body, "; ")
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        match &self.kind {
            ExprKind::Term(term) => term.fmt(f)?,
            ExprKind::Call(terms) => match terms.as_slice() {
                [_, lhs, rhs] if self.operator_is("eq") => write!(f, "{lhs} = {rhs}")?,
                _ => write_call(f, terms)?,
            },
            ExprKind::Some(symbols) => write_some(f, symbols)?,
            ExprKind::Every(every) => every.fmt(f)?,
            ExprKind::Not(not) => not.fmt(f)?,
            ExprKind::And(logical) => write_logical(f, logical, false)?,
            ExprKind::Or(logical) => write_logical(f, logical, true)?,
        }
        for with in &self.with {
            write!(f, " {with}")?;
        }
        Ok(())
    }
}

fn write_some(f: &mut Formatter<'_>, symbols: &[Term]) -> fmt::Result {
    f.write_str("some ")?;
    match symbols.first().map(|term| &term.value) {
        Some(TermValue::Call(call)) => match call.as_slice() {
            [_, value, domain] => write!(f, "{value} in {domain}"),
            [_, key, value, domain] => write!(f, "{key}, {value} in {domain}"),
            _ => Ok(()),
        },
        _ => write_list(f, symbols, ", "),
    }
}

impl Display for With {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "with {} as {}", self.target, self.value)
    }
}

impl Display for Every {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("every ")?;
        if let Some(key) = &self.key {
            write!(f, "{key}, ")?;
        }
        write!(f, "{} in {} {{ ", self.value, self.domain)?;
        write_body(f, &self.body)?;
        f.write_str(" }")
    }
}

impl Display for NotBody {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (open, close) = match self.body.as_slice() {
            [one] if !self.explicit && needs_parens_in_not(one) => ("not (", ")"),
            [_] if !self.explicit => ("not ", ""),
            _ => ("not {", "}"),
        };
        f.write_str(open)?;
        write_body(f, &self.body)?;
        f.write_str(close)
    }
}

/// Whether the only expression of a negated body has to be grouped to stay negated as a whole.
pub(crate) fn needs_parens_in_not(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_)
    ) || !expr.with.is_empty()
        || is_brace_led(expr)
}

/// Whether the expression is a term that is written with `{` first, which opens a body where an operand is expected.
fn is_brace_led(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Term(term) if value_is_brace_led(&term.value))
}

fn value_is_brace_led(value: &TermValue) -> bool {
    match value {
        TermValue::Set(items) => !items.is_empty(),
        TermValue::Object(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_) => true,
        TermValue::Ref(parts) => parts
            .first()
            .is_some_and(|head| value_is_brace_led(&head.value)),
        _ => false,
    }
}

fn write_logical(f: &mut Formatter<'_>, logical: &Logical, or: bool) -> fmt::Result {
    write_operand(f, &logical.lhs, logical.lhs_explicit, or, false)?;
    f.write_str(if or { " or " } else { " and " })?;
    write_operand(f, &logical.rhs, logical.rhs_explicit, or, true)
}

fn write_operand(
    f: &mut Formatter<'_>,
    body: &Body,
    explicit: bool,
    or: bool,
    right: bool,
) -> fmt::Result {
    let (open, close) = match body.as_slice() {
        [one] if !explicit && operand_needs_parens(one, or, right) => ("(", ")"),
        [_] if !explicit => ("", ""),
        _ => ("{ ", " }"),
    };
    f.write_str(open)?;
    write_body(f, body)?;
    f.write_str(close)
}

/// Whether an operand has to be grouped: it binds less tightly, stands on the right, or has modifiers of its own.
pub(crate) fn operand_needs_parens(expr: &Expr, parent_is_or: bool, right: bool) -> bool {
    if !expr.with.is_empty() {
        return true;
    }
    match expr.kind {
        ExprKind::Or(_) => !parent_is_or || right,
        ExprKind::And(_) => !parent_is_or && right,
        _ => is_brace_led(expr),
    }
}

impl Display for Package {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("package ")?;
        write_ref(f, self.path.get(1..).unwrap_or_default())
    }
}

impl Display for Import {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "import {}", self.path)?;
        match &self.alias {
            Some((name, _)) => write!(f, " as {name}"),
            None => Ok(()),
        }
    }
}

/// A head or rule, written for a version of the language.
#[derive(Debug)]
pub struct ForVersion<'a, T>(pub &'a T, pub RegoVersion);

impl Display for Head {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        ForVersion(self, RegoVersion::V1).fmt(f)
    }
}

impl Display for ForVersion<'_, Head> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(head, version) = self;
        if head.reference.is_empty() {
            f.write_str(&head.name)?;
        } else {
            write_ref(f, &head.reference)?;
        }
        let mut contains = false;
        if !head.args.is_empty() {
            f.write_char('(')?;
            write_list(f, &head.args, ", ")?;
            f.write_char(')')?;
        } else if let (1, Some(key)) = (head.reference.len(), &head.key) {
            if *version == RegoVersion::V0 {
                write!(f, "[{key}]")?;
            } else {
                write!(f, " contains {key}")?;
                contains = true;
            }
        }
        match (&head.value, &head.key) {
            (Some(value), _) => {
                let sign = if head.assign { ":=" } else { "=" };
                write!(f, " {sign} {value}")
            }
            (None, Some(key)) if !contains && head.name.is_empty() => {
                write!(f, " contains {key}")
            }
            _ => Ok(()),
        }
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        ForVersion(self, RegoVersion::V1).fmt(f)
    }
}

impl Display for ForVersion<'_, Rule> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(rule, version) = *self;
        if rule.default {
            f.write_str("default ")?;
        }
        ForVersion(&rule.head, version).fmt(f)?;
        let opening = if version == RegoVersion::V0 {
            " { "
        } else {
            " if { "
        };
        if !rule.default {
            f.write_str(opening)?;
            write_body(f, &rule.body)?;
            f.write_str(" }")?;
        }
        let mut next = rule.else_rule.as_deref();
        while let Some(rule) = next {
            f.write_str(" else ")?;
            if let Some(value) = &rule.head.value {
                write!(f, "= {value}")?;
            }
            f.write_str(opening)?;
            write_body(f, &rule.body)?;
            f.write_str(" }")?;
            next = rule.else_rule.as_deref();
        }
        Ok(())
    }
}

/// A body on one line, its expressions separated by semicolons.
pub fn body_text(body: &Body) -> String {
    let expressions: Vec<String> = body.iter().map(Expr::to_string).collect();
    expressions.join("; ")
}

/// Names a reference's [`Display`] form without building a term around it.
impl From<Ref> for TermValue {
    fn from(parts: Ref) -> Self {
        Self::Ref(parts)
    }
}
