//! What the generated text looks like, and how errors of policies stop a build.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::path::PathBuf;

use precinct_codegen::{BuildError, Builder};

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn generated(name: &str, text: &str) -> String {
    let folder = folder(name, &[("p.rego", text)]);
    Builder::new().policies(folder).generate().unwrap()
}

fn has(text: &str, parts: &[&str]) {
    let flat = |text: &str| text.split_whitespace().collect::<String>();
    let text = flat(text);
    for part in parts {
        assert!(text.contains(&flat(part)), "{part}\nis not in\n{text}");
    }
}

#[test]
fn a_rule_with_a_default_returns_a_boolean_and_needs_only_an_arena() {
    let text = generated(
        "boolean",
        "package shop.orders\n\ndefault allow := false\n\nallow if input.user.role == \"admin\"\n",
    );
    has(
        &text,
        &[
            "pub mod shop",
            "pub mod orders",
            "/// allow if input.user.role == \"admin\"",
            "pub(crate) fn allow_in<'a, I: rt::Input<'a>>(",
            "arena: &'a rt::Arena, input: &I,) -> ::core::primitive::bool",
            "rt::Input::field(input, &[\"user\", \"role\"], arena)",
            ".as_str() == Some(\"admin\")",
            "pub fn allow_json_with<'e>",
            "\"shop/orders/allow\"",
        ],
    );
}

#[test]
fn constants_become_matches_and_tables() {
    let many: Vec<String> = (0..20).map(|n| format!("\"tool-{n}\"")).collect();
    let text = generated(
        "constants",
        &format!(
            "package p\n\nfew if input.a in {{\"x\", \"y\"}}\n\nmany if input.a in {{{}}}\n\nlimit := {{\"a\": 1, \"b\": 2}}[input.class]\n",
            many.join(", ")
        ),
    );
    has(
        &text,
        &[
            "Some(\"x\" | \"y\") => true",
            "rt::Table {",
            ".find(text).is_some()",
            "Some(\"a\") => Some(rt::Value::int(1i64))",
        ],
    );
}

#[test]
fn only_entry_points_and_what_they_need_are_compiled() {
    let folder = folder(
        "entrypoints",
        &[(
            "p.rego",
            "package p\n\na if b\n\nb if input.x\n\nc if input.y\n",
        )],
    );
    let builder = Builder::new().policies(&folder).entrypoint("p/a");
    let text = builder.generate().unwrap();
    has(&text, &["pub fn a_json", "fn b_in"]);
    assert!(!text.contains("fn c_in") && !text.contains("fn b_json"));
    let error = builder.entrypoint("p/d").generate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no document at the entry point p/d"
    );
}

#[test]
fn errors_of_policies_are_located_and_nothing_is_written() {
    let folder = folder(
        "errors",
        &[("wrong.rego", "package p\n\nallow if x == 1\n")],
    );
    let error = Builder::new()
        .policies(&folder)
        .out_dir(&folder)
        .compile()
        .unwrap_err();
    assert!(matches!(error, BuildError::Rego(_)));
    let text = format!("{error:?}");
    assert!(
        text.contains("wrong.rego:3: rego_unsafe_var_error: var x is unsafe"),
        "{text}"
    );
    assert!(!folder.join("policies.rs").exists());
}

#[test]
fn base_documents_of_folders_are_merged_and_contradictions_refused() {
    let files = [
        ("p.rego", "package p\n\nx := data.roles.admin\n"),
        ("roles/data.json", r#"{"admin": ["a"]}"#),
        ("data.yaml", "roles:\n  guest: []\n"),
    ];
    let text = Builder::new()
        .policies(folder("data", &files))
        .generate()
        .unwrap();
    has(&text, &[r#"{\"roles\":{\"admin\":[\"a\"],\"guest\":[]}}"#]);
    let twice = [
        ("roles/data.json", r#"{"admin": ["a"]}"#),
        ("data.json", r#"{"roles": {"admin": []}}"#),
    ];
    let error = Builder::new()
        .policies(folder("twice", &twice))
        .generate()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("admin: another file has a different document here")
            || error.to_string().contains("different document"),
        "{error}"
    );
}

const CALL: &str =
    "#[derive(Input)] pub struct Call { tool: String, count: u32, tags: Vec<String> }";

#[test]
fn a_field_that_can_never_match_is_a_warning() {
    let rego = "package p\n\na if input.count == \"many\"\n\nb if input.tool in {1, 2}\n\nc if input.tol == \"x\"\n\nd if startswith(input.tags[_], \"x\")\n\ne if input.count > 1\n";
    let folder = folder("never", &[("p.rego", rego), ("call.rs", CALL)]);
    let build = Builder::new()
        .policies(folder.join("p.rego"))
        .input_type(folder.join("call.rs"), "Call");
    let warnings = build.warnings().unwrap();
    let rows: Vec<&str> = warnings
        .iter()
        .map(|line| {
            let (_, behind) = line.split_once("p.rego:").unwrap();
            behind.split(": ").next().unwrap()
        })
        .collect();
    assert_eq!(rows, ["3", "5", "7"], "{warnings:#?}");
    assert!(warnings[0].contains("match error"), "{warnings:#?}");
    assert!(
        warnings[2].contains("undefined ref: input.tol"),
        "{warnings:#?}"
    );
    assert!(
        warnings
            .iter()
            .all(|line| !line.contains('\n') && line.contains("`Call`"))
    );
    let refused = build.strict(true).warnings();
    assert!(matches!(refused, Err(BuildError::Rego(_))));
}

#[test]
fn a_type_that_is_not_in_the_source_stops_the_build() {
    let folder = folder(
        "no-type",
        &[("p.rego", "package p\n\na := 1\n"), ("call.rs", CALL)],
    );
    let warnings = Builder::new()
        .policies(folder.join("p.rego"))
        .input_type(folder.join("call.rs"), "Request")
        .warnings();
    let message = warnings.unwrap_err().to_string();
    assert!(
        message.ends_with("call.rs: there is no struct or enum `Request`"),
        "{message}"
    );
}

#[test]
fn a_struct_is_made_of_the_schema_that_annotations_give_input() {
    let annotated = |schema: &str| {
        format!("# METADATA\n# schemas:\n#   - input: {schema}\npackage p\n\na if input.n == 1\n")
    };
    let inline = annotated("{type: object, properties: {n: {type: integer}}}");
    let folder = folder(
        "annotated",
        &[
            ("p.rego", &inline),
            (
                "named.rego",
                &annotated("schema.request").replace("package p", "package q"),
            ),
            (
                "schemas/request.json",
                r#"{"type": "object", "properties": {"n": {"type": "string"}}}"#,
            ),
        ],
    );
    let text = Builder::new()
        .policies(folder.join("p.rego"))
        .input_struct("Request")
        .generate()
        .unwrap();
    has(
        &text,
        &[
            "pub struct Request<'r>",
            "pub n: ::core::option::Option<::core::primitive::i64>",
        ],
    );
    let both = Builder::new()
        .policies(folder.join("p.rego"))
        .policies(folder.join("named.rego"))
        .schemas(folder.join("schemas"))
        .input_struct("Request")
        .generate();
    // The policy compares a string with a number: OPA refuses that, too.
    assert!(matches!(both, Err(BuildError::Rego(_))));
    let none = Builder::new()
        .policies(folder.join("named.rego"))
        .input_struct("Request")
        .generate();
    assert!(matches!(none, Err(BuildError::Schema(_))));
}
