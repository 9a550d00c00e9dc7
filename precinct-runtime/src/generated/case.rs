//! Running one of many programs in a crate, and writing down what came out.

use std::sync::Arc;

use crate::context::HostFunctions;
use crate::error::EvalError;
use crate::evaluator::{DecisionError, Evaluator};
use crate::json;
use crate::value::Value;

/// Evaluates a query and prints a line of JSON: its rows, or its error. Where there is a text of the input, the query is
/// evaluated for that, too; that the answers differ is an error.
pub fn run_case(
    number: usize,
    input: Option<Value<'static>>,
    text: Option<&'static str>,
    runtime: Option<&'static str>,
    functions: Option<Arc<HostFunctions>>,
    query: impl for<'e> FnOnce(
        &'e Evaluator,
        Option<Value<'e>>,
        Option<Value<'e>>,
    ) -> Result<Option<Value<'e>>, EvalError>,
    from_text: impl for<'e> FnOnce(
        &'e Evaluator,
        &'e [u8],
        Option<Value<'e>>,
    ) -> Result<Option<Value<'e>>, DecisionError>,
) {
    let mut evaluator = Evaluator::new();
    if let Some(functions) = functions {
        evaluator = evaluator.with_functions(functions);
    }
    let runtime = runtime.and_then(|text| evaluator.parse(text.as_bytes()).ok());
    let mut answer = line(query(&evaluator, input, runtime).map_err(DecisionError::from));
    if let Some(text) = text {
        let other = line(from_text(&evaluator, text.as_bytes(), runtime));
        if other != answer {
            answer = failure(
                "projection",
                &format!("{answer} of the value, {other} of its text"),
            );
        }
    }
    println!("{{\"case\":{number},{answer}}}");
}

fn line(result: Result<Option<Value<'_>>, DecisionError>) -> String {
    match result {
        Ok(rows) => format!(
            "\"rows\":{}",
            json::to_string(rows.unwrap_or(Value::EMPTY_ARRAY))
        ),
        Err(DecisionError::Evaluation(error)) => failure(&error.code, &error.to_string()),
        Err(DecisionError::Input(error)) => failure("input", &error.to_string()),
    }
}

fn failure(code: &str, text: &str) -> String {
    let quoted = |text: &str| json::to_string(Value::String(text));
    format!(
        "\"error\":{{\"code\":{},\"text\":{}}}",
        quoted(code),
        quoted(text)
    )
}
