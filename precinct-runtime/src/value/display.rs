//! Values as Rego text: `{"a": 1}`, `{1, 2}`, `set()`, as OPA prints terms in messages.

use std::fmt::{self, Write as _};

use super::Value;

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Number(n) => write!(f, "{n}"),
            Value::String(s) => crate::json::quote_go(s, f),
            Value::Array(items) => list(f, '[', items.iter(), ']'),
            Value::Object(object) => {
                f.write_char('{')?;
                for (at, (key, value)) in object.entries().iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_char('}')
            }
            Value::Set(set) if set.is_empty() => f.write_str("set()"),
            Value::Set(set) => list(f, '{', set.items().iter().copied(), '}'),
        }
    }
}

fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    open: char,
    items: impl Iterator<Item = Value<'a>>,
    close: char,
) -> fmt::Result {
    f.write_char(open)?;
    for (at, item) in items.enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    f.write_char(close)
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
