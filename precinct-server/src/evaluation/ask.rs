//! The document at a path, or the answers of a query.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use precinct_interpreter::NoHooks;
use precinct_interpreter::policy::{Policy, Query, Row};
use precinct_interpreter::stack::{Frame, Stack};
use precinct_interpreter::trace::{Event, Outline, Tracer};
use precinct_rego::ast::display::ref_text;
use precinct_rego::ast::{Span, Term, TermValue};
use precinct_rego::source::Sources;
use precinct_runtime::compiled::Compiled;
use precinct_runtime::context::{Answer, Bounds, Printer};
use precinct_runtime::{Arena, Context, Document, EvalError, Value};

use super::errors::Failed;
use super::metrics::{self, Metrics};
use super::native;
use crate::state::Snapshot;

/// What an evaluation finds around it.
#[derive(Clone, Copy, Default)]
pub struct World<'a> {
    /// The input; `None` is undefined.
    pub input: Option<Value<'a>>,
    /// What `opa.runtime()` gives.
    pub runtime: Option<&'a Document>,
    /// Errors of builtins end the evaluation.
    pub strict_builtin_errors: bool,
    /// Answers of nondeterministic builtins are kept.
    pub records: bool,
    /// The steps of the evaluation are kept.
    pub traced: bool,
    /// The steps hold the variables that are bound.
    pub keeps_locals: bool,
    /// How long it may take.
    pub limit: Option<Duration>,
    /// The time and the randomness of the evaluation, where another one is to have the same; `None` is the present.
    pub moment: Option<Moment>,
    /// Policies that are part of this program, and answer where they are those of the state.
    pub compiled: Option<&'a dyn Compiled>,
    /// The library of a bundle may answer. What it gives is what JSON has of it: sets are arrays.
    pub takes_library: bool,
}

/// What differs from one evaluation to the next although policies, documents and input are the same.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Nanoseconds since 1970-01-01 UTC.
    pub(super) time_ns: i64,
    pub(super) seed: u64,
}

impl Moment {
    /// The present time, and a seed that no caller can foresee.
    #[must_use]
    pub fn now() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            time_ns: i64::try_from(now.as_nanos()).unwrap_or(i64::MAX),
            seed: RandomState::new().hash_one(()),
        }
    }
}

/// The engine that evaluates what is not compiled in.
const INTERPRETER: &str = "interpreter";

/// What came out.
#[derive(Debug)]
pub struct Outcome<'a, T> {
    /// The answer.
    pub answer: Result<T, Failed>,
    /// What evaluated: `interpreter`, `native`, or `library`.
    pub engine: &'static str,
    /// What was printed: place and message.
    pub prints: Vec<(String, String)>,
    /// Answers of nondeterministic builtins.
    pub recorded: Vec<Answer<'a>>,
    /// The steps, and the texts that they speak of.
    pub steps: Option<(Vec<Event>, Sources)>,
    /// How many rules were evaluated.
    pub rules: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Outcome<'_, ()> {
    /// That of an evaluation in part, which enters no rules as a whole.
    #[must_use]
    pub fn in_part(metrics: &Metrics) -> Self {
        let elapsed = metrics.get(metrics::PARTIAL_EVAL).unwrap_or_default();
        Self {
            answer: Ok(()),
            engine: INTERPRETER,
            prints: Vec::new(),
            recorded: Vec::new(),
            steps: None,
            rules: 0,
            elapsed: Duration::from_nanos(elapsed),
        }
    }
}

/// What is printed during an evaluation.
type Prints = Rc<RefCell<Vec<(String, String)>>>;

