//! `and`, `or` and `not { … }`: literals whose operands have scopes of their own.
//!
//! Braces in an operand position hold a body, parentheses group; what else they could mean is told apart by trying.

use crate::ast::Span;

use super::builtins::{self, Shape};
use super::parser::Parser;
use super::token::{Keywords, Tok};
use super::tree::{ExprId, ExprKind, LogicalNode, Operand, TermId, TermKind};

/// A reading that was tried. `Err`: it was given up and nothing was read; `Ok(None)`: it is the right one, and wrong.
type Attempt<T> = Result<Option<T>, GivenUp>;

/// The text has to be read in another way.
pub(super) struct GivenUp;

impl Parser<'_> {
    pub(super) fn logical_keywords_active(&self) -> bool {
        self.s.keywords.has(Keywords::one("and")) || self.s.keywords.has(Keywords::one("or"))
    }

    fn at_logical_operator(&self) -> bool {
        matches!(self.s.tok, Tok::LogicalAnd | Tok::LogicalOr)
    }

    /// Whether the current token negates (and does not start a reference, `not.x`).
    pub(super) fn is_negation(&mut self) -> bool {
        self.s.tok == Tok::Not && !matches!(self.peek_space(), Tok::Dot | Tok::LBrack)
    }

    /// `{ body } and …`; given up when the braces are no operand.
    pub(super) fn braced_operand_first(&mut self) -> Attempt<ExprId> {
        let state = self.save();
        let at = self.loc();
        self.scan();
        if let Some(body) = self.body(Tok::RBrace) {
            self.scan();
            if self.at_logical_operator() {
                if self.is_ambiguous_union(&body) {
                    self.error_ambiguous_union(at, &body, "");
                    return Ok(None);
                }
                let lhs = Operand {
                    body,
                    explicit: true,
                    span: at,
                };
                return Ok(self.or_chain(lhs).and_then(|e| self.attach_with(e)));
            }
        }
        self.restore(state);
        Err(GivenUp)
    }

    /// What follows a complete operand: operators with further operands, modifiers.
    pub(super) fn fold_logical_tail(&mut self, operand: Operand) -> Option<ExprId> {
        let expr = if self.at_logical_operator() {
            self.or_chain(operand)?
        } else {
            *operand.body.first()?
        };
        self.attach_with(expr)
    }

    pub(super) fn literal_expr(&mut self, negated: bool, not_at: Option<Span>) -> Option<ExprId> {
        let start = self.save();
        let start_at = self.loc();
        if let Some(at) = not_at.filter(|_| negated && self.not_bodies)
            && self.s.tok == Tok::LParen
            && let Ok(group) = self.logical_group(true, "not ")
        {
            let operand = self.negation(at, group?);
            return self.fold_logical_tail(operand);
        }
        let mut expr = self.expr()?;
        let with_at = (self.s.tok == Tok::With).then(|| self.loc());
        self.attach_with(expr)?;
        self.hint_every(expr, start);
        if negated && self.not_bodies {
            let with = std::mem::take(&mut self.tree.expr_mut(expr).with);
            let span = not_at.map(|at| self.extended(at));
            let kind = ExprKind::Not {
                span: span.unwrap_or_default(),
                body: vec![expr],
                explicit: false,
            };
            expr = self.tree.add_expr(kind, span);
            self.tree.expr_mut(expr).with = with;
        } else {
            self.tree.expr_mut(expr).negated = negated;
        }
        if !self.at_logical_operator() {
            return Some(expr);
        }
        let operator = self.s.tok.name();
        if let Some(at) = with_at {
            self.error_with_on_operand(at, operator);
            return None;
        }
        let span = self
            .tree
            .expr(expr)
            .span
            .unwrap_or_else(|| self.extended(start_at));
        self.tree.expr_mut(expr).span = Some(span);
        let text = self.slice(span.start, span.end);
        if not_at.is_none() && text.starts_with('{') {
            if self.is_empty_object(expr) {
                self.error(span, "found empty body");
            } else {
                self.error_brace_led(span, text, operator);
            }
            return None;
        }
        let lhs = Operand {
            body: vec![expr],
            explicit: false,
            span,
        };
        let outer = self.or_chain(lhs)?;
        self.attach_with(outer)
    }

    /// Hints at the missing import where `every` was read as a name.
    fn hint_every(&mut self, expr: ExprId, start: super::parser::State) {
        let ExprKind::Term(term) = self.tree.expr(expr).kind else {
            return;
        };
        let is_every = self.tree.var(term).is_some_and(|n| n.as_ref() == "every");
        if !is_every || !self.is_future_keyword("every") {
            return;
        }
        let after = self.save();
        self.restore(start);
        let hint = self.is_every_in_future();
        self.restore(after);
        if hint {
            self.hint("`import future.keywords.every` for `every x in xs { ... }` expressions");
        }
    }

    fn negation(&mut self, at: Span, inner: Operand) -> Operand {
        let span = self.extended(at);
        let kind = ExprKind::Not {
            span,
            body: inner.body,
            explicit: inner.explicit,
        };
        Operand {
            body: vec![self.tree.add_expr(kind, Some(span))],
            explicit: false,
            span,
        }
    }

    /// `{ body }` behind `not`.
    pub(super) fn not_body(&mut self, not_at: Span) -> Option<Operand> {
        let at = self.loc();
        let state = self.save();
        self.scan();
        let empty = self.s.tok == Tok::RBrace;
        let Some(body) = self.body(Tok::RBrace) else {
            if empty {
                return None;
            }
            let failed = self.save();
            self.restore(state);
            if let Some(term) = self.term_infix() {
                let operand = self.slice(at.start, self.s.last_end);
                self.hint(format!(
                    "write `not ({operand})` to negate the value, or `not {{{operand}}}` for a body holding it"
                ));
                let name = self.tree.value_name(self.brace_led_value(term));
                self.error(
                    at,
                    &format!(
                        "`{{...}}` in an operand position must contain expression(s), got: {name}"
                    ),
                );
                return None;
            }
            self.restore(failed);
            return None;
        };
        self.scan();
        if self.is_ambiguous_union(&body) {
            self.error_ambiguous_union(at, &body, "not ");
            return None;
        }
        let inner = Operand {
            body,
            explicit: true,
            span: at,
        };
        Some(self.negation(not_at, inner))
    }

    /// Folds operators on top of the first operand. `and` binds tighter than `or`; both associate to the left.
    fn or_chain(&mut self, lhs: Operand) -> Option<ExprId> {
        if !self.enter() {
            return None;
        }
        let expr = self.or_operands(lhs);
        self.leave();
        expr
    }

    fn or_operands(&mut self, mut lhs: Operand) -> Option<ExprId> {
        if self.s.tok == Tok::LogicalAnd {
            lhs = self.and_chain(lhs)?;
        }
        let mut count = 0;
        while self.s.tok == Tok::LogicalOr {
            self.count_operator(&mut count)?;
            self.scan();
            let mut rhs = self.logical_operand("or")?;
            if self.s.tok == Tok::LogicalAnd {
                rhs = self.and_chain(rhs)?;
            }
            lhs = self.logical(true, lhs, rhs);
        }
        lhs.body.first().copied()
    }

    fn and_chain(&mut self, mut lhs: Operand) -> Option<Operand> {
        let mut count = 0;
        while self.s.tok == Tok::LogicalAnd {
            self.count_operator(&mut count)?;
            self.scan();
            let rhs = self.logical_operand("and")?;
            lhs = self.logical(false, lhs, rhs);
        }
        Some(lhs)
    }

    fn count_operator(&mut self, count: &mut u32) -> Option<()> {
        *count += 1;
        if *count > super::parser::MAX_CHAIN {
            self.too_deep();
            return None;
        }
        Some(())
    }

    fn logical(&mut self, or: bool, lhs: Operand, rhs: Operand) -> Operand {
        let operator = if or { "or" } else { "and" };
        for side in [&lhs, &rhs] {
            self.check_void_calls(&side.body, operator);
        }
        let span = self.extended(lhs.span);
        let node = LogicalNode { or, span, lhs, rhs };
        let expr = self.tree.add_expr(ExprKind::Logical(node), Some(span));
        Operand {
            body: vec![expr],
            explicit: false,
            span,
        }
    }

    /// One operand. `operator` is empty when the reading is a try, which reports nothing of its own.
    fn logical_operand(&mut self, operator: &str) -> Option<Operand> {
        if self.s.tok == Tok::LBrace {
            return self.braced_operand(operator);
        }
        let not_at = self.is_negation().then(|| self.loc());
        if not_at.is_some() {
            self.scan();
        }
        if let Some(at) = not_at.filter(|_| self.not_bodies)
            && self.s.tok == Tok::LBrace
        {
            return self.not_body(at);
        }
        if self.s.tok == Tok::LParen
            && self.logical_keywords_active()
            && (not_at.is_none() || self.not_bodies)
        {
            let prefix = if not_at.is_some() { "not " } else { "" };
            if let Ok(group) = self.logical_group(true, prefix) {
                let group = group?;
                return Some(match not_at {
                    Some(at) => self.negation(at, group),
                    None => group,
                });
            }
        }
        let at = self.loc();
        let expr = self.expr()?;
        let span = self
            .tree
            .expr(expr)
            .span
            .unwrap_or_else(|| self.extended(at));
        self.tree.expr_mut(expr).span = Some(span);
        let operand = Operand {
            body: vec![expr],
            explicit: false,
            span,
        };
        Some(match not_at {
            Some(at) if self.not_bodies => self.negation(at, operand),
            Some(_) => {
                self.tree.expr_mut(expr).negated = true;
                operand
            }
            None => operand,
        })
    }

    fn braced_operand(&mut self, operator: &str) -> Option<Operand> {
        let at = self.loc();
        let state = self.save();
        self.scan();
        let empty = self.s.tok == Tok::RBrace;
        let Some(body) = self.body(Tok::RBrace) else {
            if empty || operator.is_empty() {
                return None;
            }
            let failed = self.save();
            self.restore(state);
            if self.term_infix().is_some() {
                let text = self.slice(at.start, self.s.last_end);
                self.error_brace_led(at, text, operator);
                return None;
            }
            self.restore(failed);
            return None;
        };
        self.scan();
        if self.is_ambiguous_union(&body) {
            self.error_ambiguous_union(at, &body, "");
        }
        Some(Operand {
            body,
            explicit: true,
            span: at,
        })
    }

    /// Parentheses around `and`, `or` and `not`; given up when they hold a term.
    pub(super) fn logical_group(&mut self, is_operand: bool, prefix: &str) -> Attempt<Operand> {
        if !self.enter() {
            return Ok(None);
        }
        let group = self.logical_group_inside(is_operand, prefix);
        self.leave();
        group
    }

    fn logical_group_inside(&mut self, is_operand: bool, prefix: &str) -> Attempt<Operand> {
        let start = self.save();
        let at = self.loc();
        self.scan();
        if self.s.tok == Tok::RParen {
            if is_operand {
                self.error(at, "empty parenthesized group");
                return Ok(None);
            }
            self.restore(start);
            return Err(GivenUp);
        }
        let Some(lhs) = self.logical_operand("") else {
            self.restore(start);
            return Err(GivenUp);
        };
        if self.at_logical_operator() {
            return Ok(self.closed_chain(lhs, at));
        }
        if self.s.tok == Tok::With && !lhs.explicit && lhs.body.len() == 1 {
            return self.single_with(lhs, at, is_operand, start);
        }
        if lhs.explicit {
            let braces = self.slice(lhs.span.start, self.s.last_end);
            self.restore(start.clone());
            self.scan();
            let term = self.term();
            self.restore(start);
            if term.is_some() {
                return Err(GivenUp);
            }
            self.hint(format!(
                "drop the parens to keep the body: `{prefix}{braces}`"
            ));
            self.error(at, "`(...)` in an operand position cannot contain a body");
            return Ok(None);
        }
        if self.is_logical(&lhs.body) || self.is_negated(&lhs.body) {
            return Ok(self.close_group(lhs.body, at));
        }
        self.restore(start);
        Err(GivenUp)
    }

    fn closed_chain(&mut self, lhs: Operand, at: Span) -> Option<Operand> {
        let expr = self.or_chain(lhs)?;
        self.attach_with(expr)?;
        self.close_group(vec![expr], at)
    }

    fn close_group(&mut self, body: Vec<ExprId>, at: Span) -> Option<Operand> {
        self.expect_paren()?;
        Some(Operand {
            body,
            explicit: false,
            span: self.extended(at),
        })
    }

    fn single_with(
        &mut self,
        lhs: Operand,
        at: Span,
        is_operand: bool,
        start: super::parser::State,
    ) -> Attempt<Operand> {
        let with_at = self.loc();
        let expr = *lhs.body.first().ok_or(GivenUp)?;
        if self.attach_with(expr).is_none() {
            return Ok(None);
        }
        if self.at_logical_operator() {
            self.error_with_on_operand(with_at, self.s.tok.name());
            return Ok(None);
        }
        if self.expect_paren().is_none() {
            return Ok(None);
        }
        if is_operand || self.at_logical_operator() {
            return Ok(Some(Operand {
                body: lhs.body,
                explicit: false,
                span: self.extended(at),
            }));
        }
        self.restore(start);
        Err(GivenUp)
    }

    fn expect_paren(&mut self) -> Option<()> {
        if self.s.tok != Tok::RParen {
            self.error(self.loc(), "expected ) to close parenthesized group");
            return None;
        }
        self.scan();
        Some(())
    }

    fn is_logical(&self, body: &[ExprId]) -> bool {
        matches!(body, [one] if matches!(self.tree.expr(*one).kind, ExprKind::Logical(_)))
    }

    fn is_negated(&self, body: &[ExprId]) -> bool {
        matches!(body, [one] if self.tree.expr(*one).negated
            || matches!(self.tree.expr(*one).kind, ExprKind::Not { .. }))
    }

    /// Whether the body holds a bare union first, so that `{ … | … }` could also be a comprehension.
    fn is_ambiguous_union(&self, body: &[ExprId]) -> bool {
        let Some(first) = body.first().map(|id| self.tree.expr(*id)) else {
            return false;
        };
        let ExprKind::Call(terms) = &first.kind else {
            return false;
        };
        let Some(operator) = terms.first().map(|id| self.tree.term(*id).span) else {
            return false;
        };
        self.tree.operator(terms).as_deref() == Some("or")
            && self.slice(operator.start, operator.end) == "|"
            && first.span.is_none_or(|span| {
                let text = self.slice(span.start, span.end);
                !text.trim_start().starts_with('(')
            })
    }

    /// The value that a leading brace opens: the first operand of infix operators.
    fn brace_led_value(&self, mut term: TermId) -> TermId {
        while let TermKind::Call(call) = self.tree.kind(term) {
            let operator = self.tree.operator(call);
            let infix = operator.is_some_and(|name| {
                builtins::shape(&name) == Some(Shape::Infix(call.len().saturating_sub(1)))
            });
            match call.get(1) {
                Some(first) if infix => term = *first,
                _ => break,
            }
        }
        term
    }

    fn is_empty_object(&self, expr: ExprId) -> bool {
        let node = self.tree.expr(expr);
        match node.kind {
            ExprKind::Term(term) if node.with.is_empty() => {
                matches!(self.tree.kind(term), TermKind::Object(entries) if entries.is_empty())
            }
            _ => false,
        }
    }

    fn check_void_calls(&mut self, body: &[ExprId], operator: &str) {
        let mut first = None;
        for id in body {
            let node = self.tree.expr(*id);
            let ExprKind::Call(terms) = &node.kind else {
                return;
            };
            let name = self.tree.operator(terms).unwrap_or_default();
            if node.negated || builtins::shape(&name) != Some(Shape::Void) {
                return;
            }
            first.get_or_insert((name, node.span.unwrap_or_default()));
        }
        if let Some((name, at)) = first {
            self.hint(format!(
                "`{name}` produces no value and always succeeds, so the operand can never fail; move it out of the operand, or add an expression that can fail"
            ));
            self.error(
                at,
                &format!("operand of `{operator}` cannot consist only of calls to `{name}`"),
            );
        }
    }

    fn error_with_on_operand(&mut self, at: Span, operator: &str) {
        self.hint(format!(
            "Wrap the operand in `(...)` or `{{...}}` to scope, or move `with` after the `{operator}` expression to apply it to the whole expression"
        ));
        self.error(
            at,
            &format!("`with` modifier is not allowed on operand of `{operator}`"),
        );
    }

    fn error_brace_led(&mut self, at: Span, operand: &str, operator: &str) {
        self.hint(format!(
            "wrap the operand to keep the value: `({operand}) {operator} ...`"
        ));
        self.error(
            at,
            &format!(
                "operand of `{operator}` cannot begin with `{{` unless the braces hold a body"
            ),
        );
    }

    fn error_ambiguous_union(&mut self, at: Span, body: &[ExprId], prefix: &str) {
        let braces = self.slice(at.start, self.s.last_end);
        let first = body.first().and_then(|id| self.tree.expr(*id).span);
        let union = first
            .and_then(|span| {
                let from = span.start.checked_sub(at.start).filter(|n| *n > 0)? as usize;
                let to = span.end.checked_sub(at.start)? as usize;
                Some(format!(
                    "{}({}){}",
                    braces.get(..from)?,
                    braces.get(from..to)?,
                    braces.get(to..)?
                ))
            })
            .unwrap_or_else(|| braces.to_owned());
        self.hint(format!(
            "write `{prefix}({braces})` for the comprehension, or `{prefix}{union}` for the set union"
        ));
        self.error(
            at,
            "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, not as a comprehension",
        );
    }
}
