//! What the server says of itself.

use std::sync::Weak;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::workers::Life;
use super::{Management, locked};
use crate::app::Plugins as _;
use crate::configuration::settings::StatusReports;
use crate::log::Level;
use crate::services::Client;

/// How often it is looked whether something changed.
const PERIOD: Duration = Duration::from_millis(500);

/// The status as JSON text.
pub(super) fn document(management: &Management) -> String {
    whole(management, true)
}

/// The status, with or without the numbers that each request changes.
fn whole(management: &Management, has_numbers: bool) -> String {
    let configuration = management.configuration.load();
    let mut document = Map::new();
    document.insert("labels".to_owned(), json!(configuration.parts.labels));
    let bundles = |are_shadow: bool| -> Map<String, Value> {
        locked(&management.bundles)
            .iter()
            .filter(|(_, status)| status.is_shadow() == are_shadow)
            .map(|(name, status)| (name.clone(), status.document()))
            .collect()
    };
    let (mut active, tried) = (bundles(false), bundles(true));
    if let Some(app) = management.app() {
        let state = app.store.snapshot();
        for (name, document) in &mut active {
            let bundle = state.bundles.get(name.as_str());
            let loading = bundle.and_then(|bundle| app.libraries.of(name, &bundle.digest));
            if let Some(loading) = loading {
                document["library"] = loading.document();
            }
        }
    }
    if !active.is_empty() {
        document.insert("bundles".to_owned(), Value::Object(active));
    }
    if !tried.is_empty() {
        let mut shadow = Map::from_iter([("bundles".to_owned(), Value::Object(tried))]);
        if let Some(app) = management.app().filter(|_| has_numbers) {
            shadow.insert("decisions".to_owned(), json!(app.registry.shadow()));
        }
        document.insert("shadow".to_owned(), Value::Object(shadow));
    }
    let plugins: Map<String, Value> = management
        .states()
        .into_iter()
        .map(|(name, state)| (name, json!({"state": state})))
        .collect();
    document.insert("plugins".to_owned(), Value::Object(plugins));
    document.insert("metrics".to_owned(), json!({}));
    Value::Object(document).to_string()
}

/// Reports the status whenever it changed, until that is over or the server ends.
pub(super) fn run(
    management: &Weak<Management>,
    part: &StatusReports,
    client: Option<&Client>,
    first: String,
    life: &Life,
) {
    let path = match &part.partition_name {
        Some(partition) if !partition.is_empty() => format!("/status/{partition}"),
        _ => "/status".to_owned(),
    };
    let mut next = Some(first);
    let mut reported = String::new();
    loop {
        let Some(management) = management.upgrade() else {
            return;
        };
        let state = next.take().unwrap_or_else(|| whole(&management, false));
        if state != reported {
            // Numbers are told, too, but are no reason to tell.
            let document = if reported.is_empty() {
                state.clone()
            } else {
                document(&management)
            };
            if part.console {
                let mut members = Map::new();
                members.insert("type".to_owned(), json!("openpolicyagent.org/status"));
                if let Ok(Value::Object(status)) = serde_json::from_str(&document) {
                    members.extend(status);
                }
                management.logger.write(Level::Info, "Status Log", members);
            }
            let sent = match client {
                Some(client) => client.post_json(&path, document.as_bytes()),
                None => Ok(()),
            };
            match sent {
                Ok(()) => reported = state,
                Err(error) => management.logger.error("Status update failed.", &error),
            }
        }
        drop(management);
        if !life.sleep(PERIOD) {
            return;
        }
    }
}
