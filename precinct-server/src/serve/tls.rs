//! Certificates of the server, and those that clients show.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version,
};

use crate::log::Logger;

/// The files of a server's TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate chain, PEM, the server's own first.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// Certificates of authorities, PEM: clients must show a certificate of one of them.
    pub authorities: Option<PathBuf>,
    /// TLS 1.2 is not spoken.
    pub only_newest: bool,
    /// The cipher suites of TLS 1.2, by their IANA names; empty for all.
    pub cipher_suites: Vec<String>,
}

/// What new connections are made with; it is exchanged when the files change.
pub type Current = Arc<ArcSwap<ServerConfig>>;

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

impl Files {
    /// The cipher suites that are spoken.
    fn provider(&self) -> Result<CryptoProvider, String> {
        let mut provider = rustls::crypto::ring::default_provider();
        if self.cipher_suites.is_empty() {
            return Ok(provider);
        }
        let name = |suite: &SupportedCipherSuite| {
            let name = suite.suite().as_str();
            name.filter(|_| suite.tls13().is_none())
        };
        let known: Vec<&str> = provider.cipher_suites.iter().filter_map(name).collect();
        for asked in &self.cipher_suites {
            if !known.contains(&asked.as_str()) {
                return Err(format!(
                    "expected cipher suites of TLS 1.2 among {}, found {asked:?}",
                    known.join(", ")
                ));
            }
        }
        let is_spoken = |suite: &SupportedCipherSuite| {
            name(suite).is_none_or(|name| self.cipher_suites.iter().any(|asked| asked == name))
        };
        provider.cipher_suites.retain(is_spoken);
        Ok(provider)
    }

    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(&self) -> Result<ServerConfig, String> {
        let provider = Arc::new(self.provider()?);
        let chain = certificates(&self.certificate)?;
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| wrong(&self.key, &error))?;
        let versions: &[&SupportedProtocolVersion] = if self.only_newest {
            &[&version::TLS13]
        } else {
            &[&version::TLS13, &version::TLS12]
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let builder = match &self.authorities {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| wrong(path, &error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| wrong(path, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| wrong(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn bytes(&self) -> io::Result<Vec<Vec<u8>>> {
        let files = [
            Some(&self.certificate),
            Some(&self.key),
            self.authorities.as_ref(),
        ];
        files.into_iter().flatten().map(fs::read).collect()
    }

    /// What connections are made with. With a period, the files are read again whenever it is over; files that can't be
    /// used change nothing but the log.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn begin(self, period: Option<Duration>, logger: Logger) -> Result<Current, String> {
        let current = Arc::new(ArcSwap::from_pointee(self.read()?));
        if let Some(period) = period {
            let newest = Arc::clone(&current);
            thread::spawn(move || {
                let mut known = self.bytes().ok();
                loop {
                    thread::sleep(period);
                    let now = self.bytes().ok();
                    if now.is_none() || now == known {
                        continue;
                    }
                    match self.read() {
                        Ok(config) => {
                            newest.store(Arc::new(config));
                            known = now;
                        }
                        Err(error) => logger.error("Failed to refresh server certificate.", &error),
                    }
                }
            });
        }
        Ok(current)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(path, &error))?;
    if found.is_empty() {
        return Err(wrong(path, &"expected a certificate (PEM), found none"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn of(cipher_suites: &[&str]) -> Result<Vec<String>, String> {
        let files = Files {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            authorities: None,
            only_newest: false,
            cipher_suites: cipher_suites.iter().map(ToString::to_string).collect(),
        };
        let name = |suite: &SupportedCipherSuite| suite.suite().as_str().unwrap().to_owned();
        let provider = files.provider()?;
        Ok(provider.cipher_suites.iter().map(name).collect())
    }

    #[test]
    fn of_tls_1_2_the_named_cipher_suites_are_spoken_and_of_1_3_all() {
        const NAMED: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        let (all, few) = (of(&[]).unwrap(), of(&[NAMED]).unwrap());
        let is_of_1_3 = |name: &&String| name.starts_with("TLS13_");
        assert_eq!(few.iter().filter(is_of_1_3).count(), 3);
        assert_eq!(all.iter().filter(is_of_1_3).count(), 3);
        let others: Vec<_> = few.iter().filter(|name| !is_of_1_3(name)).collect();
        assert_eq!(others, [NAMED]);
        assert!(all.len() > few.len());
    }

    #[test]
    fn cipher_suites_that_are_not_safe_are_refused_by_their_names() {
        let error = of(&["TLS_RSA_WITH_RC4_128_SHA"]).unwrap_err();
        assert!(
            error.contains("found \"TLS_RSA_WITH_RC4_128_SHA\""),
            "{error}"
        );
        assert!(
            error.contains("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            "{error}"
        );
    }
}
