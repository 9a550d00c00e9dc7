//! A program that answers one query, for whoever started it.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::arena::{Arena, Document};
use crate::context::{Bounds, HostFunctions};
use crate::counting::{self, Memory};
use crate::error::EvalError;
use crate::evaluator::{DecisionError, Evaluator};
use crate::json::{self, Decoder};
use crate::value::Value;

/// Deep values are compared and printed on the stack.
const STACK: usize = 256 << 20;

/// What an evaluation begins with.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'e> {
    /// The input, which is read already.
    Value(Option<Value<'e>>),
    /// The input as JSON.
    Text(&'e [u8]),
}

/// Reads a request from the standard input and writes the answer to the standard output.
///
/// A request is `{"input": …, "data": …, "count": 1, "timeout_ns": …}`, of which only `data` has to be there. An answer
/// is `{"rows": […], "times": […], "memory": [allocations, bytes]}`, with the nanoseconds of each evaluation, and what all
/// of them asked of an allocator that counts, or
/// `{"error": {"code": …, "message": …, "place": [file, row, column]}}`.
///
/// # Errors
/// When the request can't be read, or the answer not written.
pub fn answer<Q>(functions: Option<Arc<HostFunctions>>, query: Q) -> io::Result<()>
where
    Q: for<'e> Fn(&'e Evaluator, Asked<'e>) -> Result<Option<Value<'e>>, DecisionError>
        + Send
        + Sync,
{
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    let answer = thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || answered(&text, functions, &query))?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

fn answered<Q>(text: &[u8], functions: Option<Arc<HostFunctions>>, query: &Q) -> io::Result<String>
where
    Q: for<'e> Fn(&'e Evaluator, Asked<'e>) -> Result<Option<Value<'e>>, DecisionError>,
{
    let arena = Arena::new();
    let request = Decoder::new(&arena)
        .decode(text)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    let data = request.field("data").unwrap_or(Value::EMPTY_OBJECT);
    let data = Arc::new(Document::copy_of(data));
    let number = |name: &str| request.field(name).and_then(Value::as_i64);
    let natural = |name: &str| number(name).and_then(|number| u64::try_from(number).ok());
    let mut evaluator = Evaluator::new()
        .with_data(data)
        .with_printer(|line| eprintln!("{line}"));
    if let Some(functions) = functions {
        evaluator = evaluator.with_functions(functions);
    }
    // Read again for each evaluation, where that is to be part of what it takes.
    let text = matches!(request.field("reads_input"), Some(Value::Bool(true)))
        .then(|| request.field("input").map(json::to_string))
        .flatten();
    let mut times = Vec::new();
    let mut memory = Memory::default();
    let mut answer = String::new();
    for _ in 0..natural("count").unwrap_or(1) {
        let deadline = natural("timeout_ns")
            .and_then(|limit| Instant::now().checked_add(Duration::from_nanos(limit)));
        evaluator = evaluator.with_bounds(Bounds {
            deadline,
            ..Bounds::default()
        });
        let asked = match &text {
            Some(text) => Asked::Text(text.as_bytes()),
            None => Asked::Value(request.field("input")),
        };
        let before = counting::asked();
        let started = Instant::now();
        let result = query(&evaluator, asked);
        let time = started.elapsed();
        memory += counting::asked().since(before);
        times.push(time.as_nanos().to_string());
        answer = match result {
            Ok(rows) => json::to_string(rows.unwrap_or(Value::EMPTY_ARRAY)),
            Err(DecisionError::Evaluation(error)) => return Ok(failed(&error)),
            Err(DecisionError::Input(error)) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        };
        evaluator.reset();
    }
    Ok(format!(
        "{{\"rows\":{answer},\"times\":[{}],\"memory\":[{},{}]}}",
        times.join(","),
        memory.count,
        memory.bytes
    ))
}

fn failed(error: &EvalError) -> String {
    let quoted = |text: &str| json::to_string(Value::String(text));
    let place = error.location.as_ref().map_or_else(
        || "null".to_owned(),
        |place| format!("[{},{},{}]", quoted(&place.file), place.row, place.col),
    );
    format!(
        "{{\"error\":{{\"code\":{},\"message\":{},\"place\":{place}}}}}",
        quoted(&error.code),
        quoted(&error.message)
    )
}
