//! `precinct audit replay`: make a decision again.

use std::process::ExitCode;

use precinct_audit::{Bundles, Decision, Hash, Query, scan};
use precinct_bundle::{Bundle, Limits, archive, load};
use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::json::Encoding;
use precinct_runtime::{Arena, Document};

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
    for located in scan::records(&args.place.store).map_err(|error| error.to_string())? {
        let decision = located.map_err(|error| error.to_string())?.record.decision;
        if query.matches(&decision) {
            return Ok(decision);
        }
    }
    Err(format!(
        "no decision {:?} in {}",
        args.id,
        args.place.store.display()
    ))
}

fn replayed(args: &Args) -> Result<Replay, String> {
    let decision = find(args)?;
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
    let arena = Arena::new();
    let mut context = host::prepare(policy.context(&arena))
        .with_data(parsed.data.value())
        .with_input(input.as_ref().map(Document::value));
    context.time_ns = moment(&decision)?;
    if let Some(answers) = &answers {
        context = context.with_replay(answers.value());
    }
    let answer = policy
        .document(&decision.path, &mut context)
        .map_err(|error| format!("{}: {error}", decision.path))?;
    let value = answer.map(|value| Encoding::PLAIN.encode(value));
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

/// When the decision was made, in nanoseconds since 1970.
fn moment(decision: &Decision) -> Result<i64, String> {
    let moment: jiff::Timestamp = decision
        .timestamp
        .parse()
        .map_err(|error| format!("timestamp {:?}: {error}", decision.timestamp))?;
    i64::try_from(moment.as_nanosecond()).map_err(|error| error.to_string())
}
