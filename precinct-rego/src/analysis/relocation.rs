//! Packages under other names: every reference that starts with one path is made to start with another.

use crate::ast::display::ref_text;
use crate::ast::{Module, Ref, TermValue};
use crate::compile::visit;
use crate::compile::visit_mut::{self, NodeMut};
use crate::error::{Code, Diagnostic};

/// From one path to another, both with their leading `data`.
#[derive(Clone, Debug)]
pub struct Move {
    /// The path that references start with.
    pub from: Ref,
    /// What they start with afterwards.
    pub to: Ref,
}

/// Renames in a module: its package, its imports and all references.
///
/// # Errors
/// A reference that leads to what moves and to what stays, such as `data.a[x]` when only `data.a.b` moves.
pub fn relocate(module: &mut Module, moves: &[Move]) -> Result<(), Box<Diagnostic>> {
    rename(&mut module.package.path, moves)?;
    for import in &mut module.imports {
        if let TermValue::Ref(path) = &mut import.path.value {
            rename(path, moves)?;
        }
    }
    let mut failed = None;
    visit_mut::module(module, &mut |node| {
        if let NodeMut::Term(term) = node
            && let TermValue::Ref(parts) = &mut term.value
            && failed.is_none()
        {
            failed = rename(parts, moves).err();
        }
        failed.is_some()
    });
    failed.map_or(Ok(()), Err)
}

fn rename(parts: &mut Ref, moves: &[Move]) -> Result<(), Box<Diagnostic>> {
    for Move { from, to } in moves {
        if parts.starts_with(from) {
            let rest = parts.split_off(from.len());
            // The new parts stand where the old ones did, so that comments and lines stay where they are.
            let span = parts.first().map(|part| part.span).unwrap_or_default();
            *parts = to
                .iter()
                .cloned()
                .map(|mut part| {
                    part.span = span;
                    part
                })
                .chain(rest)
                .collect();
            return Ok(());
        }
        let prefix = constant(parts);
        if !prefix.is_empty() && from.starts_with(prefix) {
            let text = ref_text(parts);
            let span = parts.last().map(|part| part.span).unwrap_or_default();
            let message = format!(
                "cannot rewrite `{text}`: constant prefix `{}` of `{text}` is too short",
                ref_text(prefix)
            );
            return Err(Box::new(Diagnostic::new(Code::Compile, span, message)));
        }
    }
    Ok(())
}

fn constant(parts: &Ref) -> &[crate::ast::Term] {
    let length = parts
        .iter()
        .skip(1)
        .take_while(|part| visit::is_constant(&part.value))
        .count();
    parts.get(..=length).unwrap_or(parts)
}
