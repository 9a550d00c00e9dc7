//! What is wrong with a document.

use super::ast::Position;
use super::parse::SyntaxError;
use crate::error::BuiltinError;

/// One complaint about a document.
#[derive(Clone, Debug)]
pub struct GraphqlError {
    pub message: String,
    pub position: Position,
}

impl GraphqlError {
    pub fn new(position: Position, message: String) -> Self {
        Self { message, position }
    }
}

impl From<SyntaxError> for GraphqlError {
    fn from(error: SyntaxError) -> Self {
        Self {
            message: error.message,
            position: Some(error.position),
        }
    }
}

impl std::fmt::Display for GraphqlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "input:{line}:{column}: {}", self.message),
            None => write!(f, "input: {}", self.message),
        }
    }
}

/// The error of a builtin for one complaint.
pub fn syntax_error(error: SyntaxError) -> BuiltinError {
    reworded(&GraphqlError::from(error).to_string())
}

/// The error of a builtin for all complaints, the first of which gives the place.
pub fn validation_error(errors: &[GraphqlError]) -> BuiltinError {
    let mut lines = String::new();
    for error in errors {
        lines.push_str(&error.to_string());
        lines.push('\n');
    }
    reworded(&lines)
}

/// Moves the place behind the message, as OPA does where there is one that makes sense.
fn reworded(text: &str) -> BuiltinError {
    let mut parts = text.splitn(4, ':').skip(1);
    let place = parts.next().zip(parts.next());
    let row_and_column = place
        .and_then(|(row, column)| Some((row.parse::<u64>().ok()?, column.parse::<u64>().ok()?)));
    match (row_and_column, parts.next()) {
        (Some((row, column)), Some(message)) => {
            let message = message.trim_start_matches(' ');
            let message = message.strip_suffix(".\n").unwrap_or(message);
            BuiltinError::new(format!(
                "{message} in GraphQL string at location {row}:{column}"
            ))
        }
        _ => BuiltinError::new(format!("GraphQL parse error: {text}")),
    }
}
