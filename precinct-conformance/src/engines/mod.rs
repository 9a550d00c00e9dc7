//! The engines that answer cases.
//!
//! * [`prepared`]: a case compiled, and the world in which it is asked
//! * [`interpreter`]: answered at once
//! * [`native`]: turned into Rust, built in crates of many cases, and run
//! * [`projected`]: inputs of which only that is there which a decision can read

pub mod interpreter;
pub mod native;
pub mod prepared;
pub mod projected;

use precinct_interpreter::policy::{Query, Row};
use precinct_runtime::EvalError;
use precinct_runtime::json::to_string;

use crate::case::Answer;

/// Rows of a query's function as the answer to a case: those in which every expression holds.
fn rows(query: &Query, rows: &[Row<'_>]) -> Answer {
    let row = |row: &Row<'_>| {
        let pairs = query.variables.iter().zip(&row.variables);
        pairs
            .map(|(name, value)| {
                let text = to_string(*value);
                // A number can be too large for the JSON of the cases.
                let value = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
                (name.to_string(), value)
            })
            .collect()
    };
    Answer::Rows(
        rows.iter()
            .filter(|row| row.expressions.iter().all(|value| value.is_truthy()))
            .map(row)
            .collect(),
    )
}

fn failed(error: &EvalError) -> Answer {
    Answer::Error {
        code: error.code.to_string(),
        text: error.to_string(),
    }
}
