//! What the builtins say about themselves is what OPA's documentation says.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::PathBuf;

use precinct_interpreter::capabilities;
use serde_json::Value;

#[test]
fn builtins_are_described_as_in_the_metadata_of_opa() {
    let root = std::env::var_os("PRECINCT_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let path = root.join("opa/builtin_metadata.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} does not exist", path.display());
        return;
    };
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let known = capabilities();
    let mut differ = Vec::new();
    for builtin in known.builtins() {
        let recorded = &metadata[&builtin.name];
        if recorded.is_null() {
            continue;
        }
        let says = |kind: &Value, recorded: &Value| {
            ["name", "description"]
                .iter()
                .all(|member| kind.get(*member) == recorded.get(*member))
        };
        let args = recorded["args"].as_array().map_or(&[][..], Vec::as_slice);
        let same = recorded["description"].as_str().unwrap_or_default() == builtin.description
            && args.len() == builtin.decl.args.len()
            && builtin
                .decl
                .args
                .iter()
                .zip(args)
                .all(|(kind, arg)| says(kind, arg))
            && builtin
                .decl
                .result
                .as_ref()
                .is_none_or(|kind| says(kind, &recorded["result"]));
        if !same {
            differ.push(builtin.name.clone());
        }
    }
    assert!(differ.is_empty(), "{differ:?}");
}
