//! Unification: assignments where a side is not known yet, comparisons where both are.

use super::planner::{Planned, Planner, Then};
use super::policy::{Kind, Local, Operand};
use crate::ast::order::{sorted_entries, sorted_terms};
use crate::ast::{Term, TermValue, Var};

type Entries<'e> = [&'e (Term, Term)];

impl<'a> Planner<'a> {
    /// `a = b`
    pub(super) fn unify(&mut self, a: &Term, b: &Term, then: Then<'_, 'a>) -> Planned {
        match (&a.value, &b.value) {
            (
                TermValue::Null
                | TermValue::Boolean(_)
                | TermValue::Number(_)
                | TermValue::String(_)
                | TermValue::Ref(_)
                | TermValue::Set(_)
                | TermValue::SetComprehension(_)
                | TermValue::ArrayComprehension(_)
                | TermValue::ObjectComprehension(_),
                _,
            ) => self.term(a, &mut |p| p.unify_operand(p.target, b, then)),
            (TermValue::Var(name), _) => self.unify_variable(name, b, then),
            (TermValue::Array(_) | TermValue::Object(_), TermValue::Var(name)) => {
                self.unify_variable(name, a, then)
            }
            (TermValue::Array(items), TermValue::Ref(_) | TermValue::ArrayComprehension(_)) => {
                self.term(b, &mut |p| p.unify_items(p.target, items, then))
            }
            (TermValue::Array(one), TermValue::Array(other)) => {
                // Arrays of other lengths are never equal, and what follows is left out.
                if one.len() == other.len() {
                    self.unify_pairs(one, other, then)
                } else {
                    Ok(())
                }
            }
            (TermValue::Object(entries), TermValue::Ref(_)) => {
                let entries = sorted_entries(entries);
                self.term(b, &mut |p| p.unify_entries(p.target, &entries, then))
            }
            (TermValue::Object(one), TermValue::Object(other)) => {
                self.unify_objects((a, &sorted_entries(one)), (b, &sorted_entries(other)), then)
            }
            _ => self.refused(format!("not implemented: unify({a}, {b})")),
        }
    }

    fn unify_variable(&mut self, name: &Var, b: &Term, then: Then<'_, 'a>) -> Planned {
        if let Some(local) = self.variables.get(name) {
            return self.unify_operand(Operand::Local(local), b, then);
        }
        self.term(b, &mut |p| {
            // The term may have bound the variable itself: `a = input.x[a]`.
            let value = p.target;
            if let Some(local) = p.variables.get(name) {
                p.emit(Kind::Equal {
                    a: Operand::Local(local),
                    b: value,
                });
            } else {
                p.assign(name, value);
            }
            then(p)
        })
    }

    /// Binds a variable.
    fn assign(&mut self, name: &Var, source: Operand) {
        let target = self.local();
        self.variables.put(name, target);
        self.emit(Kind::AssignVar { source, target });
    }

    /// `a = b` where `a` is known.
    pub(super) fn unify_operand(&mut self, a: Operand, b: &Term, then: Then<'_, 'a>) -> Planned {
        // Two constants are compared here and now.
        let same = match (a, &b.value) {
            (Operand::Text(index), TermValue::String(text)) => Some(self.text(text) == index),
            (Operand::Boolean(one), TermValue::Boolean(other)) => Some(one == *other),
            _ => None,
        };
        if let Some(same) = same {
            if !same {
                self.emit(Kind::Break { index: 0 });
            }
            return then(self);
        }
        match &b.value {
            TermValue::Var(name) => {
                if let Some(local) = self.variables.get(name) {
                    self.emit(Kind::Equal {
                        a,
                        b: Operand::Local(local),
                    });
                } else {
                    self.assign(name, a);
                }
                then(self)
            }
            TermValue::Array(items) => self.unify_items(a, items, then),
            TermValue::Object(entries) => self.unify_entries(a, &sorted_entries(entries), then),
            TermValue::Template(_) | TermValue::Call(_) => {
                self.refused(format!("not implemented: unify with {b}"))
            }
            _ => self.term(b, &mut |p| {
                let b = p.target;
                p.emit(Kind::Equal { a, b });
                then(p)
            }),
        }
    }

    /// Tests that the known value has this many members.
    fn of_length(&mut self, source: Operand, length: usize) {
        let expected = self.local();
        let found = self.local();
        self.emit(Kind::Length {
            source,
            target: found,
        });
        self.emit(Kind::MakeNumberInt {
            value: length,
            target: expected,
        });
        self.emit(Kind::Equal {
            a: Operand::Local(found),
            b: Operand::Local(expected),
        });
    }

