//! A server with bundles from services that want to know who asks.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use precinct_bundle::{Limits, archive};
use precinct_interpreter::policy::PolicyOptions;
use precinct_jose::hash::{Hash, hex};
use precinct_jose::{Algorithm, Key, base64, signature};
use precinct_runtime::Document;
use precinct_server::app::{App, Plugins as _, Settings};
use precinct_server::configuration::Configuration;
use precinct_server::log::{Form, Level, Logger};
use precinct_server::management::Management;
use precinct_server::state::policies::{Policies, Texts};
use precinct_server::state::{Snapshot, Store};
use precinct_transcript::waiting;
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
    let (app, management) = begun(document);
    waiting::until("the bundles are active", || {
        management.bundles_ready().is_ok()
    });
    app
}

/// Begins what runs beside the requests.
fn begun(document: Value) -> (Arc<App>, Arc<Management>) {
    let logger = Logger {
        level: Level::Error,
        form: Form::Json,
        ..Logger::default()
    };
    let configuration = Configuration::of(document, "id".to_owned()).unwrap();
    let policies = Policies::compile(Texts::new(), PolicyOptions::default()).unwrap();
    let first = Snapshot::new(
        Arc::new(policies),
        Arc::new(Document::empty()),
        Arc::default(),
    );
    let app = Arc::new(App::new(Store::new(first), Settings::default(), logger));
    let management = Management::new(configuration, Settings::default(), logger).unwrap();
    management.begin(&app);
    (app, management)
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

/// The secret key of an Ed25519 pair, and the public one as PEM.
fn pair(seed: u8) -> (Key, String) {
    let key = Key::ed25519_from_seed([seed; 32]);
    let Some(Key::Ed25519Public(public)) = key.to_public() else {
        panic!("a pair has a public half");
    };
    // RFC 8410 section 4: the algorithm, and the key as a bit string.
    let prefix = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
    let der = data_encoding::BASE64.encode(&[&prefix[..], &public].concat());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
    (key, pem)
}

#[test]
fn a_bundle_needs_as_many_signatures_as_are_required_and_is_kept_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = bundle();
    let pairs = [pair(1), pair(2)];
    let signed = |number: usize| {
        let raw = signature::sign(&pairs[number].0, Algorithm::EdDSA, &bytes).unwrap();
        base64::encode_url(&raw).into_bytes()
    };
    let document = |url: &str| {
        json!({
            "services": {"acme": {"url": url}},
            "keys": {
                "one": {"algorithm": "EdDSA", "key": pairs[0].1},
                "two": {"algorithm": "EdDSA", "key": pairs[1].1},
            },
            "bundles": {"authz": {
                "resource": "authz.tar.gz",
                "persist": true,
                "signing": {"form": "archive", "signatures": ["a.sig", "b.sig"], "keyids": ["one", "two"], "required": 2},
            }},
            "persistence_directory": folder.path(),
        })
    };
    let offers = |signatures: [Vec<u8>; 2]| {
        let bytes = bytes.clone();
        Listener::plain(move |request| {
            let body = match request.path.as_str() {
                "/a.sig" => signatures[0].clone(),
                "/b.sig" => signatures[1].clone(),
                _ => bytes.clone(),
            };
            (200, body)
        })
    };
    let refused = |url: &str| {
        let (app, management) = begun(document(url));
        thread::sleep(Duration::from_millis(300));
        assert!(management.bundles_ready().is_err());
        assert!(app.store.snapshot().bundles.is_empty());
    };
    refused(&offers([signed(0), signed(0)]).url);
    let listener = offers([signed(0), signed(1)]);
    run(document(&listener.url));
    let kept = folder.path().join("bundles/authz");
    // It is kept once it is active.
    waiting::until("it is kept", || kept.join("bundle.tar.gz").exists());

    // Without its service, the bundle that was kept is verified by the signatures that were kept.
    let away = Listener::plain(|_| (500, ""));
    let app = run(document(&away.url));
    assert!(app.store.snapshot().bundles.contains_key("authz"));
    std::fs::write(kept.join("bundle.tar.gz.1.sig"), signed(0)).unwrap();
    refused(&away.url);
    std::fs::remove_file(kept.join("bundle.tar.gz.1.sig")).unwrap();
    refused(&away.url);
}
