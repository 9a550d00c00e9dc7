#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use crate::arena::{Arena, Document};
use crate::json::{Decoder, Encoding};
use crate::value::Value;

/// A packed value is the plain one in everything that can be asked.
fn same(packed: Value<'_>, plain: Value<'_>) {
    assert_eq!(packed.type_name(), plain.type_name());
    assert!(packed.equals(plain) && plain.equals(packed), "{plain}");
    assert!(packed.compare(plain).is_eq() && plain.compare(packed).is_eq());
    assert_eq!(packed.hash64(), plain.hash64(), "{plain}");
    assert_eq!(packed.to_string(), plain.to_string());
    assert_eq!(packed.collection_len(), plain.collection_len());
    let len = plain.collection_len().unwrap_or(0);
    for at in 0..len {
        let (have, want) = (packed.entry_at(at).unwrap(), plain.entry_at(at).unwrap());
        same(have.0, want.0);
        same(have.1, want.1);
        assert!(packed.get(want.0).unwrap().equals(want.1));
    }
    if let (Value::Array(have), Value::Array(want)) = (packed, plain) {
        assert!(have.iter().rev().eq(want.iter().rev()));
        assert_eq!((have.first(), have.last()), (want.first(), want.last()));
    }
    if let (Value::Object(have), Value::Object(want)) = (packed, plain) {
        assert!(have.entries().iter().rev().eq(want.entries().iter().rev()));
        assert!(have.keys().eq(want.keys()) && have.values().eq(want.values()));
    }
    assert_eq!(packed.entry_at(len), None);
    for missing in [
        Value::String("missing"),
        Value::String(""),
        Value::Null,
        Value::EMPTY_ARRAY,
        Value::int(i64::try_from(len).unwrap()),
        Value::int(-1),
    ] {
        assert_eq!(packed.get(missing), plain.get(missing));
    }
}

fn check(text: &str) {
    let arena = Arena::new();
    let plain = Decoder::new(&arena).decode(text.as_bytes()).unwrap();
    let read = Document::packed_from_json(text.as_bytes()).unwrap();
    same(read.value(), plain);
    for encoding in [Encoding::GO, Encoding::PLAIN] {
        assert_eq!(encoding.encode(read.value()), encoding.encode(plain));
    }
    // Values that lie anywhere are packed as texts are.
    same(Document::packed(plain).unwrap().value(), plain);
    same(Document::packed(read.value()).unwrap().value(), plain);
    same(read.value().copy_into(&arena), plain);
}

#[test]
fn all_kinds_of_values_are_what_they_are_unpacked() {
    for text in [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        r#""""#,
        "[[], {}, [[]], [{}], null, true, false, \"\"]",
        r#"{"": null, "a": [], "b": {}}"#,
        r#"["é☃", "\u0000\n\"\\", "\ud834\udd1e", "\ud800", "a\u2028b", "𝄞"]"#,
        r#"{"\u0061": 1, "a\nb": 2, "é": 3, "\ud83d\ude00": 4}"#,
    ] {
        check(text);
    }
    check("[\"\u{10ff80}\", \"a\u{10ffff}\"]");
}

#[test]
fn numbers_keep_their_texts() {
    check("[0, 1, -1, 268435455, 268435456, -268435456, -268435457, 4294967295, -4294967296]");
    check(
        "[9223372036854775807, -9223372036854775808, 9223372036854775808, 123456789012345678901]",
    );
    check("[1.0, 1.50, 1e3, 1E+03, -0, -0.0, 0.1, 1e-300, 3.14159265358979323846264338]");
    check("[1, 1.0, 1e0, 10e-1]");
}

