//! Bodies, expressions and their modifiers.

use crate::ast::{Body, Every, Expr, ExprKind, NotBody, Span, Term, TermValue, With};
use crate::error::{Code, Diagnostic};

use super::lists::{Element, Entries};
use super::terms::Infix;
use super::writer::{Notes, Step, Writer, closing_row, forget_notes, line_breaks, tolerate};

impl<'a> Writer<'a> {
    pub(super) fn body(&mut self, body: &Body, notes: Notes<'a>) -> Step<'a> {
        let Some(first) = body.first() else {
            return Ok(notes);
        };
        let row = self.place(first.span).row;
        let mut notes = self.insert_notes(notes, row)?;
        let mut before: Option<&Expr> = None;
        for expr in body {
            if let Some(before) = before {
                let place = self.place(before.span);
                let last = place.row + line_breaks(place.text);
                if self.place(expr.span).row > last + 1 {
                    self.blank_line();
                }
            }
            self.start_line();
            let step = self.expr(expr, notes);
            notes = self.go_on(step);
            self.end_line();
            before = Some(expr);
        }
        Ok(notes)
    }

    pub(super) fn expr(&mut self, expr: &Expr, notes: Notes<'a>) -> Step<'a> {
        let parens = self.paren_expr == Some(std::ptr::from_ref(expr));
        if parens {
            self.paren_expr = None;
        }
        let row = self.place(expr.span).row;
        let mut notes = self.insert_notes(notes, row)?;
        if !self.inline {
            self.start_line();
        }
        let logical = matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_));
        let negated_parens =
            expr.negated && (logical || self.style.v2 && renders_brace_first(expr));
        if expr.negated {
            self.write("not ");
            if negated_parens {
                self.write("(");
            }
        }
        if parens {
            self.write("(");
        }
        notes = match &expr.kind {
            ExprKind::Some(symbols) => {
                let step = self.some(symbols, expr.span, notes);
                forget_notes(step)?
            }
            ExprKind::Every(every) => forget_notes(self.every(every, expr.span, notes))?,
            ExprKind::Not(not) => forget_notes(self.not(not, expr.span, notes))?,
            ExprKind::And(_) | ExprKind::Or(_) => forget_notes(self.logical(expr, notes))?,
            ExprKind::Call(terms) => self.call_expr(terms, notes)?,
            ExprKind::Term(term) => self.term(term, notes)?,
        };
        if parens {
            self.write(")");
        }
        if negated_parens {
            self.write(")");
        }
        self.modifiers(expr, notes)
    }

