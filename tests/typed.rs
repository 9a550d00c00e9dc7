//! A struct made of the JSON Schema of `input` decides as the JSON does.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use precinct_runtime::Value;

mod policies {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/typed.rs"));
}

use policies::{Request, RequestOrder, shop};

fn request() -> Request<'static> {
    Request {
        user_id: "u-1",
        order: RequestOrder {
            total: 99,
            count: Some(11),
            items: Some(vec!["a", "b"]),
            ..RequestOrder::default()
        },
        labels: Some([("new".to_owned(), true), ("old".to_owned(), false)].into()),
        risk: Some(Value::int(1)),
        ..Request::default()
    }
}

const JSON: &[u8] =
    br#"{"user-id": "u-1", "order": {"total": 99, "count": 11, "items": ["a", "b"]},
    "labels": {"new": true, "old": false}, "risk": 1}"#;

#[test]
fn a_struct_of_a_schema_is_an_input() {
    let request = request();
    assert!(shop::allow(&request).unwrap());
    assert_eq!(shop::reason(&request).unwrap(), Some("too many"));
    assert_eq!(
        shop::tagged(&request).unwrap().value().to_string(),
        r#"{"new"}"#
    );
    let typed = shop::document(&request).unwrap();
    let from_json = shop::document_json(JSON).unwrap();
    assert!(typed.value().equals(from_json.value()));
}

#[test]
fn a_property_that_is_not_there_is_undefined() {
    let request = Request {
        user_id: "u-1",
        ..Request::default()
    };
    assert!(!shop::allow(&request).unwrap());
    assert_eq!(shop::reason(&request).unwrap(), None);
}
