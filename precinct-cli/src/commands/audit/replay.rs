//! `precinct audit replay`: make a decision again.

use std::process::ExitCode;

use precinct_audit::{Bundles, Decision, Hash, Partial, Query, scan};
use precinct_bundle::{Bundle, Limits, archive, load};
use precinct_gateway::verdict::code;
use precinct_interpreter::partial::{PartialError, PartialQuery};
use precinct_interpreter::policy::{Policy, PolicyOptions};
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Context, Document, Value};
use precinct_server::routes::compile;

use super::Place;
use crate::commands::Outcome;
use crate::host;
use crate::present::json::Json;

/// Make a recorded decision again with the bundle that was active, and compare. The exit code is 1 when the result is
/// another one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The decision's ID.
    id: String,
    #[command(flatten)]
    place: Place,
    /// The policies are Rego v0.
    #[arg(long)]
    v0_compatible: bool,
}

/// Finds, decides and compares.
pub fn run(args: &Args) -> Outcome {
    match replayed(args) {
        Ok(replay) => {
            let same = replay.same();
            let shown =
                |value: &Option<String>| Some(value.as_deref().unwrap_or("undefined").into());
            let json = Json::object([
                (
                    "decision_id",
                    Some(replay.decision.decision_id.as_str().into()),
                ),
                (
                    "bundle_digest",
                    Some(replay.decision.bundle_digest.as_str().into()),
                ),
                ("path", Some(replay.decision.path.as_str().into())),
                ("same", Some(same.into())),
                ("recorded", shown(&replay.recorded)),
                ("replayed", shown(&replay.value)),
            ]);
            print!("{}", json.pretty());
            Outcome::Code(if same {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(message) => Outcome::failed(format!("error: {message}"), 2),
    }
}

struct Replay {
    decision: Decision,
    /// What was answered then, as JSON with sorted members; `None` is undefined.
    recorded: Option<String>,
    /// What is answered now.
    value: Option<String>,
}

impl Replay {
    fn same(&self) -> bool {
        self.recorded == self.value
    }
}

fn find(args: &Args) -> Result<Decision, String> {
    let query = Query {
        decision_id: Some(args.id.clone()),
        ..Query::default()
    };
    let mut broken = None;
    for located in scan::records(&args.place.store).map_err(|error| error.to_string())? {
        match located {
            Ok(located) if query.matches(&located.record.decision) => {
                return Ok(located.record.decision);
            }
            Ok(_) => {}
            // What is wrong with another line does not keep this one from being found.
            Err(error) => _ = broken.get_or_insert(error),
        }
    }
    Err(match broken {
        Some(error) => error.to_string(),
        None => format!(
            "no decision {:?} in {}",
            args.id,
            args.place.store.display()
        ),
    })
}

fn replayed(args: &Args) -> Result<Replay, String> {
    let decision = find(args)?;
    if !decision.erased.is_empty() {
        return Err(format!(
            "the input is not whole on record, so that the decision can't be made again: it lacks {}",
            decision.erased.join(", ")
        ));
    }
    if let Some(filter) = decision.partial.as_ref().and_then(|it| it.filter.as_ref()) {
        return Err(format!(
            "a data filter ({filter}) is not made again; `precinct run --server` answers POST /v1/compile/{}",
            decision.path
        ));
    }
    let digest: Hash = decision.bundle_digest.parse()?;
    let bundles = Bundles::beside(&args.place.store).map_err(|error| error.to_string())?;
    let bytes = bundles
        .get(digest)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("the bundle {digest} is not kept beside the records"))?;
    let files = archive::read(&bytes, &Limits::default()).map_err(|error| error.to_string())?;
    let bundle = Bundle::read(&files).map_err(|error| error.to_string())?;
    let loaded =
        load::join(vec![(digest.to_string(), bundle)]).map_err(|error| error.to_string())?;
    let options = PolicyOptions {
        version: host::version(args.v0_compatible, false),
        ..PolicyOptions::default()
    };
    let parsed = host::parse_loaded(&loaded, &options).map_err(|refusal| refusal.text())?;
    let policy = host::compile(&parsed, options).map_err(|refusal| refusal.text())?;
    let input = match &decision.input {
        None => None,
        Some(raw) => Some(host::document(raw.get().as_bytes())?),
    };
    // What nondeterministic builtins answered then, they answer again.
    let answers = match &decision.nd_builtin_cache {
        None => None,
        Some(raw) => Some(host::document(raw.get().as_bytes())?),
    };
    let world = World {
        data: &parsed.data,
        input: input.as_ref(),
        answers: answers.as_ref(),
        time_ns: moment(&decision)?,
        strict_builtin_errors: decision.strict_builtin_errors,
    };
    let value = match &decision.partial {
        Some(partial) => world.partial(&policy, &decision.query, partial),
        None if decision.query.is_empty() => world.document(&policy, &decision.path),
        None => world.query(&policy, &decision.query),
    };
    let value = match value {
        // What failed then and fails now is the same decision.
        Err(_) if decision.reason.as_deref() == Some(code::FAILED) => None,
        value => value?,
    };
    let recorded = match &decision.value {
        None => None,
        // Read and written by the same encoder, so that only meaning counts.
        Some(raw) => Some(Encoding::PLAIN.encode(host::document(raw.get().as_bytes())?.value())),
    };
    Ok(Replay {
        decision,
        recorded,
        value,
    })
}

/// What an evaluation sees.
struct World<'w> {
    data: &'w Document,
    input: Option<&'w Document>,
    answers: Option<&'w Document>,
    time_ns: i64,
    strict_builtin_errors: bool,
}

impl<'w> World<'w> {
    fn context<'a>(&self, context: Context<'a>) -> Context<'a>
    where
        'w: 'a,
    {
        let mut context = host::prepare(context)
            .with_data(self.data.value())
            .with_input(self.input.map(Document::value));
        context.time_ns = self.time_ns;
        context.strict_builtin_errors = self.strict_builtin_errors;
        match self.answers {
            Some(answers) => context.with_replay(answers.value()),
            None => context,
        }
    }

    /// The document at a path as JSON; `None` is undefined.
    fn document(&self, policy: &Policy, path: &str) -> Result<Option<String>, String> {
        let arena = Arena::new();
        let mut context = self.context(policy.context(&arena));
        let answer = policy.document(path, &mut context);
        let answer = answer.map_err(|error| format!("{path}: {error}"))?;
        Ok(answer.map(|value| Encoding::PLAIN.encode(value)))
    }

    /// The variables of each answer of a query as JSON, as they were recorded; `None` is undefined.
    fn query(&self, policy: &Policy, text: &str) -> Result<Option<String>, String> {
        let query = policy.query(text, None, &[]);
        let query = query.map_err(|failure| format!("{text}: {failure}"))?;
        let arena = Arena::new();
        let mut context = self.context(query.context(&arena));
        let rows = query.answers(&mut context);
        let rows = rows.map_err(|error| format!("{text}: {error}"))?;
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = rows.iter().map(|row| {
            let named = query.variables.iter().zip(&row.variables);
            let name = |name: &str| Value::string(&arena, name);
            Value::object(&arena, named.map(|(it, value)| (name(it), *value)))
        });
        let rows: Vec<Value<'_>> = rows.collect();
        Ok(Some(Encoding::PLAIN.encode(Value::array(&arena, &rows))))
    }
}

