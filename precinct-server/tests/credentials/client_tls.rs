//! Certificates that are shown.
//!
//! The keys in `keys` are of nobody: OpenSSL made them for these tests, and encrypted them with [`PASSPHRASE`].

use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::certificates::Authority;
use crate::listener::Listener;
use crate::{client, fetch, refused};

const PASSPHRASE: &str = "correct-horse";

/// A server that wants to see certificates of an authority, and a folder for files.
struct Stage {
    folder: TempDir,
    authority: Authority,
    listener: Listener,
}

impl Stage {
    fn new() -> Self {
        let authority = Authority::new();
        let server = authority.server(true);
        Self {
            folder: tempfile::tempdir().unwrap(),
            listener: Listener::tls(server, |_| (200, "bundle".to_owned())),
            authority,
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Puts a new certificate with its key where the configuration says, and returns the certificate, DER.
    fn issue(&self, name: &str) -> Vec<u8> {
        let (certificate, key) = self.authority.issue(name);
        self.write("cert.pem", &certificate.pem());
        self.write("key.pem", &key.serialize_pem());
        certificate.der().to_vec()
    }

    /// The configuration of the service, with more members for its credentials.
    fn service(&self, more: Value) -> Value {
        let mut form = json!({
            "cert": self.folder.path().join("cert.pem"),
            "private_key": self.folder.path().join("key.pem"),
        });
        let Value::Object(more) = more else { panic!() };
        form.as_object_mut().unwrap().extend(more);
        json!({
            "url": self.listener.url,
            "tls": {"ca_cert": self.write("ca.pem", &self.authority.pem())},
            "credentials": {"client_tls": form},
        })
    }

    /// The certificates that the server saw.
    fn shown(&self) -> Vec<Vec<u8>> {
        let received = self.listener.received().into_iter();
        received.filter_map(|request| request.certificate).collect()
    }
}

fn key(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/credentials/keys");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_certificate_is_shown() {
    let stage = Stage::new();
    let certificate = stage.issue("operator");
    fetch(&client(&stage.service(json!({})))).unwrap();
    assert_eq!(stage.shown(), [certificate]);
}

#[test]
fn who_has_no_certificate_is_not_answered() {
    let stage = Stage::new();
    let mut service = stage.service(json!({}));
    service.as_object_mut().unwrap().remove("credentials");
    fetch(&client(&service)).unwrap_err();
    assert!(stage.listener.received().is_empty());
}

#[test]
fn the_authority_may_be_named_beside_the_certificate() {
    let stage = Stage::new();
    stage.issue("operator");
    let authority = stage.write("authority.pem", &stage.authority.pem());
    let mut service = stage.service(json!({"ca_cert": authority}));
    service.as_object_mut().unwrap().remove("tls");
    fetch(&client(&service)).unwrap();
    // That of the service goes first.
    let other = stage.write("other.pem", &Authority::new().pem());
    service["tls"] = json!({"ca_cert": other});
    fetch(&client(&service)).unwrap_err();
}

#[test]
fn a_certificate_that_was_replaced_is_shown_from_then_on() {
    let stage = Stage::new();
    let first = stage.issue("first");
    let client = client(&stage.service(json!({})));
    fetch(&client).unwrap();
    let second = stage.issue("second");
    fetch(&client).unwrap();
    fetch(&client).unwrap();
    assert_eq!(stage.shown(), [first, second.clone(), second]);
}

#[test]
fn files_are_not_looked_at_again_within_the_interval() {
    let stage = Stage::new();
    let first = stage.issue("first");
    let client = client(&stage.service(json!({"cert_reread_interval_seconds": 3600})));
    fetch(&client).unwrap();
    stage.issue("second");
    fetch(&client).unwrap();
    assert_eq!(stage.shown(), [first.clone(), first]);
}

#[test]
fn keys_behind_a_passphrase_are_taken() {
    for (plain, encrypted) in [
        ("ec-plain.pem", "ec-aes128.pem"),
        ("ec-plain.pem", "ec-aes192.pem"),
        ("ec-plain.pem", "ec-aes256.pem"),
        ("ec-plain.pem", "ec-des3.pem"),
        ("rsa-plain.pem", "rsa-aes256.pem"),
    ] {
        let stage = Stage::new();
        let pair = KeyPair::from_pem(&key(plain)).unwrap();
        let certificate = stage.authority.certify("operator", &pair);
        stage.write("cert.pem", &certificate.pem());
        stage.write("key.pem", &key(encrypted));
        let service = stage.service(json!({"private_key_passphrase": PASSPHRASE}));
        fetch(&client(&service)).unwrap();
        assert_eq!(stage.shown(), [certificate.der().to_vec()], "{encrypted}");
    }
}

#[test]
fn files_that_hold_something_else_are_told() {
    let stage = Stage::new();
    stage.issue("operator");
    let plain = json!({});
    let wrong = json!({"private_key_passphrase": "wrong"});
    let (_, other) = stage.authority.issue("other");
    for (text, more, expected) in [
        (
            "nothing",
            &plain,
            "expected a private key (PEM), found none",
        ),
        (&key("ec-aes256.pem"), &plain, "passphrase is needed"),
        (
            &key("ec-aes256.pem"),
            &wrong,
            "decryption password incorrect",
        ),
        (
            &key("ec-pkcs8.pem"),
            &wrong,
            "found one in encrypted PKCS#8",
        ),
        (
            &other.serialize_pem(),
            &plain,
            "failed to parse public/private key pair",
        ),
    ] {
        stage.write("key.pem", text);
        let error = fetch(&client(&stage.service(more.clone()))).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
    }
    std::fs::remove_file(stage.folder.path().join("cert.pem")).unwrap();
    let error = fetch(&client(&stage.service(plain))).unwrap_err();
    assert!(
        error
            .message
            .starts_with("failed to read client certificate file: ")
    );
    assert!(stage.listener.received().is_empty());
}

#[test]
fn a_certificate_is_not_shown_in_clear() {
    let form = json!({"cert": "cert.pem", "private_key": "key.pem"});
    let service = json!({"url": "http://acme", "credentials": {"client_tls": form}});
    let error = refused(&service, &json!({}));
    let place = "config error: services.acme: credentials: client_tls: expected a url with https";
    assert!(error.starts_with(place), "{error}");
}
