//! What a policy leaves out of events ("Masking Sensitive Data" in OPA's documentation).

use precinct_runtime::json::to_string;
use precinct_runtime::value::Array;
use precinct_runtime::{Arena, Value};

use crate::http::path::unescaped;
use crate::http::text::{list, quoted};
use crate::state::document::{self, Change};

/// What is left out or exchanged, in order.
#[derive(Debug)]
pub struct Masks<'a>(Vec<Mask<'a>>);

#[derive(Debug)]
struct Mask<'a> {
    path: &'a str,
    parts: Vec<String>,
    /// The new value; without one, what is there is taken away.
    value: Option<Value<'a>>,
}

impl<'a> Masks<'a> {
    /// Reads what the policy says: a set or list of paths and of objects `{op, path, value}`.
    ///
    /// # Errors
    /// The first that can't be understood.
    pub fn read(rules: Value<'a>) -> Result<Self, String> {
        let rules = match rules {
            Value::Array(items) => items,
            Value::Set(set) => Array::new(set.items()),
            other => return Err(format!("unexpected rule format {}", to_string(other))),
        };
        let masks = rules.iter().map(|rule| match rule {
            Value::String(path) => Mask::read(path, None),
            Value::Object(members) => {
                let text = |name: &str| members.get_str(name).and_then(Value::as_str);
                let path = text("path").unwrap_or_default();
                match text("op").unwrap_or_default() {
                    "remove" => Mask::read(path, None),
                    "upsert" => {
                        let value = members.get_str("value").unwrap_or(Value::Null);
                        Mask::read(path, Some(value))
                    }
                    other => {
                        Mask::read(path, None)?;
                        Err(format!("mask op is not supported: {other}"))
                    }
                }
            }
            other => Err(format!(
                "invalid mask rule format encountered: {}",
                to_string(other)
            )),
        });
        masks.collect::<Result<_, _>>().map(Self)
    }

    /// The event without what is left out, as JSON text; it says what that was.
    #[must_use]
    pub fn apply(&self, event: Value<'a>, arena: &'a Arena) -> String {
        let mut event = event;
        let (mut erased, mut masked) = (Vec::new(), Vec::new());
        for mask in &self.0 {
            let there = mask.parts.first().and_then(|part| event.field(part));
            if there.is_none() {
                continue;
            }
            let changed = match mask.value {
                None => document::write(event, &mask.parts, Change::Remove, arena).ok(),
                Some(value) => upsert(event, &mask.parts, value, arena),
            };
            if let Some(changed) = changed {
                event = changed;
                let list = if mask.value.is_some() {
                    &mut masked
                } else {
                    &mut erased
                };
                list.push(quoted(mask.path));
            }
        }
        let mut text = to_string(event);
        text.pop();
        for (name, paths) in [("erased", erased), ("masked", masked)] {
            if !paths.is_empty() {
                text.push_str(&format!(",\"{name}\":{}", list(paths)));
            }
        }
        text + "}"
    }
}

impl<'a> Mask<'a> {
    fn read(path: &'a str, value: Option<Value<'a>>) -> Result<Self, String> {
        if path.is_empty() {
            return Err("mask must be non-empty".to_owned());
        }
        let inner = path
            .strip_prefix('/')
            .ok_or("mask must be slash-prefixed")?;
        let first = inner.split('/').next().unwrap_or_default();
        if !matches!(first, "input" | "result" | "nd_builtin_cache") {
            return Err(format!("mask prefix not allowed: {first}"));
        }
        let parts = inner
            .split('/')
            .map(|part| unescaped(part).ok_or_else(|| format!("invalid URL escape in {part:?}")));
        Ok(Self {
            path,
            parts: parts.collect::<Result<_, _>>()?,
            value,
        })
    }
}

/// The value with another at the end of a path, making objects on the way; `None` if something else is in the way.
fn upsert<'a>(
    value: Value<'a>,
    path: &[String],
    new: Value<'a>,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let Some((key, rest)) = path.split_first() else {
        return Some(new);
    };
    match value {
        Value::Object(object) => {
            let there = object.get_str(key);
            let inner = if rest.is_empty() {
                new
            } else {
                upsert(there.unwrap_or(Value::EMPTY_OBJECT), rest, new, arena)?
            };
            Some(object.with(arena, Value::string(arena, key), inner))
        }
        Value::Array(items) => {
            let index: usize = key.parse().ok()?;
            let mut items = items.to_vec();
            let item = items.get_mut(index)?;
            *item = upsert(*item, rest, new, arena)?;
            Some(Value::array(arena, &items))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_runtime::json::Decoder;

    use super::*;

    fn after(event: &str, rules: &str) -> Result<String, String> {
        let arena = Arena::new();
        let parse = |text: &str| Decoder::new(&arena).decode_copied(text.as_bytes()).unwrap();
        Masks::read(parse(rules)).map(|masks| masks.apply(parse(event), &arena))
    }

    #[test]
    fn paths_are_erased_and_values_exchanged() {
        let event = r#"{"input":{"a":1,"b":[1,{"c":2}]},"result":true}"#;
        let rules = r#"["/input/a",{"op":"upsert","path":"/input/b/1/c","value":"x"},"/input/none","/result"]"#;
        let expected = r#"{"input":{"b":[1,{"c":"x"}]},"erased":["/input/a","/result"],"masked":["/input/b/1/c"]}"#;
        assert_eq!(after(event, rules).unwrap(), expected);
    }

    #[test]
    fn other_parts_of_an_event_are_not_masked() {
        let refused = |rules| after("{}", rules).unwrap_err();
        assert_eq!(
            refused(r#"["/labels/x"]"#),
            "mask prefix not allowed: labels"
        );
        assert_eq!(refused(r#"["input"]"#), "mask must be slash-prefixed");
        assert_eq!(
            refused(r#"[{"op":"bad","path":"/input/x"}]"#),
            "mask op is not supported: bad"
        );
    }
}
