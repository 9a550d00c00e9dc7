//! A token in the `Authorization` header.

use super::Outgoing;
use crate::configuration::credentials::Bearer;
use crate::configuration::services::Kind;

/// A token, or where it is.
#[derive(Debug)]
pub struct Token {
    configuration: Bearer,
    /// Registries are told the token in base64: `user:password` with the scheme `Basic`, and others likewise.
    is_encoded: bool,
}

impl Token {
    /// The token of a configuration.
    pub fn new(configuration: &Bearer, kind: Kind) -> Self {
        Self {
            configuration: configuration.clone(),
            is_encoded: kind == Kind::Oci,
        }
    }

    /// Adds the token, which is read anew each time where it comes from a file: whoever issues tokens replaces it.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        let scheme = match self.configuration.scheme.as_str() {
            "" => "Bearer",
            scheme => scheme,
        };
        let mut token = match self.configuration.token_path.as_str() {
            "" => self.configuration.token.clone(),
            path => read(path)?,
        };
        if self.is_encoded {
            token = data_encoding::BASE64.encode(token.as_bytes());
        }
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
