//! What the compiler calls: printing, template strings, tests.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::octets;
use crate::value::Value;

/// What the compiler calls, and notes for traces.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("print", "(any...)", "", print),
    Builtin::new("internal.print", "(array[set[any]])", "", internal_print),
    Builtin::new("internal.template_string", "(array[any]) => string", "", internal_template_string),
    Builtin::new("internal.test_case", "(array[any])", "", internal_test_case),
    Builtin::new("trace", "(note: string) => result: boolean", "Emits `note` as a `Note` event in the query explanation. Query explanations show the exact expressions evaluated by OPA during policy execution. For example, `trace(\"Hello There!\")` includes `Note \"Hello There!\"` in the query explanation. To include variables in the message, use `sprintf`. For example, `person := \"Bob\"; trace(sprintf(\"Hello There! %v\", [person]))` will emit `Note \"Hello There! Bob\"` inside of the explanation.", trace).categories(&["tracing"]).documented(&["the note to include"], "always `true`"),
    Builtin::new("opa.runtime", "() => output: object[string: any]", "Returns an object that describes the runtime environment where OPA is deployed.", opa_runtime).documented(&[], "includes a `config` key if OPA was started with a configuration file; an `env` key containing the environment variables that the OPA process was started with; includes `version` and `commit` keys containing the version and build commit of OPA.").nondeterministic(),
];

/// Never runs: the compiler turns it into `internal.print`.
fn print<'a>(_: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(Value::TRUE))
}

/// Prints one line for each combination of the arguments' values; an argument without values is `<undefined>`.
fn internal_print<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let columns: Vec<&[Value<'a>]> = operand::array(args, 1)?
        .iter()
        .map(|item| {
            item.as_set()
                .map(crate::value::Set::items)
                .unwrap_or_default()
        })
        .collect();
    let mut lines = vec![String::new()];
    for (index, values) in columns.iter().enumerate() {
        let mut longer = Vec::new();
        for line in &lines {
            context.spend(1)?;
            let mut add = |shown: &str| {
                let space = if index > 0 { " " } else { "" };
                longer.push(format!("{line}{space}{shown}"));
            };
            if values.is_empty() {
                add("<undefined>");
            }
            values.iter().for_each(|value| add(&plain(*value)));
        }
        lines = longer;
    }
    for line in &lines {
        context.print(&octets::shown(line));
    }
    Ok(Some(Value::TRUE))
}

/// Strings as they are, anything else as Rego text.
fn plain(value: Value<'_>) -> String {
    match value {
        Value::String(text) => text.to_owned(),
        other => other.to_string(),
    }
}

/// Joins the parts: texts as they are, sets of at most one value, of which an empty one is `<undefined>`.
fn internal_template_string<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut text = String::new();
    for part in operand::array(args, 1)? {
        match part {
            Value::Set(set) => match set.items() {
                [] => text.push_str("<undefined>"),
                [one] => text.push_str(&plain(*one)),
                _ => {
                    return Err(crate::error::BuiltinError::halt(
                        crate::error::EvalError::new(
                            "eval_conflict_error",
                            "template-strings must not produce multiple outputs",
                        ),
                    ));
                }
            },
            // Writing to a string can't fail.
            other => {
                let _ = write!(text, "{}", plain(other));
            }
        }
    }
    let text = octets::joined(Cow::Owned(text));
    Ok(Some(Value::string(context.arena(), &text)))
}

/// The cases of a test that were begun, in their order, each as the names that lead to it.
#[derive(Debug, Default)]
pub struct TestCases {
    /// Names as texts: strings as they are, anything else as Rego.
    pub begun: Vec<Vec<String>>,
}

/// How many cases are kept.
const CASES: usize = 1 << 16;

/// Notes a case of a test, for its runner.
fn internal_test_case<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let path: Vec<String> = operand::array(args, 1)?.iter().map(plain).collect();
    let cases = context.slot::<TestCases>();
    if cases.begun.len() < CASES {
        cases.begun.push(path);
    }
    Ok(Some(Value::TRUE))
}

fn trace<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    operand::string(args, 1)?;
    Ok(Some(Value::TRUE))
}

fn opa_runtime<'a>(context: &mut Context<'a>, _: &[Value<'a>]) -> Outcome<'a> {
    Ok(Some(context.runtime.unwrap_or(Value::EMPTY_OBJECT)))
}
