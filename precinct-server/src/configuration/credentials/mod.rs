//! How a server says who it is to a service: one form, or none.
//!
//! OPA passes over a form that it does not know, and the request goes out without credentials. Here whatever can't be
//! followed to the letter is an error of the configuration: a service that believed a request to be somebody else's
//! would answer what it has for everybody.
//!
//! * [`bearer`]: a token
//! * [`client_tls`]: a certificate
//! * [`oauth2`]: a token that somebody else gives
//! * [`cloud_keys`]: keys for that which never leave a cloud
//! * [`aws`]: a signature
//! * [`gcp`], [`azure`]: a token that a cloud gives its machines

pub mod aws;
pub mod azure;
pub mod bearer;
pub mod client_tls;
pub mod cloud_keys;
pub mod gcp;
pub mod oauth2;

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::KeyConfig;
use super::services::Service;
pub use aws::S3Signing;
pub use azure::AzureManagedIdentity;
pub use bearer::Bearer;
pub use client_tls::ClientTls;
pub use gcp::GcpMetadata;
pub use oauth2::OAuth2;

/// The names of forms that are followed.
const FORMS: &[&str] = &[
    "bearer",
    "client_tls",
    "oauth2",
    "s3_signing",
    "gcp_metadata",
    "azure_managed_identity",
];

/// How a server says who it is.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// It does not.
    #[default]
    None,
    /// By a token.
    Bearer(Bearer),
    /// By a certificate.
    ClientTls(ClientTls),
    /// By a token that an OAuth server gives.
    OAuth2(Box<OAuth2>),
    /// By a signature.
    S3Signing(Box<S3Signing>),
    /// By a token of Google's metadata service.
    GcpMetadata(GcpMetadata),
    /// By a token of Azure.
    AzureManagedIdentity(AzureManagedIdentity),
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Option::<Map<String, Value>>::deserialize(deserializer)
            .map_err(|error| D::Error::custom(format!("credentials: {error}")))?;
        Self::read(members.unwrap_or_default())
            .map_err(|error| D::Error::custom(format!("credentials: {error}")))
    }
}

impl Credentials {
    /// Whether a service can be told with them who this server is.
    ///
    /// # Errors
    /// What keeps them from it.
    pub(super) fn check(
        &self,
        service: &Service,
        keys: &BTreeMap<String, KeyConfig>,
    ) -> Result<(), String> {
        let (name, checked) = match self {
            Self::None => return Ok(()),
            Self::Bearer(form) => ("bearer", form.check()),
            Self::ClientTls(form) => ("client_tls", form.check(&service.url)),
            Self::OAuth2(form) => ("oauth2", form.check(keys)),
            Self::S3Signing(form) => ("s3_signing", form.check(service.kind)),
            Self::GcpMetadata(form) => ("gcp_metadata", form.check()),
            Self::AzureManagedIdentity(_) => (
                "azure_managed_identity",
                AzureManagedIdentity::check(service.kind),
            ),
        };
        checked.map_err(|error| format!("credentials: {name}: {error}"))
    }

    fn read(members: Map<String, Value>) -> Result<Self, String> {
        let mut forms = members.into_iter().filter(|(_, value)| !value.is_null());
        let Some((name, value)) = forms.next() else {
            return Ok(Self::None);
        };
        if let Some((other, _)) = forms.next() {
            return Err(format!(
                "a maximum one credential method must be specified, found {name:?} and {other:?}"
            ));
        }
        match name.as_str() {
            "bearer" => form(&name, value).map(Self::Bearer),
            "client_tls" => form(&name, value).map(Self::ClientTls),
            "oauth2" => form(&name, value).map(Box::new).map(Self::OAuth2),
            "s3_signing" => form(&name, value).map(Box::new).map(Self::S3Signing),
            "gcp_metadata" => form(&name, value).map(Self::GcpMetadata),
            "azure_managed_identity" => form(&name, value).map(Self::AzureManagedIdentity),
            "plugin" => Err(format!(
                "auth plugin {value} not found: this server has no plugins; expected one of {}",
                FORMS.join(", ")
            )),
            _ => Err(format!(
                "unknown credential method {name:?}; expected one of {}",
                FORMS.join(", ")
            )),
        }
    }
}

/// The members of a form. One that is null is as good as one that is left out.
fn form<T: DeserializeOwned>(name: &str, mut value: Value) -> Result<T, String> {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| !member.is_null());
    }
    serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Credentials, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_no_credentials() {
        for nothing in [json!(null), json!({}), json!({"bearer": null})] {
            assert!(matches!(read(nothing).unwrap(), Credentials::None));
        }
    }

    #[test]
    fn a_form_that_is_not_followed_is_refused() {
        let error = read(json!({"baerer": {"token": "t"}})).unwrap_err();
        assert!(
            error.starts_with(
                "credentials: unknown credential method \"baerer\"; expected one of bearer"
            ),
            "{error}"
        );
        let error = read(json!({"plugin": "my_auth"})).unwrap_err();
        assert!(error.contains("auth plugin \"my_auth\" not found"));
    }

    #[test]
    fn two_forms_are_refused() {
        let error = read(json!({"bearer": {"token": "t"}, "oauth2": {}})).unwrap_err();
        let expected = "credentials: a maximum one credential method must be specified, found \"bearer\" and \"oauth2\"";
        assert_eq!(error, expected);
    }

    #[test]
    fn something_else_than_an_object_is_refused() {
        assert!(
            read(json!("token"))
                .unwrap_err()
                .starts_with("credentials: ")
        );
        let error = read(json!({"bearer": "token"})).unwrap_err();
        assert!(error.starts_with("credentials: bearer: "), "{error}");
    }
}
