//! The builtins.

use super::ast::{QueryDocument, SchemaDocument};
use super::error::{syntax_error, validation_error};
use super::schema::Schema;
use super::to_value::Writer;
use super::{from_value, parse_query::parse_query, parse_schema::parse_schema, walk::validate};
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::Value;

/// A query given as text or as a tree. OPA counts operands from 0 here.
fn query_of(value: Value<'_>) -> Result<QueryDocument, BuiltinError> {
    match value {
        Value::String(text) => parse_query(text).map_err(syntax_error),
        Value::Object(_) => from_value::query(value),
        other => Err(operand::wrong_type(0, other, &["string", "object"])),
    }
}

fn schema_of(value: Value<'_>) -> Result<SchemaDocument, BuiltinError> {
    match value {
        Value::String(text) => parse_schema(text).map_err(syntax_error),
        Value::Object(_) => from_value::schema(value),
        other => Err(operand::wrong_type(1, other, &["string", "object"])),
    }
}

fn built(document: SchemaDocument) -> Result<Schema, BuiltinError> {
    Schema::build(document).map_err(|error| {
        BuiltinError::new(format!(
            "Error in gqlparser SchemaDocument to Schema conversion: {error}"
        ))
    })
}

/// Query and schema as values, once the query is valid.
fn checked<'a>(
    context: &mut Context<'a>,
    args: &[Value<'a>],
) -> Result<(Value<'a>, Value<'a>), BuiltinError> {
    let query = query_of(operand::at(args, 1))?;
    let document = schema_of(operand::at(args, 2))?;
    context.spend(1)?;
    let writer = Writer::new(context.arena());
    let values = (writer.query(&query), writer.schema(&document));
    let schema = built(document)?;
    let errors = validate(&schema, &query);
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(validation_error(&errors))
    }
}

pub(super) fn parse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (query, schema) = checked(context, args)?;
    Ok(Some(Value::array(context.arena(), &[query, schema])))
}

pub(super) fn parse_and_verify<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let parts = match checked(context, args) {
        Ok((query, schema)) => [Value::TRUE, query, schema],
        Err(_) => [Value::FALSE, Value::EMPTY_OBJECT, Value::EMPTY_OBJECT],
    };
    Ok(Some(Value::array(context.arena(), &parts)))
}

pub(super) fn query<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let document = parse_query(operand::string(args, 1)?).map_err(syntax_error)?;
    Ok(Some(Writer::new(context.arena()).query(&document)))
}

pub(super) fn schema<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let document = parse_schema(operand::string(args, 1)?).map_err(syntax_error)?;
    Ok(Some(Writer::new(context.arena()).schema(&document)))
}

pub(super) fn is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = query_of(operand::at(args, 1)).is_ok_and(|query| {
        let schema = schema_of(operand::at(args, 2)).and_then(built);
        schema.is_ok_and(|schema| validate(&schema, &query).is_empty())
    });
    Ok(Some(Value::Bool(valid)))
}

pub(super) fn schema_is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::Bool(
        schema_of(operand::at(args, 1)).and_then(built).is_ok(),
    )))
}
