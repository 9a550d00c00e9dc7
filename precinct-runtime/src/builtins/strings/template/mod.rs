//! `strings.render_template`: the templates of Go's `text/template`, over Rego's values.
//!
//! text -> [`lex`] tokens -> [`parse`] tree -> [`run`] text; [`functions`] holds what templates can call and
//! [`go`] the values as Go sees them: numbers are texts to it, objects maps with string keys, sets lists.

mod functions;
mod go;
mod lex;
mod parse;
mod run;
mod tree;

pub(super) use run::render;
