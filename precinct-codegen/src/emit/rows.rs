//! What rules that are alike differ in.
//!
//! While the Rust of an arm is written, each constant in it is noted as a cell of the arm's row, and a placeholder
//! stands where it would be. Arms whose Rust is the same then, but for the numbers of locals and labels, are written
//! once, and their rows become a table.

use std::collections::BTreeMap;

use precinct_rego::ast::Span;
use precinct_rego::ir::{Local, Operand, Stmt};
use precinct_runtime::Value;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::body::Body;
use crate::visit::{parts, walk};

/// The constants of one arm.
pub(super) type Row = Vec<Cell>;

/// One constant of an arm.
#[derive(Clone)]
pub(super) struct Cell {
    /// Its type in a table.
    pub(super) kind: TokenStream,
    /// How it is written in a table, which stands in the support module.
    pub(super) in_table: TokenStream,
    /// How it is written where it is used.
    pub(super) inline: TokenStream,
    /// It keeps something, so that there must be one for each row.
    pub(super) keeps: bool,
}

/// What stands for the cell of this number until it is known where the cell is.
pub(super) fn placeholder(number: usize) -> Ident {
    format_ident!("cell_{number}")
}

impl Body<'_, '_> {
    /// Constants are being noted.
    pub(super) fn in_row(&self) -> bool {
        self.row.borrow().is_some()
    }

    fn cell(&self, kind: &TokenStream, cell: TokenStream, inline: TokenStream) -> TokenStream {
        match &mut *self.row.borrow_mut() {
            None => inline,
            Some(row) => {
                let name = placeholder(row.len());
                row.push(Cell {
                    kind: kind.clone(),
                    in_table: cell,
                    inline,
                    keeps: false,
                });
                quote!(#name)
            }
        }
    }

    /// A constant value.
    pub(super) fn written(&self, value: Value<'_>) -> TokenStream {
        let inline = self.emitter.statics.value(value, &self.support());
        if !self.in_row() {
            return inline;
        }
        let cell = self.emitter.statics.value(value, &quote!());
        self.cell(&quote!(rt::Value<'static>), cell, inline)
    }

    /// Something that has to be a static.
    pub(super) fn static_cell(&self, kind: &TokenStream, definition: TokenStream) -> TokenStream {
        if self.in_row() {
            let name = self.cell(kind, definition.clone(), definition);
            if let Some(cell) = self
                .row
                .borrow_mut()
                .as_mut()
                .and_then(|row| row.last_mut())
            {
                cell.keeps = true;
            }
            return name;
        }
        let name = self.emitter.statics.name(kind, &definition);
        let support = self.support();
        quote!(#support #name)
    }

    /// A constant text.
    pub(super) fn text(&self, text: &str) -> TokenStream {
        let kind = quote!(&'static ::core::primitive::str);
        self.cell(&kind, quote!(#text), quote!(#text))
    }

    /// Constant texts, sorted.
    pub(super) fn texts(&self, texts: &[&str]) -> TokenStream {
        let kind = quote!(&'static [&'static ::core::primitive::str]);
        let texts = quote!(&[#(#texts),*]);
        self.cell(&kind, texts.clone(), texts)
    }

    /// A constant truth value.
    pub(super) fn boolean(&self, value: bool) -> TokenStream {
        self.cell(
            &quote!(::core::primitive::bool),
            quote!(#value),
            quote!(#value),
        )
    }

    /// A place in a policy, as the runtime takes it.
    pub(super) fn place(&self, span: Span) -> TokenStream {
        let place = self.emitter.place_of(span);
        let kind = quote!((
            &'static ::core::primitive::str,
            ::core::primitive::u32,
            ::core::primitive::u32
        ));
        self.cell(&kind, place.clone(), place)
    }
}

/// How often each local is mentioned.
pub(super) fn mentions(stmts: &[Stmt], locals: usize) -> Vec<u32> {
    let mut counts = vec![0; locals];
    walk(stmts, &mut |stmt| {
        let parts = parts(stmt);
        for local in parts.writes.iter().copied().chain(parts.read_locals()) {
            if let Some(count) = counts.get_mut(local.0 as usize) {
                *count += 1;
            }
        }
    });
    counts
}

/// The locals that are mentioned in these statements and nowhere else.
pub(super) fn private(stmts: &[Stmt], everywhere: &[u32], params: u32) -> Vec<Local> {
    let mut here: BTreeMap<Local, u32> = BTreeMap::new();
    walk(stmts, &mut |stmt| {
        let parts = parts(stmt);
        for local in parts.writes.iter().copied().chain(parts.read_locals()) {
            *here.entry(local).or_default() += 1;
        }
    });
    here.into_iter()
        .filter(|(local, count)| {
            local.0 >= params && everywhere.get(local.0 as usize) == Some(count)
        })
        .map(|(local, _)| local)
        .collect()
}

/// Replaces identifiers (those of labels too), wherever they stand.
pub(super) fn renamed(
    tokens: TokenStream,
    name: &mut impl FnMut(&Ident) -> Option<TokenStream>,
) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) => {
                name(&ident).unwrap_or_else(|| TokenTree::Ident(ident).into())
            }
            TokenTree::Group(group) => {
                let inner = renamed(group.stream(), name);
                TokenTree::Group(Group::new(group.delimiter(), inner)).into()
            }
            other => other.into(),
        })
        .collect()
}

/// Reads of a subject that is a local.
pub(super) fn local(local: Local) -> Operand {
    Operand::Local(local)
}
