//! Generated code in hostile surroundings: no prelude, names of the standard library that mean something else, packages
//! and rules that are called like keywords and types of Rust.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use precinct_runtime::{Evaluator, json};

#[allow(dead_code, non_camel_case_types, clippy::pedantic)]
mod surroundings {
    #![no_implicit_prelude]

    pub mod alloc {}
    pub mod precinct_runtime {}
    pub mod rt {}
    pub struct Option;
    pub struct Result;
    pub struct Some;
    pub struct Value;
    pub struct String;
    pub type bool = ();
    pub type str = ();
    pub type u8 = ();

    pub mod policies {
        #![no_implicit_prelude]
        pub type bool = ();
        pub type str = ();
        pub type u32 = ();
        pub type usize = ();

        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/hostile.rs"));
    }
}

use surroundings::policies;

const INPUT: &[u8] = br#"{"user":"alice","limits":{"a":1,"b":2},"not a name":{"\u30af\u30ec\u30fc\u30c8":1},"list":[1,2,3],"number":21}"#;

fn at(path: &str) -> Option<String> {
    let evaluator = Evaluator::new();
    policies::evaluate_with(&evaluator, path, INPUT)
        .unwrap()
        .map(json::to_string)
}

#[test]
fn every_name_is_reached_by_its_path() {
    for (path, expected) in [
        ("self", "true"),
        ("type", r#""fn-alice""#),
        ("Some", r#"["alice"]"#),
        ("None", r#"["alice","carol"]"#),
        ("rt", r#"{"input":"alice"}"#),
        ("cx", r#"{"a":1,"b":2}"#),
        ("input_is_odd", "true"),
        ("arena", "[2,3]"),
        ("Ok", "2"),
        ("main", r#"["bob"]"#),
        ("replaced", r#""fn-carol""#),
        ("mocked", r#""ALICE""#),
    ] {
        assert_eq!(
            at(&format!("std/Option/str/u8/{path}")).as_deref(),
            Some(expected),
            "{path}"
        );
    }
    assert_eq!(at("core/Result").as_deref(), Some("true"));
    assert_eq!(at("core/box").as_deref(), Some(r#""open""#));
    assert_eq!(at("core/String").as_deref(), Some("42"));
    assert_eq!(at("core/no_such_rule"), None);
}

#[test]
fn packages_are_modules_with_typed_functions() {
    assert!(policies::core::Result__json(INPUT).unwrap());
    assert_eq!(policies::core::box_json(INPUT).unwrap(), "open");
}

#[test]
fn the_whole_package_is_a_document() {
    assert_eq!(
        at("core").as_deref(),
        Some(r#"{"Result":true,"String":42,"box":"open"}"#)
    );
}

#[test]
fn input_that_is_no_json_is_an_error_with_its_place() {
    let evaluator = Evaluator::new();
    let error =
        policies::evaluate_with(&evaluator, "core/Result", b"{\n  \"user\": x}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "input:2:11: invalid character 'x' looking for beginning of value"
    );
}
