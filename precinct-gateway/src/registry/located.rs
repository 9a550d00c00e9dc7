//! YAML values and their places.

use saphyr::{LoadableYamlNode as _, MarkedYaml, Marker, Scalar, YamlData};

use super::Problem;

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    node: &'a MarkedYaml<'a>,
}

/// Reads the one document of a text and hands it to a reader.
///
/// # Errors
/// When the text is not YAML, is empty, or holds several documents; or what the reader says.
pub fn document<T>(
    name: &str,
    text: &str,
    reader: impl FnOnce(Located<'_>) -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    let problem = |row, col, message: String| {
        vec![Problem {
            file: name.to_owned(),
            row,
            col,
            message,
        }]
    };
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let (row, col) = place(error.marker());
        problem(row, col, format!("not YAML: {}", error.info()))
    })?;
    match &documents[..] {
        [one] => match doubled(text) {
            Some((row, col, message)) => Err(problem(row, col, message)),
            None => reader(Located { node: one }),
        },
        [] => Err(problem(
            1,
            1,
            "expected a registry, found an empty file".to_owned(),
        )),
        [_, second, ..] => {
            let (row, col) = place(&second.span.start);
            Err(problem(
                row,
                col,
                "expected one document, found several".to_owned(),
            ))
        }
    }
}

/// Where a field is given twice, of which the values above keep the last alone.
fn doubled(text: &str) -> Option<(usize, usize, String)> {
    let error = serde_yaml::from_str::<serde_yaml::Value>(text).err()?;
    let (row, col) = error
        .location()
        .map_or((1, 1), |at| (at.line(), at.column()));
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    Some((row, col, message.to_owned()))
}

fn place(marker: &Marker) -> (usize, usize) {
    (marker.line(), marker.col() + 1)
}

impl<'a> Located<'a> {
    /// Row and column, from 1.
    pub fn place(self) -> (usize, usize) {
        place(&self.node.span.start)
    }

    /// The entries of a mapping: key, value.
    pub fn mapping(self) -> Option<Vec<(Located<'a>, Located<'a>)>> {
        match &self.node.data {
            YamlData::Mapping(entries) => Some(
                entries
                    .iter()
                    .map(|(key, value)| (Located { node: key }, Located { node: value }))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn sequence(self) -> Option<Vec<Located<'a>>> {
        match &self.node.data {
            YamlData::Sequence(items) => Some(items.iter().map(|node| Located { node }).collect()),
            _ => None,
        }
    }

    /// A string.
    pub fn string(self) -> Option<&'a str> {
        match &self.node.data {
            YamlData::Value(Scalar::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A truth value.
    pub fn boolean(self) -> Option<bool> {
        match &self.node.data {
            YamlData::Value(Scalar::Boolean(truth)) => Some(*truth),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(self) -> Option<i64> {
        match &self.node.data {
            YamlData::Value(Scalar::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// What was found, for messages.
    pub fn found(self) -> String {
        match &self.node.data {
            YamlData::Value(Scalar::Null) => "nothing".to_owned(),
            YamlData::Value(Scalar::Boolean(truth)) => format!("{truth}"),
            YamlData::Value(Scalar::Integer(number)) => format!("the number {number}"),
            YamlData::Value(Scalar::FloatingPoint(number)) => format!("the number {number}"),
            YamlData::Value(Scalar::String(text)) => format!("the text {text:?}"),
            YamlData::Sequence(_) => "a list".to_owned(),
            YamlData::Mapping(_) => "a mapping".to_owned(),
            _ => "a value of another kind".to_owned(),
        }
    }
}