    fn unify_items(&mut self, a: Operand, items: &[Term], then: Then<'_, 'a>) -> Planned {
        self.emit(Kind::IsArray { source: a });
        self.of_length(a, items.len());
        let key = self.local();
        self.emit(Kind::MakeNumberInt {
            value: 0,
            target: key,
        });
        let value = self.local();
        self.unify_item(a, (items, 0), (key, value), then)
    }

    fn unify_item(
        &mut self,
        a: Operand,
        (items, at): (&[Term], usize),
        (key, value): (Local, Local),
        then: Then<'_, 'a>,
    ) -> Planned {
        let Some(item) = items.get(at) else {
            return then(self);
        };
        self.emit(Kind::AssignInt {
            value: at,
            target: key,
        });
        self.emit(Kind::Dot {
            source: a,
            key: Operand::Local(key),
            target: value,
        });
        self.unify_operand(Operand::Local(value), item, &mut |p| {
            p.unify_item(a, (items, at + 1), (key, value), then)
        })
    }

    fn unify_entries(&mut self, a: Operand, entries: &Entries<'_>, then: Then<'_, 'a>) -> Planned {
        self.emit(Kind::IsObject { source: a });
        self.of_length(a, entries.len());
        let value = self.local();
        self.unify_entry(a, entries, value, then)
    }

    fn unify_entry(
        &mut self,
        a: Operand,
        entries: &Entries<'_>,
        value: Local,
        then: Then<'_, 'a>,
    ) -> Planned {
        let Some(((key, wanted), rest)) = entries.split_first().map(|(first, rest)| (*first, rest))
        else {
            return then(self);
        };
        self.term(key, &mut |p| {
            let key = p.target;
            p.emit(Kind::Dot {
                source: a,
                key,
                target: value,
            });
            p.unify_operand(Operand::Local(value), wanted, &mut |p| {
                p.unify_entry(a, rest, value, then)
            })
        })
    }

    fn unify_pairs(&mut self, one: &[Term], other: &[Term], then: Then<'_, 'a>) -> Planned {
        let (Some((a, ones)), Some((b, others))) = (one.split_first(), other.split_first()) else {
            return then(self);
        };
        self.unify(a, b, &mut |p| p.unify_pairs(ones, others, then))
    }

    /// Members whose keys are the same terms are unified; those under other keys are looked up and compared.
    fn unify_objects(
        &mut self,
        (a, ones): (&Term, &Entries<'_>),
        (b, others): (&Term, &Entries<'_>),
        then: Then<'_, 'a>,
    ) -> Planned {
        if ones.len() != others.len() {
            return Ok(());
        }
        let mut shared = Vec::new();
        let mut keys = Vec::new();
        for (key, value) in ones {
            match others.iter().find(|(other, _)| other == key) {
                Some((_, other)) => shared.push((value, other)),
                None => keys.push(key.clone()),
            }
        }
        let keys: Vec<Term> = sorted_terms(&keys).into_iter().cloned().collect();
        self.unify_values(&shared, &mut |p| {
            if keys.is_empty() {
                return then(p);
            }
            p.term(a, &mut |p| {
                let a = p.target;
                p.term(b, &mut |p| {
                    let b = p.target;
                    let locals = (p.local(), p.local());
                    p.compare_members((a, b), &keys, locals, then)
                })
            })
        })
    }

    fn unify_values(&mut self, pairs: &[(&Term, &Term)], then: Then<'_, 'a>) -> Planned {
        let Some(((a, b), rest)) = pairs.split_first() else {
            return then(self);
        };
        self.unify(a, b, &mut |p| p.unify_values(rest, then))
    }

    fn compare_members(
        &mut self,
        (a, b): (Operand, Operand),
        keys: &[Term],
        (one, other): (Local, Local),
        then: Then<'_, 'a>,
    ) -> Planned {
        let Some((first, rest)) = keys.split_first() else {
            return then(self);
        };
        self.term(first, &mut |p| {
            let key = p.target;
            for (source, target) in [(a, one), (b, other)] {
                p.emit(Kind::Dot {
                    source,
                    key,
                    target,
                });
            }
            p.emit(Kind::Equal {
                a: Operand::Local(one),
                b: Operand::Local(other),
            });
            p.compare_members((a, b), rest, (one, other), then)
        })
    }
}
