//! Terms: where they stand when a statement reads them.

use super::planner::{Planned, Planner, Then};
use super::policy::{Kind, Local, Operand};
use crate::ast::order::{sorted_entries, sorted_terms};
use crate::ast::{Body, Term, TermValue};

impl<'a> Planner<'a> {
    /// Plans a term and leaves it in the target.
    pub(super) fn term(&mut self, term: &Term, then: Then<'_, 'a>) -> Planned {
        match &term.value {
            TermValue::Null => {
                let target = self.local();
                self.emit(Kind::MakeNull { target });
                self.target = Operand::Local(target);
                then(self)
            }
            TermValue::Boolean(value) => {
                self.target = Operand::Boolean(*value);
                then(self)
            }
            TermValue::Number(text) => {
                let index = self.text(text);
                let target = self.local();
                self.emit(Kind::MakeNumberRef { index, target });
                self.target = Operand::Local(target);
                then(self)
            }
            TermValue::String(text) => {
                self.target = Operand::Text(self.text(text));
                then(self)
            }
            TermValue::Var(name) => {
                let local = self.variables.get(name).unwrap_or_else(|| {
                    let local = self.local();
                    self.variables.put(name, local);
                    local
                });
                self.target = Operand::Local(local);
                then(self)
            }
            TermValue::Ref(parts) => self.reference(parts, then),
            TermValue::Array(items) => {
                let array = self.local();
                self.emit(Kind::MakeArray {
                    capacity: items.len(),
                    target: array,
                });
                self.items(items, array, then)
            }
            TermValue::Object(entries) => {
                let object = self.local();
                self.emit(Kind::MakeObject { target: object });
                self.entries(&sorted_entries(entries), object, then)
            }
            TermValue::Set(items) => self.set(&sorted_terms(items), then),
            TermValue::ArrayComprehension(it) => {
                self.span = term.span;
                let array = self.local();
                self.emit(Kind::MakeArray {
                    capacity: 0,
                    target: array,
                });
                let collect = &mut |p: &mut Self| {
                    p.term(&it.term, &mut |p| {
                        let value = p.target;
                        p.emit(Kind::ArrayAppend { value, array });
                        Ok(())
                    })
                };
                self.comprehension(&it.body, collect, array, then)
            }
            TermValue::SetComprehension(it) => {
                self.span = term.span;
                let set = self.local();
                self.emit(Kind::MakeSet { target: set });
                let collect = &mut |p: &mut Self| {
                    p.term(&it.term, &mut |p| {
                        let value = p.target;
                        p.emit(Kind::SetAdd { value, set });
                        Ok(())
                    })
                };
                self.comprehension(&it.body, collect, set, then)
            }
            TermValue::ObjectComprehension(it) => {
                self.span = term.span;
                let object = self.local();
                self.emit(Kind::MakeObject { target: object });
                let collect = &mut |p: &mut Self| {
                    p.term(&it.key, &mut |p| {
                        let key = p.target;
                        p.term(&it.value, &mut |p| {
                            let value = p.target;
                            p.emit(Kind::ObjectInsertOnce { key, value, object });
                            Ok(())
                        })
                    })
                };
                self.comprehension(&it.body, collect, object, then)
            }
            TermValue::Template(_) | TermValue::Call(_) => {
                let name = term.value.kind_name();
                self.refused(format!("{name} term not implemented"))
            }
        }
    }

    fn items(&mut self, items: &[Term], array: Local, then: Then<'_, 'a>) -> Planned {
        let Some((first, rest)) = items.split_first() else {
            self.target = Operand::Local(array);
            return then(self);
        };
        self.term(first, &mut |p| {
            let value = p.target;
            p.emit(Kind::ArrayAppend { value, array });
            p.items(rest, array, then)
        })
    }

    fn entries(&mut self, entries: &[&(Term, Term)], object: Local, then: Then<'_, 'a>) -> Planned {
        let Some(((key, value), rest)) = entries.split_first().map(|(first, rest)| (*first, rest))
        else {
            self.target = Operand::Local(object);
            return then(self);
        };
        self.term(key, &mut |p| {
            let key = p.target;
            p.term(value, &mut |p| {
                let value = p.target;
                p.emit(Kind::ObjectInsert { key, value, object });
                p.entries(rest, object, then)
            })
        })
    }

    /// A set of these members, which are in order.
    pub(super) fn set(&mut self, items: &[&Term], then: Then<'_, 'a>) -> Planned {
        let set = self.local();
        self.emit(Kind::MakeSet { target: set });
        self.members(items, set, then)
    }

    fn members(&mut self, items: &[&Term], set: Local, then: Then<'_, 'a>) -> Planned {
        let Some((first, rest)) = items.split_first() else {
            self.target = Operand::Local(set);
            return then(self);
        };
        self.term(first, &mut |p| {
            let value = p.target;
            p.emit(Kind::SetAdd { value, set });
            p.members(rest, set, then)
        })
    }

    /// Plans terms one after the other.
    pub(super) fn terms(
        &mut self,
        terms: &[&Term],
        found: &[Operand],
        then: &mut dyn FnMut(&mut Self, &[Operand]) -> Planned,
    ) -> Planned {
        let Some((first, rest)) = terms.split_first() else {
            return then(self, found);
        };
        self.term(first, &mut |p| {
            let mut found = found.to_vec();
            found.push(p.target);
            p.terms(rest, &found, then)
        })
    }

    /// Plans a body into a block of its own, where `collect` puts what it finds into `result`.
    fn comprehension(
        &mut self,
        body: &Body,
        collect: Then<'_, 'a>,
        result: Local,
        then: Then<'_, 'a>,
    ) -> Planned {
        // What the body binds means nothing outside of it.
        self.variables.enter();
        let span = self.span;
        let block = self.inside(|p| p.body(body, collect))?;
        self.span = span;
        self.variables.leave();
        self.emit(Kind::Block {
            blocks: vec![block],
        });
        self.target = Operand::Local(result);
        then(self)
    }
}
