//! The text so far, with indentation and the comments that wait for the end of their line.

use std::collections::HashSet;

use crate::ast::{Expr, Span, Term, Var};
use crate::error::Diagnostic;
use crate::source::Sources;

/// A comment: its text with the sign, trimmed and as it was written.
#[derive(Clone, Debug)]
pub(super) struct Note<'a> {
    pub(super) row: i64,
    pub(super) col: i64,
    pub(super) text: String,
    pub(super) raw: &'a str,
}

/// The comments that are not written yet, in the order of the source.
pub(super) type Notes<'a> = &'a [Note<'a>];

/// Where something stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) row: i64,
    pub(super) offset: usize,
    pub(super) text: &'a str,
    /// Nothing is known of the place.
    pub(super) made_up: bool,
}

/// Why something could not be laid out.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// There is a comment where none can go: the innermost term is left as it was written.
    UnexpectedComment,
    /// The module can't be formatted.
    Other(String),
}

/// The comments that are left, whether it worked or not.
pub(super) type Step<'a> = Result<Notes<'a>, (Notes<'a>, Fault)>;

/// Goes on after an unexpected comment, with the comments that are left.
pub(super) fn tolerate(step: Step<'_>) -> Step<'_> {
    match step {
        Err((notes, Fault::UnexpectedComment)) => Ok(notes),
        step => step,
    }
}

/// A step whose failure leaves no comments, as where OPA returns none.
pub(super) fn forget_notes(step: Step<'_>) -> Step<'_> {
    step.map_err(|(_, fault)| (Notes::default(), fault))
}

/// What the language of the text allows.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent properties of the text"
)]
pub(super) struct Style {
    pub(super) contains: bool,
    pub(super) ifs: bool,
    pub(super) ref_heads: bool,
    pub(super) v1: bool,
    pub(super) v2: bool,
    pub(super) v2_imported: bool,
    pub(super) future_keywords: Vec<String>,
    pub(super) keywords_in_refs: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent properties of the line"
)]
pub(super) struct Writer<'a> {
    pub(super) sources: &'a Sources,
    pub(super) ignore_locations: bool,
    pub(super) out: String,
    pub(super) level: usize,
    /// A line was started and not ended.
    pub(super) inline: bool,
    pub(super) before_end: Option<&'a Note<'a>>,
    delay: bool,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) style: Style,
    pub(super) comment_on_final_line: bool,
    pub(super) shared_wildcards: HashSet<Var>,
    /// The expression whose terms get parentheses. Only compared.
    pub(super) paren_expr: Option<*const Expr>,
    /// The term that gets parentheses. Only compared.
    pub(super) paren_term: Option<*const Term>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(sources: &'a Sources, ignore_locations: bool, style: Style) -> Self {
        Self {
            sources,
            ignore_locations,
            out: String::new(),
            level: 0,
            inline: false,
            before_end: None,
            delay: false,
            errors: Vec::new(),
            style,
            comment_on_final_line: false,
            shared_wildcards: HashSet::new(),
            paren_expr: None,
            paren_term: None,
        }
    }

    pub(super) fn place(&self, span: Span) -> Place<'a> {
        if self.ignore_locations || span.row == 0 {
            return Place {
                row: 1,
                offset: 0,
                text: "",
                made_up: true,
            };
        }
        let source = self.sources.get(span.source);
        let text = source.and_then(|s| s.text.get(span.start as usize..span.end as usize));
        Place {
            row: i64::from(span.row),
            offset: span.start as usize,
            text: text.unwrap_or_default(),
            made_up: false,
        }
    }

    pub(super) fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(super) fn start_line(&mut self) {
        self.inline = true;
        for _ in 0..self.level {
            self.out.push('\t');
        }
    }

    pub(super) fn end_line(&mut self) {
        self.inline = false;
        if !self.delay
            && let Some(note) = self.before_end.take()
        {
            self.out.push(' ');
            self.out.push_str(&note.text);
        }
        self.delay = false;
        self.out.push('\n');
    }

    pub(super) fn blank_line(&mut self) {
        if self.inline {
            self.end_line();
        }
        self.out.push('\n');
    }

    pub(super) fn write_line(&mut self, text: &str) {
        if !self.inline {
            self.start_line();
        }
        self.write(text);
        self.end_line();
    }

    pub(super) fn start_multiline_list(&mut self) {
        self.delay = true;
        self.end_line();
        self.up();
        self.start_line();
    }

    pub(super) fn up(&mut self) {
        self.level += 1;
    }

    pub(super) fn down(&mut self) {
        self.level = self.level.saturating_sub(1);
    }

    // Comments

    /// Writes the comments above a row, and keeps the one on it for the end of the line.
    pub(super) fn insert_notes(&mut self, notes: Notes<'a>, row: i64) -> Step<'a> {
        let (before, at, after) = partition(notes, row);
        self.write_notes(before);
        if before.last().is_some_and(|last| row - last.row > 1) {
            self.blank_line();
        }
        match self.keep_for_line_end(at) {
            Ok(()) => Ok(after),
            Err(fault) => Err((after, fault)),
        }
    }

    pub(super) fn write_notes(&mut self, notes: Notes<'a>) {
        let mut in_metadata = false;
        let mut before: Option<&Note<'_>> = None;
        for note in notes {
            if let Some(before) = before {
                // OPA's distance is that of columns on the same row, which comments never share.
                let distance = note.row - before.row;
                if distance > 1 {
                    self.blank_line();
                    in_metadata = false;
                } else if distance == 1 && in_metadata && is_metadata(note) {
                    self.blank_line();
                }
            }
            if is_metadata(note) {
                in_metadata = true;
            }
            self.write_line(&note.text);
            before = Some(note);
        }
    }

    fn keep_for_line_end(&mut self, note: Option<&'a Note<'a>>) -> Result<(), Fault> {
        match (self.before_end, note) {
            (Some(_), None) => Ok(()),
            (Some(_), Some(_)) => {
                self.before_end = None;
                Err(Fault::UnexpectedComment)
            }
            (None, note) => {
                self.before_end = note;
                Ok(())
            }
        }
    }

    /// Writes the original text, and drops the comments that it holds.
    pub(super) fn write_unformatted(&mut self, place: Place<'a>, notes: Notes<'a>) -> Step<'a> {
        if place.text.is_empty() {
            let fault = Fault::Other("original unformatted text is empty".to_owned());
            return Err((Notes::default(), fault));
        }
        self.write(place.text);
        let last = place.row + line_breaks(place.text);
        let inside = notes.partition_point(|note| note.row < last);
        let mut rest = notes.get(inside..).unwrap_or_default();
        if self.comment_on_final_line {
            while let Some((note, behind)) = rest.split_first().filter(|(n, _)| n.row == last) {
                self.write(" ");
                self.write(note.raw);
                rest = behind;
            }
        }
        Ok(rest)
    }
}