/// Evaluates the document at a path of keys.
pub fn document<'a>(
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Outcome<'a, Option<Value<'a>>> {
    if let Some(outcome) = native::document(snapshot, keys, world, arena)
        .or_else(|| native::of_library(snapshot, keys, world, arena))
    {
        return outcome;
    }
    if world.traced
        && let Some(marked) = snapshot.policies.traced()
    {
        return traced(&marked.policy, snapshot, keys, world, arena);
    }
    let policy = snapshot.policies.policy();
    let started = Instant::now();
    let prints = Prints::default();
    let printed = snapshot.policies.prints().then_some(&prints);
    let mut context = prepared(policy.context(arena), snapshot, world, printed);
    let mut stack = Stack::of_document();
    let (answer, is_watched) = if snapshot.policies.has_effects() {
        // What is called then must not be called again to find out where it was.
        (policy.document_at(keys, &mut context, &mut stack), true)
    } else {
        (policy.document_at(keys, &mut context, &mut NoHooks), false)
    };
    let elapsed = started.elapsed();
    let rules = context.rules_evaluated();
    let recorded = context.answers().to_vec();
    drop(context);
    if let Err(error) = &answer
        && !error.is_final()
        && let Some(outcome) = at_keys(snapshot, keys, world, arena)
    {
        return outcome;
    }
    let answer = answer.map_err(|error| {
        if !is_watched {
            let mut context = prepared_quietly(policy.context(arena), snapshot, world);
            let again = policy.document_at(keys, &mut context, &mut stack);
            if let Err(again) = again {
                return failed(&again, &stack, policy);
            }
        }
        failed(&error, &stack, policy)
    });
    Outcome {
        answer,
        engine: INTERPRETER,
        prints: prints.take(),
        recorded,
        steps: None,
        rules,
        elapsed,
    }
}

/// What a document that failed as a whole holds at some keys, as a query asks for it: what stands at other keys does not
/// matter then. `None` if that fails, too, or if the path leads to the document itself.
#[cold]
fn at_keys<'a>(
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Option<Outcome<'a, Option<Value<'a>>>> {
    let policy = snapshot.policies.policy();
    let (_, length) = policy.function_at(keys)?;
    if length == keys.len() {
        return None;
    }
    let text = format!("value := {}", reference(keys));
    let asked = policy.query(&text, None, &[]).ok()?;
    let outcome = query(&asked, policy, snapshot, world, arena);
    let copied = |answer: &Answer<'_>| Answer {
        builtin: arena.alloc_str(answer.builtin),
        args: answer.args.copy_into(arena),
        result: answer.result.map(|result| result.copy_into(arena)),
    };
    let rows = outcome.answer.ok()?;
    let value = rows.first().and_then(|row| row.variables.first().copied());
    Some(Outcome {
        answer: Ok(value.map(|value| value.copy_into(arena))),
        engine: outcome.engine,
        prints: outcome.prints,
        recorded: outcome.recorded.iter().map(copied).collect(),
        steps: outcome.steps,
        rules: outcome.rules,
        elapsed: outcome.elapsed,
    })
}

fn traced<'a>(
    policy: &'a Policy,
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Outcome<'a, Option<Value<'a>>> {
    let started = Instant::now();
    let prints = Prints::default();
    let printed = snapshot.policies.prints().then_some(&prints);
    let mut context = prepared(policy.context(arena), snapshot, world, printed);
    let outline = policy.outline();
    let query = Outline::document(&reference(keys));
    let mut tracer = Tracer::new(policy.program(), &outline, &query);
    if world.keeps_locals {
        tracer = tracer.with_locals();
    }
    if let Some((function, _)) = policy.function_at(keys) {
        tracer = tracer.of_document(function);
    }
    let mut hooks = (Stack::of_document(), tracer);
    let answer = policy.document_at(keys, &mut context, &mut hooks);
    let elapsed = started.elapsed();
    let rules = context.rules_evaluated();
    let recorded = context.answers().to_vec();
    drop(context);
    let is_defined = matches!(answer, Ok(Some(_)));
    let answer = answer.map_err(|error| failed(&error, &hooks.0, policy));
    Outcome {
        answer,
        engine: INTERPRETER,
        prints: prints.take(),
        recorded,
        steps: Some((
            hooks.1.finish_document(is_defined),
            policy.sources().clone(),
        )),
        rules,
        elapsed,
    }
}

