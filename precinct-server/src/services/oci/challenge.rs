//! What a registry wants to see first: a token, and where it is had.
//!
//! <https://distribution.github.io/distribution/spec/auth/token/>

use serde::Deserialize;

use crate::services::credentials::form;

/// Where a token is had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    service: String,
    scope: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    token: String,
    access_token: String,
}

impl Challenge {
    /// Reads the header `WWW-Authenticate`; `None` if it does not ask for a token.
    pub fn read(header: &str) -> Option<Self> {
        let (scheme, rest) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        let mut rest = rest.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            let field = match name.trim().to_lowercase().as_str() {
                "realm" => Some(&mut challenge.realm),
                "service" => Some(&mut challenge.service),
                "scope" => Some(&mut challenge.scope),
                _ => None,
            };
            if let Some(field) = field {
                value.clone_into(field);
            }
            rest = after.trim_start_matches([',', ' ']);
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }

    /// The address of the token; that of a registry without TLS may be without it, too.
    ///
    /// # Errors
    /// When credentials would be told in clear.
    pub fn address(&self, registry_is_clear: bool) -> Result<String, String> {
        let may_be_told = self.realm.starts_with("https://")
            || (registry_is_clear && self.realm.starts_with("http://"));
        if !may_be_told {
            return Err(format!(
                "expected the address of tokens to have https, found {:?}",
                self.realm
            ));
        }
        let fields = [("service", &self.service), ("scope", &self.scope)];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let query = form::encoded(fields.map(|(name, value)| (name, value.as_str())));
        let separator = if self.realm.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{query}", self.realm))
    }
}

/// The token in an answer.
///
/// # Errors
/// When there is none.
pub fn token(bytes: &[u8]) -> Result<String, String> {
    let given: Given = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    [given.token, given.access_token]
        .into_iter()
        .find(|token| !token.is_empty())
        .ok_or_else(|| "expected a token, found none".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_challenge_says_where_a_token_is() {
        let header =
            r#"Bearer realm="https://r/token",service="r",scope="repository:a/b:pull,push""#;
        let address = Challenge::read(header).unwrap().address(false).unwrap();
        let expected = "https://r/token?service=r&scope=repository%3Aa%2Fb%3Apull%2Cpush";
        assert_eq!(address, expected);
        let other = Challenge::read("bearer error=x, realm=https://r/t?a=b, service=s").unwrap();
        assert_eq!(other.address(false).unwrap(), "https://r/t?a=b&service=s");
    }

    #[test]
    fn other_challenges_ask_for_no_token() {
        for header in [
            "Basic realm=\"r\"",
            "Bearer",
            "Bearer service=\"s\"",
            "Bearer realm=\"r",
        ] {
            assert_eq!(Challenge::read(header), None, "{header}");
        }
    }

    #[test]
    fn credentials_are_not_told_in_clear() {
        let challenge = Challenge::read("Bearer realm=\"http://r/token\"").unwrap();
        assert!(challenge.address(false).is_err());
        assert!(challenge.address(true).is_ok());
    }
}
