#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn values_are_small_and_shared_between_threads() {
    const fn shared<T: Send + Sync + Copy>() {}
    shared::<Value<'static>>();
    assert!(size_of::<Value<'static>>() <= 24);
}

#[test]
fn types_are_ordered() {
    let arena = Arena::new();
    let values = [
        Value::Null,
        Value::FALSE,
        Value::TRUE,
        Value::int(-1),
        Value::int(2),
        Value::String(""),
        Value::String("a"),
        Value::EMPTY_ARRAY,
        Value::array(&arena, &[Value::Null]),
        Value::EMPTY_OBJECT,
        Value::object(&arena, [(Value::Null, Value::Null)]),
        Value::EMPTY_SET,
        Value::set(&arena, [Value::int(1)]),
    ];
    assert!(values.is_sorted_by(|a, b| a < b));
}

#[test]
fn large_collections_find_their_members() {
    let arena = Arena::new();
    let numbers: Vec<Value<'_>> = (0..1000_i64).map(Value::int).collect();
    let set = Value::set(&arena, numbers.iter().rev().copied());
    let object = Value::object(
        &arena,
        numbers
            .iter()
            .map(|n| (Value::string(&arena, &n.to_string()), *n)),
    );
    for n in &numbers {
        assert_eq!(set.get(*n), Some(*n));
        assert_eq!(object.field(&n.to_string()), Some(*n));
    }
    assert_eq!(
        set.get(Value::Number(Number::Literal("7.0"))),
        Some(Value::int(7))
    );
    assert_eq!(set.get(Value::Number(Number::Literal("7.5"))), None);
    assert_eq!(object.field("1000"), None);
}

#[test]
fn a_second_value_for_a_key_is_a_conflict() {
    let arena = Arena::new();
    let mut builder = ObjectBuilder::new(&arena);
    assert_eq!(builder.insert(Value::int(1), Value::TRUE), Inserted::Fine);
    assert_eq!(
        builder.insert(Value::Number(Number::Literal("1.0")), Value::TRUE),
        Inserted::Fine
    );
    assert_eq!(
        builder.insert(Value::int(1), Value::FALSE),
        Inserted::Conflict
    );
}

#[test]
fn documents_grow_below_dynamic_keys() {
    let arena = Arena::new();
    let key = |n| Value::int(n);
    let mut builder = DocumentBuilder::new(&arena);
    builder
        .add(&[key(1), Value::String("s")], Some(Value::TRUE))
        .unwrap();
    builder
        .add(&[key(1), Value::String("s")], Some(Value::Null))
        .unwrap();
    builder
        .put(&[key(0), key(2)], Value::String("leaf"))
        .unwrap();
    assert_eq!(
        builder.put(&[key(0), key(2)], Value::Null),
        Err(DocumentConflict)
    );
    assert_eq!(
        builder.put(&[key(0), key(2), key(3)], Value::Null),
        Err(DocumentConflict)
    );
    assert_eq!(
        builder.finish().to_string(),
        r#"{0: {2: "leaf"}, 1: {"s": {null, true}}}"#
    );
}

#[test]
fn documents_outlive_what_they_were_read_from() {
    let document = crate::Document::from_json(br#"{"a": ["b", 1.5]}"#).unwrap();
    let copy = crate::Document::copy_of(document.value());
    drop(document);
    assert_eq!(copy.value().to_string(), r#"{"a": ["b", 1.5]}"#);
}
