//! What stands after `?` in a path.

use percent_encoding::percent_decode_str;

/// The parameters of a request, in their order.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Reads the part of a URI after `?`. A part that is not percent-encoded right is left out, as Go does.
    #[must_use]
    pub fn parse(query: Option<&str>) -> Self {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            let decoded = percent_decode_str(&text).decode_utf8().ok()?;
            Some(decoded.into_owned())
        };
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|part| !part.is_empty() && !part.contains(';'))
            .filter_map(|part| {
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                Some((decode(name)?, decode(value)?))
            })
            .collect();
        Self { pairs }
    }

    /// All values of a name.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.pairs
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value of a name.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// All of them as a JSON object of lists.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut lists = serde_json::Map::new();
        for (name, value) in &self.pairs {
            let list = lists
                .entry(name.clone())
                .or_insert_with(|| serde_json::json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(serde_json::json!(value));
            }
        }
        serde_json::Value::Object(lists)
    }

    /// Whether a switch is on: named without a value, or with `true` among its values.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        if self.pairs.is_empty() {
            return false;
        }
        let mut values = self.all(name);
        let Some(first) = values.next() else {
            return false;
        };
        let mut rest = values.peekable();
        (first.is_empty() && rest.peek().is_none())
            || std::iter::once(first)
                .chain(rest)
                .any(|value| value.eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_on_without_a_value_or_with_true() {
        let on = |query: &str| Parameters::parse(Some(query)).is_on("pretty");
        assert!(on("pretty") && on("pretty=TRUE") && on("pretty=false&pretty=true"));
        assert!(!on("") && !on("pretty=false") && !on("pretty=1") && !on("other"));
    }

    #[test]
    fn values_are_decoded_and_broken_ones_left_out() {
        let found = Parameters::parse(Some("q=a+b%3D1&x=%zz&q=2&bad=%ff"));
        assert_eq!(found.all("q").collect::<Vec<_>>(), ["a b=1", "2"]);
        assert_eq!(found.last("q"), Some("2"));
        assert_eq!(found.last("bad"), None);
    }
}
