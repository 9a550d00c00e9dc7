//! Laws that hold for all values.
#![allow(clippy::unwrap_used)]

use std::cmp::Ordering;

use num_bigint::BigInt;
use precinct_runtime::json::{Decoder, Encoding};
use precinct_runtime::{Arena, Document, Number, Value};
use proptest::prelude::*;

/// A value without an arena.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Tree>),
    Object(Vec<(Tree, Tree)>),
    Set(Vec<Tree>),
}

impl Tree {
    fn value<'a>(&self, arena: &'a Arena) -> Value<'a> {
        match self {
            Tree::Null => Value::Null,
            Tree::Bool(b) => Value::Bool(*b),
            Tree::Number(text) => Number::parse(arena, text).unwrap().into(),
            Tree::String(text) => Value::string(arena, text),
            Tree::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| item.value(arena)).collect();
                Value::array(arena, &items)
            }
            Tree::Object(entries) => Value::object(
                arena,
                entries
                    .iter()
                    .map(|(key, value)| (key.value(arena), value.value(arena))),
            ),
            Tree::Set(items) => Value::set(arena, items.iter().map(|item| item.value(arena))),
        }
    }
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        (-3_i64..4).prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?",
    ]
}

fn leaf() -> impl Strategy<Value = Tree> {
    prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        number().prop_map(Tree::Number),
        "[a-c]{0,2}".prop_map(Tree::String),
        any::<String>().prop_map(Tree::String),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            prop::collection::vec((inner.clone(), inner.clone()), 0..6).prop_map(Tree::Object),
            prop::collection::vec(inner, 0..30).prop_map(Tree::Set),
        ]
    })
}

/// What JSON can hold.
fn json_tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::Array),
            prop::collection::vec((any::<String>().prop_map(Tree::String), inner), 0..24)
                .prop_map(Tree::Object),
        ]
    })
}

