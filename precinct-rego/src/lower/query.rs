//! Queries: a function that returns all answers as rows.

use std::sync::Arc;

use super::emit::{Emitter, Lowered};
use super::tables::Tables;
use crate::ast::{Body, Span, Var};
use crate::ir::{FunctionId, FunctionKind, LocalKind, StmtKind, Test};

/// A query to be written as a function.
#[derive(Clone, Copy, Debug)]
pub struct QueryBody<'a> {
    /// Its expressions, compiled.
    pub body: &'a Body,
    /// The variables whose values each row begins with.
    pub variables: &'a [Var],
    /// Each row ends with the values of the expressions that the author wrote.
    pub values: bool,
    /// An expression that is a term or call and whose value is wanted may be false, as it may for `opa eval`.
    pub lenient: bool,
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
                if expr.generated {
                    self.expr(expr)?;
                    continue;
                }
                let value = self.expression_value(expr)?;
                if !query.lenient {
                    self.test(Test::Truthy(value));
                }
                values.push(value);
            }
        } else {
            self.body(query.body)?;
        }
        if let Some(first) = query.body.first() {
            self.end_of(first.span);
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
