//! Bundles that are not what was signed: each is refused with an error of its own, by `verify` and by `eval`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use precinct_bundle::{Files, Limits, archive};

const SECRET: &str = "a secret that only the test knows";

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with `signed.tar.gz`, signed with the secret at revision `v7`, and its files.
fn signed(scope: Option<&str>) -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("src")).unwrap();
    fs::write(path.join("src/p.rego"), "package p\n\nallow := true\n").unwrap();
    fs::write(path.join("src/q.rego"), "package q\n\nx := data.limits\n").unwrap();
    fs::write(path.join("src/data.json"), "{\"limits\": {\"a\": 1}}").unwrap();
    let mut args = vec![
        "build",
        "-b",
        "src",
        "-o",
        "signed.tar.gz",
        "-r",
        "v7",
        "--signing-key",
        SECRET,
        "--signing-alg",
        "HS256",
    ];
    if let Some(scope) = scope {
        fs::write(
            path.join("claims.json"),
            format!("{{\"scope\": {scope:?}, \"keyid\": \"default\"}}"),
        )
        .unwrap();
        args.extend(["--claims-file", "claims.json"]);
    }
    let built = run(path, &args);
    assert!(
        built.status.success(),
        "{}{}",
        text(&built.stdout),
        text(&built.stderr)
    );
    let bytes = fs::read(path.join("signed.tar.gz")).unwrap();
    let files = archive::read(&bytes, &Limits::default()).unwrap();
    (folder, files)
}

fn write(folder: &Path, files: &Files) {
    fs::write(folder.join("given.tar.gz"), archive::write(files).unwrap()).unwrap();
}

const KEY: [&str; 4] = ["--verification-key", SECRET, "--signing-alg", "HS256"];

/// What `verify` says, which `eval` must say too.
fn refusal(folder: &Path, flags: &[&str]) -> String {
    let mut args = vec!["verify", "given.tar.gz"];
    args.extend(flags);
    let verified = run(folder, &args);
    assert_eq!(
        verified.status.code(),
        Some(1),
        "{}",
        text(&verified.stdout)
    );
    assert!(verified.stdout.is_empty());
    let message = text(&verified.stderr).trim().to_owned();
    let mut args = vec!["eval", "-b", "given.tar.gz", "-f", "raw", "data.p.allow"];
    args.extend(flags);
    let evaluated = run(folder, &args);
    assert_ne!(evaluated.status.code(), Some(0));
    let said = text(&evaluated.stdout) + &text(&evaluated.stderr);
    assert!(said.contains(&message), "{said} lacks {message}");
    message
}

fn add(files: &mut Files, path: &str, bytes: &[u8]) {
    files.add(path, bytes.to_vec(), &Limits::default()).unwrap();
}

