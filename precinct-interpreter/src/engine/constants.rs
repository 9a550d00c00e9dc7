//! The constants of a program as values.

use precinct_rego::ir::Constant;
use precinct_runtime::value::Array;
use precinct_runtime::{Arena, Document, Number, Value};

/// The values of a program's constants, as one array.
pub fn document(constants: &[Constant]) -> Document {
    Document::new(|arena| {
        let values: Vec<Value<'_>> = constants.iter().map(|c| value(arena, c)).collect();
        Value::array(arena, &values)
    })
}

/// The constants of such a document.
#[must_use]
pub fn values(document: &Document) -> &[Value<'_>] {
    let all = document.value().as_array().and_then(Array::as_slice);
    all.unwrap_or_default()
}

/// The parser bounds how deeply a constant nests, and so how deep this goes.
fn value<'a>(arena: &'a Arena, constant: &Constant) -> Value<'a> {
    match constant {
        Constant::Null => Value::Null,
        Constant::Boolean(b) => Value::Bool(*b),
        Constant::Number(text) => Value::Number(Number::copied(arena, text)),
        Constant::String(text) => Value::string(arena, text),
        Constant::Array(items) => {
            let items: Vec<Value<'a>> = items.iter().map(|item| value(arena, item)).collect();
            Value::array(arena, &items)
        }
        Constant::Object(entries) => Value::object(
            arena,
            entries
                .iter()
                .map(|(key, entry)| (value(arena, key), value(arena, entry))),
        ),
        Constant::Set(items) => Value::set(arena, items.iter().map(|item| value(arena, item))),
    }
}
