//! What policies see of a response.

use super::super::yaml;
use super::cache::Rules;
use super::client::Response;
use crate::arena::Arena;
use crate::json::decode::Decoder;
use crate::octets;
use crate::value::Value;

/// The response as an object. A body that cannot be read as the type that it should have is null.
pub fn value<'a>(arena: &'a Arena, response: &Response, rules: &Rules) -> Value<'a> {
    let content_type = response.header("content-type").unwrap_or_default();
    let decode = |bytes: &[u8]| Decoder::new(arena).decode_copied(bytes).ok();
    let body = if rules.forces_json || is_json(content_type) {
        decode(&response.body)
    } else if rules.forces_yaml
        || content_type.contains("application/yaml")
        || content_type.contains("application/x-yaml")
    {
        let text = String::from_utf8_lossy(&response.body);
        yaml::to_json(&text)
            .ok()
            .and_then(|json| decode(json.as_bytes()))
    } else {
        None
    };
    let text = |text: &str| Value::string(arena, text);
    let headers = response.headers.iter().map(|(name, values)| {
        let values: Vec<_> = values.iter().map(|value| text(value)).collect();
        (text(name), Value::array(arena, &values))
    });
    Value::object(
        arena,
        [
            (Value::String("status"), text(&response.status())),
            (
                Value::String("status_code"),
                Value::int(i64::from(response.code)),
            ),
            (Value::String("body"), body.unwrap_or(Value::Null)),
            (
                Value::String("raw_body"),
                text(&octets::text(&response.body)),
            ),
            (Value::String("headers"), Value::object(arena, headers)),
        ],
    )
}

/// A failure as a response, for requests that do not want errors raised.
pub fn failure<'a>(arena: &'a Arena, code: &'static str, message: &str) -> Value<'a> {
    let error = [
        (Value::String("code"), Value::String(code)),
        (Value::String("message"), Value::string(arena, message)),
    ];
    Value::object(
        arena,
        [
            (Value::String("status_code"), Value::int(0)),
            (Value::String("error"), Value::object(arena, error)),
        ],
    )
}

/// `application/json` and `application/…+json`, with any parameters.
fn is_json(content_type: &str) -> bool {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|sub| sub == "json" || sub.ends_with("+json"))
}
