//! From compiled modules to IR.
//!
//! What comes in is the syntax tree as the compiler leaves it: names resolved, expressions in a safe order, local
//! variables unique. What goes out is a [`Program`] in which unification, rule selection and
//! document merging are spelled out as statements.
//!
//! ```text
//! package p                          fn data.p.allow (memo 1)
//! allow if {                           block 'b0
//!   some r in input.roles                l0 = input["roles"]   else 'b0
//!   r == "admin"             ==>         scan 's1 l0 as l1, l2
//! }                                        test l2 == "admin"  else 's1
//!                                          return true
//! ```
//!
//! * [`tables`]: constants, builtins, replacements: what the whole program shares
//! * [`replacements`]: what the `with` modifiers of the program replace
//! * [`tree`]: where rules stand, and the documents of inner nodes
//! * [`rules`], [`query`]: the functions
//! * [`keyed`]: documents that are asked for some keys
//! * [`guards`]: what is asked before a rule is entered
//! * [`emit`]: writing the statements of one function
//! * [`body`], [`calls`], [`equality`], [`refs`], [`terms`], [`unify`], [`written`]: what each piece of
//!   syntax becomes

mod body;
mod calls;
mod emit;
mod equality;
mod guards;
mod keyed;
mod query;
mod refs;
mod replacements;
mod rules;
mod tables;
mod terms;
mod tree;
mod unify;
mod written;

pub use query::QueryBody;
pub use tables::{Signature, Signatures};

use tables::Tables;

use crate::ast::Module;
use crate::error::Diagnostic;
use crate::ir::{FunctionId, NodeId, Program};

/// A program and the functions of the queries that were lowered with it.
#[derive(Clone, Debug)]
pub struct Lowering {
    /// The program.
    pub program: Program,
    /// The functions of the queries, in their order.
    pub queries: Vec<FunctionId>,
}

/// Lowers compiled modules and the queries that will be asked of them.
pub fn lower<'a>(
    modules: &'a [Module],
    queries: &[QueryBody<'a>],
    signatures: &'a dyn Signatures,
) -> Result<Lowering, Vec<Diagnostic>> {
    lower_into(Tables::new(signatures), modules, queries)
}

/// What a program that is watched does as OPA does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Rules that OPA's index leaves out are not entered.
    pub index: bool,
    /// Rules and loops are left at the first answer where all have the same.
    pub early_exit: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            index: true,
            early_exit: true,
        }
    }
}

/// Lowers what will be watched: documents say which of their rules can be entered, see [`StmtKind::Indexed`].
///
/// [`StmtKind::Indexed`]: crate::ir::StmtKind::Indexed
pub fn lower_watched<'a>(
    modules: &'a [Module],
    queries: &[QueryBody<'a>],
    signatures: &'a dyn Signatures,
    watch: Watch,
) -> Result<Lowering, Vec<Diagnostic>> {
    let mut tables = Tables::new(signatures);
    tables.watch = Some(watch);
    lower_into(tables, modules, queries)
}

fn lower_into<'a>(
    mut tables: Tables<'a>,
    modules: &'a [Module],
    queries: &[QueryBody<'a>],
) -> Result<Lowering, Vec<Diagnostic>> {
    tables.plant(modules);
    for module in modules {
        for rule in &module.rules {
            tables.note_rule(rule);
        }
    }
    for query in queries {
        tables.note_body(query.body);
    }
    let mut errors = Vec::new();
    for position in 0..tables.nodes.len() {
        let node = NodeId(tables::index(position));
        let result = if tables.nodes[position].rules.is_empty() {
            tables.inner_document(node)
        } else {
            tables.rules_function(node)
        };
        errors.extend(result.err().map(emit::Fault::into_diagnostic));
    }
    let instead = tables.write_documents_instead();
    errors.extend(instead.err().map(emit::Fault::into_diagnostic));
    let mut functions = Vec::new();
    for query in queries {
        match tables.query(*query) {
            Ok(id) => functions.push(id),
            Err(error) => errors.push(error.into_diagnostic()),
        }
    }
    errors.extend(
        tables
            .settle_lookups()
            .err()
            .map(emit::Fault::into_diagnostic),
    );
    if !errors.is_empty() {
        return Err(errors);
    }
    tables.note_entrypoints();
    Ok(Lowering {
        program: tables.finish(),
        queries: functions,
    })
}
