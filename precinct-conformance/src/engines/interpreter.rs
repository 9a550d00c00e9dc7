//! Cases answered by the interpreter.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use precinct_interpreter::hosts;
use precinct_runtime::builtin::Outcome;
use precinct_runtime::context::{Bounds, HostFunction, HostFunctions};
use precinct_runtime::{Arena, Context, Document, Value};

use super::prepared::{self, Prepared};
use super::projected;
use crate::case::{Answer, Case};

/// How long one case may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// `test.sleep(duration)`: waits a moment, for the cases that want to see time pass.
struct Sleep;

impl HostFunction for Sleep {
    fn call<'a>(&self, _: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
        std::thread::sleep(Duration::from_millis(10));
        Ok(Some(Value::Null))
    }
}

/// What cases call besides builtins.
pub(super) fn functions() -> &'static HostFunctions {
    static FUNCTIONS: OnceLock<HostFunctions> = OnceLock::new();
    FUNCTIONS.get_or_init(|| {
        let mut functions = hosts().clone();
        functions.insert("test.sleep".to_owned(), Arc::new(Sleep));
        functions
    })
}

/// The interpreter's answer to a case.
pub fn answer(case: &Case) -> Answer {
    match prepared::prepare(case) {
        Ok(prepared) => evaluated(&prepared),
        Err(refused) => refused,
    }
}

/// The interpreter's answer to a case that was compiled.
pub fn evaluated(prepared: &Prepared<'_>) -> Answer {
    let input = prepared.input.as_ref().map(Document::value);
    answered(&Arena::new(), prepared, input, |data| data)
}

/// The same with an input and documents that are packed, as large ones are. What can't be packed, because it has sets or
/// keys that are no strings, stays as it is.
pub fn evaluated_packed(prepared: &Prepared<'_>) -> Answer {
    let packed = |document: &Document| Document::packed(document.value());
    let input = prepared.input.as_ref();
    let packed_input = input.and_then(packed);
    let input = packed_input.as_ref().or(input).map(Document::value);
    answered(&Arena::new(), prepared, input, |data| {
        packed(&data).unwrap_or(data)
    })
}

/// The same for an input of which only that is there which the query can read; `None` if it can read all of it, or if
/// the input can't be written as JSON.
pub fn evaluated_projected(prepared: &Prepared<'_>) -> Option<Answer> {
    let text = prepared.json()?;
    let reads = projected::reads_of(&prepared.query);
    if reads.whole {
        return None;
    }
    let arena = Arena::new();
    let input = match projected::read(&arena, &reads, text.as_bytes()) {
        Ok(input) => input,
        Err(error) => return Some(prepared::unreadable(&error)),
    };
    Some(answered(&arena, prepared, Some(input), |data| data))
}

/// `kept` says in which form the base documents are kept.
fn answered<'a>(
    arena: &'a Arena,
    prepared: &'a Prepared<'_>,
    input: Option<Value<'a>>,
    kept: impl FnOnce(Document) -> Document,
) -> Answer {
    let (data, runtime) = match world(prepared) {
        Ok((data, runtime)) => (kept(data), runtime),
        Err(unreadable) => return unreadable,
    };
    let mut context = prepared
        .query
        .context(arena)
        .with_input(input)
        .with_documents(&data)
        .with_bounds(Bounds {
            deadline: Some(Instant::now() + PATIENCE),
            ..Bounds::default()
        });
    context.host = Some(functions());
    context.strict_builtin_errors = prepared.case.strict_errors;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    context.time_ns = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    context.runtime = runtime.as_ref().map(Document::value);
    match prepared.query.answers(&mut context) {
        Ok(rows) => super::rows(&prepared.query, &rows),
        Err(error) => super::failed(&error),
    }
}

/// The base documents, and what `opa.runtime()` gives.
fn world(prepared: &Prepared<'_>) -> Result<(Document, Option<Document>), Answer> {
    let read = |text: String| {
        Document::from_json(text.as_bytes()).map_err(|error| prepared::unreadable(&error))
    };
    Ok((
        read(prepared.data())?,
        prepared.runtime().map(read).transpose()?,
    ))
}
