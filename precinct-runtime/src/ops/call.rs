//! Calling builtins.

use crate::arena::Arena;
use crate::builtin::Builtin;
use crate::context::{Answer, Context};
use crate::error::{BuiltinError, BuiltinErrorKind, EvalError};
use crate::value::Value;

/// Calls a builtin; `None` is undefined. A failure is noted in the context and undefined, unless it ends the
/// evaluation.
#[inline]
pub fn call_builtin<'a>(
    context: &mut Context<'a>,
    builtin: &'static Builtin,
    args: &[Value<'a>],
) -> Result<Option<Value<'a>>, EvalError> {
    context.spend(1)?;
    context.counters.builtin_calls += 1;
    let outcome = if builtin.nondeterministic && context.keeps_answers() {
        call_recorded(context, builtin, args)
    } else {
        (builtin.run)(context, args)
    };
    match outcome {
        Ok(result) => Ok(result),
        Err(error) => fail(context, builtin.name, error).map(|()| None),
    }
}

/// Calls a function of the host program, as [`call_builtin`] does.
pub fn call_host<'a>(
    context: &mut Context<'a>,
    name: &str,
    args: &[Value<'a>],
) -> Result<Option<Value<'a>>, EvalError> {
    context.spend(1)?;
    context.counters.builtin_calls += 1;
    let Some(function) = context.host.and_then(|host| host.get(name)) else {
        return Err(EvalError::unsupported_builtin(name));
    };
    match function.call(context, args) {
        Ok(result) => Ok(result),
        Err(error) => fail(context, name, error).map(|()| None),
    }
}

/// A builtin's failure: ends the evaluation if it halts, is noted otherwise.
#[cold]
pub fn fail(context: &mut Context<'_>, name: &str, error: BuiltinError) -> Result<(), EvalError> {
    let halts = matches!(error.kind, BuiltinErrorKind::Halt(_));
    let error = EvalError::from_builtin(name, error);
    if halts {
        return Err(error);
    }
    context.builtin_errors.push(error);
    Ok(())
}

fn call_recorded<'a>(
    context: &mut Context<'a>,
    builtin: &'static Builtin,
    args: &[Value<'a>],
) -> Result<Option<Value<'a>>, BuiltinError> {
    let arena: &'a Arena = context.arena();
    let list: &'a [Value<'a>] = arena.alloc_slice_copy(args);
    let args = Value::Array(list.into());
    let result = match context.recorded(builtin.name, args) {
        Some(answer) => Some(answer),
        None => (builtin.run)(context, list)?,
    };
    context.record(Answer {
        builtin: builtin.name,
        args,
        result,
    });
    Ok(result)
}
