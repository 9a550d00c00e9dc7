//! Bundles go both ways between precinct and a real OPA, where there is one: `$OPA`, or `opa` on the path.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PRECINCT: &str = env!("CARGO_BIN_EXE_precinct");

/// Algorithm, and the files of the keys that sign and verify.
const ALGORITHMS: [(&str, &str, &str); 10] = [
    ("HS256", "", ""),
    ("HS512", "", ""),
    ("RS256", "rsa-pkcs1.pem", "rsa-public.pem"),
    ("RS512", "rsa-pkcs1.pem", "rsa-public.pem"),
    ("PS256", "rsa-pkcs1.pem", "rsa-public.pem"),
    ("PS384", "rsa-pkcs1.pem", "rsa-public.pem"),
    ("PS512", "rsa-pkcs1.pem", "rsa-public.pem"),
    ("ES256", "p256.pem", "p256-public.pem"),
    ("ES384", "p384.pem", "p384-public.pem"),
    ("ES512", "p521.pem", "p521-public.pem"),
];

/// The program; `None` when it is not on this machine.
fn opa() -> Option<OsString> {
    let opa = std::env::var_os("OPA").unwrap_or_else(|| "opa".into());
    if Command::new(&opa)
        .arg("version")
        .output()
        .is_ok_and(|it| it.status.success())
    {
        return Some(opa);
    }
    eprintln!("skipped: there is no OPA: {}", opa.display());
    None
}

fn key(name: &str) -> String {
    if name.is_empty() {
        return "a secret".to_owned();
    }
    let keys = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../precinct-jose/tests/keys");
    keys.join(name).display().to_string()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("src/limits")).unwrap();
    for (path, text) in [
        (
            "src/p.rego",
            "package p\n\nallow if input.x <= data.limits.most\n\nunder := [n | some n in numbers.range(1, 9); n < data.limits.most]\n",
        ),
        ("src/p_test.rego", "package p_test\n\ntest_p if true\n"),
        ("src/limits/data.yaml", "most: 3\nnames: [b, a]\n"),
        (
            "src/.manifest",
            "{\"roots\": [\"p\", \"p_test\", \"limits\"], \"metadata\": {\"team\": \"x\"}}",
        ),
        ("input.json", "{\"x\": 2}"),
        (
            "claims.json",
            "{\"scope\": \"write\", \"keyid\": \"default\"}",
        ),
    ] {
        fs::write(folder.path().join(path), text).unwrap();
    }
    folder
}

fn run(program: &OsString, folder: &Path, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// What a program says when it succeeds.
fn said(program: &OsString, folder: &Path, args: &[&str]) -> String {
    let output = run(program, folder, args);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(
        output.status.success(),
        "{} {args:?}: {text}",
        program.display()
    );
    text.trim().to_owned()
}

const QUESTION: [&str; 6] = [
    "-f",
    "values",
    "-i",
    "input.json",
    "[data.p.allow, data.p.under]",
    "-b",
];
const ANSWER: &str = "[[true,[1,2]]]";

fn answer(program: &OsString, folder: &Path, bundle: &str) -> String {
    let said = said(
        program,
        folder,
        &[&["eval"][..], &QUESTION, &[bundle]].concat(),
    );
    said.split_whitespace().collect()
}

#[test]
fn a_bundle_of_one_answers_alike_in_the_other() {
    let Some(opa) = opa() else { return };
    let precinct = OsString::from(PRECINCT);
    let folder = folder();
    let folder = folder.path();
    for flags in [
        &["-b"][..],
        &["-b", "-r", "v1", "--ignore", "*_test.rego"],
        &["-b", "-O", "1", "-e", "p/allow", "-e", "p/under"],
        &["-b", "-O", "2", "-e", "p/allow", "-e", "p/under"],
    ] {
        for program in [&precinct, &opa] {
            said(
                program,
                folder,
                &[&["build", "src", "-o", "made.tar.gz"][..], flags].concat(),
            );
            for reader in [&precinct, &opa] {
                let found = answer(reader, folder, "made.tar.gz");
                assert_eq!(
                    found,
                    ANSWER,
                    "{} {flags:?} by {}",
                    program.display(),
                    reader.display()
                );
            }
        }
    }
}

#[test]
fn a_signature_of_one_verifies_in_the_other() {
    let Some(opa) = opa() else { return };
    let precinct = OsString::from(PRECINCT);
    let folder = folder();
    let folder = folder.path();
    for (algorithm, private, public) in ALGORITHMS {
        let (private, public) = (key(private), key(public));
        let verified = |program: &OsString, more: &[&str]| {
            let args = [
                "build",
                "-b",
                "signed.tar.gz",
                "-o",
                "again.tar.gz",
                "--signing-alg",
                algorithm,
            ];
            run(program, folder, &[&args[..], more].concat())
        };
        for program in [&precinct, &opa] {
            said(
                program,
                folder,
                &[
                    "build",
                    "-b",
                    "src",
                    "-o",
                    "signed.tar.gz",
                    "--signing-alg",
                    algorithm,
                    "--signing-key",
                    &private,
                    "--claims-file",
                    "claims.json",
                ],
            );
            for reader in [&precinct, &opa] {
                let pair = format!("{algorithm} {} by {}", program.display(), reader.display());
                let right = ["--verification-key", &public, "--scope", "write"];
                let output = verified(reader, &right);
                assert!(output.status.success(), "{pair}: {output:?}");
                let other = ["--verification-key", &public, "--scope", "read"];
                assert!(!verified(reader, &other).status.success(), "{pair}: scope");
            }
            let served = [
                "eval",
                "-b",
                "signed.tar.gz",
                "-i",
                "input.json",
                "data.p.allow",
                "-f",
                "raw",
            ];
            let trusted = [
                "--signing-alg",
                algorithm,
                "--verification-key",
                &public,
                "--scope",
                "write",
            ];
            assert_eq!(
                said(&precinct, folder, &[&served[..], &trusted].concat()),
                "true"
            );
        }
    }
}

#[test]
fn files_that_are_excluded_need_no_digest_in_either() {
    let Some(opa) = opa() else { return };
    let precinct = OsString::from(PRECINCT);
    for signer in [&precinct, &opa] {
        let folder = folder();
        let folder = folder.path();
        said(
            signer,
            folder,
            &[
                "sign",
                "-b",
                "src",
                "--signing-key",
                "a secret",
                "--signing-alg",
                "HS256",
                "-o",
                "src",
            ],
        );
        fs::write(folder.join("src/more.rego"), "package p\n\nmore := 1\n").unwrap();
        for reader in [&precinct, &opa] {
            let build = [
                "build",
                "-b",
                "src",
                "-o",
                "again.tar.gz",
                "--verification-key",
                "a secret",
                "--signing-alg",
                "HS256",
            ];
            let pair = format!("{} by {}", signer.display(), reader.display());
            assert!(
                !run(reader, folder, &build).status.success(),
                "{pair}: one file more"
            );
            let excluded = [&build[..], &["--exclude-files-verify", "src/more.rego"]].concat();
            said(reader, folder, &excluded);
        }
    }
}
