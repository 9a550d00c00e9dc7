//! Numbers, strings and template strings.

use super::parser::Parser;
use super::token::Tok;
use super::tree::{ExprId, ExprKind, Part, TermId, TermKind};

/// The largest binary exponent that a number may have, up and down, as in OPA.
const MAX_EXPONENT: f64 = 1e5;

impl Parser<'_> {
    pub(super) fn number(&mut self) -> Option<TermId> {
        let at = self.loc();
        let mut text = String::new();
        if self.s.tok == Tok::Sub {
            text.push('-');
            self.scan();
            if !matches!(self.s.tok, Tok::Number | Tok::Dot) {
                self.illegal("expected number");
                return None;
            }
        }
        if self.s.tok == Tok::Dot {
            text.push('.');
            self.scan();
            if self.s.tok != Tok::Number {
                self.illegal("expected number");
                return None;
            }
        }
        let lit = self.lit();
        if !text.ends_with('.') && lit.len() > 1 && lit.starts_with('0') {
            let mut rest = lit.chars().skip(1);
            let second = rest.next();
            let scientific = matches!(second, Some('e' | 'E')) && rest.next().is_some();
            if second != Some('.') && !scientific {
                self.illegal("expected number without leading zero");
                return None;
            }
        }
        text.push_str(lit);
        if let Err(message) = check_number(&text) {
            if message == TOO_BIG {
                self.error(self.loc(), message);
            } else {
                self.illegal(message);
            }
            return None;
        }
        Some(self.add(at, TermKind::Number(text.into())))
    }

    pub(super) fn string(&mut self) -> Option<TermId> {
        let at = self.loc();
        let lit = self.lit();
        let inner = lit.get(1..lit.len().saturating_sub(1)).unwrap_or_default();
        if lit.starts_with('"') && inner.contains('\\') {
            let Some(value) = unescape(inner) else {
                self.error(at, &format!("illegal string literal: {lit}"));
                return None;
            };
            return Some(self.add(at, TermKind::String(value.into())));
        }
        Some(self.add(at, TermKind::String(inner.into())))
    }

    pub(super) fn template(&mut self, raw: bool) -> Option<TermId> {
        let at = self.loc();
        if !self.language.template_strings {
            self.error(
                at,
                "template strings are not supported by current capabilities",
            );
            return None;
        }
        let mut parts = Vec::new();
        loop {
            let text = self.template_text()?;
            if !text.is_empty() {
                let span = self.loc();
                parts.push(Part::Text(self.add(span, TermKind::String(text.into()))));
            }
            if matches!(self.s.tok, Tok::TemplateEnd | Tok::RawTemplateEnd) {
                break;
            }
            parts.push(self.template_expr()?);
            if self.s.tok != Tok::RBrace {
                self.error(self.loc(), "expected } to end template string expression");
                return None;
            }
            self.scan_space();
        }
        let span = Self::spanning(at, at.start, self.s.tok_end);
        Some(self.add(span, TermKind::Template(parts, raw)))
    }

    /// The text of the current part, its escapes resolved.
    fn template_text(&mut self) -> Option<String> {
        let raw = match self.s.tok {
            Tok::TemplatePart | Tok::TemplateEnd => false,
            Tok::RawTemplatePart | Tok::RawTemplateEnd => true,
            _ => {
                self.error(self.loc(), "expected template-string part");
                return None;
            }
        };
        let lit = self.lit();
        let from = if self.opens_template() { 2 } else { 0 };
        let inner = lit
            .get(from..lit.len().saturating_sub(1))
            .unwrap_or_default();
        if raw {
            return Some(inner.replace("\\{", "{"));
        }
        if !inner.contains('\\') {
            return Some(inner.to_owned());
        }
        let text = unescape(&without_brace_escapes(inner));
        if text.is_none() {
            self.error(self.loc(), &format!("illegal template-string part: {lit}"));
        }
        text
    }

    fn template_expr(&mut self) -> Option<Part> {
        let before = self.index();
        self.scan();
        let commented = self
            .tokens
            .list
            .get(before as usize..self.index() as usize)
            .is_some_and(|tokens| tokens.iter().any(|token| token.tok == Tok::Comment));
        let Some(expr) = self.literal() else {
            self.error(self.loc(), "invalid template-string expression");
            return None;
        };
        if let Some(message) = self.not_in_template(expr) {
            let span = self.tree.expr(expr).span.unwrap_or_default();
            self.error(span, &message);
            return None;
        }
        if let ExprKind::Term(term) = self.tree.expr(expr).kind {
            let constant = matches!(
                self.tree.kind(term),
                TermKind::String(_) | TermKind::Number(_) | TermKind::Boolean(_) | TermKind::Null
            );
            if constant && !commented {
                return Some(Part::Text(term));
            }
        }
        Some(Part::Expr(expr))
    }

    /// Why the expression can't stand in a template string.
    fn not_in_template(&self, expr: ExprId) -> Option<String> {
        let node = self.tree.expr(expr);
        let what = if node.negated {
            "negation ('not')"
        } else {
            match &node.kind {
                ExprKind::Call(terms) => match self.tree.operator(terms).as_deref() {
                    Some("eq") => "unification ('=')",
                    Some("assign") => "assignment (':=')",
                    _ => return None,
                },
                ExprKind::Every(_) => "'every'",
                ExprKind::Some(..) => "'some'",
                _ => return None,
            }
        };
        Some(format!("unexpected {what} in template-string expression"))
    }
}

