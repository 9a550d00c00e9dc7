//! Bodies and their expressions.

use super::planner::{Planned, Planner, Then, unplaced};
use super::policy::{Block, Kind, Local, Operand};
use crate::ast::{Every, Expr, ExprKind, Logical, Term, TermValue};

impl<'a> Planner<'a> {
    /// Plans a body.
    pub(super) fn body(&mut self, body: &[Expr], then: Then<'_, 'a>) -> Planned {
        let Some((first, rest)) = body.split_first() else {
            return then(self);
        };
        let before = self.span;
        self.span = first.span;
        let result = self.expr(first, &mut |p| {
            p.body(rest, &mut |p| {
                let current = std::mem::replace(&mut p.span, before);
                let result = then(p);
                p.span = current;
                result
            })
        });
        self.span = before;
        result
    }

    fn expr(&mut self, expr: &Expr, then: Then<'_, 'a>) -> Planned {
        if expr.with.is_empty() {
            self.unmodified(expr, then)
        } else {
            self.modified(expr, then)
        }
    }

    /// Plans an expression without its `with` modifiers.
    pub(super) fn unmodified(&mut self, expr: &Expr, then: Then<'_, 'a>) -> Planned {
        if !expr.negated {
            return self.kind(expr, then);
        }
        let block = self.inside(|p| p.kind(expr, &mut |_| Ok(())))?;
        self.emit(Kind::Not { block });
        then(self)
    }

    fn kind(&mut self, expr: &Expr, then: Then<'_, 'a>) -> Planned {
        match &expr.kind {
            ExprKind::Not(not) => {
                let holds = self.local();
                let mut block = self.scope(&not.body, holds)?;
                let test = unplaced(Kind::IsDefined { source: holds });
                block.statements.push(test);
                self.emit(Kind::Not { block });
                then(self)
            }
            ExprKind::And(sides) => self.and(sides, then),
            ExprKind::Or(sides) => self.or(sides, then),
            ExprKind::Call(terms) => self.call(terms, then),
            ExprKind::Every(every) => self.every(every, then),
            ExprKind::Term(term) => self.test(term, then),
            ExprKind::Some(_) => then(self),
        }
    }

    /// A term that stands alone.
    fn test(&mut self, term: &Term, then: Then<'_, 'a>) -> Planned {
        match &term.value {
            TermValue::Boolean(false) => {
                self.emit(Kind::Break { index: 0 });
                then(self)
            }
            TermValue::Ref(_) | TermValue::Var(_) => self.term(term, &mut |p| {
                p.is_not_false(p.target);
                then(p)
            }),
            // All other constants hold.
            _ => then(self),
        }
    }

    pub(super) fn is_not_false(&mut self, a: Operand) {
        self.emit(Kind::NotEqual {
            a,
            b: Operand::Boolean(false),
        });
    }

    /// A block that plans a body with variables of its own, and sets `holds` to true where the body holds.
    fn scope(&mut self, body: &[Expr], holds: Local) -> Planned<Block> {
        self.variables.enter();
        let block = self.inside(|p| {
            p.body(body, &mut |p| {
                p.emit(Kind::AssignVar {
                    source: Operand::Boolean(true),
                    target: holds,
                });
                Ok(())
            })
        });
        self.variables.leave();
        block
    }

    fn and(&mut self, sides: &Logical, then: Then<'_, 'a>) -> Planned {
        let holds = self.local();
        for side in [&sides.lhs, &sides.rhs] {
            self.emit(Kind::ResetLocal { target: holds });
            let block = self.scope(side, holds)?;
            self.emit(Kind::Block {
                blocks: vec![block],
            });
            self.emit(Kind::IsDefined { source: holds });
        }
        then(self)
    }

    fn or(&mut self, sides: &Logical, then: Then<'_, 'a>) -> Planned {
        let holds = self.local();
        self.emit(Kind::ResetLocal { target: holds });
        let left = self.scope(&sides.lhs, holds)?;
        self.emit(Kind::Block { blocks: vec![left] });
        let right = self.scope(&sides.rhs, holds)?;
        // Where the left side holds, the right one is not asked.
        let alone = |kinds: Vec<Kind>| Block {
            statements: kinds.into_iter().map(unplaced).collect(),
        };
        let skip = alone(vec![
            Kind::IsDefined { source: holds },
            Kind::Break { index: 1 },
        ]);
        let outer = alone(vec![
            Kind::Block { blocks: vec![skip] },
            Kind::Block {
                blocks: vec![right],
            },
        ]);
        self.emit(Kind::Block {
            blocks: vec![outer],
        });
        self.emit(Kind::IsDefined { source: holds });
        then(self)
    }

    /// `every` holds where there is no entry for which its body does not hold.
    fn every(&mut self, every: &Every, then: Then<'_, 'a>) -> Planned {
        let fails = self.local();
        let holds = self.local();
        self.emit(Kind::ResetLocal { target: fails });
        self.term(&every.domain, &mut |p| {
            p.is_collection(p.target);
            let mut entry = |p: &mut Self, _| {
                p.emit(Kind::ResetLocal { target: holds });
                let value = p.target;
                let block = p.inside(|p| {
                    p.unify_operand(value, &every.value, &mut |p| {
                        p.body(&every.body, &mut |p| {
                            p.emit(Kind::AssignVar {
                                source: Operand::Boolean(true),
                                target: holds,
                            });
                            Ok(())
                        })
                    })
                })?;
                p.emit(Kind::Block {
                    blocks: vec![block],
                });
                p.emit(Kind::IsUndefined { source: holds });
                p.emit(Kind::AssignVar {
                    source: Operand::Boolean(true),
                    target: fails,
                });
                Ok(())
            };
            match &every.key {
                Some(key) => p.scan(key, &mut entry),
                None => p.refused("every without a key is not supported"),
            }
        })?;
        self.emit(Kind::IsUndefined { source: fails });
        then(self)
    }

    /// Leaves the expression unless the value can be iterated.
    fn is_collection(&mut self, source: Operand) {
        let kinds = [
            Kind::IsArray { source },
            Kind::IsObject { source },
            Kind::IsSet { source },
        ];
        let found = kinds.map(|kind| self.block_of([kind, Kind::Break { index: 1 }]));
        let tests = unplaced(Kind::Block {
            blocks: found.into(),
        });
        let none = unplaced(Kind::Break { index: 1 });
        self.emit(Kind::Block {
            blocks: vec![Block {
                statements: vec![tests, none],
            }],
        });
    }
}
