//! A server with bundles from services that want to know who asks.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use precinct_bundle::{Limits, archive};
use precinct_interpreter::policy::PolicyOptions;
use precinct_jose::hash::{Hash, hex};
use precinct_runtime::Document;
use precinct_server::app::{App, Plugins as _, Settings};
use precinct_server::configuration::Configuration;
use precinct_server::log::{Form, Level, Logger};
use precinct_server::management::Management;
use precinct_server::state::policies::{Policies, Texts};
use precinct_server::state::{Snapshot, Store};
use serde_json::{Value, json};

use crate::listener::Listener;

/// A bundle with one policy.
fn bundle() -> Vec<u8> {
    let mut files = precinct_bundle::Files::default();
    let policy = b"package authz\n\nallow := true\n".to_vec();
    files.add("authz.rego", policy, &Limits::default()).unwrap();
    archive::write(&files).unwrap()
}

/// Runs what runs beside the requests until all bundles are active.
fn run(document: Value) -> Arc<App> {
    let logger = Logger {
        level: Level::Error,
        form: Form::Json,
    };
    let configuration = Configuration::of(document, "id".to_owned()).unwrap();
    let policies = Policies::compile(Texts::new(), PolicyOptions::default()).unwrap();
    let first = Snapshot::new(
        Arc::new(policies),
        Arc::new(Document::empty()),
        Arc::default(),
    );
    let app = Arc::new(App::new(Store::new(first), Settings::default(), logger));
    let management = Management::new(configuration, logger).unwrap();
    management.begin(&app).unwrap();
    let started = Instant::now();
    while management.bundles_ready().is_err() {
        assert!(started.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    app
}

#[test]
fn a_bundle_of_a_service_is_activated() {
    let bytes = bundle();
    let listener = Listener::plain(move |_| (200, bytes.clone()));
    let app = run(json!({
        "services": {"acme": {"url": listener.url, "credentials": {"bearer": {"token": "t"}}}},
        "bundles": {"authz": {"service": "acme", "resource": "bundles/authz.tar.gz"}},
    }));
    assert!(app.store.snapshot().bundles.contains_key("authz"));
    let request = listener.only();
    assert_eq!(request.path, "/bundles/authz.tar.gz");
    assert_eq!(request.header("authorization"), Some("Bearer t"));
}

#[test]
fn a_bundle_of_a_registry_is_activated() {
    let bytes = bundle();
    let digest = format!("sha256:{}", hex(&Hash::Sha256.digest(&bytes)));
    let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
    let manifest = json!({"layers": [{"mediaType": kind, "digest": digest}]}).to_string();
    let listener = Listener::plain(move |request| {
        let is_manifest = request.path.ends_with("/manifests/1");
        let body = if is_manifest {
            manifest.clone().into_bytes()
        } else {
            bytes.clone()
        };
        (200, body)
    });
    let app = run(json!({
        "services": {"acme": {"url": listener.url, "type": "oci"}},
        "bundles": {"authz": {"service": "acme", "resource": "registry/org/policies:1"}},
    }));
    let snapshot = app.store.snapshot();
    let active = snapshot.bundles.values().next().unwrap();
    assert_eq!(format!("sha256:{}", active.etag), digest);
}
