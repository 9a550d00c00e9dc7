//! JSON objects from members that are text already.
//!
//! An answer holds the result of a policy, which its own encoder writes. Parsing that again to put an object around
//! it would cost more than the decision.

use precinct_runtime::json;

/// A JSON object under construction.
#[derive(Clone, Debug)]
pub struct ObjectText {
    text: String,
}

impl Default for ObjectText {
    fn default() -> Self {
        Self {
            text: "{".to_owned(),
        }
    }
}

impl ObjectText {
    /// Adds a member whose value is JSON text.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.put(name, value);
        self
    }

    /// Adds a member whose value is JSON text, if there is one.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a member whose value is a string.
    #[must_use]
    pub fn with_string(self, name: &str, value: &str) -> Self {
        let value = quoted(value);
        self.with(name, &value)
    }

    /// Adds a member whose value is JSON text.
    pub fn put(&mut self, name: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&quoted(name));
        self.text.push(':');
        self.text.push_str(value);
    }

    /// The object.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A string as JSON, escaped as Go escapes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing to a string cannot fail.
    let _ = json::quote(text, true, &mut out);
    out
}

/// A JSON array of parts that are text already.
#[must_use]
pub fn list<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    let mut text = "[".to_owned();
    for part in parts {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(part.as_ref());
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_strings_are_escaped() {
        let text = ObjectText::default()
            .with_string("b", "<\"")
            .with("a", "[1]")
            .with_some("none", None)
            .finish();
        assert_eq!(text, r#"{"b":"\u003c\"","a":[1]}"#);
        assert_eq!(list(["1", "{}"]), "[1,{}]");
        assert_eq!(list([""; 0]), "[]");
    }
}
