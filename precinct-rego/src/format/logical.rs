//! Chains of `and` and `or`.

use crate::ast::{Body, Expr, ExprKind};

use super::exprs::{is_union_expr, renders_brace_first};
use super::writer::{Notes, Place, Step, Writer, closing_row, line_breaks, tolerate};

/// One operand of a chain.
struct Operand<'e, 'a> {
    body: &'e Body,
    /// Where the braces open, of operands that have them.
    braces: Option<Place<'a>>,
    parens: bool,
}

/// An operator with its right operand.
struct Link<'e, 'a> {
    operator: &'static str,
    rhs: Operand<'e, 'a>,
    /// The row on which everything to the left of the operator ends.
    lhs_end: i64,
}

/// The parts of an expression of `and` or `or`.
fn parts(expr: &Expr) -> Option<(&'static str, &crate::ast::Logical)> {
    match &expr.kind {
        ExprKind::And(logical) => Some(("and", logical)),
        ExprKind::Or(logical) => Some(("or", logical)),
        _ => None,
    }
}

/// Whether an operand has to be grouped to be read back as the same expression.
fn needs_parens(expr: &Expr, operator: &str, right: bool) -> bool {
    if !expr.with.is_empty() {
        return true;
    }
    match expr.kind {
        ExprKind::Or(_) => operator == "and" || right,
        ExprKind::And(_) => operator == "and" && right,
        _ => renders_brace_first(expr),
    }
}

/// The expression that a chain is written with first, if it stands without braces and parentheses.
pub(super) fn leading_operand(expr: &Expr) -> Option<&Expr> {
    let (operator, logical) = parts(expr)?;
    match logical.lhs.as_slice() {
        [one] if !logical.lhs_explicit && !needs_parens(one, operator, false) => {
            if parts(one).is_some() {
                leading_operand(one)
            } else {
                Some(one)
            }
        }
        _ => None,
    }
}

impl<'a> Writer<'a> {
    pub(super) fn logical(&mut self, expr: &Expr, notes: Notes<'a>) -> Step<'a> {
        let Some((first, links)) = self.flatten(expr) else {
            return Ok(notes);
        };
        let mut notes = tolerate(self.operand(&first, notes))?;
        let level = self.level;
        for link in &links {
            self.write(&format!(" {}", link.operator));
            if self.breaks_line(link) {
                if self.level == level {
                    self.up();
                }
                self.end_line();
                self.start_line();
            } else {
                self.write(" ");
            }
            match tolerate(self.operand(&link.rhs, notes)) {
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

    /// Whether the right operand starts on a row below all that is left of the operator.
    fn breaks_line(&self, link: &Link<'_, 'a>) -> bool {
        let start = match link.rhs.braces {
            Some(place) => Some(place.row),
            None => link.rhs.body.first().map(|e| self.place(e.span).row),
        };
        start.is_some_and(|row| row > link.lhs_end)
    }

    fn operand(&mut self, operand: &Operand<'_, 'a>, mut notes: Notes<'a>) -> Step<'a> {
        let (Some(first), Some(last)) = (operand.body.first(), operand.body.last()) else {
            self.write("{}");
            return Ok(notes);
        };
        let Some(place) = operand.braces else {
            if operand.parens {
                self.write("(");
            }
            let step = self.expr(first, notes);
            if operand.parens {
                self.write(")");
            }
            return step;
        };
        if is_union_expr(first) {
            self.paren_expr = Some(std::ptr::from_ref(first));
        }
        self.write("{");
        notes = tolerate(self.braced_body(b'{', b'}', operand.body, place, place, notes))?;
        if self.place(last.span).row == place.row {
            self.write(" ");
        }
        self.write("}");
        Ok(notes)
    }

    /// The first operand of a chain, and what follows. Nested chains that need no parentheses become one.
    fn flatten<'e>(&self, expr: &'e Expr) -> Option<(Operand<'e, 'a>, Vec<Link<'e, 'a>>)> {
        let mut links = Vec::new();
        let mut current = expr;
        loop {
            let (operator, logical) = parts(current)?;
            let node = self.place(current.span);
            let rhs = self.new_operand(&logical.rhs, logical.rhs_explicit, operator, true, node);
            if let [one] = logical.lhs.as_slice()
                && !logical.lhs_explicit
                && parts(one).is_some()
                && !needs_parens(one, operator, false)
            {
                links.push(Link {
                    operator,
                    rhs,
                    lhs_end: self.body_end(&logical.lhs),
                });
                current = one;
                continue;
            }
            let first = self.new_operand(&logical.lhs, logical.lhs_explicit, operator, false, node);
            let lhs_end = self.operand_end(&first);
            links.push(Link {
                operator,
                rhs,
                lhs_end,
            });
            links.reverse();
            return Some((first, links));
        }
    }

    fn new_operand<'e>(
        &self,
        body: &'e Body,
        explicit: bool,
        operator: &str,
        right: bool,
        node: Place<'a>,
    ) -> Operand<'e, 'a> {
        match body.as_slice() {
            [one] if !explicit => Operand {
                body,
                braces: None,
                parens: needs_parens(one, operator, right),
            },
            _ => Operand {
                body,
                braces: Some(self.brace_place(node, body)),
                parens: false,
            },
        }
    }

    fn operand_end(&self, operand: &Operand<'_, 'a>) -> i64 {
        let closing = operand
            .braces
            .map(|place| closing_row(None, b'{', b'}', place));
        closing
            .filter(|row| *row > 0)
            .unwrap_or_else(|| self.body_end(operand.body))
    }

    fn body_end(&self, body: &Body) -> i64 {
        body.last().map_or(0, |expr| {
            let place = self.place(expr.span);
            place.row + line_breaks(place.text.trim_end_matches([' ', '\t', '\r', '\n']))
        })
    }

    /// Where the brace of a body opens: the last one in front of its first expression.
    fn brace_place(&self, node: Place<'a>, body: &Body) -> Place<'a> {
        let Some(first) = body.first().map(|expr| self.place(expr.span)) else {
            return node;
        };
        let until = first
            .offset
            .saturating_sub(node.offset)
            .min(node.text.len());
        let before = node.text.get(..until).unwrap_or_default();
        let Some(at) = before.rfind('{') else {
            return node;
        };
        Place {
            row: node.row + line_breaks(node.text.get(..at).unwrap_or_default()),
            offset: node.offset + at,
            text: node.text.get(at..).unwrap_or_default(),
            made_up: node.made_up,
        }
    }
}
