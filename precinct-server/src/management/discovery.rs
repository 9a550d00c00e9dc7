//! A configuration that comes as a bundle ("Discovery" in OPA's documentation).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use precinct_bundle::Guard;
use precinct_bundle::load::Options;
use precinct_bundle::revision::Activation;
use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::json::to_string;
use serde_json::Value;

use super::bundles::Pace;
use super::{DISCOVERY, Management, signing};
use crate::configuration::Configuration;
use crate::configuration::settings::Discovery;
use crate::evaluation::ask::{self, World};
use crate::evaluation::scratch::with_arena;
use crate::http::path;
use crate::services::{Client, Fetched};
use crate::state::Snapshot;
use crate::state::activation::{self, Candidate};
use crate::state::policies::{Policies, Texts};

/// Keeps the configuration up to date for as long as the process runs.
pub(super) fn run(management: &Arc<Management>, discovery: &Discovery) {
    let boot = management.configuration.load_full();
    let client = super::client(&boot, discovery.source.service.as_deref());
    let client = match client {
        Ok(client) => client,
        Err(error) => {
            management.logger.error("Discovery failed.", &error);
            return;
        }
    };
    let mut etag = String::new();
    let mut pace = Pace::new(&discovery.source.polling);
    loop {
        let outcome = refresh(management, discovery, &boot, &client, &mut etag);
        match &outcome {
            Ok(()) => management.set_state(DISCOVERY, "OK"),
            Err(error) => management.logger.error("Discovery failed.", error),
        }
        thread::sleep(pace.next(outcome.is_ok()));
    }
}

fn refresh(
    management: &Arc<Management>,
    discovery: &Discovery,
    boot: &Configuration,
    client: &Client,
    etag: &mut String,
) -> Result<(), String> {
    let source = &discovery.source;
    let name = discovery.name.as_deref().unwrap_or("discovery");
    let resource = source.resource.clone();
    let resource = resource.unwrap_or_else(|| format!("bundles/{name}"));
    let wait = source.polling.long_polling_timeout_seconds;
    let limit = source.size_limit_bytes.unwrap_or(1 << 30);
    let fetched = client
        .fetch(&resource, etag, wait.map(Duration::from_secs), limit)
        .map_err(|error| error.message)?;
    let Fetched::New { bytes, etag: newer } = fetched else {
        return Ok(());
    };
    let guard = Guard {
        signatures: signing::fetch(client, source).map_err(|error| error.message)?,
        ..signing::guard(boot, source)?
    };
    let admitted = guard
        .admit_archive(&bytes, &Options::default())
        .map_err(|error| error.to_string())?;
    let activation = Activation {
        revision: admitted.bundle.manifest.revision.clone(),
        digest: admitted.digest.to_string(),
    };
    let candidate = Candidate {
        name: name.into(),
        bundle: admitted.bundle,
        folder: String::new(),
        etag: String::new(),
        digest: activation.digest.clone(),
        archive: None,
        verified_libraries: false,
    };
    let decision = discovery.decision.as_deref().unwrap_or(name);
    let found = evaluate(candidate, decision)?;
    let merged = merged(boot, found)?;
    let configuration =
        Configuration::of(merged, boot.id.clone()).map_err(|error| error.to_string())?;
    if let Some(app) = management.app()
        && let Some(record) = &app.activations
    {
        record.note_discovery(name, activation)?;
    }
    management.follow(configuration)?;
    *etag = newer;
    Ok(())
}

/// The document that a bundle of its own gives.
fn evaluate(candidate: Candidate, decision: &str) -> Result<Value, String> {
    let empty = Policies::compile(Texts::new(), PolicyOptions::default())
        .map_err(|error| error.to_string())?;
    let first = Snapshot::new(Arc::new(empty), Arc::default(), Arc::new(BTreeMap::new()));
    let snapshot = activation::activate(&first, &[candidate]).map_err(|error| error.to_string())?;
    let decision = decision.trim_start_matches("data.").replace('.', "/");
    let keys = path::document(&decision)?;
    with_arena(|arena| {
        let outcome = ask::document(&snapshot, &keys, World::default(), arena);
        let value = outcome
            .answer
            .map_err(|failed| failed.text)?
            .ok_or_else(|| format!("discovery document {decision:?} undefined"))?;
        serde_json::from_str(&to_string(value)).map_err(|error| error.to_string())
    })
}

/// The configuration that the server began with wins over what was discovered, except for the decisions.
fn merged(boot: &Configuration, found: Value) -> Result<Value, String> {
    let Value::Object(mut found) = found else {
        return Err(format!("expected a configuration object, found {found}"));
    };
    let boot = boot.document();
    for (name, value) in boot {
        match (found.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(members)) => {
                for (key, member) in members {
                    there.insert(key.clone(), member.clone());
                }
            }
            _ => {
                found.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(Value::Object(found))
}
