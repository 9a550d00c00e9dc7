//! Complete rules and functions whose rules all give constants: which of them held is a bit each, and what they gave is
//! looked at once, at the end.
//!
//! ```text
//! l0 := "step_up" once            held |= 1;
//! l0 := "allow" once       ==>    held |= 2;
//! l0 := "allow" once              held |= 4;
//! return l0                       if !(held & !1 == 0 || held & !6 == 0) { return Err(rt::disagreement(held, …)); }
//!                                 return Some(if held & !1 == 0 { "step_up" } else { "allow" });
//! ```
//!
//! No value is kept or compared while the rules run, and the bits stay in a register.

use precinct_rego::ast::Span;
use precinct_rego::ir::{Conflict, Function, Local, Operand, Stmt, StmtKind, Test};
use precinct_runtime::Value;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::body::Body;
use crate::visit::{parts, walk};

/// The rules of a function that give constants.
pub(super) struct Sites<'p> {
    /// What they give their values to.
    pub(super) target: Local,
    /// Their places and values.
    given: Vec<(Span, Value<'p>)>,
    conflict: Conflict,
}

/// A bit each.
const MOST: usize = 64;

impl<'p> Body<'_, 'p> {
    /// The rules of the function, if all of them give constants and what is made of these is only returned.
    pub(super) fn sites(&self) -> Option<Sites<'p>> {
        let mut found: Option<Sites<'p>> = None;
        let mut fits = true;
        walk(&self.function.body, &mut |stmt| {
            let StmtKind::AssignOnce {
                target,
                source,
                conflict,
            } = &stmt.kind
            else {
                return;
            };
            let Some(value) = self.constant_operand(*source) else {
                fits = false;
                return;
            };
            let sites = found.get_or_insert_with(|| Sites {
                target: *target,
                given: Vec::new(),
                conflict: *conflict,
            });
            fits &= sites.target == *target && sites.conflict == *conflict;
            sites.given.push((stmt.span, value));
        });
        let sites = found.filter(|sites| {
            fits && sites.conflict != Conflict::Replace && sites.given.len() <= MOST
        })?;
        only_returned(self.function, sites.target).then_some(sites)
    }

    /// Notes that the rule that a statement stands for held.
    pub(super) fn held(&self, stmt: &Stmt, source: Operand) -> Option<TokenStream> {
        let gives = self.constant_operand(source)?;
        let at = self
            .sites
            .as_ref()?
            .given
            .iter()
            .position(|(span, value)| *span == stmt.span && value.equals(gives))?;
        let bit = Literal::u64_unsuffixed(1 << at);
        Some(quote!(held |= #bit;))
    }

    /// The value that the rules which held agree on.
    pub(super) fn agreed(&self, sites: &Sites<'p>) -> TokenStream {
        let mut groups = groups(sites).into_iter();
        let Some((_, last)) = groups.next_back() else {
            return quote!(rt::Value::Null);
        };
        let last = self.returned_constant(last);
        let others = groups.map(|(mask, value)| {
            let others = Literal::u64_unsuffixed(!mask);
            let value = self.returned_constant(value);
            quote!(if held & #others == 0 { #value } else)
        });
        quote!(#(#others)* { #last })
    }

    /// A result, unless the rules that held gave different values.
    pub(super) fn unless_disagreeing(
        &self,
        sites: &Sites<'p>,
        conflict: &TokenStream,
        result: &TokenStream,
    ) -> TokenStream {
        let masks = groups(sites)
            .into_iter()
            .map(|(mask, _)| Literal::u64_unsuffixed(!mask));
        let path: &str = &self.function.name;
        let given = sites.given.iter().map(|(span, value)| {
            let value = self.written(*value);
            let place = self.place(*span);
            quote!((#value, #place))
        });
        quote!(if #(held & #masks == 0)||* {
            Ok(#result)
        } else {
            Err(rt::disagreement(held, &[#(#given),*], #conflict, #path))
        })
    }
}

/// The different values, each with the bits of the rules that give it.
fn groups<'p>(sites: &Sites<'p>) -> Vec<(u64, Value<'p>)> {
    let mut groups: Vec<(u64, Value<'p>)> = Vec::new();
    for (at, (_, value)) in sites.given.iter().enumerate() {
        match groups.iter_mut().find(|(_, known)| known.equals(*value)) {
            Some((mask, _)) => *mask |= 1 << at,
            None => groups.push((1 << at, *value)),
        }
    }
    groups
}

/// The local is assigned by rules outside of selections, asked whether it is set, and returned; nothing else. (The arms
/// of a selection share their code, so that a bit would not stand for one rule.)
fn only_returned(function: &Function, target: Local) -> bool {
    let mut fits = true;
    walk(&function.body, &mut |stmt| {
        let allowed = match &stmt.kind {
            StmtKind::AssignOnce { target: to, .. } => *to == target,
            StmtKind::Test { test, .. } => matches!(test, Test::Set(local) if *local == target),
            StmtKind::Return { value } => *value == Operand::Local(target),
            StmtKind::Select { arms, .. } => {
                for arm in arms {
                    walk(&arm.body, &mut |inner| {
                        fits &= !matches!(inner.kind, StmtKind::AssignOnce { .. });
                    });
                }
                false
            }
            _ => false,
        };
        if allowed {
            return;
        }
        let parts = parts(stmt);
        fits &= !parts.writes.contains(&target) && parts.read_locals().all(|local| local != target);
    });
    fits && target.0 >= function.params
}
