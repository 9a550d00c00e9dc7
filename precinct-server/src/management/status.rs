//! What the server says of itself.

use std::sync::Weak;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Management, locked};
use crate::app::Plugins as _;
use crate::configuration::settings::StatusReports;
use crate::log::Level;
use crate::services::Client;

/// How often it is looked whether something changed.
const PERIOD: Duration = Duration::from_millis(500);

/// The status as JSON text.
pub(super) fn document(management: &Management) -> String {
    let configuration = management.configuration.load();
    let mut document = Map::new();
    document.insert("labels".to_owned(), json!(configuration.parts.labels));
    let bundles: Map<String, Value> = locked(&management.bundles)
        .iter()
        .map(|(name, status)| (name.clone(), status.document()))
        .collect();
    if !bundles.is_empty() {
        document.insert("bundles".to_owned(), Value::Object(bundles));
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

/// Reports the status whenever it changed, for as long as the server runs.
pub(super) fn run(
    management: &Weak<Management>,
    part: &StatusReports,
    client: Option<&Client>,
    first: String,
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
        let document = next.take().unwrap_or_else(|| document(&management));
        if document != reported {
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
                Ok(()) => reported = document,
                Err(error) => management.logger.error("Status update failed.", &error),
            }
        }
        drop(management);
        thread::sleep(PERIOD);
    }
}
