//! Signatures that cosign and OpenSSL made are accepted, and nothing that differs from them by a bit.
#![allow(clippy::unwrap_used)]

use std::env;
use std::fs;
use std::path::PathBuf;

use precinct_bundle::Files;
use precinct_bundle::signature::SignatureError;
use precinct_bundle::signature::detached;
use precinct_bundle::signature::each_file::{self, Listing};
use precinct_jose::Key;

/// The folder of samples; `None` when it is not on this machine.
fn samples() -> Option<PathBuf> {
    let shared = env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("cosign");
    if folder.is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: {} is not there", folder.display());
        None
    }
}

#[test]
fn signatures_of_the_real_tools_verify_and_changed_ones_do_not() {
    let Some(folder) = samples() else { return };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let bundle = read("bundle.tar.gz");
    for (signature, key) in [
        ("bundle.tar.gz.sig", "cosign.pub"),
        ("bundle.sigstore.json", "cosign.pub"),
        ("legacy.cosign.bundle", "cosign.pub"),
        ("bundle.rsa.sig", "rsa.pub"),
        ("bundle.ed25519.sig", "ed25519.pub"),
    ] {
        let text = read(signature);
        let given = [(signature.to_owned(), text)];
        let right = Key::from_pem(&String::from_utf8(read(key)).unwrap()).unwrap();
        detached::verify(&bundle, &given, std::slice::from_ref(&right), 1).unwrap();

        let mut tampered = bundle.clone();
        tampered[100] ^= 1;
        assert!(
            detached::verify(&tampered, &given, &[right], 1).is_err(),
            "{signature}"
        );

        let other = if key == "rsa.pub" {
            "cosign.pub"
        } else {
            "rsa.pub"
        };
        let wrong = Key::from_pem(&String::from_utf8(read(other)).unwrap()).unwrap();
        assert!(
            detached::verify(&bundle, &given, &[wrong], 1).is_err(),
            "{signature}"
        );
    }
}

#[test]
fn two_keys_meet_a_threshold_of_two() {
    let Some(folder) = samples() else { return };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let key = |name: &str| Key::from_pem(&String::from_utf8(read(name)).unwrap()).unwrap();
    let bundle = read("bundle.tar.gz");
    let keys = [key("cosign.pub"), key("ed25519.pub")];
    let given =
        ["bundle.tar.gz.sig", "bundle.ed25519.sig"].map(|name| (name.to_owned(), read(name)));
    detached::verify(&bundle, &given, &keys, 2).unwrap();
    assert!(detached::verify(&bundle, &given[..1], &keys, 2).is_err());
}

#[test]
fn a_signature_beside_each_file() {
    let Some(folder) = samples() else { return };
    let mut files = Files::default();
    for entry in fs::read_dir(folder.join("per-file")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        files
            .add(&name, bytes, &precinct_bundle::Limits::default())
            .unwrap();
    }
    let pem = fs::read_to_string(folder.join("ed25519.pub")).unwrap();
    let keys = [Key::from_pem(&pem).unwrap()];
    let plain = each_file::verify(&files, &keys, Listing::Optional).unwrap();
    assert_eq!(plain.len(), 2);
    let unlisted = each_file::verify(&files, &keys, Listing::Required);
    assert_eq!(unlisted, Err(SignatureError::NoList));
}
