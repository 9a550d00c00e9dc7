//! Terms.

use std::borrow::Cow;

use crate::ast::display::{escaped_braces, infix_sign, is_name, quoted};
use crate::ast::order::{sorted_entries, sorted_terms};
use crate::ast::{Span, Template, TemplatePart, Term, TermValue};

use super::lists::{Element, Entries};
use super::writer::{
    Fault, Notes, Place, Step, Writer, closing_row, forget_notes, line_breaks, partition,
};

/// An operator that is written between its operands.
#[derive(Clone, Copy)]
pub(super) enum Infix {
    /// `in`, with its number of operands.
    Membership(usize),
    Sign(&'static str),
}

impl Infix {
    pub(super) fn of(operator: &Term) -> Option<Self> {
        let TermValue::Ref(parts) = &operator.value else {
            return None;
        };
        match parts.as_slice() {
            [
                Term {
                    value: TermValue::Var(name),
                    ..
                },
            ] => infix_sign(name).map(Self::Sign),
            [
                _,
                Term {
                    value: TermValue::String(name),
                    ..
                },
            ] => match (name.as_ref(), operator.to_string().as_str()) {
                ("member_2", "internal.member_2") => Some(Self::Membership(2)),
                ("member_3", "internal.member_3") => Some(Self::Membership(3)),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn arity(self) -> usize {
        match self {
            Self::Membership(arity) => arity,
            Self::Sign(_) => 2,
        }
    }
}

const KEYWORDS_V0: [&str; 11] = [
    "not", "package", "import", "as", "default", "else", "with", "null", "true", "false", "some",
];
const KEYWORDS_V1: [&str; 4] = ["if", "contains", "in", "every"];
const KEYWORDS_V2: [&str; 2] = ["and", "or"];

impl<'a> Writer<'a> {
    /// A term; with a comment in an unexpected place, its original text.
    pub(super) fn term(&mut self, term: &Term, notes: Notes<'a>) -> Step<'a> {
        if notes.is_empty() {
            return self.term_parens(false, term, notes);
        }
        let (length, level) = (self.out.len(), self.level);
        match self.term_parens(false, term, notes) {
            Err((_, Fault::UnexpectedComment)) => {
                self.out.truncate(length);
                self.level = level;
                let place = self.place(term.span);
                let end = place.row + line_breaks(place.text);
                if !place.text.is_empty()
                    && self
                        .before_end
                        .is_some_and(|note| (place.row..=end).contains(&note.row))
                {
                    self.before_end = None;
                }
                let left = forget_notes(self.write_unformatted(place, notes))?;
                Err((left, Fault::UnexpectedComment))
            }
            step => forget_notes(step),
        }
    }

    pub(super) fn term_parens(&mut self, parens: bool, term: &Term, notes: Notes<'a>) -> Step<'a> {
        let place = self.place(term.span);
        self.term_parens_at(parens, term, place, notes)
    }

    /// A term that is laid out as if it stood at `place`.
    pub(super) fn term_parens_at(
        &mut self,
        parens: bool,
        term: &Term,
        place: Place<'a>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        let marked = self.paren_term == Some(std::ptr::from_ref(term));
        if marked {
            self.paren_term = None;
        }
        let mut notes = forget_notes(self.insert_notes(notes, place.row))?;
        if !self.inline {
            self.start_line();
        }
        notes = forget_notes(self.value(parens || marked, term, place, notes))?;
        if !self.inline {
            self.start_line();
        }
        Ok(notes)
    }

    fn value(&mut self, parens: bool, term: &Term, place: Place<'a>, notes: Notes<'a>) -> Step<'a> {
        match &term.value {
            TermValue::Ref(parts) => self.reference(parts, notes),
            TermValue::Object(entries) => {
                let elements = sorted_entries(entries)
                    .into_iter()
                    .map(|(key, value)| Element::Entry(key, value))
                    .collect();
                self.elements(b'{', b'}', elements, place, notes)
            }
            TermValue::Array(items) => {
                let elements = items.iter().map(Element::Term).collect();
                self.elements(b'[', b']', elements, place, notes)
            }
            TermValue::Set(items) if items.is_empty() => {
                self.write("set()");
                self.insert_notes(notes, closing_row(None, b'(', b')', place))
            }
            TermValue::Set(items) => {
                let elements = sorted_terms(items).into_iter().map(Element::Term).collect();
                self.elements(b'{', b'}', elements, place, notes)
            }
            TermValue::ArrayComprehension(c) => {
                self.write("[");
                let step = self.comprehension((b'[', b']'), &c.term, &c.body, place, notes);
                self.write("]");
                step
            }
            TermValue::SetComprehension(c) => {
                self.write("{");
                let step = self.comprehension((b'{', b'}'), &c.term, &c.body, place, notes);
                self.write("}");
                step
            }
            TermValue::ObjectComprehension(c) => {
                self.write("{");
                let step = self.object_comprehension(c, place, notes);
                self.write("}");
                step
            }
            TermValue::String(text) => {
                let shown = string_text(text, place);
                self.write(&shown);
                Ok(notes)
            }
            TermValue::Template(template) => self.template(template, notes),
            TermValue::Var(name) => {
                let name = self.var_text(name);
                self.write(&name);
                Ok(notes)
            }
            TermValue::Call(terms) => self.call(parens, terms, term.span, notes),
            value => {
                self.write(&value.to_string());
                Ok(notes)
            }
        }
    }

    fn elements(
        &mut self,
        open: u8,
        close: u8,
        elements: Vec<Element<'_>>,
        place: Place<'a>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        self.out.push(char::from(open));
        let closing = closing_row(None, open, close, place);
        let step = self.list(elements, place, closing, notes, Entries::Elements);
        self.out.push(char::from(close));
        step
    }

    fn object_comprehension(
        &mut self,
        c: &crate::ast::ObjectComprehension,
        place: Place<'a>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        let paren = super::exprs::is_union(&c.key);
        if paren {
            self.write("(");
        }
        let notes = forget_notes(self.term(&c.key, notes))?;
        if paren {
            self.write(")");
        }
        self.write(": ");
        let value_place = Place {
            row: place.row,
            ..self.place(c.value.span)
        };
        self.comprehension_at((b'{', b'}'), &c.value, value_place, &c.body, place, notes)
    }

    /// A wildcard that stands in more than one place has a name.
    pub(super) fn var_text(&self, name: &str) -> String {
        match name.strip_prefix('$') {
            Some(rest) if self.shared_wildcards.contains(name) && rest.starts_with('_') => {
                rest.to_owned()
            }
            Some(rest) if self.shared_wildcards.contains(name) => format!("_{rest}"),
            Some(_) => "_".to_owned(),
            None => name.to_owned(),
        }
    }

    pub(super) fn reference(&mut self, parts: &[Term], mut notes: Notes<'a>) -> Step<'a> {
        let Some((head, operands)) = parts.split_first() else {
            return Ok(notes);
        };
        let parens =
            matches!(head.value, TermValue::Call(_)) && self.place(head.span).text.starts_with('(');
        notes = forget_notes(self.term_parens(parens, head, notes))?;
        for operand in operands {
            match &operand.value {
                TermValue::String(text) => {
                    if self.needs_brackets(text, operand.span) {
                        self.write(&format!("[{}]", quoted(text)));
                    } else {
                        self.write(&format!(".{text}"));
                    }
                }
                TermValue::Var(name) => {
                    let name = self.var_text(name);
                    self.write(&format!("[{name}]"));
                }
                _ => {
                    self.write("[");
                    match self.term(operand, notes) {
                        Ok(left) => notes = left,
                        Err((left, Fault::UnexpectedComment)) => {
                            notes = left;
                            self.write("\n");
                        }
                        Err((_, fault)) => return Err((Notes::default(), fault)),
                    }
                    self.write("]");
                }
            }
        }
        Ok(notes)
    }

    fn needs_brackets(&self, text: &str, span: Span) -> bool {
        if !is_name(text) {
            return true;
        }
        if !self.is_keyword(text) {
            return false;
        }
        let place = self.place(span);
        !self.style.keywords_in_refs || place.made_up || place.text.starts_with('"')
    }

    fn is_keyword(&self, text: &str) -> bool {
        let style = &self.style;
        let v2 = style.v2 || style.v2_imported;
        KEYWORDS_V0.contains(&text)
            || (v2 || style.v1) && KEYWORDS_V1.contains(&text)
            || v2 && KEYWORDS_V2.contains(&text)
            || !v2 && style.future_keywords.iter().any(|word| word == text)
    }

    fn call(&mut self, parens: bool, terms: &[Term], span: Span, mut notes: Notes<'a>) -> Step<'a> {
        let Some((operator, operands)) = terms.split_first() else {
            return Ok(notes);
        };
        let sign = match Infix::of(operator) {
            None => return self.plain_call(terms, notes),
            Some(Infix::Membership(_)) => return self.membership(true, terms, span, notes),
            Some(Infix::Sign(sign)) => sign,
        };
        if parens {
            self.write("(");
        }
        let [lhs, rhs] = operands else {
            self.arity_error(operator, operands, span);
            return Ok(notes);
        };
        notes = forget_notes(self.term_parens(true, lhs, notes))?;
        self.write(&format!(" {sign} "));
        notes = forget_notes(self.term_parens(true, rhs, notes))?;
        if parens {
            self.write(")");
        }
        Ok(notes)
    }

    /// `x in xs` and `k, v in xs`; `terms` starts with the operator.
    pub(super) fn membership(
        &mut self,
        parens: bool,
        terms: &[Term],
        span: Span,
        mut notes: Notes<'a>,
    ) -> Step<'a> {
        let Some((operator, operands)) = terms.split_first() else {
            return Ok(notes);
        };
        if Infix::of(operator).is_some_and(|infix| infix.arity() != operands.len()) {
            self.arity_error(operator, operands, span);
            return Ok(notes);
        }
        let parens = parens && operands.len() == 3;
        if parens {
            self.write("(");
        }
        for (index, operand) in operands.iter().enumerate() {
            if index + 1 == operands.len() {
                self.write(" in ");
            } else if index > 0 {
                self.write(", ");
            }
            match self.term_parens(true, operand, notes) {
                Ok(left) => notes = left,
                Err((_, fault)) => {
                    if parens {
                        self.write(")");
                    }
                    return Err((Notes::default(), fault));
                }
            }
        }
        if parens {
            self.write(")");
        }
        Ok(notes)
    }

    fn template(&mut self, template: &Template, mut notes: Notes<'a>) -> Step<'a> {
        let quote = if template.multi_line { "`" } else { "\"" };
        self.write("$");
        self.write(quote);
        for (index, part) in template.parts.iter().enumerate() {
            match part {
                TemplatePart::Expr(expr) => {
                    let next = template.parts.get(index + 1);
                    notes = self.template_expr(expr, next, notes)?;
                }
                TemplatePart::Text(term) => {
                    let shown = template_text(term, template.multi_line);
                    self.write(&shown);
                }
            }
        }
        self.write(quote);
        Ok(notes)
    }

    fn template_expr(
        &mut self,
        expr: &crate::ast::Expr,
        next: Option<&TemplatePart>,
        mut notes: Notes<'a>,
    ) -> Step<'a> {
        self.write("{");
        self.up();
        if self.before_end.is_some() {
            self.end_line();
            self.start_line();
        } else {
            let (before, _, _) = partition(notes, self.place(expr.span).row);
            if !before.is_empty() {
                self.write(" ");
                self.inline = true;
                self.write_notes(before);
                notes = notes.get(before.len()..).unwrap_or_default();
            }
        }
        notes = self.expr(expr, notes)?;
        let next = next.map(|part| match part {
            TemplatePart::Text(term) => self.place(term.span).row,
            TemplatePart::Expr(expr) => self.place(expr.span).row,
        });
        if let Some(row) = next {
            let (before, _, _) = partition(notes, row);
            if !before.is_empty() {
                self.end_line();
                self.write_notes(before);
                notes = notes.get(before.len()..).unwrap_or_default();
                self.start_line();
            }
        }
        self.write("}");
        self.down();
        Ok(notes)
    }
}

fn template_text(term: &Term, multi_line: bool) -> String {
    match &term.value {
        TermValue::String(text) if multi_line => escaped_braces(text).into_owned(),
        TermValue::String(text) => {
            let shown = quoted(text);
            let inner = shown.get(1..shown.len() - 1).unwrap_or_default();
            escaped_braces(inner).into_owned()
        }
        value => {
            let shown = value.to_string();
            let shown = shown.strip_prefix('"').unwrap_or(&shown);
            shown.strip_suffix('"').unwrap_or(shown).to_owned()
        }
    }
}

/// A string as it was written; in quotes where it was a name (`a.b`) or its text isn't known.
fn string_text<'t>(text: &str, place: Place<'t>) -> Cow<'t, str> {
    let original = place.text;
    if original.starts_with('`') {
        return Cow::Borrowed(original);
    }
    // The place can be that of a whole head (`else := "x"`): the literal starts at the first quote.
    let quote = match original.chars().last() {
        Some(quote @ ('"' | '`')) => original.find(quote),
        _ => None,
    };
    match quote.and_then(|at| original.get(at..)) {
        Some(literal) => Cow::Borrowed(literal),
        None => Cow::Owned(quoted(text)),
    }
}
