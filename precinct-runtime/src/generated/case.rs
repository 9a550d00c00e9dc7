//! Running one of many programs in a crate, and writing down what came out.

use std::sync::Arc;

use crate::context::HostFunctions;
use crate::error::EvalError;
use crate::evaluator::Evaluator;
use crate::json;
use crate::value::Value;

/// Evaluates a query and prints a line of JSON: its rows, or its error.
pub fn run_case(
    number: usize,
    input: Option<Value<'static>>,
    runtime: Option<&'static str>,
    functions: Option<Arc<HostFunctions>>,
    query: impl for<'e> FnOnce(
        &'e Evaluator,
        Option<Value<'e>>,
        Option<Value<'e>>,
    ) -> Result<Option<Value<'e>>, EvalError>,
) {
    let mut evaluator = Evaluator::new();
    if let Some(functions) = functions {
        evaluator = evaluator.with_functions(functions);
    }
    let runtime = runtime.and_then(|text| evaluator.parse(text.as_bytes()).ok());
    match query(&evaluator, input, runtime) {
        Ok(rows) => {
            let rows = json::to_string(rows.unwrap_or(Value::EMPTY_ARRAY));
            println!("{{\"case\":{number},\"rows\":{rows}}}");
        }
        Err(error) => {
            let code = json::to_string(Value::String(&error.code));
            let text = error.to_string();
            let text = json::to_string(Value::String(&text));
            println!("{{\"case\":{number},\"error\":{{\"code\":{code},\"text\":{text}}}}}");
        }
    }
}
