//! Queries that are answered natively: as programs that cargo builds, kept for the next time.

use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use precinct_codegen::question::Question;
use precinct_codegen::workshop::Workshop;
use precinct_interpreter::policy::Query;
use precinct_runtime::json::{Decoder, to_string};
use precinct_runtime::value::Array;
use precinct_runtime::{Document, Value};

use crate::counting::Memory;
use crate::host;
use crate::present::errors::Shown;
use crate::present::results::Row;

/// The world in which a query is asked.
pub struct World<'w> {
    /// The base documents.
    pub data: &'w Document,
    /// The input, if there is one.
    pub input: Option<&'w Document>,
    /// Each evaluation begins with the text of the input, not with its value.
    pub reads_input: bool,
    /// How long an evaluation may take.
    pub timeout: Option<Duration>,
    /// How often the query is evaluated.
    pub count: usize,
    /// Errors of builtins end the evaluation.
    pub strict_builtin_errors: bool,
    /// What evaluations cost is what is asked for, so the program has to be a fast one.
    pub measured: bool,
}

/// Answers, and how long each evaluation took, in nanoseconds.
pub struct Answered {
    pub rows: Vec<Row>,
    pub times: Vec<u64>,
    /// What all evaluations asked the allocator for, if they were measured.
    pub memory: Memory,
}

/// Why there is no answer.
pub enum Trouble {
    /// The program can't be built or run.
    Program(String),
    /// The evaluation ended with an error.
    Evaluation(Box<Shown>),
}

/// Builds the program that answers a query, unless it is there, and asks it.
///
/// # Errors
/// When it can't be built or run, or the evaluation fails.
pub fn answers(query: &Query, world: &World<'_>) -> Result<Answered, Trouble> {
    let failed = |error: &dyn std::fmt::Display| Trouble::Program(error.to_string());
    let workshop = Workshop::standard().map_err(|error| failed(&error))?;
    let question = Question {
        program: query.program(),
        query: query.function(),
        sources: query.sources(),
        strict_builtin_errors: world.strict_builtin_errors,
        measured: world.measured,
    };
    if std::io::stderr().is_terminal() {
        eprint!("building…");
    }
    let program = question.build(&workshop);
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let program = program.map_err(|error| failed(&error))?;
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let request = request(world);
    // The program reads all of its request before it writes, so neither waits for the other.
    let written = match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(request.as_bytes()),
        None => Ok(()),
    };
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    written.map_err(|error| failed(&error))?;
    if !output.status.success() {
        let message = format!("the compiled query ended with {}", output.status);
        return Err(Trouble::Program(message));
    }
    read(query, &output.stdout)
}

fn request(world: &World<'_>) -> String {
    let mut request = format!(
        "{{\"data\":{},\"count\":{}",
        to_string(world.data.value()),
        world.count.max(1)
    );
    if let Some(input) = world.input {
        request += &format!(",\"input\":{}", to_string(input.value()));
    }
    if world.reads_input {
        request += ",\"reads_input\":true";
    }
    if let Some(timeout) = world.timeout {
        let limit = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        request += &format!(",\"timeout_ns\":{limit}");
    }
    request + "}"
}

fn read(query: &Query, text: &[u8]) -> Result<Answered, Trouble> {
    let arena = host::arena();
    let answer = Decoder::new(&arena)
        .decode(text)
        .map_err(|error| Trouble::Program(error.to_string()))?;
    if let Some(error) = answer.field("error") {
        return Err(Trouble::Evaluation(Box::new(shown(error))));
    }
    let list = |name: &str| answer.field(name).and_then(Value::as_array);
    let rows = list("rows").unwrap_or_default();
    let times = list("times").unwrap_or_default();
    let natural = |value: Value<'_>| u64::try_from(value.as_i64()?).ok();
    let memory = list("memory").unwrap_or_default();
    let asked = |at: usize| memory.get(at).and_then(natural).unwrap_or_default();
    let (count, bytes) = (asked(0), asked(1));
    Ok(Answered {
        rows: rows
            .iter()
            .filter_map(Value::as_array)
            .map(|row| Row::new(query, &query.row(row)))
            .collect(),
        times: times.iter().filter_map(natural).collect(),
        memory: Memory { count, bytes },
    })
}

fn shown(error: Value<'_>) -> Shown {
    let text = |value: Option<Value<'_>>| {
        let text = value.and_then(|value| value.as_str().map(str::to_owned));
        text.unwrap_or_default()
    };
    let place = error.field("place").and_then(Value::as_array);
    let number = |at: usize| u32::try_from(place?.get(at)?.as_i64()?).ok();
    let location = number(1)
        .zip(number(2))
        .map(|(row, col)| (text(place.and_then(Array::first)), row, col));
    Shown {
        code: text(error.field("code")),
        message: text(error.field("message")),
        location,
        ..Shown::default()
    }
}
