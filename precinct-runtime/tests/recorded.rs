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
use precinct_runtime::{Arena, Context, Document, Value, builtin, ops};

/// The answer, its sets as arrays.
fn answer<'a>(
    arena: &'a Arena,
    name: &str,
    args: &[Value<'a>],
) -> Result<Option<Value<'a>>, String> {
    let mut context = Context::new(arena);
    context.time_ns = 1_800_000_000_000_000_000;
    context.strict_builtin_errors = true;
    let builtin = builtin::lookup(name).unwrap_or_else(|| panic!("no builtin {name}"));
    let result = ops::call::call_builtin(&mut context, builtin, args);
    let result = context.finish(result).map_err(|error| error.message)?;
    Ok(result.map(|value| {
        Decoder::new(arena)
            .decode_copied(to_string(value).as_bytes())
            .unwrap()
    }))
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
            let arena = Arena::new();
            let case = Decoder::new(&arena).decode_copied(line.as_bytes()).unwrap();
            let name = case.field("builtin").and_then(Value::as_str).unwrap();
            // Families that are not compiled in have no answers.
            if builtin::lookup(name).is_none() {
                continue;
            }
            count += 1;
            let args = case.field("args").unwrap();
            let got = answer(&arena, name, args.as_array().unwrap().slice(&arena));
            // Operands that come out of a large document are as good as any.
            let packed = Document::packed(args).unwrap();
            let packed = packed.value().as_array().unwrap();
            let of_packed = answer(&arena, name, packed.slice(&arena));
            assert_eq!(got, of_packed, "{line}");
            let fits = match (&got, case.field("error"), case.field("want")) {
                (Err(message), Some(error), _) => error.as_str() == Some(message),
                (Ok(got), None, want) => *got == want,
                _ => false,
            };
            if !fits {
                failures.push(format!(
                    "{line}\n    got {:?}",
                    got.map(|value| value.map(to_string))
                ));
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
