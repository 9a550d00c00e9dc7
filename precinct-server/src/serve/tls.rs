//! Certificates of the server, and those that clients show.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};

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
}

/// What new connections are made with; it is exchanged when the files change.
pub type Current = Arc<ArcSwap<ServerConfig>>;

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

impl Files {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(&self) -> Result<ServerConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
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