proptest! {
    #[test]
    fn the_order_is_total_and_agrees_with_equality_and_hashes(a in tree(), b in tree(), c in tree()) {
        let arena = Arena::new();
        let (a, b, c) = (a.value(&arena), b.value(&arena), c.value(&arena));
        prop_assert_eq!(a.compare(b), b.compare(a).reverse());
        prop_assert_eq!(a.compare(b) == Ordering::Equal, a.equals(b));
        if a.equals(b) {
            prop_assert_eq!(a.hash64(), b.hash64());
        }
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[2], "{:?}", sorted);
    }

    #[test]
    fn collections_are_sorted_and_find_what_they_hold(items in prop::collection::vec(tree(), 0..40)) {
        let arena = Arena::new();
        let values: Vec<_> = items.iter().map(|item| item.value(&arena)).collect();
        let set = Value::set(&arena, values.iter().copied());
        let object = Value::object(&arena, values.iter().map(|value| (*value, Value::TRUE)));
        let set = set.as_set().unwrap();
        prop_assert!(set.items().is_sorted_by(|a, b| a < b));
        prop_assert_eq!(set.len(), object.as_object().unwrap().len());
        for value in &values {
            prop_assert!(set.contains(*value));
            prop_assert_eq!(object.get(*value), Some(Value::TRUE));
        }
    }

    #[test]
    fn json_reads_back_as_it_was(tree in json_tree()) {
        let arena = Arena::new();
        let value = tree.value(&arena);
        for encoding in [Encoding::GO, Encoding::PLAIN, Encoding { escape_html: true, indent: Some(("", "\t")) }] {
            let text = encoding.encode(value);
            let borrowed = Decoder::new(&arena).decode(text.as_bytes()).unwrap();
            prop_assert!(borrowed.equals(value), "{}", text);
            prop_assert_eq!(&encoding.encode(borrowed), &text);
            prop_assert!(Document::from_json(text.as_bytes()).unwrap().value().equals(value));
        }
    }

    #[test]
    fn packed_documents_are_what_was_packed(one in json_tree(), other in json_tree()) {
        let arena = Arena::new();
        let (one, other) = (one.value(&arena), other.value(&arena));
        let pack = |value| {
            let text = Encoding::PLAIN.encode(value);
            (Document::packed_from_json(text.as_bytes()).unwrap(), Document::packed(value).unwrap(), text)
        };
        let (read, made, text) = pack(one);
        for packed in [&read, &made] {
            let packed = packed.value();
            prop_assert!(packed.equals(one) && one.equals(packed), "{}", text);
            prop_assert_eq!(packed.hash64(), one.hash64());
            prop_assert_eq!(packed.to_string(), one.to_string());
            prop_assert_eq!(&Encoding::PLAIN.encode(packed), &text);
            // It stands among other values where the plain one does.
            let beside = pack(other).0;
            prop_assert_eq!(packed.compare(beside.value()), one.compare(other));
            prop_assert_eq!(packed.compare(other), one.compare(other));
            prop_assert_eq!(other.compare(packed), other.compare(one));
            if let Value::Object(object) = one {
                for (key, value) in object.entries() {
                    prop_assert_eq!(packed.get(key), Some(value));
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let arena = Arena::new();
        let copied = Decoder::new(&arena).decode_copied(&bytes);
        let packed = Document::packed_from_json(&bytes);
        prop_assert_eq!(copied.map(|value| value.to_string()), packed.map(|packed| packed.value().to_string()));
    }

    #[test]
    fn almost_json_does_not_make_the_decoder_panic(text in "[\\[\\]{}\",:0-9eE.+\\-a\\\\u \u{e9}\u{0}truefalsn]{0,40}") {
        let arena = Arena::new();
        if let Ok(value) = Decoder::new(&arena).decode(text.as_bytes()) {
            let again = Encoding::GO.encode(value);
            let read = Document::from_json(again.as_bytes()).unwrap();
            prop_assert_eq!(read.value(), value);
        }
    }

    #[test]
    fn integers_of_any_size_add_subtract_and_multiply_exactly(a in any::<i128>(), b in any::<i128>()) {
        let arena = Arena::new();
        let number = |n: i128| Number::copied(&arena, arena.alloc_str(&n.to_string()));
        let (x, y) = (number(a), number(b));
        let (a, b) = (BigInt::from(a), BigInt::from(b));
        prop_assert_eq!(x.plus(y, &arena).unwrap().to_string(), (&a + &b).to_string());
        prop_assert_eq!(x.minus(y, &arena).unwrap().to_string(), (&a - &b).to_string());
        prop_assert_eq!(x.times(y, &arena).unwrap().to_string(), (&a * &b).to_string());
        prop_assert_eq!(x.compare(y), a.cmp(&b));
    }

    #[test]
    fn computed_numbers_are_json_numbers(a in number(), b in number()) {
        let arena = Arena::new();
        let (x, y) = (Number::parse(&arena, &a).unwrap(), Number::parse(&arena, &b).unwrap());
        let results = [x.plus(y, &arena), x.minus(y, &arena), x.times(y, &arena), x.divided_by(y, &arena),
            x.remainder(y, &arena), x.round(&arena), x.floor(&arena), x.ceil(&arena), x.absolute(&arena)];
        for result in results.into_iter().flatten() {
            prop_assert!(precinct_runtime::number::is_json_number(result.to_string().as_bytes()), "{}", result);
        }
        // Zero times anything and a number less itself are worth nothing.
        prop_assert!(x.minus(x, &arena).unwrap().equals(Number::Int(0)));
        prop_assert!(x.times(Number::Int(0), &arena).unwrap().equals(Number::Int(0)));
    }

    #[test]
    fn numbers_compare_as_their_nearest_floats_do(a in number(), b in number()) {
        let (x, y) = (Number::from_text(&a), Number::from_text(&b));
        let (f, g) = (a.parse::<f64>().unwrap(), b.parse::<f64>().unwrap());
        if f < g { prop_assert_eq!(x.compare(y), Ordering::Less); }
        if f > g { prop_assert_eq!(x.compare(y), Ordering::Greater); }
        if x.equals(y) { prop_assert_eq!(x.hash64(), y.hash64()); }
    }
}
