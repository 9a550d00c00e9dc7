//! `precinct build`: the same sources give the same bytes, and each flag its effect.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use precinct_bundle::{Digest, Files, Limits, archive};
use serde_json::{Value, json};

const SOURCES: [(&str, &str); 5] = [
    (
        "a/one.rego",
        "package a.one\n\nimport rego.v1\n\nallow if input.x == data.a.limit\n",
    ),
    ("a/two.rego", "package a.two\n\nz := 2\n"),
    ("a/one_test.rego", "package a.one_test\n\ntest_it if true\n"),
    ("a/data.json", "{\"limit\": 7, \"names\": [\"b\", \"a\"]}"),
    (
        ".manifest",
        "{\"roots\": [\"a\"], \"metadata\": {\"team\": \"x\"}}",
    ),
];

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_precinct"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The sources in a folder of their own, written in this order, all changed at this moment.
fn sources<'s>(
    list: impl Iterator<Item = &'s (&'s str, &'s str)>,
    changed: u64,
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in list {
        let path = folder.path().join("src").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        file.set_modified(moment).unwrap();
    }
    folder
}

fn built(folder: &Path, flags: &[&str]) -> Result<Vec<u8>, String> {
    let args = [&["build", "-b", "src", "-o", "made.tar.gz"][..], flags].concat();
    let output = run(folder, &args);
    if output.status.success() {
        Ok(fs::read(folder.join("made.tar.gz")).unwrap())
    } else {
        Err(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }
}

fn unpacked(bytes: &[u8]) -> Files {
    archive::read(bytes, &Limits::default()).unwrap()
}

fn manifest(bytes: &[u8]) -> Value {
    serde_json::from_slice(unpacked(bytes).get(".manifest").unwrap()).unwrap()
}

#[test]
fn the_same_sources_give_the_same_bytes_whenever_and_in_whatever_order_they_were_written() {
    let one = sources(SOURCES.iter(), 1_000_000_000);
    let other = sources(SOURCES.iter().rev(), 1_700_000_000);
    let signed = ["--signing-key", "secret", "--signing-alg", "HS256"];
    for flags in [
        &[][..],
        &["-r", "v1"],
        &["-O", "1", "-e", "a/one/allow"],
        &signed,
    ] {
        let bytes = built(one.path(), flags).unwrap();
        assert_eq!(bytes, built(other.path(), flags).unwrap(), "{flags:?}");
        assert_eq!(bytes, built(one.path(), flags).unwrap(), "{flags:?}");
    }
}

#[test]
fn the_manifest_says_what_the_flags_and_the_sources_say() {
    let folder = sources(SOURCES.iter(), 1);
    let plain = manifest(&built(folder.path(), &[]).unwrap());
    assert_eq!(
        plain,
        json!({"revision": "", "roots": ["a"], "rego_version": 1, "metadata": {"team": "x"}})
    );
    let named = manifest(&built(folder.path(), &["--revision", "v1"]).unwrap());
    assert_eq!(named["revision"], "v1");
}

#[test]
fn what_is_ignored_is_left_out() {
    let folder = sources(SOURCES.iter(), 1);
    let paths = |flags: &[&str]| {
        let files = unpacked(&built(folder.path(), flags).unwrap());
        let paths = files.iter().map(|(path, _)| path.to_owned());
        paths
            .filter(|path| path.contains("rego"))
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&[]).len(), 3);
    let kept = paths(&["--ignore", "*_test.rego"]);
    assert_eq!(kept, ["src/a/one.rego", "src/a/two.rego"]);
}

#[test]
fn optimising_needs_an_entry_point_and_evaluates_what_data_decides() {
    let folder = sources(SOURCES.iter(), 1);
    let refusal = built(folder.path(), &["-O", "1"]).unwrap_err();
    assert!(
        refusal.contains("require at least one entrypoint"),
        "{refusal}"
    );
    let bytes = built(folder.path(), &["-O", "1", "-e", "a/one/allow"]).unwrap();
    let files = unpacked(&bytes);
    let modules = files.iter().filter(|(path, _)| path.contains("rego"));
    let text: String = modules
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
        .collect();
    assert!(
        text.contains('7') && !text.contains("data.a.limit"),
        "{text}"
    );
}

#[test]
fn the_digest_of_an_archive_is_that_of_its_bytes_and_the_digest_of_files_is_the_same_everywhere() {
    let folder = sources(SOURCES.iter(), 1);
    let path = folder.path();
    let bytes = built(path, &["-r", "v1"]).unwrap();
    let files = unpacked(&bytes);
    for (name, text) in files.iter() {
        let place = path.join("unpacked").join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    let printed = |args: &[&str]| {
        let output = run(path, &[&["digest"], args].concat());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let of_files = Digest::of_files(&files).to_string();
    assert_eq!(
        printed(&["made.tar.gz"]),
        Digest::of_bytes(&bytes).to_string()
    );
    assert_eq!(printed(&["unpacked"]), of_files);
    assert_eq!(printed(&["--files", "made.tar.gz"]), of_files);
    fs::write(path.join("unpacked/data.json"), "{}").unwrap();
    assert_ne!(printed(&["unpacked"]), of_files);
}

const DELTA: [(&str, &str); 2] = [
    (
        "patch.json",
        r#"{"data": [{"op": "upsert", "path": "/a/b", "value": 12345678901234567890.50}, {"op": "replace", "path": "/a/b", "value": null}, {"op": "upsert", "path": "/a/c", "value": 12345678901234567890.50}]}"#,
    ),
    (".manifest", r#"{"revision": "d1", "roots": ["a"]}"#),
];

#[test]
fn a_delta_keeps_its_changes_and_is_built_alone() {
    let folder = sources(DELTA.iter(), 0);
    let bytes = built(folder.path(), &["--revision", "d2"]).unwrap();
    let files = unpacked(&bytes);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [".manifest", "patch.json"]);
    assert_eq!(
        std::str::from_utf8(files.get("patch.json").unwrap()).unwrap(),
        concat!(
            r#"{"data":[{"op":"upsert","path":"/a/b","value":12345678901234567890.50},"#,
            r#"{"op":"replace","path":"/a/b","value":null},"#,
            r#"{"op":"upsert","path":"/a/c","value":12345678901234567890.50}]}"#,
            "\n"
        )
    );
    assert_eq!(manifest(&bytes)["revision"], "d2");
    assert_eq!(manifest(&bytes)["roots"], json!(["a"]));

    let answer = run(
        folder.path(),
        &["eval", "-b", "made.tar.gz", "data", "-f", "raw"],
    );
    assert_eq!(
        String::from_utf8(answer.stdout).unwrap(),
        "{\"a\":{\"b\":null,\"c\":12345678901234567890.50}}\n"
    );

    for (flags, expected) in [
        (
            &["--signing-key", "secret", "--signing-alg", "HS256"][..],
            "delta bundles do not support signatures",
        ),
        (&["-O", "1"], "delta bundles hold no policies"),
        (&["--target", "native"], "delta bundles hold no policies"),
        (&["-b", "made.tar.gz"], "is built alone"),
    ] {
        let message = built(folder.path(), flags).unwrap_err();
        assert!(message.contains(expected), "{flags:?}: {message}");
    }
}
