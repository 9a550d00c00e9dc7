//! Statements as Rust: blocks become labelled blocks, loops become `for`, leaving through a label becomes `break` or
//! `continue`, and reading something that can be undefined becomes `let … else`.

use precinct_rego::ir::{
    CallTarget, Case, Comparison, Conflict, Function, Label, Local, LocalKind, Operand, Patch,
    Replacement, Stmt, StmtKind, Test,
};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Lifetime;

use super::{Emitter, Scope};
use crate::kinds::{Kind, Shape};
use crate::locals::{Declaration, Locals};

/// Emits the body of one function.
pub(super) struct Body<'e, 'p> {
    pub(super) emitter: &'e Emitter<'p>,
    pub(super) function: &'p Function,
    pub(super) locals: Locals,
    /// The module that the function stands in.
    pub(super) module: &'e [String],
    /// What the function returns.
    pub(super) shape: Shape,
    /// Labels of loops: leaving through them goes on to the next entry.
    pub(super) loops: Vec<Label>,
}
