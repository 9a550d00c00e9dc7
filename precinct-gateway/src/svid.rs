//! X.509-SVIDs: certificates that carry a SPIFFE ID, checked against the trust bundle of its trust domain (X.509-SVID
//! standard, sections 2 to 5; SPIFFE Trust Domain and Bundle, section 4).

use std::collections::BTreeMap;
use std::time::Duration;

use pki_types::{CertificateDer, TrustAnchor, UnixTime};
use precinct_jose::pem;
use precinct_jose::x509::{Certificate, parse_certificates};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use crate::identity::{IdError, SpiffeId};

/// Why a chain of certificates proves no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SvidError {
    /// The client showed no certificate.
    #[error("no client certificate was presented")]
    Missing,
    /// A certificate can't be read.
    #[error("the client certificate can't be read: {0}")]
    Malformed(String),
    /// An SVID has exactly one URI among its alternative names.
    #[error("an SVID has exactly 1 URI among its alternative names, found {0}")]
    Uris(usize),
    /// The URI is no SPIFFE ID.
    #[error("the certificate's URI is no SPIFFE ID: {0}")]
    Id(#[from] IdError),
    /// A leaf names a workload, not a whole trust domain.
    #[error("the SPIFFE ID of a workload has a path, found {0}")]
    NoPath(String),
    /// The leaf is the certificate of an authority, or may sign certificates.
    #[error("the certificate of a workload must not be able to sign certificates")]
    Authority,
    /// The leaf must be usable for signatures.
    #[error("the certificate of a workload has the key usage digitalSignature")]
    KeyUsage,
    /// No trust bundle for this trust domain.
    #[error("there is no trust bundle for the trust domain {0:?}")]
    UnknownDomain(String),
    /// The chain does not lead to the trust bundle, or is not valid now.
    #[error("the certificate is not trusted in {domain:?}: {reason}")]
    Untrusted {
        /// The trust domain.
        domain: String,
        /// What is wrong.
        reason: String,
    },
}

/// The SPIFFE ID of a leaf certificate, after all rules for its own fields; its signature is not looked at.
///
/// # Errors
/// The first rule that the certificate breaks.
pub fn spiffe_id(leaf: &CertificateDer<'_>) -> Result<SpiffeId, SvidError> {
    let [certificate] =
        &parse_certificates(leaf).map_err(|error| SvidError::Malformed(error.to_string()))?[..]
    else {
        return Err(SvidError::Malformed("expected one certificate".to_owned()));
    };
    check_leaf(certificate)
}

/// Bits of the key usage (RFC 5280, section 4.2.1.3).
const DIGITAL_SIGNATURE: u32 = 1;
const CERT_SIGN: u32 = 1 << 5;
const CRL_SIGN: u32 = 1 << 6;

fn check_leaf(certificate: &Certificate) -> Result<SpiffeId, SvidError> {
    let understood = &certificate.understood;
    let [uri] = &understood.names.uri[..] else {
        return Err(SvidError::Uris(understood.names.uri.len()));
    };
    let id = SpiffeId::parse(uri)?;
    if id.path().is_empty() {
        return Err(SvidError::NoPath(uri.clone()));
    }
    if understood.is_authority || understood.key_usage & (CERT_SIGN | CRL_SIGN) != 0 {
        return Err(SvidError::Authority);
    }
    if understood.key_usage & DIGITAL_SIGNATURE == 0 {
        return Err(SvidError::KeyUsage);
    }
    Ok(id)
}

/// The authorities of each trust domain. A certificate is only trusted by the authorities of its own domain.
#[derive(Clone, Debug, Default)]
pub struct TrustBundles {
    domains: BTreeMap<String, Vec<TrustAnchor<'static>>>,
}

impl TrustBundles {
    /// Adds the authorities of a trust domain, certificates as PEM, to those it has already.
    ///
    /// # Errors
    /// When a certificate can't be read, or there is none.
    pub fn add_pem(&mut self, trust_domain: &str, text: &str) -> Result<(), SvidError> {
        let blocks: Vec<_> = pem::decode_all(text)
            .into_iter()
            .filter(|block| block.label == "CERTIFICATE")
            .collect();
        if blocks.is_empty() {
            let message = "expected certificates as PEM, found none";
            return Err(SvidError::Malformed(message.to_owned()));
        }
        for block in blocks {
            self.add_der(trust_domain, &CertificateDer::from(block.contents))?;
        }
        Ok(())
    }

    /// Adds an authority of a trust domain.
    ///
    /// # Errors
    /// When the certificate can't be read.
    pub fn add_der(
        &mut self,
        trust_domain: &str,
        certificate: &CertificateDer<'_>,
    ) -> Result<(), SvidError> {
        let anchor = anchor_from_trusted_cert(certificate)
            .map_err(|error| SvidError::Malformed(error.to_string()))?;
        let anchors = self.domains.entry(trust_domain.to_owned()).or_default();
        anchors.push(anchor.to_owned());
        Ok(())
    }

    /// The identity that a chain proves at a moment, given as time since 1970: the leaf first, then authorities on the
    /// way to the trust bundle.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        now: Duration,
    ) -> Result<SpiffeId, SvidError> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(SvidError::Missing);
        };
        let id = spiffe_id(leaf)?;
        let domain = id.trust_domain();
        let anchors = self
            .domains
            .get(domain)
            .ok_or_else(|| SvidError::UnknownDomain(domain.to_owned()))?;
        let untrusted = |error: webpki::Error| SvidError::Untrusted {
            domain: domain.to_owned(),
            reason: error.to_string(),
        };
        EndEntityCert::try_from(leaf)
            .and_then(|leaf| {
                leaf.verify_for_usage(
                    webpki::ALL_VERIFICATION_ALGS,
                    anchors,
                    intermediates,
                    UnixTime::since_unix_epoch(now),
                    KeyUsage::client_auth(),
                    None,
                    None,
                )
                .map(drop)
            })
            .map_err(untrusted)?;
        Ok(id)
    }
}
