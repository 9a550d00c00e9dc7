//! What is taken back: expressions that failed or are asked for another answer, and bodies that are left.

use std::collections::HashSet;
use std::sync::Arc;

use super::{ENOUGH, Open, Tracer};
use crate::trace::Op;

impl Tracer<'_, '_> {
    /// The innermost body held before: its last expression has another answer.
    pub(super) fn again(&mut self) {
        let Some(open) = self.open.last() else { return };
        let (Some(at), true) = (open.at, open.held) else {
            return;
        };
        let scope = Arc::clone(&open.scope);
        self.around(Op::Redo, (open.query, open.parent), &scope);
        self.redo(at, true);
    }

    /// Takes back the innermost body's expressions down to `to`, which goes on with another answer if there is one.
    pub(super) fn back(&mut self, to: usize, goes_on: bool) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let Some(at) = open.at else { return };
        let held = std::mem::take(&mut open.held);
        let scope = Arc::clone(&open.scope);
        let ids = (open.query, open.parent);
        let mut from = at + 1;
        let early = open.early;
        if held {
            // Rules that answered one that was left at its first answer are not asked again.
            if !(self.unwinding && scope.rule) {
                self.around(Op::Redo, ids, &scope);
            }
        } else {
            // The rules that answered it are left before an expression fails.
            let (answered, kept) = std::mem::take(&mut open.answered)
                .into_iter()
                .partition::<Vec<_>, _>(|(expr, _)| *expr == at);
            open.answered = kept;
            for (_, inner) in answered.into_iter().rev() {
                self.retire(inner);
            }
            self.about(Op::Fail, at);
            from = at;
        }
        let outer = self.unwinding;
        self.unwinding |= early && held;
        for expr in (to..from).rev() {
            self.redo(expr, expr == to && goes_on);
        }
        self.unwinding = outer;
    }

    /// Takes an expression back; one that goes on keeps the rules that answered it.
    pub(super) fn redo(&mut self, expr: usize, goes_on: bool) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let negated = open.scope.exprs.get(expr).is_some_and(|step| step.negated);
        let mut again = Vec::new();
        let mut kept = Vec::new();
        for (at, inner) in std::mem::take(&mut open.answered) {
            if at == expr && !(goes_on && inner.scope.rule) {
                again.push(inner);
            } else {
                kept.push((at, inner));
            }
        }
        open.answered = kept;
        if !negated {
            self.about(Op::Redo, expr);
        }
        for inner in again.into_iter().rev() {
            if inner.scope.every {
                self.around(Op::Exit, (inner.query, inner.parent), &inner.scope);
            } else {
                self.retire(inner);
            }
        }
    }

    /// Takes back everything of a body that is asked for no more.
    pub(super) fn retire(&mut self, open: Open) {
        self.open.push(open);
        self.back(0, false);
        self.open.pop();
    }

    /// The innermost body is left.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if open.scope.every {
            return self.close_every(open);
        }
        if self.once && self.events.len() > open.from + ENOUGH {
            let mut seen = HashSet::new();
            let mut tail = self.events.split_off(open.from);
            tail.retain(|event| seen.insert((event.op.as_str(), event.span)));
            self.events.append(&mut tail);
        }
        let asker = self.calls.len().checked_sub(2).map(|at| &self.calls[at]);
        let asked_once = open.scope.rule && asker.is_some_and(|call| call.package.is_some());
        if open.held
            && !open.scope.collects
            && !asked_once
            && let Some(outer) = self.open.last_mut()
        {
            let at = outer.at.unwrap_or_default();
            outer.answered.push((at, open));
        } else {
            self.retire(open);
        }
    }

    /// An `every` is left, after its last member or one for which its body did not hold.
    pub(super) fn close_every(&mut self, every: Open) {
        if every.held {
            if let Some(outer) = self.open.last_mut() {
                let at = outer.at.unwrap_or_default();
                outer.answered.push((at, every));
            }
            return;
        }
        let ids = (every.query, every.parent);
        let scope = Arc::clone(&every.scope);
        self.around(Op::Redo, ids, &scope);
        self.open.push(every);
        self.about(Op::Redo, 0);
        self.open.pop();
        self.around(Op::Fail, ids, &scope);
    }

    pub(super) fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.close();
        }
    }
}
