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
Builtin::new("graphql.is_valid", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => output: boolean", "Checks that a GraphQL query is valid against a given schema. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", is_valid).documented(&["the GraphQL query", "the GraphQL schema"], "`true` if the query is valid under the given schema. `false` otherwise."),
Builtin::new("graphql.parse", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => output: array<object[any: any], object[any: any]>", "Returns AST objects for a given GraphQL query and schema after validating the query against the schema. Returns undefined if errors were encountered during parsing or validation. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", parse_documents).documented(&["the GraphQL query", "the GraphQL schema"], "`output` is of the form `[query_ast, schema_ast]`. If the GraphQL query is valid given the provided schema, then `query_ast` and `schema_ast` are objects describing the ASTs for the query and schema."),
Builtin::new("graphql.parse_and_verify", "(query: any<string, object[any: any]>, schema: any<string, object[any: any]>) => output: array<boolean, object[any: any], object[any: any]>", "Returns a boolean indicating success or failure alongside the parsed ASTs for a given GraphQL query and schema after validating the query against the schema. The query and/or schema can be either GraphQL strings or AST objects from the other GraphQL builtin functions.", parse_and_verify).documented(&["the GraphQL query", "the GraphQL schema"], " `output` is of the form `[valid, query_ast, schema_ast]`. If the query is valid given the provided schema, then `valid` is `true`, and `query_ast` and `schema_ast` are objects describing the ASTs for the GraphQL query and schema. Otherwise, `valid` is `false` and `query_ast` and `schema_ast` are `{}`."),
Builtin::new("graphql.parse_query", "(query: string) => output: object[any: any]", "Returns an AST object for a GraphQL query.", query).documented(&["GraphQL query string"], "AST object for the GraphQL query."),
Builtin::new("graphql.parse_schema", "(schema: string) => output: object[any: any]", "Returns an AST object for a GraphQL schema.", parse_schema_text).documented(&["GraphQL schema string"], "AST object for the GraphQL schema."),
Builtin::new("graphql.schema_is_valid", "(schema: any<string, object[any: any]>) => output: boolean", "Checks that the input is a valid GraphQL schema. The schema can be either a GraphQL string or an AST object from the other GraphQL builtin functions.", schema_is_valid).documented(&["the schema to verify"], "`true` if the schema is a valid GraphQL schema. `false` otherwise."),
];
