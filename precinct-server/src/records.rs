//! precinct's own records of decisions: chained segments that can be searched, verified and replayed.

use std::path::Path;
use std::sync::Arc;

use precinct_audit::decision::{new_id, timestamp};
use precinct_audit::{Bundles, Decision, Durability, Metrics, Options, Store};
use precinct_gateway::verdict::{Verdict, code};
use serde_json::value::RawValue;

use crate::decision::{Event, Recorder};
use crate::state::Snapshot;

/// A folder of records.
#[derive(Debug)]
pub struct Records {
    store: Store,
    bundles: Bundles,
}

impl Records {
    /// Goes on with the records of a folder, or begins them.
    ///
    /// # Errors
    /// When the folder can't be used, or is used by another process.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, String> {
        let options = Options {
            durability,
            ..Options::default()
        };
        let store = Store::open(folder, options).map_err(|error| error.to_string())?;
        let bundles = Bundles::beside(folder).map_err(|error| error.to_string())?;
        Ok(Self { store, bundles })
    }

    /// Keeps what a state decides by, so that its decisions can be made again.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&self, snapshot: &Snapshot) -> Result<(), String> {
        let kept = self.bundles.keep(&snapshot.archive());
        kept.map(|_| ()).map_err(|error| error.to_string())
    }

    fn append(&self, event: &Event<'_>) -> Result<(), String> {
        let raw = |text: Option<&str>| {
            let raw = text.map(|text| RawValue::from_string(text.to_owned()));
            raw.transpose().map_err(|error| error.to_string())
        };
        let verdict = match (event.verdict, event.error) {
            (Some(verdict), _) => verdict.clone(),
            (None, Some(_)) => Verdict::deny(code::FAILED),
            (None, None) => {
                let value = event
                    .result
                    .and_then(|text| serde_json::from_str(text).ok());
                Verdict::of(value.as_ref())
            }
        };
        let decision = Decision {
            decision_id: event.id.to_owned(),
            timestamp: timestamp(event.timestamp),
            bundle_digest: event.snapshot.digest().to_owned(),
            path: event.path.to_owned(),
            query: event.query.to_owned(),
            result: verdict.outcome,
            reason: verdict.reason,
            input: raw(event.input)?,
            value: raw(event.result)?,
            nd_builtin_cache: raw(event.answers.filter(|answers| *answers != "{}"))?,
            strict_builtin_errors: event.strict_builtin_errors,
            partial: event.partial.cloned(),
            erased: event.erased.to_vec(),
            metrics: Metrics {
                evaluation_duration_ns: event.evaluation_ns,
                policy_rules_evaluated: event.rules,
            },
        };
        let queued = self.store.queue(&decision);
        queued.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// The decision log, and the records if there are any.
pub struct Recorders {
    /// OPA's decision log.
    pub log: Arc<dyn Recorder>,
    /// The records.
    pub records: Option<Arc<Records>>,
}

impl Recorder for Recorders {
    fn next_id(&self) -> Option<String> {
        match &self.records {
            Some(_) => Some(new_id()),
            None => self.log.next_id(),
        }
    }

    fn takes_all(&self) -> bool {
        self.records.is_some()
    }

    fn settle(&self) -> Result<(), String> {
        self.records.as_ref().map_or(Ok(()), |records| {
            let committed = records.store.commit();
            committed.map_err(|error| format!("the decision can't be recorded: {error}"))
        })
    }

    fn record(&self, event: &Event<'_>) -> Result<(), String> {
        if let Some(records) = &self.records {
            // A decision that is not on record is not given out.
            records
                .append(event)
                .map_err(|error| format!("the decision can't be recorded: {error}"))?;
        }
        if event.is_logged {
            self.log.record(event)
        } else {
            Ok(())
        }
    }
}
