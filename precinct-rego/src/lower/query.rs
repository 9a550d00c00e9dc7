//! Queries: a function that returns all answers as rows.

use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::Tables;
use crate::ast::{Body, Span, Var};
use crate::ir::{FunctionId, FunctionKind, LocalKind, StmtKind};

/// A query to be written as a function.
#[derive(Clone, Copy, Debug)]
pub struct QueryBody<'a> {
    /// Its expressions, compiled.
    pub body: &'a Body,
    /// The variables whose values each row begins with.
    pub variables: &'a [Var],
    /// Each row ends with the values of the expressions, and an expression that is a term or call holds whatever its
    /// value, as it does for `opa eval`. Otherwise expressions must not be false.
    pub values: bool,
}

impl<'a> Tables<'a> {
    pub(super) fn query(&mut self, query: QueryBody<'a>) -> Lowered<FunctionId> {
        let id = self.reserve();
        let span = query
            .body
            .first()
            .map_or_else(Span::default, |expr| expr.span);
        let name: Arc<str> = format!("query{}", id.0).into();
        let mut e = Emitter::new(self, span);
        e.attempt(|e, _| {
            let value = e.build(LocalKind::ArrayBuilder, |e, rows| e.rows(rows, query))?;
            e.emit(StmtKind::Return { value });
            Ok(())
        })?;
        let function = e.finish(name, FunctionKind::Query, 0, None, span);
        self.define(id, function);
        Ok(id)
    }
}

impl Emitter<'_, '_> {
    fn rows(&mut self, rows: crate::ir::Local, query: QueryBody<'_>) -> Lowered<()> {
        let mut values = Vec::new();
        if query.values {
            for expr in query.body {
                let value = self.expression_value(expr)?;
                if !expr.generated {
                    values.push(value);
                }
            }
        } else {
            self.body(query.body)?;
        }
        let mut items = Vec::new();
        for var in query.variables {
            items.push(self.lookup(var).ok_or_else(|| self.unsafe_var(var))?);
        }
        items.extend(values);
        let target = self.value();
        self.emit(StmtKind::Array { target, items });
        self.emit(StmtKind::Push {
            builder: rows,
            value: crate::ir::Operand::Local(target),
        });
        Ok(())
    }
}
