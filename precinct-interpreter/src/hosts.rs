//! Builtins that need the front end: the runtime, which compiled policies link, has none.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use precinct_rego::ast::json::{JsonOptions, module_json};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};
use precinct_runtime::builtin::{Outcome, operand};
use precinct_runtime::context::{HostFunction, HostFunctions};
use precinct_runtime::error::BuiltinError;
use precinct_runtime::json::Decoder;
use precinct_runtime::{Context, Value};

use crate::policy::{Failure, Step};

/// The signature of `rego.parse_module`.
pub(crate) const PARSE_MODULE: (&str, &str) = (
    "rego.parse_module",
    "(filename: string, rego: string) => output: object[string: any]",
);

/// The functions that the interpreter adds to those of the runtime. Contexts of policies and queries have them; a host
/// program with functions of its own adds these to its map.
#[must_use]
pub fn hosts() -> &'static HostFunctions {
    static HOSTS: OnceLock<HostFunctions> = OnceLock::new();
    HOSTS.get_or_init(|| {
        let parse: Arc<dyn HostFunction> = Arc::new(ParseModule);
        HashMap::from([(PARSE_MODULE.0.to_owned(), parse)])
    })
}

/// `rego.parse_module(filename, text)`: the syntax tree of a module of v1 as JSON.
struct ParseModule;

impl HostFunction for ParseModule {
    fn call<'a>(&self, context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
        let name = operand::string(args, 1)?;
        let text = operand::string(args, 2)?;
        context.spend(text.len() as u64)?;
        let mut sources = Sources::default();
        let id = sources.add(name, text);
        let json = match parse_module(&sources, id, &ParseOptions::default()) {
            Ok(module) => module_json(&module, &sources, JsonOptions::default()),
            Err(errors) => {
                let failure = Failure {
                    step: Step::Parse,
                    errors,
                    sources,
                };
                return Err(BuiltinError::new(failure.to_string()));
            }
        };
        Decoder::new(context.arena())
            .decode_copied(json.as_bytes())
            .map(Some)
            .map_err(|error| BuiltinError::new(error.to_string()))
    }
}
