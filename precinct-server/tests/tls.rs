//! Connections with certificates on both sides.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::Document;
use precinct_server::app::{App, Settings};
use precinct_server::log::{Form, Level, Logger};
use precinct_server::routes::dispatch::Surface;
use precinct_server::serve::{Address, Lanes, Limits, Server, tls};
use precinct_server::state::policies::{Policies, Text, Texts};
use precinct_server::state::{Snapshot, Store};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const POLICY: &str = r#"package system.authz

default allow := false

allow if {
	input.identity == "CN=operator,O=Example"
	input.client_certificates[0].Subject.CommonName == "operator"
}
"#;

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn app() -> App {
    let text = Text {
        file: "authz.rego".into(),
        text: POLICY.into(),
        version: None,
        bundle: None,
    };
    let texts = Texts::from([("authz.rego".to_owned(), text)]);
    let policies = Policies::compile(texts, PolicyOptions::default()).unwrap();
    let first = Snapshot::new(
        Arc::new(policies),
        Arc::new(Document::empty()),
        Arc::default(),
    );
    let settings = Settings {
        authorizes: true,
        reads_certificates: true,
        ..Settings::default()
    };
    let logger = Logger {
        level: Level::Error,
        form: Form::Json,
        ..Logger::default()
    };
    App::new(Store::new(first), settings, logger)
}

/// The answer to a request over a connection with these certificates; `None` if there was none.
async fn ask(
    address: &str,
    authority: &Authority,
    own: Option<&(rcgen::Certificate, KeyPair)>,
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await.ok()?;
    let request = b"GET /v1/data HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8(answer).unwrap()).filter(|answer| !answer.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_with_the_right_certificate_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.issue("server");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = tls::Files {
        certificate: write("cert.pem", certificate.pem()),
        key: write("key.pem", key.serialize_pem()),
        authorities: Some(write("ca.pem", authority.certificate.pem())),
        only_newest: true,
        cipher_suites: Vec::new(),
    };
    let app = Arc::new(app());
    let current = files.begin(None, app.logger).unwrap();
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let server = Arc::new(Server::new(
        app,
        Limits::default(),
        Some(current),
        Lanes::begin(1).unwrap(),
    ));
    let listening = {
        let (server, address) = (Arc::clone(&server), Address::Tcp(address.clone()));
        tokio::spawn(async move { server.listen(&address, Surface::All).await })
    };
    while TcpStream::connect(&address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let operator = authority.issue("operator");
    let answer = ask(&address, &authority, Some(&operator)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let other = authority.issue("someone");
    let answer = ask(&address, &authority, Some(&other)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(ask(&address, &authority, None).await, None);
    let stranger = Authority::new().issue("operator");
    assert_eq!(ask(&address, &authority, Some(&stranger)).await, None);
    server.end();
    listening.await.unwrap().unwrap();
}