#[test]
fn small_integers_keep_their_places_whatever_room_they_take() {
    for most in [1, 255, 256, 65_535, 65_536, 1_000_000] {
        for len in 7..30 {
            let numbers: Vec<String> = (0..len).map(|n| (most - n % 2).to_string()).collect();
            let list = format!("[{}]", numbers.join(","));
            let members: Vec<String> = (0..len)
                .map(|n| format!(r#""k{n:02}": {}"#, numbers[n]))
                .collect();
            check(&format!("[{list}, {{{}}}, {list}]", members.join(",")));
            check(&list.replacen(',', ",-1,", 1));
            check(&list.replacen(',', ",1.0,", 1));
            check(&list.replacen(',', ",null,", 1));
        }
    }
}

#[test]
fn texts_of_any_length_are_found() {
    for length in [1, 7, 8, 9, 47, 48, 49, 126, 127, 128, 129, 16_383, 16_384] {
        let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
        check(&format!(r#"["{text}", "after", {{"{text}": "{text}"}}]"#));
    }
}

#[test]
fn objects_of_any_size_and_order_are_sorted_and_searched() {
    for size in [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1000, 3000] {
        let in_order = |order: &dyn Fn(usize) -> usize| {
            let members: Vec<String> = (0..size)
                .map(|n| format!(r#""key-{}": {n}"#, order(n)))
                .collect();
            format!("{{{}}}", members.join(","))
        };
        let texts = [
            in_order(&|n| n),
            in_order(&|n| size - n),
            in_order(&|n| (n * 7919) % size),
            // Keys that come again.
            in_order(&|n| n % 13),
        ];
        for text in &texts {
            check(text);
        }
        check(&format!(
            "[{}]",
            [&texts[..], &texts[..]].concat().join(",")
        ));
    }
}

#[test]
fn of_equal_keys_the_last_stays() {
    check(r#"{"a": 1, "a": 2}"#);
    check(r#"[{"b": 1, "a": 2, "b": 3}, {"b": 4, "a": 5, "b": 6}, {"b": {}, "a": [], "b": []}]"#);
    check(r#"{"b": 1, "\u0062": 2, "a": 3}"#);
}

#[test]
fn keys_that_begin_alike_are_in_the_order_of_their_bytes() {
    check(
        r#"{"longer-than-b": 1, "longer-than-a": 2, "longer-t": 3, "longer-": 4, "longer": 5, "é": 6, "z": 7}"#,
    );
    check(r#"{"a\u0000": 1, "a": 2, "": 3, "a\u0000\u0000": 4}"#);
}

#[test]
fn what_repeats_is_not_mixed_up() {
    let records: Vec<String> = (0..4000)
        .map(|n| match n % 4 {
            0 => format!(r#"{{"id": {n}, "tags": ["a", "b"], "in": {{"x": 1}}}}"#),
            1 => format!(
                r#"{{"tags": ["b", "a"], "id": {}, "in": {{"y": 1}}}}"#,
                n % 10
            ),
            2 => format!("[{}, {}]", n % 7, n % 3),
            _ => format!(r#"{{"name": "name-{}", "in": [1, [1, [1]]]}}"#, n % 100),
        })
        .collect();
    check(&format!("[{}]", records.join(",")));
}

#[test]
fn nesting_is_bounded_as_ever() {
    check(&("[".repeat(900) + &"]".repeat(900)));
    check(&(r#"{"a":"#.repeat(900) + "1" + &"}".repeat(900)));
    let deep = "[".repeat(1001) + &"]".repeat(1001);
    let error = Document::packed_from_json(deep.as_bytes()).unwrap_err();
    assert_eq!(error.message, "exceeded max depth");
}

#[test]
fn errors_are_those_of_the_plain_decoder() {
    for text in [
        "",
        "{",
        "[1,",
        r#"{"a" 1}"#,
        "1 2",
        "nul",
        "\"\u{1}\"",
        "[01]",
    ] {
        let arena = Arena::new();
        let plain = Decoder::new(&arena).decode(text.as_bytes()).unwrap_err();
        assert_eq!(
            Document::packed_from_json(text.as_bytes()).unwrap_err(),
            plain
        );
    }
}

#[test]
fn long_lists_know_their_members() {
    for size in [255, 256, 257, 5000] {
        let members: Vec<String> = (0..size).map(|n| format!("\"m{}\"", n % 700)).collect();
        let text = format!(r#"{{"a": [{}, 7, 1e1, null, []]}}"#, members.join(","));
        check(&text);
        let document = Document::packed_from_json(text.as_bytes()).unwrap();
        let list = document.value().field("a").unwrap();
        let known = list.as_array().unwrap().indexed(Value::Null);
        assert_eq!(known.is_some(), size + 4 >= crate::value::lists::LONG);
        for (value, is_there) in [
            (Value::String("m0"), true),
            (Value::String("m254"), true),
            (Value::String("m700"), false),
            (Value::int(10), true),
            (Value::int(8), false),
            (Value::Null, true),
            (Value::EMPTY_ARRAY, true),
            (Value::EMPTY_OBJECT, false),
        ] {
            assert_eq!(crate::ops::member(value, list), is_there, "{value}");
        }
    }
}

#[test]
fn an_entry_is_set_beside_packed_ones() {
    let arena = Arena::new();
    for size in [1, 5, 20] {
        let members: Vec<String> = (0..size).map(|n| format!(r#""k{n:02}": [{n}]"#)).collect();
        let text = format!("{{{}}}", members.join(","));
        let plain = Decoder::new(&arena).decode(text.as_bytes()).unwrap();
        let document = Document::packed_from_json(text.as_bytes()).unwrap();
        for key in ["", "k00", "k005", "k04", "z"] {
            let with = |value: Value<'_>, arena| {
                let key = Value::String(key);
                let changed = value.as_object().unwrap().with(arena, key, Value::TRUE);
                changed.to_string()
            };
            assert_eq!(with(document.value(), &arena), with(plain, &arena));
        }
    }
}

#[test]
fn large_documents_are_packed_however_they_are_made() {
    let is_packed = |document: &Document| document.value().as_object().unwrap().is_packed();
    let members: Vec<String> = (0..100_000).map(|n| format!(r#""k{n}": [{n}]"#)).collect();
    let text = format!("{{{}}}", members.join(","));
    let read = std::sync::Arc::new(Document::from_json(text.as_bytes()).unwrap());
    assert!(is_packed(&read));
    assert!(is_packed(&Document::copy_of(read.value())));
    let set = |name: &'static str, value| {
        Document::over(vec![std::sync::Arc::clone(&read)], |parts, arena| {
            let whole = parts.first().unwrap().as_object().unwrap();
            let key = Value::String(name);
            Ok::<_, ()>(match value {
                Some(value) => whole.with(arena, key, value),
                None => Value::object(arena, [(key, *parts.first().unwrap())]),
            })
        })
        .unwrap()
    };
    // An object beside the large one is small; one more key in the large one makes another large one.
    let beside = set("a", None);
    assert!(!is_packed(&beside) && beside.has_parts());
    let inside = set("a", Some(Value::TRUE));
    assert!(is_packed(&inside) && !inside.has_parts());
    assert_eq!(inside.value().field("a"), Some(Value::TRUE));
    assert_eq!(
        inside.value().field("k99999").unwrap().to_string(),
        "[99999]"
    );
}

#[test]
fn what_json_does_not_have_is_not_packed() {
    let arena = Arena::new();
    let set = Value::set(&arena, [Value::int(1)]);
    assert!(Document::packed(set).is_none());
    let object = Value::object(&arena, [(Value::int(1), Value::TRUE)]);
    assert!(Document::packed(Value::array(&arena, &[object])).is_none());
}
