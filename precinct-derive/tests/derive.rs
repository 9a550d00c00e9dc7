//! Types as inputs: what a policy sees is what `serde` would write, with `None` left away.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]
#![allow(dead_code, reason = "some fields are there to be skipped")]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use precinct_runtime::{Arena, Input, TypedInput, Value, json};

/// Every path of the input, and a few that are not there, gives what the whole input has at it.
fn check(typed: &impl TypedInput, expected: &str) {
    let arena = Arena::new();
    let whole = typed.at(&[], &arena).unwrap();
    assert_eq!(json::to_string(whole), expected);
    let mut path = Vec::new();
    below(typed, whole, &mut path);
}

fn below<'a>(typed: &impl TypedInput, value: Value<'a>, path: &mut Vec<&'a str>) {
    let arena = Arena::new();
    let read = typed.at(path, &arena).map(json::to_string);
    assert_eq!(read, Some(json::to_string(value)), "{path:?}");
    path.push("no such key");
    assert!(typed.at(path, &arena).is_none(), "{path:?}");
    path.pop();
    if let Value::Object(object) = value {
        for (key, value) in object.entries() {
            path.push(key.as_str().unwrap());
            below(typed, value, path);
            path.pop();
        }
    }
}

#[derive(Input)]
#[input(rename_all = "camelCase")]
struct Request<'r> {
    user_name: &'r str,
    #[input(rename = "Scopes")]
    scopes: Vec<String>,
    session: Option<Session>,
    limits: HashMap<String, u64>,
    tree: BTreeMap<Cow<'r, str>, Vec<(i8, f64)>>,
    #[input(skip)]
    secret: String,
    #[input(flatten)]
    more: More,
    #[input(skip_if = "String::is_empty")]
    note: String,
    r#type: Kind,
}

#[derive(Input)]
struct Session {
    id: u64,
    verified: bool,
}

#[derive(Input)]
struct More {
    trace: Box<str>,
}

#[derive(Input)]
#[input(rename_all = "snake_case")]
enum Kind {
    ToolCall,
    #[input(rename = "Chat")]
    Chatter(u8),
    Pair(u8, bool),
    Named {
        a_b: u8,
    },
}

fn request(kind: Kind, session: Option<Session>) -> Request<'static> {
    Request {
        user_name: "alice",
        scopes: vec!["read".into()],
        session,
        limits: HashMap::from([("a".into(), u64::MAX)]),
        tree: BTreeMap::from([(Cow::Borrowed("t"), vec![(-1, 0.5)])]),
        secret: "hidden".into(),
        more: More {
            trace: "abc".into(),
        },
        note: String::new(),
        r#type: kind,
    }
}

#[test]
fn structs_are_objects() {
    check(
        &request(Kind::ToolCall, None),
        r#"{"Scopes":["read"],"limits":{"a":18446744073709551615},"trace":"abc","tree":{"t":[[-1,0.5]]},"type":"tool_call","userName":"alice"}"#,
    );
    let session = Session {
        id: 7,
        verified: true,
    };
    check(
        &request(Kind::Named { a_b: 1 }, Some(session)),
        r#"{"Scopes":["read"],"limits":{"a":18446744073709551615},"session":{"id":7,"verified":true},"trace":"abc","tree":{"t":[[-1,0.5]]},"type":{"named":{"a_b":1}},"userName":"alice"}"#,
    );
}

#[test]
fn enums_take_the_forms_of_serde() {
    check(&Kind::ToolCall, r#""tool_call""#);
    check(&Kind::Chatter(3), r#"{"Chat":3}"#);
    check(&Kind::Pair(3, true), r#"{"pair":[3,true]}"#);
    check(&Kind::Named { a_b: 1 }, r#"{"named":{"a_b":1}}"#);
}

#[derive(Input)]
#[input(tag = "kind", rename_all_fields = "UPPERCASE")]
enum Internal {
    Unit,
    Session(Session),
    Named { a: u8 },
}

#[derive(Input)]
#[input(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Pair(u8, u8),
}

#[derive(Input)]
#[input(untagged)]
enum Untagged<'u> {
    Text(&'u str),
    Session { id: u8 },
}

#[derive(Input)]
#[input(transparent)]
struct Transparent {
    inner: Session,
}

#[derive(Input)]
struct Generic<T>(T);

#[test]
fn tags_stand_where_serde_puts_them() {
    let session = || Session {
        id: 7,
        verified: false,
    };
    check(&Internal::Unit, r#"{"kind":"Unit"}"#);
    check(
        &Internal::Session(session()),
        r#"{"id":7,"kind":"Session","verified":false}"#,
    );
    check(&Internal::Named { a: 1 }, r#"{"A":1,"kind":"Named"}"#);
    check(&Adjacent::Unit, r#"{"t":"Unit"}"#);
    check(&Adjacent::Pair(1, 2), r#"{"c":[1,2],"t":"Pair"}"#);
    check(&Untagged::Text("x"), r#""x""#);
    check(&Untagged::Session { id: 1 }, r#"{"id":1}"#);
    check(
        &Transparent { inner: session() },
        r#"{"id":7,"verified":false}"#,
    );
    check(&Generic("x"), r#""x""#);
    check(
        &Generic(Generic(Some(session()))),
        r#"{"id":7,"verified":false}"#,
    );
}
