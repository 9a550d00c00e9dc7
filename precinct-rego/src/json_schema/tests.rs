#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Kind, Schemas, merge, read};

fn fault(schema: &Value) -> String {
    match read(schema, None, None) {
        Ok(_) => "none".to_owned(),
        Err(message) => message,
    }
}

#[test]
fn a_schema_is_read_with_its_parts() {
    let schemas = read(
        &json!({
            "type": "object",
            "properties": {
                "a": {"type": ["integer", "null"]},
                "b": {"items": {"type": "string"}},
                "c": {"$ref": "#/definitions/d"}
            },
            "definitions": {"d": {"type": "boolean"}}
        }),
        None,
        None,
    )
    .unwrap();
    let root = schemas.get(Schemas::ROOT).unwrap();
    assert!(root.is(Kind::Object));
    let part = |name: &str| {
        let (_, id) = root.properties.iter().find(|(it, _)| it == name).unwrap();
        schemas.resolved(*id).unwrap()
    };
    assert_eq!(part("a").kinds, [Kind::Integer, Kind::Null]);
    assert!(part("b").items_are_alike);
    assert_eq!(part("c").kinds, [Kind::Boolean]);
}

#[test]
fn faults_of_keywords_are_reported_in_the_words_of_opa() {
    for (schema, message) in [
        (json!(null), "no schema as input to compile"),
        (json!(7), "schema is invalid"),
        (
            json!({"type": 1}),
            "Invalid type. Expected: type, given: string/Array Of Strings",
        ),
        (
            json!({"type": "text"}),
            "has a primitive type that is NOT VALID -- given: /text/ Expected valid values are:[array boolean integer number null object string]",
        ),
        (json!({"type": ["null", "null"]}), "null type is duplicated"),
        (
            json!({"properties": []}),
            "Properties must be of type object",
        ),
        (
            json!({"properties": {"a": 1}}),
            "Expected: Valid Schema, given: Invalid JSON",
        ),
        (
            json!({"items": 1}),
            "Invalid type. Expected: Valid Schema/Array Of Schemas, given: items",
        ),
        (json!({"allOf": {}}), "allOf must be of an array"),
        (json!({"not": []}), "not must be of an object"),
        (
            json!({"minLength": 3, "maxLength": 2}),
            "minLength cannot be greater than maxLength",
        ),
        (
            json!({"minItems": -1}),
            "minItems must be greater than or equal to 0",
        ),
        (
            json!({"multipleOf": 0}),
            "multipleOf must be strictly greater than 0",
        ),
        (
            json!({"exclusiveMinimum": true}),
            "exclusiveMinimum cannot be used without minimum",
        ),
        (json!({"enum": [1, 1.0]}), "enum items must be unique"),
        (
            json!({"required": ["a", "a"]}),
            "required items must be unique",
        ),
        (
            json!({"title": 1}),
            "Invalid type. Expected: string, given: title",
        ),
        (json!({"$schema": 1}), "$schema must be of type string"),
    ] {
        assert_eq!(fault(&schema), message, "{schema}");
    }
}

#[test]
fn references_that_lead_nowhere_are_faults() {
    for (reference, message) in [
        ("#/definitions/x", "Object has no key 'definitions'"),
        ("#/allOf/x", "Invalid array index 'x'"),
        ("#/allOf/1", "Out of bound array[0,1] index '1'"),
        ("other.json", "Reference other.json must be canonical"),
        (
            "http://x.org/a",
            "remote reference loading disabled: http://x.org/a",
        ),
    ] {
        let schema = json!({"allOf": [{}], "not": {"$ref": reference}});
        assert_eq!(fault(&schema), message);
    }
}

#[test]
fn other_documents_come_from_allowed_hosts_only() {
    let fetch = |address: &str| match address {
        "http://x.org/a.json" => Ok(json!({"$ref": "b.json#/definitions/c"})),
        "http://x.org/b.json" => Ok(json!({"definitions": {"c": {"type": "string"}}})),
        _ => Err(format!("nothing at {address}")),
    };
    let schema = json!({"$ref": "http://x.org/a.json"});
    let schemas = read(&schema, Some(&fetch), None).unwrap();
    assert_eq!(
        schemas.resolved(Schemas::ROOT).unwrap().kinds,
        [Kind::String]
    );
    let only = |host: &str| read(&schema, Some(&fetch), Some(&[host.to_owned()])).err();
    assert_eq!(only("x.org"), None);
    assert_eq!(
        only("y.org").unwrap(),
        "remote reference loading disabled: http://x.org/a.json"
    );
}

#[test]
fn identifiers_change_what_references_are_relative_to() {
    let schemas = read(
        &json!({
            "$id": "http://x.org/root.json",
            "definitions": {"a": {"$id": "#a", "type": "null"}, "b": {"type": "number"}},
            "items": [{"$ref": "#a"}, {"$ref": "root.json#/definitions/b"}]
        }),
        None,
        None,
    )
    .unwrap();
    let items = &schemas.get(Schemas::ROOT).unwrap().items;
    let kinds: Vec<_> = items
        .iter()
        .map(|id| schemas.resolved(*id).unwrap().kinds.clone())
        .collect();
    assert_eq!(kinds, [vec![Kind::Null], vec![Kind::Number]]);
}

#[test]
fn references_can_go_in_circles() {
    let schemas = read(&json!({"$ref": "#"}), None, None).unwrap();
    assert!(schemas.resolved(Schemas::ROOT).is_none());
    let schemas = read(&json!({"properties": {"next": {"$ref": "#"}}}), None, None).unwrap();
    let root = schemas.get(Schemas::ROOT).unwrap();
    let next = schemas.resolved(root.properties[0].1).unwrap();
    assert_eq!(next.properties[0].0, "next");
}

#[test]
fn nesting_is_bounded() {
    let mut schema = json!({});
    for _ in 0..400 {
        schema = json!({"not": schema});
    }
    assert_eq!(fault(&schema), "schema is nested too deeply");
}

#[test]
fn schemas_that_all_hold_are_merged() {
    let merged = |parts: Value| {
        let schemas = read(&json!({"allOf": parts}), None, None).unwrap();
        let root = schemas.get(Schemas::ROOT).unwrap();
        let parts = root
            .all_of
            .iter()
            .map(|id| schemas.get(*id).unwrap().clone());
        merge(&schemas, parts.collect())
    };
    let both = merged(json!([
        {"type": "object", "properties": {"a": {}}},
        {"properties": {"b": {}}}
    ]))
    .unwrap();
    assert_eq!(both.properties.len(), 2);
    assert_eq!(
        merged(json!([{"type": "string"}, {"type": "number"}])).unwrap_err(),
        "unable to merge these schemas: type mismatch: string and number"
    );
    assert_eq!(
        merged(json!([{"items": [{"type": "string"}]}, {"items": [{"type": "null"}]}]))
            .unwrap_err(),
        "unable to merge these schemas"
    );
}
