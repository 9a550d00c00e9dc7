//! An authority, the gateway's certificate and the agents', made at start and valid for a day.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The trust domain of all agents.
pub const TRUST_DOMAIN: &str = "poc.local";
/// An agent that may search.
pub const RESEARCHER: &str = "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev";
/// An agent that may do more, after a step-up.
pub const OPERATOR: &str = "spiffe://poc.local/agents/mcp-client/night-operator/dev";

const DAY: Duration = Duration::from_hours(24);

/// An authority of the trust domain.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate and its key.
pub struct Leaf {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Authority {
    /// A new authority with a key of its own.
    pub fn new() -> Result<Self> {
        let mut params = short_lived(CertificateParams::default());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        let made = params.self_signed(&key)?;
        Ok(Self {
            certificate: made.der().clone(),
            pem: made.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// What verifiers trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate of an agent: its SPIFFE ID is the only name in it.
    pub fn agent(&self, id: &str) -> Result<Leaf> {
        let mut params = short_lived(CertificateParams::default());
        params.subject_alt_names = vec![SanType::URI(id.try_into()?)];
        self.leaf(params)
    }

    /// TLS for the gateway: clients must show a certificate of this authority.
    pub fn server(&self) -> Result<Arc<ServerConfig>> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = self.leaf(short_lived(CertificateParams::new(names)?))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(self.roots()?);
        let clients =
            WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![leaf.certificate.clone()], leaf.key())?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(tls))
    }

    /// TLS for a client, with or without a certificate of its own.
    pub fn client(&self, leaf: Option<&Leaf>) -> Result<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?);
        Ok(Arc::new(match leaf {
            Some(leaf) => {
                builder.with_client_auth_cert(vec![leaf.certificate.clone()], leaf.key())?
            }
            None => builder.with_no_client_auth(),
        }))
    }

    /// Writes the authority and a certificate with its key for each agent.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let written = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))
        };
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        written("authority.pem", &self.pem)?;
        for (name, id) in [("researcher", RESEARCHER), ("operator", OPERATOR)] {
            let leaf = self.agent(id)?;
            written(&format!("{name}.pem"), &leaf.pem)?;
            written(&format!("{name}.key"), &leaf.key.serialize_pem())?;
        }
        Ok(())
    }

    fn leaf(&self, mut params: CertificateParams) -> Result<Leaf> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let made = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf {
            certificate: made.der().clone(),
            pem: made.pem(),
            key,
        })
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        Ok(roots)
    }
}

impl Leaf {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

/// Valid from an hour ago, since clocks differ, for a day.
fn short_lived(mut params: CertificateParams) -> CertificateParams {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = date_time_ymd(1970, 1, 1) + since;
    params.not_before = now - Duration::from_hours(1);
    params.not_after = now + DAY;
    params
}
