//! The certificate that this server shows, with its key, as they are in files.

use precinct_jose::pem;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{ClientCert, PrivateKey};

use super::{encrypted_key, trust};
use crate::configuration::credentials::ClientTls;

/// The contents of both files.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

impl Files {
    /// Reads the files.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn read(configuration: &ClientTls) -> Result<Self, String> {
        let read = |what: &str, path: &str| {
            std::fs::read_to_string(path)
                .map_err(|error| format!("failed to read client {what} file: {path}: {error}"))
        };
        Ok(Self {
            certificate: read("certificate", &configuration.cert)?,
            key: read("key", &configuration.private_key)?,
        })
    }

    /// What is shown.
    ///
    /// # Errors
    /// When the files don't hold a certificate and its key.
    pub fn identity(&self, configuration: &ClientTls) -> Result<ClientCert, String> {
        let certificates = trust::certificates(&self.certificate);
        if certificates.is_empty() {
            return Err(format!(
                "{}: expected certificates (PEM), found none",
                configuration.cert
            ));
        }
        let key = self
            .key(&configuration.private_key_passphrase)
            .map_err(|error| format!("{}: {error}", configuration.private_key))?;
        let chain = certificates
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()))
            .collect();
        // The HTTP client takes for granted that both belong together.
        CertifiedKey::from_der(chain, key.clone_key(), &ring::default_provider()).map_err(
            |error| {
                format!(
                    "failed to parse public/private key pair: {} and {}: {error}",
                    configuration.cert, configuration.private_key
                )
            },
        )?;
        let label = match &key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        let key = PrivateKey::from_pem(pem::encode(label, key.secret_der()).as_bytes())
            .map_err(|error| format!("{}: {error}", configuration.private_key))?;
        Ok(ClientCert::new_with_certs(&certificates, key))
    }

    fn key(&self, passphrase: &str) -> Result<PrivateKeyDer<'static>, String> {
        let block = pem::decode_all(&self.key)
            .into_iter()
            .find(|block| block.label.ends_with("PRIVATE KEY"))
            .ok_or("expected a private key (PEM), found none")?;
        let contents = if encrypted_key::is_encrypted(&block) {
            if passphrase.is_empty() {
                return Err("client private key passphrase is needed, because the certificate is password encrypted: expected private_key_passphrase, found none".to_owned());
            }
            encrypted_key::decrypt(&block, passphrase)?
        } else if block.label == "ENCRYPTED PRIVATE KEY" {
            return Err("expected a key that is not encrypted or that OpenSSL encrypted itself (openssl rsa -traditional -aes256), found one in encrypted PKCS#8".to_owned());
        } else {
            block.contents
        };
        PrivateKeyDer::try_from(contents).map_err(str::to_owned)
    }
}
