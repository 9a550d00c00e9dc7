//! The builtin functions, one file a family.
//!
//! A family declares its builtins in one table, `pub const FAMILY: &[Builtin]`, with implementations below it in the
//! same order. Conventions:
//!
//! * Arguments come out of the slice through [`crate::builtin::operand`], which words type errors as OPA does. The
//!   slice has the declared length.
//! * `Ok(None)` is undefined; an `Err` is undefined too unless errors are strict. Only [`BuiltinError::halt`] ends the
//!   evaluation.
//! * Results go into `context.arena()`. A builtin whose work is not linear in its arguments calls
//!   [`Context::spend`] as it goes, so that fuel, deadline and cancellation hold.
//! * Nesting of values is bounded by [`crate::json::Limits::depth`]: a builtin that can make a value deeper than its
//!   arguments by more than a constant checks it.
//! * Nothing reads a clock, the environment, the network or a random source but through [`Context`].
//! * State for one evaluation is in [`Context::slot`], state that outlives it in [`Context::shared`].
//!
//! [`BuiltinError::halt`]: crate::error::BuiltinError::halt
//! [`Context`]: crate::context::Context
//! [`Context::spend`]: crate::context::Context::spend
//! [`Context::slot`]: crate::context::Context::slot
//! [`Context::shared`]: crate::context::Context::shared

#![allow(
    clippy::unnecessary_wraps,
    reason = "every builtin has the type that the table asks for"
)]

use crate::builtin::Builtin;

pub mod aggregates;
pub mod arrays;
#[cfg(feature = "crypto")]
pub mod aws;
pub mod bits;
pub mod cidr;
pub mod comparison;
pub mod conversions;
#[cfg(feature = "crypto")]
pub mod crypto;
pub mod documents;
pub mod encoding;
pub mod glob;
#[cfg(feature = "graphql")]
pub mod graphql;
pub mod graphs;
#[cfg(feature = "http")]
pub mod http;
pub mod internals;
#[cfg(feature = "crypto")]
pub mod jwt;
pub mod network;
pub mod numbers;
pub mod rand;
pub mod ranges;
pub mod regex;
#[cfg(feature = "crypto")]
mod request;
#[cfg(feature = "schema")]
pub mod schema;
pub mod sets;
pub mod strings;
pub mod time;
pub mod types;
pub mod units;
pub mod uri;
pub mod uuid;
pub mod versions;
pub mod walk;
pub mod yaml;

/// All families.
pub const FAMILIES: &[&[Builtin]] = &[
    #[cfg(feature = "crypto")]
    aws::FAMILY,
    aggregates::FAMILY,
    arrays::FAMILY,
    bits::FAMILY,
    conversions::FAMILY,
    documents::FAMILY,
    graphs::FAMILY,
    internals::FAMILY,
    ranges::FAMILY,
    sets::FAMILY,
    strings::FAMILY,
    types::FAMILY,
    walk::FAMILY,
    encoding::FAMILY,
    yaml::FAMILY,
    glob::FAMILY,
    units::FAMILY,
    versions::FAMILY,
    time::FAMILY,
    regex::FAMILY,
    cidr::FAMILY,
    comparison::FAMILY,
    #[cfg(feature = "crypto")]
    crypto::FAMILY,
    #[cfg(feature = "graphql")]
    graphql::FAMILY,
    #[cfg(feature = "http")]
    http::FAMILY,
    #[cfg(feature = "crypto")]
    jwt::FAMILY,
    numbers::FAMILY,
    rand::FAMILY,
    #[cfg(feature = "schema")]
    schema::FAMILY,
    uri::FAMILY,
    uuid::FAMILY,
];

/// The families that a feature of this crate turns on.
const FEATURES: &[(&str, &[Builtin])] = &[
    #[cfg(feature = "crypto")]
    ("crypto", aws::FAMILY),
    #[cfg(feature = "crypto")]
    ("crypto", crypto::FAMILY),
    #[cfg(feature = "crypto")]
    ("crypto", jwt::FAMILY),
    #[cfg(feature = "graphql")]
    ("graphql", graphql::FAMILY),
    #[cfg(feature = "http")]
    ("http", http::FAMILY),
    #[cfg(feature = "schema")]
    ("schema", schema::FAMILY),
];

/// The feature of this crate that a builtin needs; none if it is always there, or if its feature is off here, too.
#[must_use]
pub fn feature(name: &str) -> Option<&'static str> {
    let (feature, _) = FEATURES
        .iter()
        .find(|(_, family)| family.iter().any(|builtin| builtin.name == name))?;
    Some(feature)
}
