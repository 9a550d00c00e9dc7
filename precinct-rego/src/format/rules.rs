//! Rules: heads, bodies, `else`.

use crate::ast::{Body, Expr, ExprKind, Head, Rule, Term, TermValue};

use super::lists::{Element, Entries};
use super::writer::{Notes, Place, Step, Writer, closing_row, forget_notes, line_breaks, tolerate};

/// Whether the body is a lone `true`, which is not written.
fn is_true(body: &Body) -> bool {
    matches!(body.as_slice(), [Expr { kind: ExprKind::Term(term), negated: false, with, .. }]
        if with.is_empty() && is_true_term(term))
}

fn is_true_term(term: &Term) -> bool {
    matches!(term.value, TermValue::Boolean(true))
}

/// A lone set keeps its braces inside of those of the body.
fn is_set(expr: &Expr) -> bool {
    !expr.negated
        && matches!(
            expr.kind,
            ExprKind::Term(Term {
                value: TermValue::Set(_),
                ..
            })
        )
}

/// The row on which a text ends.
fn end_row(place: Place<'_>) -> i64 {
    place.row + line_breaks(place.text)
}

impl<'a> Writer<'a> {
    pub(super) fn rules(&mut self, rules: &[&Rule], mut notes: Notes<'a>) -> Notes<'a> {
        for (index, rule) in rules.iter().enumerate() {
            let row = self.place(rule.span).row;
            let step = self.insert_notes(notes, row);
            notes = self.go_on(step);
            let step = self.rule(rule, &rule.head, false, notes);
            notes = self.go_on(step);
            if let Some(next) = rules.get(index + 1)
                && self.is_one_liner(rule)
                && self.is_one_liner(next)
                && self.place(next.span).row == row + 1
            {
                continue;
            }
            self.blank_line();
        }
        notes
    }

    /// The comments that are left; an error that is no comment is reported.
    pub(super) fn go_on(&mut self, step: Step<'a>) -> Notes<'a> {
        match step {
            Ok(notes) => notes,
            Err((notes, fault)) => {
                self.report(fault);
                notes
            }
        }
    }

    /// Whether the rule is written on one line, and so can stand right above another of its kind.
    fn is_one_liner(&self, rule: &Rule) -> bool {
        if rule.body.len() > 1 || rule.default || rule.else_rule.is_some() {
            return false;
        }
        if rule.body.first().is_some_and(is_set) {
            return false;
        }
        self.uses_if(&rule.head)
    }

    fn uses_if(&self, head: &Head) -> bool {
        (self.style.v1 || self.style.ifs) && (self.style.contains || head.value.is_some())
    }

    /// Writes a rule under the given head (that of `else` differs from the rule's own).
    fn rule(&mut self, rule: &Rule, head: &Head, is_else: bool, notes: Notes<'a>) -> Step<'a> {
        if !is_else {
            self.start_line();
        }
        if rule.default {
            self.write("default ");
        }
        let constant = is_true(&rule.body) && rule.else_rule.is_none();
        self.comment_on_final_line = constant;
        let step = self.head(head, rule.default, constant, is_else, notes);
        let unexpected = step.is_err();
        let mut notes = forget_notes(tolerate(step))?;
        if rule.body.is_empty() || constant {
            self.end_line();
            return Ok(notes);
        }
        self.comment_on_final_line = true;
        let uses_if = self.uses_if(head);
        if uses_if {
            self.write(" if");
            if let [expr] = rule.body.as_slice() {
                let row = end_row(self.place(head.span));
                if self.place(expr.span).row == row && !is_set(expr) {
                    self.write(" ");
                    notes = forget_notes(tolerate(self.expr(expr, notes)))?;
                    self.end_line();
                    return self.else_branch(rule, notes);
                }
            }
        }
        if unexpected && !notes.is_empty() {
            self.write(" { ");
        } else {
            self.write(" {");
            self.end_line();
        }
        if uses_if
            && !is_else
            && let Some(first) = rule.body.first()
        {
            self.mark_leading_union(first);
        }
        self.up();
        notes = forget_notes(tolerate(self.body(&rule.body, notes)))?;
        let place = self.place(rule.span);
        let skip = if !head.args.is_empty() {
            Some((b'(', b')'))
        } else if head.key.is_some() {
            Some((b'[', b']'))
        } else {
            None
        };
        let closing = closing_row(skip, b'{', b'}', place);
        notes = forget_notes(self.insert_notes(notes, closing))?;
        self.down();
        self.start_line();
        self.write("}");
        self.else_branch(rule, notes)
    }

    fn else_branch(&mut self, rule: &Rule, notes: Notes<'a>) -> Step<'a> {
        let Some(branch) = &rule.else_rule else {
            return Ok(notes);
        };
        let place = self.place(rule.span);
        let branch_row = self.place(branch.span).row;
        let relative = usize::try_from(branch_row - place.row).unwrap_or(0);
        let line = place.text.split('\n').nth(relative);
        let inline = relative > 0 && line.is_some_and(|l| !l.trim().starts_with("else"));

        let head_row = self.place(branch.head.span).row;
        let comment_above =
            notes.first().is_some_and(|n| n.row < head_row) || self.before_end.is_some();
        if !comment_above && inline {
            self.write(" ");
        } else {
            self.blank_line();
            self.start_line();
        }
        let mut head = branch.head.clone();
        head.name = "else".into();
        head.reference = vec![Term {
            span: head.span,
            value: TermValue::Var("else".into()),
        }];
        head.args.clear();
        let notes = forget_notes(self.insert_notes(notes, head_row))?;
        if comment_above && !inline {
            self.start_line();
        }
        if let Some(value) = &mut head.value {
            value.span = head.span;
        }
        self.rule(branch, &head, true, notes)
    }

    fn head(
        &mut self,
        head: &Head,
        default: bool,
        constant: bool,
        is_else: bool,
        mut notes: Notes<'a>,
    ) -> Step<'a> {
        let mut reference = head.reference.as_slice();
        if head.key.is_some() && head.value.is_none() {
            let ground = reference
                .iter()
                .skip(1)
                .take_while(|part| part.value.is_ground());
            let ground = ground.count() + 1;
            // Only references that end in ground parts are cut, which leaves them as they are.
            if ground == reference.len() {
                reference = reference.get(..ground).unwrap_or(reference);
            }
        }
        match reference {
            [name, operand, ..] if !self.style.ref_heads => {
                let row = self.place(operand.span).row;
                if notes.first().is_some_and(|note| note.row == row) {
                    let place = self.place(head.span);
                    return forget_notes(self.write_unformatted(place, notes));
                }
                let name = self.var_or_text(name);
                let operand = self.var_or_text(operand);
                self.write(&format!("{name}[{operand}]"));
            }
            _ => notes = forget_notes(self.reference(reference, notes))?,
        }
        if !head.args.is_empty() {
            self.write("(");
            let place = self.place(head.span);
            let elements = head.args.iter().map(Element::Term).collect();
            let closing = closing_row(None, b'(', b')', place);
            let step = self.list(elements, place, closing, notes, Entries::Arguments);
            self.write(")");
            notes = step?;
        }
        if let (Some(key), None) = (&head.key, &head.value) {
            let contains = self.style.contains;
            self.write(if contains { " contains " } else { "[" });
            notes = self.term(key, notes)?;
            if !contains {
                self.write("]");
            }
        }
        let Some(value) = &head.value else {
            return Ok(notes);
        };
        if head.key.is_none() && is_true_term(value) && !constant && !default {
            return Ok(notes);
        }
        let shown_constant =
            self.style.v1 && constant && head.key.is_none() && head.args.is_empty();
        let generated = head.span == value.span && head.span.row > 0;
        if generated && !is_else && is_true_term(value) && !shown_constant {
            return Ok(notes);
        }
        let assign = head.assign || self.style.v1;
        self.write(if assign { " := " } else { " = " });
        self.term(value, notes)
    }

    /// A term on one line, its wildcards named where they have to be.
    fn var_or_text(&self, term: &Term) -> String {
        match &term.value {
            TermValue::Var(name) => self.var_text(name),
            value => value.to_string(),
        }
    }
}
