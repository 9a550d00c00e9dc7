//! A certificate that is shown when a connection is made.

use serde::Deserialize;

/// A certificate with its key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// The file with the certificate, PEM, before those of authorities between it and one that the other side knows.
    pub cert: String,
    /// The file with the private key, PEM.
    pub private_key: String,
    /// What the key is encrypted with, if it is.
    pub private_key_passphrase: String,
    /// The file with certificates of authorities, PEM. OPA calls it obsolete: `tls.ca_cert` of the service goes first.
    pub ca_cert: String,
    /// The authorities that the system trusts count besides those of this `ca_cert`.
    pub system_ca_required: bool,
    /// Seconds that the files are not looked at again; without it they are, for each request.
    pub cert_reread_interval_seconds: Option<u64>,
}

impl ClientTls {
    /// # Errors
    /// When a file is missing, or connections have no certificates.
    pub(super) fn check(&self, url: &str) -> Result<(), String> {
        if self.cert.is_empty() {
            return Err("client certificate is needed when client TLS is enabled: expected cert, found none".to_owned());
        }
        if self.private_key.is_empty() {
            return Err("private key is needed when client TLS is enabled: expected private_key, found none".to_owned());
        }
        if !url.starts_with("https:") {
            return Err(format!(
                "expected a url with https, since no certificates are shown without TLS; found {url:?}"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_needs_its_key_and_tls() {
        let mut form = ClientTls::default();
        let error = form.check("https://acme").err().unwrap_or_default();
        assert!(error.starts_with("client certificate is needed"));
        form.cert = "cert.pem".to_owned();
        let error = form.check("https://acme").err().unwrap_or_default();
        assert!(error.starts_with("private key is needed"));
        form.private_key = "key.pem".to_owned();
        assert_eq!(form.check("https://acme"), Ok(()));
        let error = form.check("http://acme").err().unwrap_or_default();
        assert!(error.ends_with("found \"http://acme\""), "{error}");
    }
}
