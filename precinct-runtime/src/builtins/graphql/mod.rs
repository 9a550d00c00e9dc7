//! GraphQL: parsing, and validation of queries against schemas.
//!
//! Text becomes tokens ([`lexer`]) and then a document ([`parse_query`], [`parse_schema`], both on [`parse`]), whose
//! tree ([`ast`]) policies see as a value ([`to_value`]) and may hand back ([`from_value`]). A schema document is
//! joined with what every schema has and checked ([`schema`], [`schema_rules`]); a query is walked through once
//! ([`walk`]) and judged by the validation rules ([`rules`]), some of which make suggestions ([`suggest`]). What is
//! wrong is worded in [`error`]; [`builtins`] puts it all together.

mod ast;
mod builtins;
mod error;
mod from_value;
mod lexer;
mod parse;
mod parse_query;
mod parse_schema;
mod rules;
mod schema;
mod schema_rules;
mod suggest;
mod to_value;
mod walk;

use crate::builtin::Builtin;
use builtins::{
    is_valid, parse as parse_documents, parse_and_verify, query, schema as parse_schema_text,
    schema_is_valid,
};

/// GraphQL documents.
pub const FAMILY: &[Builtin] = &[
Builtin::new("graphql.is_valid", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => boolean", "Checks that a GraphQL query is valid against a given schema. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", is_valid).categories(&["graphql"]),
Builtin::new("graphql.parse", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => array<object[any: any], object[any: any]>", "Returns AST objects for a given GraphQL query and schema after validating the query against the schema. Returns undefined if errors were encountered during parsing or validation. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", parse_documents).categories(&["graphql"]),
Builtin::new("graphql.parse_and_verify", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => array<boolean, object[any: any], object[any: any]>", "Returns a boolean indicating success or failure alongside the parsed ASTs for a given GraphQL query and schema after validating the query against the schema. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", parse_and_verify).categories(&["graphql"]),
Builtin::new("graphql.parse_query", "(query: string) => object[any: any]", "Returns an AST object for a GraphQL query.", query).categories(&["graphql"]),
Builtin::new("graphql.parse_schema", "(schema: string) => object[any: any]", "Returns an AST object for a GraphQL schema.", parse_schema_text).categories(&["graphql"]),
Builtin::new("graphql.schema_is_valid", "(schema: any<string, object[any: any]>) => boolean", "Checks that the input is a valid GraphQL schema. The schema can be either a GraphQL string or an AST object from the other GraphQL builtin functions.", schema_is_valid).categories(&["graphql"]),
];
