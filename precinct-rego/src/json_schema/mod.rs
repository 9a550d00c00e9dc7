//! JSON Schemas (drafts 4, 6, 7 and the mix of them that OPA takes by default), as far as types can be told from them.
//!
//! * [`schema`]: what a schema says about the kind and the parts of a value
//! * [`read`]: from JSON to schemas, and what is wrong with the JSON
//! * [`keywords`]: what the values of keywords must look like
//! * [`documents`]: what `$ref` can refer to
//! * [`mod@reference`]: addresses and how they are resolved
//! * [`merge`]: one schema of several that must all hold

mod documents;
mod keywords;
mod merge;
mod read;
mod reference;
mod schema;

#[cfg(test)]
mod tests;

pub use documents::Fetch;
pub use merge::merge;
pub use read::read;
pub use schema::{Kind, Schema, SchemaId, Schemas};
