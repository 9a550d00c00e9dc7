//! Bundles that are not what was signed, in each form of signatures and by each way in: refused, each with an error of its
//! own, and what served before goes on serving.
//!
//! * [`forms`]: who signs, and where the signatures are
//! * [`attack`]: what is done to a bundle
//! * [`ways`]: how it comes in
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod attack;
mod forms;
#[path = "../serving/mod.rs"]
mod serving;
mod ways;

use std::collections::BTreeMap;

use attack::Attack::{
    self, Added, AddedSigned, AnotherBundle, Delta, Doubled, Exchanged, NoAlgorithm, Older,
    OtherAlgorithm, OtherKey, OtherScope, Removed, Renamed, Reordered, Tampered, TwoSignatures,
    Unsigned,
};
use forms::Form;

/// An attack and a part of what is said of it, by form; `NONE` where a form can't be attacked like that.
type Row = (Attack, [&'static str; 4]);

const NONE: &str = "";
const OTHER_BYTES: &str = "signs sha256:";
const UNKNOWN: &str = "is by none of the keys, or not of sha256:";

/// The columns: a token in the bundle, a Sigstore bundle beside the archive (ECDSA P-256), a signature beside the archive
/// (Ed25519), a signature beside each file (Ed25519).
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Unsigned,       ["missing .signatures.json", "given.tar.gz.sig", "given.tar.gz.sig", "no file of the bundle has a signature"]),
    (Tampered,       ["p.rego: digest mismatch", OTHER_BYTES, UNKNOWN, "\"p.rego.sig\" is by none of the keys"]),
    (Added,          ["file more.rego not included", OTHER_BYTES, UNKNOWN, "file more.rego lacks its signature"]),
    (AddedSigned,    [NONE, NONE, NONE, "file more.rego is not on the list"]),
    (Removed,        ["not found in the target bundle", OTHER_BYTES, UNKNOWN, "file p.rego of the list of files"]),
    (Renamed,        ["file renamed.rego not included", OTHER_BYTES, UNKNOWN, "file renamed.rego is not on the list"]),
    (Doubled,        ["\"p.rego\" is there twice", OTHER_BYTES, UNKNOWN, "\"p.rego\" is there twice"]),
    (Exchanged,      ["p.rego: digest mismatch", OTHER_BYTES, UNKNOWN, "p.rego: digest mismatch"]),
    // In the other forms the order of an archive is not part of what is signed, and means nothing.
    (Reordered,      [NONE, OTHER_BYTES, UNKNOWN, NONE]),
    (OtherKey,       ["signature not verified", UNKNOWN, UNKNOWN, "\".manifest.sig\" is by none of the keys"]),
    (OtherAlgorithm, ["algorithm is \"HS256\", the key's is \"ES256\"", "another algorithm than the keys", "another algorithm than the keys", "another algorithm than the keys"]),
    (OtherScope,     ["scope mismatch", NONE, NONE, NONE]),
    (Delta,          ["delta bundles do not support", "delta bundles do not support", "delta bundles do not support", "delta bundles do not support"]),
    (NoAlgorithm,    ["algorithm is \"none\"", "of an impossible length", "of an impossible length", "of an impossible length"]),
    (AnotherBundle,  ["p.rego: digest mismatch", OTHER_BYTES, UNKNOWN, "\"p.rego.sig\" is by none of the keys"]),
    (TwoSignatures,  ["multiple signature files", "trailing characters", "of 129 bytes is of another algorithm", "multiple signature files"]),
    (Older,          ["\"v0\" is older than \"v1\"", "\"v0\" is older than \"v1\"", "\"v0\" is older than \"v1\"", "\"v0\" is older than \"v1\""]),
];

/// All attacks on one form by all ways in.
fn refused(form: Form) {
    let folder = tempfile::tempdir().unwrap();
    let good = form.signed(&forms::content("v1", "\"first\""));
    let mut reloaded = ways::Reloaded::start(&folder.path().join("reload"), form, &good);
    let mut downloaded = ways::Downloaded::start(&folder.path().join("download"), form, &good);
    let mut said: BTreeMap<String, Attack> = BTreeMap::new();
    for (attack, parts) in TABLE {
        let part = parts[form as usize];
        if part == NONE {
            continue;
        }
        let place = format!("{attack:?} of {form:?}");
        let given = attack.on(form);
        let message = ways::verified(&folder.path().join("eval"), form, &given).expect_err(&place);
        assert!(message.contains(part), "{place}: {message} lacks {part}");
        // What is not there is named by the system, or by the service.
        let common = if message.contains("no such file") {
            part
        } else {
            &message
        };
        for (way, refusal) in [
            (
                "eval -b",
                ways::evaluated(&folder.path().join("eval"), form, &given).expect_err(&place),
            ),
            ("run -b", reloaded.refusal(&given, common)),
            ("download", downloaded.refusal(&given, common)),
        ] {
            assert!(
                refusal.contains(common),
                "{place} by {way}: {refusal} lacks {common}"
            );
        }
        assert_eq!(reloaded.answer(), "\"first\"", "{place}");
        assert_eq!(downloaded.answer(), "\"first\"", "{place}");
        if let Some(other) = said.insert(message.clone(), *attack) {
            // A signature without any words on what it signs: other bytes or another key, nobody can tell.
            let pair = (form, other, *attack);
            assert_eq!(pair, (Form::Ed25519, OtherKey, AnotherBundle), "{message}");
        }
    }
    // None of this keeps the next bundle from being taken up.
    let next = form.signed(&forms::content("v2", "\"second\""));
    reloaded.accept(&next, "\"second\"");
    downloaded.accept(&next, "\"second\"");
}

#[test]
fn a_token_in_the_bundle() {
    refused(Form::Token);
}

#[test]
fn a_sigstore_bundle_beside_the_archive() {
    refused(Form::Sigstore);
}

#[test]
fn an_ed25519_signature_beside_the_archive() {
    refused(Form::Ed25519);
}

#[test]
fn an_ed25519_signature_beside_each_file() {
    refused(Form::EachFile);
}

#[test]
fn the_order_of_an_archive_means_nothing_where_files_are_signed() {
    let folder = tempfile::tempdir().unwrap();
    for form in [Form::Token, Form::EachFile] {
        let given = Reordered.on(form);
        assert_eq!(
            ways::evaluated(folder.path(), form, &given).unwrap(),
            "\"Reordered\""
        );
    }
}