#[test]
fn what_was_signed_is_accepted() {
    let (folder, files) = signed(None);
    write(folder.path(), &files);
    let mut args = vec![
        "eval",
        "-b",
        "given.tar.gz",
        "-f",
        "raw",
        "data.p.allow",
        "--min-revision",
        "v6",
    ];
    args.extend(KEY);
    let output = run(folder.path(), &args);
    assert_eq!(text(&output.stdout), "true\n", "{}", text(&output.stderr));
    let mut args = vec!["verify", "given.tar.gz", "--min-revision", "v7"];
    args.extend(KEY);
    let output = run(folder.path(), &args);
    assert!(
        text(&output.stdout).starts_with("sha256:"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn each_way_of_tampering_has_its_error() {
    let (folder, files) = signed(None);
    let folder = folder.path();
    let mut seen: Vec<String> = Vec::new();
    let mut refused = |change: &dyn Fn(&mut Files), part: &str| {
        let mut changed = files.clone();
        change(&mut changed);
        write(folder, &changed);
        let message = refusal(folder, &KEY);
        assert!(message.contains(part), "{message} lacks {part}");
        assert!(!seen.contains(&message), "{message} was said before");
        seen.push(message);
    };
    let module = files
        .iter()
        .map(|(path, _)| path.to_owned())
        .find(|path| path.ends_with("p.rego"));
    let module = module.unwrap();
    refused(
        &|files| drop(files.remove(".signatures.json")),
        "missing .signatures.json",
    );
    refused(
        &|files| {
            files.remove(&module);
            add(files, &module, b"package p\n\nallow := false\n");
        },
        "digest mismatch",
    );
    refused(
        &|files| add(files, "more.rego", b"package more\n"),
        "file more.rego not included",
    );
    refused(
        &|files| drop(files.remove(&module)),
        "not found in the target bundle",
    );
    refused(
        &|files| {
            let bytes = files.remove(&module).unwrap();
            add(files, "renamed.rego", &bytes);
        },
        "file renamed.rego not included",
    );
    refused(
        &|files| {
            let token = files.get(".signatures.json").unwrap().to_vec();
            add(files, "inner/.signatures.json", &token);
        },
        "multiple signature files",
    );
    refused(
        &|files| add(files, "patch.json", b"{\"data\": []}"),
        "delta bundles",
    );
    refused(
        &|files| {
            let token = files.remove(".signatures.json").unwrap();
            let file: serde_json::Value = serde_json::from_slice(&token).unwrap();
            let claims = file["signatures"][0]
                .as_str()
                .unwrap()
                .split('.')
                .nth(1)
                .unwrap();
            // {"alg":"none"}
            let forged = format!("{{\"signatures\": [\"eyJhbGciOiJub25lIn0.{claims}.\"]}}");
            add(files, ".signatures.json", forged.as_bytes());
        },
        "none",
    );
    refused(
        &|files| {
            let token = files.remove(".signatures.json").unwrap();
            let mut file: serde_json::Value = serde_json::from_slice(&token).unwrap();
            file["signatures"]
                .as_array_mut()
                .unwrap()
                .push("x.y.z".into());
            add(files, ".signatures.json", file.to_string().as_bytes());
        },
        "multiple JWTs",
    );
}

#[test]
fn wrong_keys_algorithms_and_scopes_are_refused() {
    let (folder, files) = signed(Some("write"));
    let folder = folder.path();
    write(folder, &files);
    let with = |flags: &[&str]| refusal(folder, flags);
    let key = with(&[
        "--verification-key",
        "another secret",
        "--signing-alg",
        "HS256",
        "--scope",
        "write",
    ]);
    assert!(key.contains("failed to verify JWT signature"), "{key}");
    let algorithm = with(&[
        "--verification-key",
        SECRET,
        "--signing-alg",
        "HS512",
        "--scope",
        "write",
    ]);
    assert!(
        algorithm.contains("HS512") || algorithm.contains("algorithm"),
        "{algorithm}"
    );
    let scope = with(&[KEY[0], KEY[1], KEY[2], KEY[3], "--scope", "read"]);
    assert!(scope.contains("scope mismatch"), "{scope}");
    let two = with(&[
        KEY[0],
        KEY[1],
        KEY[2],
        KEY[3],
        "--scope",
        "write",
        "--require-signatures",
        "2",
    ]);
    assert!(two.contains("1 of the required 2 keys"), "{two}");
}

#[test]
fn the_signature_of_another_bundle_is_refused() {
    let (folder, mut files) = signed(None);
    fs::write(
        folder.path().join("src/p.rego"),
        "package p\n\nallow := 7\n",
    )
    .unwrap();
    let built = run(
        folder.path(),
        &[
            "build",
            "-b",
            "src",
            "-o",
            "other.tar.gz",
            "--signing-key",
            SECRET,
            "--signing-alg",
            "HS256",
        ],
    );
    assert!(built.status.success());
    let bytes = fs::read(folder.path().join("other.tar.gz")).unwrap();
    let other = archive::read(&bytes, &Limits::default()).unwrap();
    files.remove(".signatures.json");
    add(
        &mut files,
        ".signatures.json",
        other.get(".signatures.json").unwrap(),
    );
    write(folder.path(), &files);
    assert!(refusal(folder.path(), &KEY).contains("digest mismatch"));
}

#[test]
fn older_revisions_are_refused() {
    let (folder, files) = signed(None);
    write(folder.path(), &files);
    let with = |revision| {
        let mut flags = KEY.to_vec();
        flags.extend(["--min-revision", revision]);
        refusal(folder.path(), &flags)
    };
    assert!(with("v8").contains("revision \"v7\" is older than \"v8\""));
    assert!(with("release-1").contains("can't be compared"));
}

/// The folder of samples that other tools signed; `None` when it is not on this machine.
fn samples() -> Option<PathBuf> {
    let shared = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("cosign");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} does not exist", folder.display());
    None
}

#[test]
fn signatures_of_cosign_are_accepted_and_count_once_a_key() {
    let Some(samples) = samples() else { return };
    let verify = |flags: &[&str]| {
        let mut args = vec!["verify", "bundle.tar.gz"];
        args.extend(flags);
        run(&samples, &args)
    };
    for (signature, key) in [
        ("bundle.tar.gz.sig", "cosign.pub"),
        ("bundle.sigstore.json", "cosign.pub"),
        ("legacy.cosign.bundle", "cosign.pub"),
        ("bundle.rsa.sig", "rsa.pub"),
        ("bundle.ed25519.sig", "ed25519.pub"),
    ] {
        let output = verify(&["--signature", signature, "--key", key]);
        assert!(
            output.status.success(),
            "{signature}: {}",
            text(&output.stderr)
        );
        let output = verify(&[
            "--signature",
            signature,
            "--key",
            if key == "rsa.pub" {
                "cosign.pub"
            } else {
                "rsa.pub"
            },
        ]);
        assert_eq!(output.status.code(), Some(1), "{signature}");
    }
    let two = [
        "--signature",
        "bundle.tar.gz.sig",
        "--signature",
        "bundle.rsa.sig",
        "--key",
        "cosign.pub",
        "--key",
        "rsa.pub",
        "--require-signatures",
        "2",
    ];
    assert!(verify(&two).status.success());
    let same = [
        "--signature",
        "bundle.tar.gz.sig",
        "--signature",
        "bundle.sigstore.json",
        "--key",
        "cosign.pub",
        "--key",
        "rsa.pub",
        "--require-signatures",
        "2",
    ];
    assert!(text(&verify(&same).stderr).contains("are by the same key"));
    let old = [
        "--signature",
        "bundle.tar.gz.sig",
        "--key",
        "cosign.pub",
        "--min-revision",
        "sample-2",
    ];
    assert!(text(&verify(&old).stderr).contains("older"));
    let each = ["verify", "per-file", "--each-file", "--key", "ed25519.pub"];
    let unlisted = text(&run(&samples, &each).stderr);
    assert!(unlisted.contains("missing SHA256SUMS"), "{unlisted}");
    let folder = run(&samples, &[&each[..], &["--without-file-list"]].concat());
    assert!(folder.status.success(), "{}", text(&folder.stderr));
}

#[test]
fn an_archive_in_another_order_is_not_the_one_that_was_signed() {
    let Some(samples) = samples() else { return };
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(samples.join("bundle.tar.gz")).unwrap();
    let files = archive::read(&bytes, &Limits::default()).unwrap();
    // The same files, as this tool orders them.
    fs::write(
        folder.path().join("given.tar.gz"),
        archive::write(&files).unwrap(),
    )
    .unwrap();
    let signature = samples.join("bundle.tar.gz.sig").display().to_string();
    let key = samples.join("cosign.pub").display().to_string();
    let message = refusal(folder.path(), &["--signature", &signature, "--key", &key]);
    assert!(message.contains("by none of the keys"), "{message}");
}

#[test]
fn a_signature_that_lies_beside_a_bundle_and_is_not_named_is_pointed_at() {
    let Some(samples) = samples() else { return };
    let key = samples.join("cosign.pub").display().to_string();
    let bundle = samples.join("bundle.tar.gz").display().to_string();
    let args = [
        "run",
        "--server",
        "--addr",
        "127.0.0.1:0",
        "--bundle",
        &bundle,
        "--verification-key",
        &key,
    ];
    let refused = run(&samples, &args);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stdout);
    let (_, named) = said.trim_end().split_once("say --signature ").unwrap();
    assert!(named.ends_with("cosign/bundle.tar.gz.sig"), "{said}");
}
