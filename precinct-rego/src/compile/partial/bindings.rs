//! What variables stand for. Each body that is being evaluated has a table of its own; a value points to the table that
//! its own variables belong to.

use std::borrow::Cow;

use crate::ast::order::{sorted_entries, sorted_terms};
use crate::ast::{Term, TermValue, Var};
use crate::compile::vars;
use crate::compile::visit::is_ground;

/// The position of a table.
pub(super) type At = usize;

/// The table of the query itself: its variables keep their names.
pub(super) const QUERY: At = 0;

#[derive(Debug)]
struct Table {
    /// What the variables' names get appended outside of their table.
    id: u64,
    values: Vec<(Var, Term, At)>,
}

#[derive(Debug, Default)]
pub(super) struct Bindings {
    tables: Vec<Table>,
}

impl Bindings {
    pub(super) fn push(&mut self, id: u64) -> At {
        self.tables.push(Table {
            id,
            values: Vec::new(),
        });
        self.tables.len() - 1
    }

    pub(super) fn pop(&mut self) {
        self.tables.pop();
    }

    fn get(&self, name: &Var, at: At) -> Option<(&Term, At)> {
        let table = self.tables.get(at)?;
        let (_, value, next) = table.values.iter().rev().find(|(it, ..)| it == name)?;
        Some((value, *next))
    }

    pub(super) fn bind(&mut self, name: &Var, at: At, value: Term, next: At) {
        if let Some(table) = self.tables.get_mut(at) {
            table.values.push((name.clone(), value, next));
        }
    }

    pub(super) fn unbind(&mut self, name: &Var, at: At) {
        if let Some(table) = self.tables.get_mut(at)
            && let Some(position) = table.values.iter().rposition(|(it, ..)| it == name)
        {
            table.values.remove(position);
        }
    }

    /// The variables that have a value in the table, in the order in which they got it.
    pub(super) fn bound(&self, at: At) -> Vec<Var> {
        self.tables.get(at).map_or_else(Vec::new, |table| {
            table.values.iter().map(|(name, ..)| name.clone()).collect()
        })
    }

    /// What the term stands for: itself, unless it is a variable with a value.
    pub(super) fn apply<'t>(&'t self, term: &'t Term, at: At) -> (&'t Term, At) {
        let (mut term, mut at) = (term, at);
        while let TermValue::Var(name) = &term.value {
            match self.get(name, at) {
                Some((value, next)) => (term, at) = (value, next),
                None => break,
            }
        }
        (term, at)
    }

    /// As [`Bindings::apply`], free of the tables.
    pub(super) fn applied<'t>(&self, term: &'t Term, at: At) -> (Cow<'t, Term>, At) {
        if !matches!(term.value, TermValue::Var(_)) {
            return (Cow::Borrowed(term), at);
        }
        let (value, next) = self.apply(term, at);
        (Cow::Owned(value.clone()), next)
    }

    /// The term with its variables replaced by what they stand for; others keep their names.
    pub(super) fn plug(&self, term: &Term, at: At) -> Term {
        self.plugged(term, at, None)
    }

    /// As [`Bindings::plug`], the names of variables of other tables than that of `outside` made unique.
    pub(super) fn plug_for(&self, term: &Term, at: At, outside: At) -> Term {
        self.plugged(term, at, Some(outside))
    }

    fn plugged(&self, term: &Term, at: At, outside: Option<At>) -> Term {
        let plug = |it: &Term| self.plugged(it, at, outside);
        let value = match &term.value {
            TermValue::Var(_) => {
                let (value, next) = self.apply(term, at);
                return match &value.value {
                    TermValue::Var(name) => Term {
                        span: value.span,
                        value: TermValue::Var(self.outside_name(name, next, outside)),
                    },
                    _ => self.plugged(value, next, outside),
                };
            }
            TermValue::Array(items) if !is_ground(&term.value) => {
                TermValue::Array(items.iter().map(plug).collect())
            }
            TermValue::Object(entries) if !is_ground(&term.value) => {
                let entries: Vec<(Term, Term)> = entries
                    .iter()
                    .map(|(key, value)| (plug(key), plug(value)))
                    .collect();
                TermValue::Object(sorted_entries(&entries).into_iter().cloned().collect())
            }
            TermValue::Set(items) if !is_ground(&term.value) => {
                let items: Vec<Term> = items.iter().map(plug).collect();
                TermValue::Set(sorted_terms(&items).into_iter().cloned().collect())
            }
            TermValue::Ref(parts) => TermValue::Ref(parts.iter().map(plug).collect()),
            _ => return term.clone(),
        };
        Term {
            span: term.span,
            value,
        }
    }

    /// The name of a variable without a value, outside of its table.
    pub(super) fn outside_name(&self, name: &Var, at: At, outside: Option<At>) -> Var {
        match (outside, self.tables.get(at)) {
            (Some(outside), Some(table)) if outside != at && !vars::is_root(name) => {
                format!("{name}{}", table.id).into()
            }
            _ => name.clone(),
        }
    }

    /// The names of variables made unique, in terms but not in the comprehensions that they hold.
    pub(super) fn renamed(&self, term: &Term, at: At, outside: At) -> Term {
        let rename = |it: &Term| self.renamed(it, at, outside);
        let value = match &term.value {
            TermValue::Var(name) => TermValue::Var(self.outside_name(name, at, Some(outside))),
            TermValue::Array(items) => TermValue::Array(items.iter().map(rename).collect()),
            TermValue::Set(items) => TermValue::Set(items.iter().map(rename).collect()),
            TermValue::Ref(parts) => TermValue::Ref(parts.iter().map(rename).collect()),
            TermValue::Object(entries) => TermValue::Object(
                entries
                    .iter()
                    .map(|(key, value)| (rename(key), rename(value)))
                    .collect(),
            ),
            _ => return term.clone(),
        };
        Term {
            span: term.span,
            value,
        }
    }
}

/// A term without a place of its own.
pub(super) fn made(value: TermValue) -> Term {
    Term {
        span: crate::ast::Span::default(),
        value,
    }
}

/// A variable.
pub(super) fn variable(name: impl Into<Var>) -> Term {
    made(TermValue::Var(name.into()))
}

/// Roots that stand alone are references.
pub(super) fn as_reference(term: &Term) -> Option<Cow<'_, [Term]>> {
    match &term.value {
        TermValue::Ref(parts) => Some(Cow::Borrowed(parts)),
        TermValue::Var(name) if vars::is_root(name) => Some(Cow::Owned(vec![term.clone()])),
        _ => None,
    }
}
