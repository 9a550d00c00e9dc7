//! Cases answered by the interpreter.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use precinct_interpreter::hosts;
use precinct_runtime::builtin::Outcome;
use precinct_runtime::context::{Bounds, HostFunction, HostFunctions};
use precinct_runtime::{Arena, Context, Document, Value};

use super::prepared::{self, Prepared};
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
    let arena = Arena::new();
    let (data, runtime) = match world(&arena, prepared) {
        Ok(world) => world,
        Err(unreadable) => return unreadable,
    };
    let mut context = prepared
        .query
        .context(&arena)
        .with_input(prepared.input.as_ref().map(Document::value))
        .with_data(data)
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
    context.runtime = runtime;
    match prepared.query.answers(&mut context) {
        Ok(rows) => super::rows(&prepared.query, &rows),
        Err(error) => super::failed(&error),
    }
}

fn world<'a>(
    arena: &'a Arena,
    prepared: &Prepared<'_>,
) -> Result<(Value<'a>, Option<Value<'a>>), Answer> {
    let data = prepared::value(arena, &prepared.data())?;
    let runtime = prepared
        .runtime()
        .map(|text| prepared::value(arena, &text))
        .transpose()?;
    Ok((data, runtime))
}
