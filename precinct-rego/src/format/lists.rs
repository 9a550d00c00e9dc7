//! Lists of terms, and the bodies of comprehensions: on one line, or on a line for each row of the source.

use crate::ast::{Body, Term, TermValue};

use super::exprs::is_union;
use super::scan::{Node, walk_expr, walk_term};
use super::writer::{Fault, Notes, Place, Step, Writer, closing_row, forget_notes};

/// An element of a list.
#[derive(Clone, Copy)]
pub(super) enum Element<'e> {
    Term(&'e Term),
    Entry(&'e Term, &'e Term),
}

impl<'e> Element<'e> {
    fn first(self) -> &'e Term {
        match self {
            Self::Term(term) | Self::Entry(term, _) => term,
        }
    }
}

/// What the list belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    /// Arguments: unions have parentheses only where they had them.
    Arguments,
    /// Elements of arrays and sets, entries of objects: unions have parentheses.
    Elements,
}

impl<'a> Writer<'a> {
    pub(super) fn list(
        &mut self,
        mut elements: Vec<Element<'_>>,
        last: Place<'a>,
        closing: i64,
        mut notes: Notes<'a>,
        entries: Entries,
    ) -> Step<'a> {
        let ends = self.group(&mut elements, last);
        let one_line = ends.len() == 1;
        if one_line && notes.iter().any(|n| n.row > last.row && n.row < closing) {
            return Err((notes, Fault::UnexpectedComment));
        }
        let break_first = one_line
            && elements
                .first()
                .is_some_and(|e| self.starts_below(*e, last));
        let multiline = !one_line || break_first;
        if multiline {
            self.start_multiline_list();
        }
        let mut start = 0;
        for (index, end) in ends.iter().enumerate() {
            let line = elements.get(start..*end).unwrap_or_default();
            for (position, element) in line.iter().enumerate() {
                if position > 0 {
                    self.write(", ");
                }
                notes = forget_notes(self.element(*element, entries, notes))?;
            }
            if index + 1 < ends.len() {
                self.write(",");
                self.end_line();
                self.start_line();
            }
            start = *end;
        }
        if multiline {
            self.write(",");
            self.end_line();
            notes = forget_notes(self.insert_notes(notes, closing))?;
            self.down();
            self.start_line();
        }
        Ok(notes)
    }

    /// Whether there is a line break between the start of the list and its first element.
    fn starts_below(&self, first: Element<'_>, list: Place<'a>) -> bool {
        let first = self.place(first.first().span).text;
        match list.text.find(first) {
            Some(at) if at > 0 => list
                .text
                .get(..at)
                .and_then(|text| text.find('\n'))
                .is_some_and(|at| at > 0),
            _ => false,
        }
    }

    fn element(&mut self, element: Element<'_>, entries: Entries, notes: Notes<'a>) -> Step<'a> {
        match element {
            Element::Term(term) => {
                let parens = is_union(term)
                    && (entries == Entries::Elements
                        || self.place(term.span).text.starts_with('('));
                self.grouped(parens, term, notes)
            }
            Element::Entry(key, value) => {
                let notes = forget_notes(self.grouped(is_union(key), key, notes))?;
                self.write(": ");
                self.grouped(is_union(value), value, notes)
            }
        }
    }

    fn grouped(&mut self, parens: bool, term: &Term, notes: Notes<'a>) -> Step<'a> {
        if parens {
            self.write("(");
        }
        let step = self.term(term, notes);
        if parens {
            self.write(")");
        }
        step
    }

    /// Sorts the elements by place; returns where each line ends.
    fn group(&self, elements: &mut [Element<'_>], last: Place<'a>) -> Vec<usize> {
        let unknown = elements.iter().any(|element| match element {
            Element::Term(term) => !walk_term(term, &mut |node| self.is_placed(node)),
            Element::Entry(..) => false,
        });
        if unknown {
            return vec![elements.len()];
        }
        elements.sort_by_key(|element| {
            let span = element.first().span;
            (self.place(span).row, span.col)
        });
        let rows = elements
            .iter()
            .map(|element| self.place(element.first().span).row);
        line_ends(rows, last.row)
    }

    /// Whether the node's place can be relied on.
    fn is_placed(&self, node: Node<'_>) -> bool {
        match node {
            Node::Term(term) => {
                let generated =
                    matches!(&term.value, TermValue::Var(name) if name.starts_with("__local"));
                !generated && !self.place(term.span).made_up
            }
            Node::Expr(_) => true,
        }
    }

    /// A query in brackets, on the line of its bracket or on lines of its own.
    pub(super) fn braced_body(
        &mut self,
        open: u8,
        close: u8,
        body: &Body,
        term: Place<'a>,
        whole: Place<'a>,
        mut notes: Notes<'a>,
    ) -> Step<'a> {
        let Some(first) = body.first() else {
            return Ok(notes);
        };
        let placed = body
            .iter()
            .all(|expr| walk_expr(expr, &mut |node| self.is_placed(node)));
        let rows = body.iter().map(|expr| self.place(expr.span).row);
        let lines = if placed {
            line_ends(rows, term.row).len()
        } else {
            1
        };
        let closing = closing_row(None, open, close, whole);
        if self.place(first.span).row > term.row || lines > 1 {
            self.end_line();
            self.up();
            let mut step = self.body(body, notes);
            if let Ok(left) = step {
                step = forget_notes(self.insert_notes(left, closing));
            }
            self.down();
            self.start_line();
            return step;
        }
        self.write(" ");
        for (index, expr) in body.iter().enumerate() {
            if index > 0 {
                self.write("; ");
            }
            notes = self.expr(expr, notes)?;
        }
        forget_notes(self.insert_notes(notes, closing))
    }

    pub(super) fn comprehension(
        &mut self,
        brackets: (u8, u8),
        term: &Term,
        body: &Body,
        whole: Place<'a>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        let place = self.place(term.span);
        self.comprehension_at(brackets, term, place, body, whole, notes)
    }

    /// A comprehension whose term (or value) is laid out as if it stood at `place`.
    pub(super) fn comprehension_at(
        &mut self,
        brackets: (u8, u8),
        term: &Term,
        place: Place<'a>,
        body: &Body,
        whole: Place<'a>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        if place.row > whole.row {
            self.end_line();
            self.start_line();
        }
        let parens = matches!(term.value, TermValue::Call(_))
            && (is_union(term) || place.text.starts_with('('));
        let notes = forget_notes(self.term_parens_at(parens, term, place, notes))?;
        self.write(" |");
        self.braced_body(brackets.0, brackets.1, body, place, whole, notes)
    }
}

/// The index behind the last element of each line: a line ends where the next row is further down.
fn line_ends(rows: impl Iterator<Item = i64>, mut last: i64) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut count = 0;
    for row in rows {
        if row > last && count > 0 {
            ends.push(count);
        }
        last = row;
        count += 1;
    }
    ends.push(count);
    ends
}
