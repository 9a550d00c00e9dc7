//! Builtins give what OPA 1.22.2 gave for the same arguments.
//!
//! Each file under `tests/recorded` holds one family: lines of `{builtin, args, want}` or `{builtin, args, error}`, with
//! errors as strict builtin errors show them. Sets in results are sorted arrays.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use precinct_runtime::json::decode::Decoder;
use precinct_runtime::json::encode::to_string;
use precinct_runtime::{Arena, Context, builtin, ops};

fn answer(name: &str, args: &str) -> Result<Option<String>, String> {
    let arena = Arena::new();
    let args = Decoder::new(&arena).decode_copied(args.as_bytes()).unwrap();
    let mut context = Context::new(&arena);
    context.time_ns = 1_700_000_000_000_000_000;
    context.strict_builtin_errors = true;
    let builtin = builtin::lookup(name).unwrap_or_else(|| panic!("no builtin {name}"));
    let result = ops::call::call_builtin(&mut context, builtin, args.as_array().unwrap());
    let result = result.map_err(|error| error.message)?;
    context.finish().map_err(|error| error.message)?;
    Ok(result.map(to_string))
}

#[test]
fn builtins_answer_as_recorded() {
    let folder = format!("{}/tests/recorded", env!("CARGO_MANIFEST_DIR"));
    let mut failures = Vec::new();
    let mut count = 0;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let name = case["builtin"].as_str().unwrap();
            if builtin::lookup(name).is_none() {
                continue;
            }
            count += 1;
            let got = answer(name, &case["args"].to_string());
            let fits = match (&got, case.get("error"), case.get("want")) {
                (Err(message), Some(error), _) => error.as_str() == Some(message),
                (Ok(Some(text)), None, Some(want)) => {
                    serde_json::from_str::<serde_json::Value>(text).unwrap() == *want
                }
                (Ok(None), None, None) => true,
                _ => false,
            };
            if !fits {
                failures.push(format!("{line}\n    got {got:?}"));
            }
        }
    }
    println!("{count} recorded answers");
    assert!(
        failures.is_empty(),
        "{} of {count} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
