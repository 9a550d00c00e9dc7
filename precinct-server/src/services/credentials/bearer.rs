//! A token in the `Authorization` header.

use super::Outgoing;
use crate::configuration::credentials::Bearer;

/// A token, or where it is.
#[derive(Debug)]
pub struct Token(pub Bearer);

impl Token {
    /// Adds the token, which is read anew each time where it comes from a file: whoever issues tokens replaces it.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        let scheme = match self.0.scheme.as_str() {
            "" => "Bearer",
            scheme => scheme,
        };
        let token = match self.0.token_path.as_str() {
            "" => self.0.token.clone(),
            path => read(path)?,
        };
        request.header("Authorization", format!("{scheme} {token}"));
        Ok(())
    }
}

fn read(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("failed to read token: {path}: {error}"))?;
    match text.trim() {
        "" => Err(format!("failed to read token: {path}: the file is empty")),
        token => Ok(token.to_owned()),
    }
}
