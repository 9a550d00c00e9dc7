//! What remains of a query when `input` is not known yet: rules that it reads are inlined, what is certain is decided.
//!
//! Covered are conjunctions, complete rules, partial sets, comparisons and negation. Whatever else decides the query is
//! [`Refused`] with its place, so that what remains always means what the query meant.
//!
//! * [`substitute`]: variables replaced in terms and expressions
//! * [`walk`]: the evaluation
//! * [`propagate`]: variables that only stand for something are taken out

mod propagate;
mod substitute;
mod walk;

use crate::ast::{Body, Span};
use crate::compile::{Compiled, CompiledQuery};

/// Why a query cannot be evaluated in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where what cannot be handled stands.
    pub span: Span,
    /// What it is, for people.
    pub what: String,
}

/// The queries that remain when nothing of `input` is known: the query holds for an input if one of them does. None means
/// that it never holds, an empty one that it always does.
///
/// # Errors
/// The query, or a rule that it reads, has something that partial evaluation does not cover, or there is too much left.
pub fn partial(compiled: &Compiled, query: &CompiledQuery) -> Result<Vec<Body>, Refused> {
    let mut walk = walk::Walk::new(compiled);
    walk.query(&query.body)?;
    Ok(walk
        .found
        .iter()
        .map(|state| propagate::simplified(state, query))
        .collect())
}
