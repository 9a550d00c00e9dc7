//! JSON Schema (drafts 4, 6 and 7, and the mixture of them that schemas without `$schema` get).
//!
//! * [`mod@reference`]: documents by URI, and references into them
//! * [`compile`]: a document to a tree of checks ([`node`])
//! * [`validate`]: a value against that tree, with OPA's messages
//! * [`format`]: the `format` keyword
//! * [`text`]: how numbers and values are shown and compared

mod compile;
mod format;
mod node;
mod reference;
mod text;
mod validate;

use crate::arena::Arena;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::decode::Decoder;
use crate::value::Value;

/// JSON Schema.
pub const FAMILY: &[Builtin] = &[
Builtin::new("json.match_schema", "(document: any<string, object[any: any]>, schema: any<string, object[any: any]>) => output: array<boolean, array[object<desc: string, error: string, field: string, type: string>]>", "Checks that the document matches the JSON schema. The `pattern` keyword is enforced using Go's RE2 regex dialect; schemas relying on ECMA-262 features that RE2 does not support (e.g. negative lookahead) will be rejected.", match_schema).categories(&["object"]).documented(&["document to verify by schema", "schema to verify document by"], "`output` is of the form `[match, errors]`. If the document is valid given the schema, then `match` is `true`, and `errors` is an empty array. Otherwise, `match` is `false` and `errors` is an array of objects describing the error(s).").nondeterministic(),
Builtin::new("json.verify_schema", "(schema: any<string, object[any: any]>) => output: array<boolean, any<null, string>>", "Checks that the input is a valid JSON schema object. The schema can be either a JSON string or an JSON object. The `pattern` keyword, if present, is compiled using Go's RE2 regex dialect; schemas relying on ECMA-262 features that RE2 does not support (e.g. negative lookahead) will be rejected.", verify_schema).categories(&["object"]).documented(&["the schema to verify"], "`output` is of the form `[valid, error]`. If the schema is valid, then `valid` is `true`, and `error` is `null`. Otherwise, `valid` is `false` and `error` is a string describing the error.").nondeterministic(),
];

/// A document given as a value or as JSON text.
fn load<'a>(arena: &'a Arena, value: Value<'a>) -> Result<Value<'a>, BuiltinError> {
    match value {
        Value::String(text) => Decoder::new(arena)
            .decode_copied(text.as_bytes())
            .map_err(|_| BuiltinError::new("invalid JSON string")),
        Value::Object(_) | Value::Array(_) => Ok(value),
        _ => Err(BuiltinError::new("wrong type, expected string or object")),
    }
}

fn verify_schema<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    context.spend(1)?;
    let compiled = load(arena, operand::at(args, 1))
        .map_err(|error| error.message)
        .and_then(|document| compile::compile(arena, document));
    let parts = match compiled {
        Ok(_) => [Value::TRUE, Value::Null],
        Err(message) => [
            Value::FALSE,
            Value::string(arena, &format!("jsonschema: {message}")),
        ],
    };
    Ok(Some(Value::array(arena, &parts)))
}

fn match_schema<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let document = load(arena, operand::at(args, 1))?;
    let schema = load(arena, operand::at(args, 2))?;
    let schema = compile::compile(arena, schema).map_err(BuiltinError::new)?;
    let violations = validate::validate(context, &schema, document)?;
    let items: Vec<Value<'a>> = violations
        .iter()
        .map(|violation| {
            let text = |text: &str| Value::string(arena, text);
            Value::object(
                arena,
                [
                    (Value::String("desc"), text(&violation.description)),
                    (
                        Value::String("error"),
                        text(&format!("{}: {}", violation.field, violation.description)),
                    ),
                    (Value::String("field"), text(&violation.field)),
                    (Value::String("type"), Value::String(violation.kind)),
                ],
            )
        })
        .collect();
    Ok(Some(Value::array(
        arena,
        &[Value::Bool(items.is_empty()), Value::array(arena, &items)],
    )))
}