const TOO_BIG: &str = "number too big";
const INVALID: &str = "invalid float";

/// Whether the number can be computed with: digits, and an exponent within limits.
pub(super) fn check_number(text: &str) -> Result<(), &'static str> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa, // Go gives up on an exponent of more than 32 bits.
            exponent.parse::<i32>().map_err(|_| INVALID)?,
        ),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().next().is_none() || digits().any(|b| !b.is_ascii_digit()) {
        return Err(INVALID);
    }
    let Some(leading) = digits().position(|b| b != b'0') else {
        return Ok(());
    };
    let head: String = digits().skip(leading).take(17).map(char::from).collect();
    let value: f64 = head.parse().map_err(|_| INVALID)?;
    // The decimal point's place relative to the digits that were taken.
    let scale = i64::try_from(whole.len()).unwrap_or(i64::MAX)
        - i64::try_from(leading + head.len()).unwrap_or(i64::MAX)
        + i64::from(exponent);
    #[expect(
        clippy::cast_precision_loss,
        reason = "texts have fewer than 2^32 digits"
    )]
    let binary = (value.log2() + scale as f64 * std::f64::consts::LOG2_10).floor() + 1.0;
    if binary.abs() > MAX_EXPONENT {
        return Err(TOO_BIG);
    }
    Ok(())
}

/// Leaves out the backslash in front of `{`, which JSON doesn't know.
fn without_brace_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('{') => out.push('{'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}

/// Resolves JSON's escapes. As in Go, half of a surrogate pair becomes U+FFFD.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..)?;
        if character != '\\' {
            if character < ' ' || character == '"' {
                return None;
            }
            out.push(character);
            continue;
        }
        let escape = rest.chars().next()?;
        rest = rest.get(escape.len_utf8()..)?;
        out.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{C}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = code_unit(&mut rest)?;
                let mut ahead = rest.strip_prefix("\\u");
                let second = ahead.as_mut().and_then(code_unit);
                match second.and_then(|second| surrogates(first, second)) {
                    Some(character) => {
                        rest = ahead?;
                        character
                    }
                    None => char::from_u32(first).unwrap_or('\u{FFFD}'),
                }
            }
            _ => return None,
        });
    }
    Some(out)
}

fn code_unit(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    *rest = rest.get(4..)?;
    u32::from_str_radix(digits, 16).ok()
}

fn surrogates(high: u32, low: u32) -> Option<char> {
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}
