//! Data filters: what remains of a rule as a condition that a data store evaluates.
//!
//! ```text
//! rule, unknowns -> partial evaluation -> checks -> tree -> SQL (`WHERE …`) or UCAST (JSON)
//! ```
//!
//! What a store cannot express is refused. Where OPA drops a condition that it cannot translate, and with it gives out a
//! filter that lets everything pass, this refuses too.
//!
//! * [`target`]: what filters are written in, and what each can express
//! * [`checks`]: whether all that remains can be expressed
//! * [`mappings`]: names of tables and columns
//! * [`tree`]: conditions, independent of a target
//! * [`sql`], [`ucast`]: conditions as text

pub mod checks;
pub mod mappings;
pub mod sql;
pub mod target;
pub mod tree;
pub mod ucast;

#[cfg(test)]
mod tests;

use precinct_rego::ast::Span;

/// The code of errors of policies that no filter can express.
pub const CODE: &str = "pe_fragment_error";

/// What stands in the way of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, if it is known.
    pub span: Option<Span>,
    /// What, in OPA's words.
    pub message: String,
    /// What might help.
    pub details: Option<String>,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: (span.row > 0).then_some(span),
            message: message.into(),
            details: None,
        }
    }

    /// A fault without a place.
    #[must_use]
    pub fn anywhere(message: impl Into<String>) -> Self {
        Self {
            span: None,
            message: message.into(),
            details: None,
        }
    }

    /// The same with what might help.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }
}