impl World<'_> {
    /// What remains of a query, as it was recorded.
    fn partial(
        &self,
        policy: &Policy,
        query: &str,
        partial: &Partial,
    ) -> Result<Option<String>, String> {
        let time_ns = self.time_ns;
        let remains = policy.partial(&PartialQuery {
            query,
            package: None,
            imports: &[],
            unknowns: &partial.unknowns,
            disable_inlining: &partial.disable_inlining,
            shallow_inlining: false,
            truths: false,
            nondeterministic_builtins: partial.nondeterministic_builtins,
            data: self.data,
            input: self.input,
            prepare: &move |context| {
                let mut context = host::prepare(context);
                context.time_ns = time_ns;
                context
            },
        });
        let remains = remains.map_err(|error| match error {
            PartialError::Query(failure) => format!("{query}: {failure}"),
            PartialError::Evaluation(error) => format!("{query}: {error}"),
        })?;
        let text = compile::text(&remains);
        Ok(Some(
            Encoding::PLAIN.encode(host::document(text.as_bytes())?.value()),
        ))
    }
}

/// When the decision was made, in nanoseconds since 1970.
fn moment(decision: &Decision) -> Result<i64, String> {
    let moment: jiff::Timestamp = decision
        .timestamp
        .parse()
        .map_err(|error| format!("timestamp {:?}: {error}", decision.timestamp))?;
    i64::try_from(moment.as_nanosecond()).map_err(|error| error.to_string())
}
