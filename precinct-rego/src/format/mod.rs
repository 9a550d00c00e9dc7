//! Modules in OPA's canonical layout, byte for byte as `opa fmt` writes it.
//!
//! The layout follows the source: what was on lines of its own stays so, comments stay next to what they stood next
//! to. A term with a comment in an unexpected place is left as it was written.
//!
//! * [`options`]: the versions that the text is to be valid under
//! * [`source`]: from text to text, with the checks of the version that is asked for
//! * [`imports`]: directive imports that are missing or not needed any more
//! * [`writer`]: the text so far, indentation, comments that wait for the end of their line
//! * [`module`], [`rules`], [`exprs`], [`logical`], [`terms`], [`lists`]: one layer of the language each
//! * [`scan`]: what has to be known of the whole module, or of a whole term, first

mod check;
mod exprs;
mod imports;
mod lists;
mod logical;
mod module;
mod options;
mod rules;
mod scan;
mod source;
mod terms;
mod writer;

pub use module::{format_body, format_module};
pub use options::{FormatOptions, Target};
pub use source::format_source;
