//! References: members one by one, and loops over all members where a variable has no value yet.

use super::documents::Base;
use super::planner::{Planned, Planner, Then, WithLocal, head};
use super::policy::{Kind, Local, Operand};
use crate::ast::{Term, TermValue};
use crate::compile::visit::{self, Node};

impl<'a> Planner<'a> {
    pub(super) fn reference(&mut self, parts: &[Term], then: Then<'_, 'a>) -> Planned {
        let Some(name) = head(parts) else {
            return self.refused("illegal ref: non-var head");
        };
        if &**name == "data" {
            let base = Base::at(self.variable("data"));
            return self.document(self.tree.data(), &base, parts, 1, then);
        }
        if parts.len() == 1 && &**name == "input" {
            let source = self.variable("input");
            self.emit(Kind::IsDefined { source });
        }
        let Some(local) = self.variables.get(name) else {
            return self.refused("illegal ref: unsafe head");
        };
        self.target = Operand::Local(local);
        self.operands(&parts[1..], then)
    }

    /// The rest of a reference into the value that is the target.
    pub(super) fn operands(&mut self, parts: &[Term], then: Then<'_, 'a>) -> Planned {
        let Some((first, rest)) = parts.split_first() else {
            return then(self);
        };
        if self.has_new_variables(first) {
            self.scan(first, &mut |p, _| p.operands(rest, then))
        } else {
            self.member(first, &mut |p| p.operands(rest, then))
        }
    }

    fn has_new_variables(&self, part: &Term) -> bool {
        let mut found = false;
        visit::term(part, &mut |node| {
            if let Node::Term(Term {
                value: TermValue::Var(name),
                ..
            }) = node
            {
                found |= self.variables.get(name).is_none();
            }
            found
        });
        found
    }

    fn member(&mut self, key: &Term, then: Then<'_, 'a>) -> Planned {
        let source = self.target;
        self.term(key, &mut |p| {
            let key = p.target;
            let target = p.local();
            p.emit(Kind::Dot {
                source,
                key,
                target,
            });
            p.target = Operand::Local(target);
            then(p)
        })
    }

    /// All members of the target whose keys are that term. `then` is told the key, and the target is the value.
    pub(super) fn scan(&mut self, wanted: &Term, then: WithLocal<'_, 'a>) -> Planned {
        self.each_member(&mut |p, key, value| {
            p.unify_operand(Operand::Local(key), wanted, &mut |p| {
                p.target = Operand::Local(value);
                then(p, key)
            })
        })
    }

    /// All members of the target that are that term.
    pub(super) fn scan_values(&mut self, wanted: &Term, then: WithLocal<'_, 'a>) -> Planned {
        self.each_member(&mut |p, _, value| {
            p.unify_operand(Operand::Local(value), wanted, &mut |p| {
                p.target = Operand::Local(value);
                then(p, value)
            })
        })
    }

    /// All members of the target; `each` is told key and value.
    fn each_member(&mut self, each: &mut dyn FnMut(&mut Self, Local, Local) -> Planned) -> Planned {
        let source = self.local_target()?;
        let (key, value) = (self.local(), self.local());
        let block = self.inside(|p| each(p, key, value))?;
        self.emit(Kind::Scan {
            source,
            key,
            value,
            block,
        });
        Ok(())
    }
}