    fn modifiers(&mut self, expr: &Expr, mut notes: Notes<'a>) -> Step<'a> {
        let Some((first, others)) = expr.with.split_first() else {
            return Ok(notes);
        };
        let mut last = self.terms_end_row(expr, first);
        let first_row = self.place(first.span).row;
        let mut rest = expr.with.as_slice();
        if first_row == last {
            notes = self.with(first, notes, false)?;
            rest = others;
        }
        let level = self.level;
        for with in rest {
            let row = self.place(with.span).row;
            let below = row > last;
            if below {
                if self.level == level {
                    self.up();
                }
                self.end_line();
                self.start_line();
                last = row;
            }
            match self.with(with, notes, below) {
                Ok(left) => notes = left,
                Err(fault) => {
                    self.level = level;
                    return Err(fault);
                }
            }
        }
        self.level = level;
        Ok(notes)
    }

    /// The row on which the expression ends, its modifiers left out.
    fn terms_end_row(&self, expr: &Expr, with: &With) -> i64 {
        let place = self.place(expr.span);
        let offset = self.place(with.span).offset.saturating_sub(place.offset);
        let text = match place.text.get(..offset) {
            Some(text) if offset > 0 => text,
            _ => place.text,
        };
        place.row + line_breaks(text.trim_end_matches([' ', '\t', '\r', '\n']))
    }

    fn with(&mut self, with: &With, notes: Notes<'a>, own_line: bool) -> Step<'a> {
        let row = self.place(with.span).row;
        let mut notes = forget_notes(self.insert_notes(notes, row))?;
        if !own_line {
            self.write(" ");
        }
        self.write("with ");
        notes = forget_notes(self.term(&with.target, notes))?;
        self.write(" as ");
        tolerate(self.term(&with.value, notes))
    }

    fn some(&mut self, symbols: &[Term], span: Span, notes: Notes<'a>) -> Step<'a> {
        let mut row = self.place(span).row;
        let mut notes = forget_notes(self.insert_notes(notes, row))?;
        self.write("some ");
        for (index, term) in symbols.iter().enumerate() {
            match &term.value {
                TermValue::Var(_) => {
                    let at = self.place(term.span).row;
                    if at > row {
                        self.end_line();
                        self.start_line();
                        self.write("\t");
                        row = at;
                    } else if index > 0 {
                        self.write(" ");
                    }
                    notes = forget_notes(self.term(term, notes))?;
                    if index + 1 < symbols.len() {
                        self.write(",");
                    }
                }
                TermValue::Call(call) => {
                    notes = forget_notes(self.membership(false, call, span, notes))?;
                }
                _ => {}
            }
        }
        Ok(notes)
    }

    fn every(&mut self, every: &Every, span: Span, notes: Notes<'a>) -> Step<'a> {
        let place = self.place(span);
        let mut notes = forget_notes(self.insert_notes(notes, place.row))?;
        self.write("every ");
        if let Some(key) = &every.key {
            notes = forget_notes(self.term(key, notes))?;
            self.write(", ");
        }
        notes = forget_notes(self.term(&every.value, notes))?;
        self.write(" in ");
        notes = forget_notes(self.term(&every.domain, notes))?;
        self.write(" {");
        let step = self.braced_body(b'{', b'}', &every.body, place, place, notes);
        notes = forget_notes(tolerate(step))?;
        if let [one] = every.body.as_slice()
            && self.place(one.span).row == self.place(every.span).row
        {
            self.write(" ");
        }
        self.write("}");
        Ok(notes)
    }

    fn not(&mut self, not: &NotBody, span: Span, notes: Notes<'a>) -> Step<'a> {
        let place = self.place(span);
        let mut notes = forget_notes(self.insert_notes(notes, place.row))?;
        self.write("not ");
        let (Some(first), Some(last)) = (not.body.first(), not.body.last()) else {
            return Ok(notes);
        };
        if not.explicit || not.body.len() > 1 {
            if is_union_expr(first) {
                self.paren_expr = Some(std::ptr::from_ref(first));
            }
            self.write("{");
            let step = self.braced_body(b'{', b'}', &not.body, place, place, notes);
            notes = forget_notes(tolerate(step))?;
            if self.place(last.span).row == place.row {
                self.write(" ");
            }
            self.write("}");
            return Ok(notes);
        }
        let parens = needs_parens_in_not(first);
        if parens {
            self.write("(");
        }
        notes = forget_notes(tolerate(self.expr(first, notes)))?;
        if parens {
            self.write(")");
        }
        Ok(notes)
    }

    fn call_expr(&mut self, terms: &[Term], mut notes: Notes<'a>) -> Step<'a> {
        let Some((operator, operands)) = terms.split_first() else {
            return Ok(notes);
        };
        let infix = match Infix::of(operator) {
            Some(Infix::Membership(_)) => {
                return self.membership(false, terms, operator.span, notes);
            }
            Some(Infix::Sign(sign)) => sign,
            None => return self.plain_call(terms, notes),
        };
        match operands {
            [lhs, rhs] => {
                notes = forget_notes(self.term(lhs, notes))?;
                self.write(&format!(" {infix} "));
                self.term(rhs, notes)
            }
            [lhs, rhs, result] => {
                notes = forget_notes(self.term(result, notes))?;
                self.write(" = ");
                notes = forget_notes(self.term(lhs, notes))?;
                self.write(&format!(" {infix} "));
                forget_notes(self.term(rhs, notes))
            }
            _ => {
                self.arity_error(operator, operands, operator.span);
                self.plain_call(terms, notes)
            }
        }
    }

    pub(super) fn plain_call(&mut self, terms: &[Term], notes: Notes<'a>) -> Step<'a> {
        let Some((operator, operands)) = terms.split_first() else {
            return Ok(notes);
        };
        match &operator.value {
            // Comments at the operator are met again at the operands.
            TermValue::Ref(parts) => {
                self.reference(parts, notes)?;
            }
            value => self.write(&value.to_string()),
        }
        self.write("(");
        let place = self.place(operator.span);
        let elements = operands.iter().map(Element::Term).collect();
        let closing = closing_row(None, b'(', b')', place);
        let step = self.list(elements, place, closing, notes, Entries::Arguments);
        self.write(")");
        forget_notes(step)
    }

    /// Reports a call of an operator with the wrong number of operands, which can't be written.
    pub(super) fn arity_error(&mut self, operator: &Term, operands: &[Term], span: Span) {
        let name = operator.to_string();
        let have: Vec<&str> = operands.iter().map(|o| o.value.kind_name()).collect();
        let want: &[&str] = match name.as_str() {
            "plus" | "mul" | "div" | "rem" => &["number", "number"],
            "minus" => &["any<number, set[any]>", "any<number, set[any]>"],
            "and" | "or" => &["set[any]", "set[any]"],
            "internal.member_3" => &["any", "any", "any"],
            _ => &["any", "any"],
        };
        let mut error = Diagnostic::new(Code::Type, span, format!("{name}: arity mismatch"));
        error.details = vec![
            format!("have: ({})", have.join(",")),
            format!("want: ({})", want.join(",")),
        ];
        error.data = Some(serde_json::json!({"have": have, "want": want}));
        self.errors.push(error);
    }

    /// Gives the union that a body starts with parentheses, so that its brace doesn't open a comprehension.
    pub(super) fn mark_leading_union(&mut self, expr: &Expr) {
        if expr.negated {
            return;
        }
        if matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_)) {
            if let Some(first) = super::logical::leading_operand(expr) {
                self.mark_leading_union(first);
            }
            return;
        }
        if is_union_expr(expr) {
            self.paren_expr = Some(std::ptr::from_ref(expr));
            return;
        }
        if let Some(lead) = leading_term(expr)
            && is_union(lead)
        {
            self.paren_term = Some(std::ptr::from_ref(lead));
        }
    }
}

/// The operand that an infix expression is written with first.
fn leading_term(expr: &Expr) -> Option<&Term> {
    let ExprKind::Call(terms) = &expr.kind else {
        return None;
    };
    let arity = Infix::of(terms.first()?)?.arity();
    if terms.len() == arity + 1 {
        terms.get(1)
    } else if terms.len() == arity + 2 {
        terms.last()
    } else {
        None
    }
}

fn is_operator(term: Option<&Term>, name: &str) -> bool {
    match term.map(|term| &term.value) {
        Some(TermValue::Ref(parts)) => {
            matches!(parts.as_slice(), [Term { value: TermValue::Var(v), .. }] if v.as_ref() == name)
        }
        _ => false,
    }
}

/// Whether the expression is written `x | y`.
pub(super) fn is_union_expr(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call(terms) if terms.len() == 3 && is_operator(terms.first(), "or"))
}

/// Whether the term is written `x | y`.
pub(super) fn is_union(term: &Term) -> bool {
    matches!(&term.value, TermValue::Call(terms) if is_operator(terms.first(), "or"))
}

fn needs_parens_in_not(expr: &Expr) -> bool {
    !expr.with.is_empty()
        || matches!(
            expr.kind,
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_)
        )
        || renders_brace_first(expr)
}

/// Whether the expression is written with `{` first, which opens a body where an operand is expected.
pub(super) fn renders_brace_first(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Term(term) => term_renders_brace_first(term),
        ExprKind::Call(_) => leading_term(expr).is_some_and(term_renders_brace_first),
        _ => false,
    }
}

fn term_renders_brace_first(term: &Term) -> bool {
    match &term.value {
        TermValue::Set(items) => !items.is_empty(),
        TermValue::Object(_)
        | TermValue::SetComprehension(_)
        | TermValue::ObjectComprehension(_) => true,
        TermValue::Ref(parts) => parts.first().is_some_and(term_renders_brace_first),
        TermValue::Call(terms) => {
            let arity = terms.first().and_then(Infix::of).map(Infix::arity);
            arity.is_some_and(|arity| terms.len() == arity + 1)
                && terms.get(1).is_some_and(term_renders_brace_first)
        }
        _ => false,
    }
}
