//! Certificates and keys for TLS.

use std::sync::Arc;

use precinct_jose::pem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Failure;

/// Whom to believe.
#[derive(Default)]
pub struct Trust {
    pub skips_verification: bool,
    pub uses_system: bool,
    /// Certificates in PEM.
    pub certificates: Vec<String>,
}

/// A client certificate with its key, both in PEM.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// Where systems keep the certificates they trust.
const SYSTEM_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The configuration of connections; without certificates to trust, those of the system count.
pub fn config(trust: &Trust, identities: &[Identity]) -> Result<Arc<ClientConfig>, Failure> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::internal(error.to_string()))?;
    let builder = if trust.skips_verification {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(BelievesAnybody(provider)))
    } else {
        builder.with_root_certificates(roots(trust)?)
    };
    let Some(identity) = identities.first() else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let (chain, key) = identity.read()?;
    builder
        .with_client_auth_cert(chain, key)
        .map(Arc::new)
        .map_err(|error| Failure::internal(format!("tls: {error}")))
}

fn roots(trust: &Trust) -> Result<RootCertStore, Failure> {
    let mut store = RootCertStore::empty();
    for text in &trust.certificates {
        let (added, _) = store.add_parsable_certificates(certificates(text));
        if added == 0 {
            return Err(Failure::internal("could not append certificates"));
        }
    }
    if trust.uses_system || trust.certificates.is_empty() {
        let named = std::env::var("SSL_CERT_FILE").ok();
        let mut files = named
            .iter()
            .map(String::as_str)
            .chain(SYSTEM_FILES.iter().copied());
        if let Some(text) = files.find_map(|path| std::fs::read_to_string(path).ok()) {
            store.add_parsable_certificates(certificates(&text));
        }
    }
    Ok(store)
}

fn certificates(text: &str) -> Vec<CertificateDer<'static>> {
    pem::decode_all(text)
        .into_iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| CertificateDer::from(block.contents))
        .collect()
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
        let chain = certificates(&self.certificate);
        if chain.is_empty() {
            return Err(Failure::internal(
                "tls: failed to find any PEM data in certificate input",
            ));
        }
        let key =
            pem::decode_all(&self.key)
                .into_iter()
                .find_map(|block| match block.label.as_str() {
                    "PRIVATE KEY" => Some(PrivateKeyDer::Pkcs8(block.contents.into())),
                    "RSA PRIVATE KEY" => Some(PrivateKeyDer::Pkcs1(block.contents.into())),
                    "EC PRIVATE KEY" => Some(PrivateKeyDer::Sec1(block.contents.into())),
                    _ => None,
                });
        let key =
            key.ok_or_else(|| Failure::internal("tls: failed to find any PEM data in key input"))?;
        Ok((chain, key))
    }
}

/// Accepts every certificate: the request asked for it with `tls_insecure_skip_verify`.
#[derive(Debug)]
struct BelievesAnybody(Arc<CryptoProvider>);

impl ServerCertVerifier for BelievesAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
