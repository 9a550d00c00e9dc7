//! A token in the `Authorization` header.

use serde::Deserialize;

/// A token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bearer {
    /// The token.
    pub token: String,
    /// The file with the token, read for each request.
    pub token_path: String,
    /// What stands before it; `Bearer` if nothing else is said.
    pub scheme: String,
}

impl Bearer {
    /// # Errors
    /// Unless there is exactly one place to take the token from.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.token.is_empty(), self.token_path.is_empty()) {
            (false, false) => Err("invalid config: specify a value for either the \"token\" or \"token_path\" field, found both".to_owned()),
            (true, true) => Err("invalid config: specify a value for either the \"token\" or \"token_path\" field, found neither".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::configuration::credentials::Credentials;
    use crate::configuration::services::Service;

    #[test]
    fn a_token_has_one_place_to_come_from() {
        for (bearer, found) in [
            (json!({}), "found neither"),
            (json!({"token": ""}), "found neither"),
            (json!({"token": "a", "token_path": "b"}), "found both"),
        ] {
            let read: Credentials = serde_json::from_value(json!({"bearer": bearer})).unwrap();
            let error = read
                .check(&Service::default(), &BTreeMap::new())
                .unwrap_err();
            assert!(error.starts_with("credentials: bearer: invalid config"));
            assert!(error.ends_with(found), "{error}");
        }
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        let bearer = json!({"bearer": {"token": "a", "schema": "Basic"}});
        let error = serde_json::from_value::<Credentials>(bearer).unwrap_err();
        assert!(error.to_string().contains("unknown field `schema`"));
    }
}