/// Evaluates a query.
pub fn query<'a>(
    query: &'a Query,
    policy: &'a Policy,
    snapshot: &'a Snapshot,
    world: World<'a>,
    arena: &'a Arena,
) -> Outcome<'a, Vec<Row<'a>>> {
    let started = Instant::now();
    let prints = Prints::default();
    let mut context = prepared(query.context(arena), snapshot, world, Some(&prints));
    let mut stack = Stack::default();
    let mut steps = None;
    let answer = if world.traced {
        let outline = policy.outline();
        let mut tracer = Tracer::new(query.program(), &outline, query.outline());
        if world.keeps_locals {
            tracer = tracer.with_locals();
        }
        let mut hooks = (tracer, &mut stack);
        let answer = query.answers_with(&mut context, &mut hooks);
        let answered = answer.as_ref().is_ok_and(|rows| !rows.is_empty());
        steps = Some((hooks.0.finish(answered), query.sources().clone()));
        answer
    } else {
        query.answers_with(&mut context, &mut stack)
    };
    let elapsed = started.elapsed();
    let rules = context.rules_evaluated();
    let recorded = context.answers().to_vec();
    drop(context);
    Outcome {
        answer: answer.map_err(|error| {
            let frames = stack.frames(query.program(), policy.modules(), query.body());
            Failed::new(&error, &frames, query.sources())
        }),
        engine: INTERPRETER,
        prints: prints.take(),
        recorded,
        steps,
        rules,
        elapsed,
    }
}

/// A failed document: its last frame is the query that the request stands for.
fn failed(error: &EvalError, stack: &Stack, policy: &Policy) -> Failed {
    let mut frames = stack.frames(policy.program(), policy.modules(), &[]);
    frames.push(Frame {
        span: Span {
            source: precinct_rego::ast::SourceId(u32::MAX),
            row: 1,
            col: 1,
            ..Span::default()
        },
        body: 0,
        values: Vec::new(),
    });
    Failed::new(error, &frames, policy.sources())
}

pub(super) fn prepared<'a>(
    context: Context<'a>,
    snapshot: &'a Snapshot,
    world: World<'a>,
    prints: Option<&Prints>,
) -> Context<'a> {
    let mut context = prepared_quietly(context, snapshot, world);
    if let Some(prints) = prints {
        let prints = Rc::clone(prints);
        context.printer = Some(Printer::each(move |line, place| {
            let place = place.map_or_else(String::new, ToString::to_string);
            prints.borrow_mut().push((place, line.to_owned()));
        }));
    }
    if world.records {
        context = context.with_recording();
    }
    context
}

fn prepared_quietly<'a>(
    context: Context<'a>,
    snapshot: &'a Snapshot,
    world: World<'a>,
) -> Context<'a> {
    let mut context = at(world.moment.unwrap_or_else(Moment::now), context)
        .with_documents(&snapshot.data)
        .with_input(world.input)
        .with_bounds(Bounds {
            deadline: world.limit.map(|limit| Instant::now() + limit),
            ..Bounds::default()
        });
    context.strict_builtin_errors = world.strict_builtin_errors;
    context.runtime = world.runtime.map(Document::value);
    context
}

/// The same with the present time, and randomness.
#[must_use]
pub fn timed(context: Context<'_>) -> Context<'_> {
    at(Moment::now(), context)
}

fn at(moment: Moment, context: Context<'_>) -> Context<'_> {
    let mut context = context.with_seed(moment.seed);
    context.time_ns = moment.time_ns;
    context
}

/// `data.a["b c"]` of keys, as Rego writes it.
#[must_use]
pub fn reference(keys: &[String]) -> String {
    let term = |value| Term {
        span: Span::default(),
        value,
    };
    let root = term(TermValue::Var("data".into()));
    keys.iter().fold("data".to_owned(), |text, key| {
        if key
            .parse::<i64>()
            .is_ok_and(|index| index.to_string() == *key)
        {
            return text + "[" + key + "]";
        }
        let part = ref_text(&[root.clone(), term(TermValue::String(key.as_str().into()))]);
        text + part.strip_prefix("data").unwrap_or(&part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_keys_as_rego_does() {
        let keys = ["a", "b c", "0", "if", "x_1"].map(str::to_owned);
        assert_eq!(reference(&keys), r#"data.a["b c"][0]["if"].x_1"#);
    }
}
