//! Inputs and base documents of one shape, with members missing now and then.

use serde_json::{Map, Value, json};

use crate::random::Random;

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "2.5",
    "10",
    "100",
    "1e3",
    "0.1",
    "7",
    "1.0",
    "9007199254740993",
    "-0.5",
];
/// Texts that occur in documents and policies.
pub const STRINGS: [&str; 16] = [
    "a",
    "b",
    "c",
    "",
    "abc",
    "a,b,c",
    "Foo Bar",
    "1",
    "2.5",
    "x/y/z",
    "é☃",
    "a.b",
    "true",
    "spiffe://td/ns/x",
    "[1, {\"a\": 2}]",
    "  pad ",
];
/// Keys of objects.
pub const KEYS: [&str; 6] = ["a", "b", "c", "x", "y", "é"];

fn number(random: &mut Random) -> Value {
    let text: &str = NUMBERS[random.below(NUMBERS.len())];
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn string(random: &mut Random) -> Value {
    json!(random.pick(&STRINGS))
}

fn list(random: &mut Random, of: fn(&mut Random) -> Value) -> Value {
    let length = random.below(5);
    Value::Array((0..length).map(|_| of(random)).collect())
}

fn object(random: &mut Random, of: fn(&mut Random) -> Value) -> Value {
    let mut members = Map::new();
    for _ in 0..random.below(5) {
        let key = (*random.pick(&KEYS)).to_owned();
        members.insert(key, of(random));
    }
    Value::Object(members)
}

fn record(random: &mut Random) -> Value {
    let mut members = Map::new();
    members.insert("id".to_owned(), number(random));
    members.insert("name".to_owned(), string(random));
    if random.chance(80) {
        members.insert("tags".to_owned(), list(random, string));
    }
    Value::Object(members)
}

fn anything(random: &mut Random) -> Value {
    match random.below(6) {
        0 => Value::Null,
        1 => json!(random.chance(50)),
        2 => number(random),
        3 => string(random),
        4 => list(random, number),
        _ => object(random, string),
    }
}

fn members(random: &mut Random, present: usize) -> Map<String, Value> {
    let mut members = Map::new();
    let mut add = |name: &str, value: Value, present: bool| {
        if present {
            members.insert(name.to_owned(), value);
        }
    };
    add("n", number(random), random.chance(present));
    add("m", number(random), random.chance(present));
    add("s", string(random), random.chance(present));
    add("b", json!(random.chance(50)), random.chance(present));
    add("ns", list(random, number), random.chance(present));
    add("ss", list(random, string), random.chance(present));
    add("o", object(random, number), random.chance(present));
    add("rs", list(random, record), random.chance(present));
    add("any", anything(random), random.chance(present));
    add(
        "nest",
        object(random, |random| object(random, anything)),
        random.chance(present),
    );
    members
}

/// An input; sometimes there is none.
pub fn input(random: &mut Random) -> Option<Value> {
    if random.chance(3) {
        return None;
    }
    Some(Value::Object(members(random, 92)))
}

/// Base documents: one of the input's shape at `base`, and some beside the packages' documents.
pub fn data(random: &mut Random) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("base".to_owned(), Value::Object(members(random, 95)));
    if random.chance(20) {
        data.insert(
            "p".to_owned(),
            json!({"beside": number(random), "deep": object(random, anything)}),
        );
    }
    data
}