fn is_metadata(note: &Note<'_>) -> bool {
    let text = note.text.strip_prefix('#').unwrap_or(&note.text);
    note.col == 1 && text.trim_start().starts_with("METADATA")
}

/// The comments above a row, on it, and below it.
pub(super) fn partition(notes: Notes<'_>, row: i64) -> (Notes<'_>, Option<&Note<'_>>, Notes<'_>) {
    let above = notes.partition_point(|note| note.row < row);
    let until = notes.partition_point(|note| note.row <= row);
    let at = notes.get(above..until).and_then(<[Note<'_>]>::last);
    (
        notes.get(..above).unwrap_or_default(),
        at,
        notes.get(until..).unwrap_or_default(),
    )
}

pub(super) fn line_breaks(text: &str) -> i64 {
    i64::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(i64::MAX)
}

/// The row on which a bracket that opens in the text is closed; -1 when it isn't. `skip` are brackets to pass first.
/// Brackets in strings and comments count, as in OPA.
pub(super) fn closing_row(skip: Option<(u8, u8)>, open: u8, close: u8, place: Place<'_>) -> i64 {
    let bytes = place.text.as_bytes();
    let mut at = 0;
    let mut rows = 0;
    if let Some((open, close)) = skip {
        (at, rows) = skip_brackets(open, close, bytes);
    }
    let Some(found) = bytes.iter().skip(at).position(|b| *b == open) else {
        return -1;
    };
    at += found;
    let mut depth = 1;
    while depth > 0 {
        at += 1;
        match bytes.get(at) {
            None => return -1,
            Some(b) if *b == open => depth += 1,
            Some(b) if *b == close => depth -= 1,
            Some(b'\n') => rows += 1,
            Some(_) => {}
        }
    }
    place.row + rows
}

fn skip_brackets(open: u8, close: u8, bytes: &[u8]) -> (usize, i64) {
    let mut at = bytes.iter().position(|b| *b == open).unwrap_or(bytes.len());
    let mut rows = 0;
    let mut depth = 1;
    while depth > 0 {
        at += 1;
        match bytes.get(at) {
            None => break,
            Some(b) if *b == open => depth += 1,
            Some(b) if *b == close => depth -= 1,
            Some(b'\n') => rows += 1,
            Some(_) => {}
        }
    }
    (at, rows)
}
