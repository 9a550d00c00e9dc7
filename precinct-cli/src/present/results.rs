//! The answers of a query in all formats.

use clap::ValueEnum;
use precinct_interpreter::policy::{Query, Row as Answer};

use super::json::Json;
use super::table::Table;

/// The formats of `eval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The whole answer.
    #[default]
    Json,
    /// The values of the expressions, a list for each row.
    Values,
    /// The variables, an object for each row.
    Bindings,
    /// For people: a value, or a table of the variables.
    Pretty,
    /// The queries and rules that partial evaluation leaves.
    Source,
    /// The values without quotes.
    Raw,
    /// Nothing of the result.
    Discard,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The values of the query's expressions.
    pub expressions: Vec<Expression>,
    /// The variables of the query, ordered by name.
    pub bindings: Vec<(String, Json)>,
}

impl Row {
    /// An answer as it is shown.
    pub fn new(query: &Query, answer: &Answer<'_>) -> Self {
        let expressions = query.expressions.iter().zip(&answer.expressions);
        let bindings = query.variables.iter().zip(&answer.variables);
        Self {
            expressions: expressions
                .map(|(expression, value)| Expression {
                    value: Json::from(*value),
                    text: expression.text.clone(),
                    row: expression.row,
                    col: expression.col,
                })
                .collect(),
            bindings: bindings
                .map(|(name, value)| (name.to_string(), Json::from(*value)))
                .collect(),
        }
    }
}

/// The value of one expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// The value.
    pub value: Json,
    /// The text of the query.
    pub text: String,
    /// The row in the query, from 1.
    pub row: u32,
    /// The column in the query, from 1.
    pub col: u32,
}

impl Row {
    fn json(&self) -> Json {
        let expressions = self.expressions.iter().map(|expression| {
            let location = Json::object([
                ("row", Some(expression.row.into())),
                ("col", Some(expression.col.into())),
            ]);
            Json::object([
                ("value", Some(expression.value.clone())),
                ("text", Some(Json::from(expression.text.as_str()))),
                ("location", Some(location)),
            ])
        });
        let bindings = (!self.bindings.is_empty()).then(|| Json::Object(self.bindings.clone()));
        Json::object([
            ("expressions", Some(Json::Array(expressions.collect()))),
            ("bindings", bindings),
        ])
    }
}

/// The list that stands under `result` in JSON.
pub fn rows_json(rows: &[Row]) -> Json {
    Json::Array(rows.iter().map(Row::json).collect())
}

/// `-f values`
pub fn values(rows: &[Row]) -> String {
    rows.iter()
        .map(|row| {
            let values = row
                .expressions
                .iter()
                .map(|expression| expression.value.clone());
            Json::Array(values.collect()).pretty()
        })
        .collect()
}

/// `-f bindings`
pub fn bindings(rows: &[Row]) -> String {
    rows.iter()
        .map(|row| Json::Object(row.bindings.clone()).pretty())
        .collect()
}

/// `-f raw`
pub fn raw(rows: &[Row]) -> String {
    rows.iter()
        .map(|row| {
            let values: Vec<String> = row
                .expressions
                .iter()
                .map(|expression| match &expression.value {
                    Json::String(text) => text.clone(),
                    other => other.compact(),
                })
                .collect();
            values.join(" ") + "\n"
        })
        .collect()
}

/// `-f pretty`: `limit` is the longest text of a cell; 0 is no limit.
pub fn pretty_rows(rows: &[Row], limit: usize) -> String {
    match rows {
        [] => return "undefined\n".to_owned(),
        [row] if row.bindings.is_empty() => {
            let all_boolean = row
                .expressions
                .iter()
                .all(|expression| matches!(expression.value, Json::Bool(_)));
            match &row.expressions[..] {
                [expression] => return expression.value.pretty(),
                [first, ..] if all_boolean => return first.value.pretty(),
                _ => {}
            }
        }
        _ => {}
    }
    table(rows, limit).render()
}

/// A column for each expression that is no mere condition, then for each variable.
fn table(rows: &[Row], limit: usize) -> Table {
    let Some(first) = rows.first() else {
        return Table::new(Vec::<String>::new());
    };
    let expressions: Vec<usize> = (0..first.expressions.len())
        .filter(|&index| {
            first.bindings.is_empty() || !matches!(first.expressions[index].value, Json::Bool(_))
        })
        .collect();
    let names = first.bindings.iter().map(|(name, _)| name);
    let headers = expressions
        .iter()
        .map(|&index| first.expressions[index].text.clone())
        .chain(names.cloned());
    let mut table = Table::new(headers);
    for row in rows {
        let cells = expressions
            .iter()
            .filter_map(|&index| row.expressions.get(index))
            .map(|expression| &expression.value)
            .chain(row.bindings.iter().map(|(_, value)| value))
            .map(|value| shorten(value.compact(), limit));
        table.row(cells.collect::<Vec<_>>());
    }
    table
}

fn shorten(mut text: String, limit: usize) -> String {
    if limit > 0 && text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}
