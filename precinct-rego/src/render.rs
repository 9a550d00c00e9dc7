//! Diagnostics as pictures: the message, the line that it is about, and what can be done.
//!
//! ```text
//! error[rego_parse_error]: unexpected eof token
//!  --> policy.rego:3:11
//!   |
//! 3 | allow if {
//!   |          ^
//!   |
//!   = help: close the body with `}`
//! ```

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// Renders diagnostics, one after the other. With `color`, for terminals.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let pictures = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&[picture(diagnostic, sources)]));
    pictures.collect::<Vec<_>>().join("\n\n")
}

fn picture<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let title = Level::ERROR
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = match place(diagnostic, sources) {
        Some(place) => title.element(
            Snippet::source(place.line)
                .line_start(place.row)
                .path(place.name)
                .annotation(AnnotationKind::Primary.span(place.underlined)),
        ),
        None => Group::with_title(title),
    };
    // The details of syntax errors are the line and a caret, which the picture shows already.
    if diagnostic.code != Code::Parse {
        for detail in &diagnostic.details {
            group = group.element(Level::NOTE.message(detail.as_str()));
        }
    }
    let help = diagnostic.help.as_deref().or_else(|| advice(diagnostic));
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help.to_owned()));
    }
    group
}

/// The line of a source that is shown.
struct Place<'a> {
    name: &'a str,
    line: &'a str,
    row: usize,
    /// Byte range in `line`.
    underlined: Range<usize>,
}

fn place<'a>(diagnostic: &Diagnostic, sources: &'a Sources) -> Option<Place<'a>> {
    let span = diagnostic.span;
    if span.row == 0 {
        return None;
    }
    let source = sources.get(span.source)?;
    let text = source.text.as_ref();
    let start = boundary(text, span.start as usize);
    let line_start = line_start(text, start);
    let line_end = line_end(text, start);
    // Of a rule or a body only the first line is underlined.
    let end = boundary(text, span.end as usize).clamp(start, line_end.max(start));
    Some(Place {
        name: &source.name,
        line: text.get(line_start..line_end)?,
        row: span.row as usize,
        underlined: start - line_start..end - line_start,
    })
}

/// The nearest place at or below `at` where a character starts.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |found| found + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|behind| behind.find('\n'))
        .map_or(text.len(), |found| at + found)
}

/// What messages contain, and what to do about them.
const ADVICE: [(&str, &str); 10] = [
    (
        "`if` keyword is required before",
        "write `if` in front of the body: `allow if { … }`",
    ),
    (
        "`contains` keyword is required",
        "write `contains` in front of the element: `names contains name if { … }`",
    ),
    (
        "must have value assignment and/or body",
        "give the rule a value (`:= true`) or a body (`if { … }`)",
    ),
    (
        "var cannot be used for rule name",
        "a rule needs a value or a body: `name := value` or `name if { … }`",
    ),
    (
        "package expected",
        "start the module with `package` and a name",
    ),
    ("unexpected package", "keep one package in a file"),
    (
        "non-terminated string",
        "close the string with `\"` on the same line, or write it in backquotes",
    ),
    (
        "illegal escape sequence",
        "write `\\\\` for a backslash, or the string in backquotes",
    ),
    (
        "illegal default rule (value cannot contain",
        "a default value is a constant: compute it in a rule of its own",
    ),
    (
        "unexpected eof token",
        "something that was opened above is not closed",
    ),
];

/// Advice on errors whose message alone leaves authors at a loss.
fn advice(diagnostic: &Diagnostic) -> Option<&'static str> {
    let message = diagnostic.message.as_str();
    if message.contains("(hint") {
        return None;
    }
    let found = ADVICE.iter().find(|(start, _)| message.contains(start));
    found.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::ast::Span;
    use crate::syntax::{ParseOptions, parse_module};

    fn errors(text: &str) -> (Vec<Diagnostic>, Sources) {
        let mut sources = Sources::default();
        let id = sources.add("policy.rego", text);
        let errors = parse_module(&sources, id, &ParseOptions::default()).unwrap_err();
        (errors, sources)
    }

    #[test]
    fn the_line_and_the_token_are_shown() {
        let (errors, sources) = errors("package p\n\nallow if {\n\tinput.x = = 1\n}\n");
        let shown = render(&errors, &sources, false);
        assert_eq!(
            shown,
            "error[rego_parse_error]: unexpected eq token\n --> policy.rego:4:12\n  |\n4 |     input.x = = 1\n  |               ^"
        );
    }

    #[test]
    fn advice_is_given() {
        let (errors, sources) = errors("package p\n\nallow { true }\n");
        let shown = render(&errors, &sources, false);
        assert!(shown.contains("`if` keyword is required before rule body"));
        assert!(
            shown.contains("help: write `if` in front of the body"),
            "{shown}"
        );
    }

    #[test]
    fn the_end_of_a_text_can_be_shown() {
        for text in [
            "package p\n\nallow if {",
            "package p\n\nallow if {\n",
            "package p\nx := \"é",
            "",
            "\n",
        ] {
            let (errors, sources) = errors(text);
            assert!(render(&errors, &sources, true).contains("error"));
        }
    }

    #[test]
    fn places_outside_of_the_text_do_no_harm() {
        let mut sources = Sources::default();
        let source = sources.add("policy.rego", "é\r\n\u{1F600}");
        for (start, end, row) in [(1, 2, 1), (5, 900, 2), (900, 1, 7), (8, 8, 1), (4, 3, 2)] {
            let span = Span {
                source,
                start,
                end,
                row,
                col: 1,
            };
            let mut error = Diagnostic::new(Code::Type, span, "message\nof two lines");
            error.details.push("detail".to_owned());
            let shown = render(&[error], &sources, false);
            assert!(shown.contains("detail"));
        }
    }
}
