#![allow(clippy::unwrap_used)]

use super::*;
use crate::arena::Arena;

fn again(text: &str) -> String {
    let arena = Arena::new();
    to_string(Decoder::new(&arena).decode(text.as_bytes()).unwrap())
}

#[test]
fn the_last_of_equal_keys_wins_and_keys_are_sorted() {
    assert_eq!(
        again(r#" {"b": 1, "a": [1.50, -0, 1e3], "b": {"x":null}} "#),
        r#"{"a":[1.50,-0,1e3],"b":{"x":null}}"#
    );
}

#[test]
fn escapes_and_surrogates_are_read() {
    assert_eq!(
        again(r#""\u0041\n\ud83d\ude00\ud83d\/<""#),
        "\"A\\n😀\u{fffd}/\\u003c\""
    );
}

#[test]
fn bytes_that_are_no_utf8_are_replaced() {
    let arena = Arena::new();
    let value = Decoder::new(&arena)
        .decode_copied(b"\"a\xff\xfeb\"")
        .unwrap();
    assert_eq!(value.as_str(), Some("a\u{fffd}\u{fffd}b"));
}

#[test]
fn what_is_no_json_is_refused() {
    let arena = Arena::new();
    for (text, message) in [
        ("", "unexpected end of JSON input"),
        (
            "[1,]",
            "invalid character ']' looking for beginning of value",
        ),
        (
            "{1:2}",
            "invalid character '1' looking for beginning of object key string",
        ),
        ("01", "invalid character '1' after top-level value"),
        ("1.", "unexpected end of JSON input"),
        ("nul", "unexpected end of JSON input"),
        (
            "nux",
            "invalid character 'x' in literal null (expecting 'l')",
        ),
        ("\"\t\"", "invalid character '\\t' in string literal"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
    ] {
        assert_eq!(
            Decoder::new(&arena)
                .decode_copied(text.as_bytes())
                .unwrap_err()
                .message,
            message,
            "{text}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(
        Decoder::new(&arena)
            .decode_copied(deep.as_bytes())
            .unwrap_err()
            .message,
        "exceeded max depth"
    );
}

#[test]
fn keys_that_are_no_strings_become_text() {
    let arena = Arena::new();
    let value = crate::Value::object(
        &arena,
        [
            (crate::Value::int(1), crate::Value::Null),
            (
                crate::Value::array(&arena, &[crate::Value::TRUE]),
                crate::Value::EMPTY_SET,
            ),
            (crate::Value::String("1"), crate::Value::TRUE),
        ],
    );
    assert_eq!(to_string(value), r#"{"1":true,"[true]":[]}"#);
    let pretty = Encoding {
        escape_html: false,
        indent: Some(("", "  ")),
    };
    assert_eq!(
        pretty.encode(value),
        "{\n  \"1\": true,\n  \"[true]\": []\n}"
    );
}
