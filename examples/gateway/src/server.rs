//! Connections: TLS first, then HTTP with the client's certificates beside each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use precinct_gateway::layer::service::Guarded;
use precinct_gateway::layer::{GatewayLayer, PeerCertificates};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::{Layer as _, ServiceExt as _};

/// How long a client may take for a handshake, or for the headers of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway that takes connections.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
}

/// Takes connections until the process ends.
pub async fn start(
    listen: SocketAddr,
    tls: Arc<ServerConfig>,
    layer: GatewayLayer,
    inner: Router,
) -> Result<Running> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listen at {listen}"))?;
    let address = listener.local_addr()?;
    let acceptor = TlsAcceptor::from(tls);
    let service = layer.layer(inner);
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(converse(acceptor.clone(), stream, service.clone()));
                }
                // Out of file descriptors, or the client was gone already: others may do better soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    Ok(Running { address })
}

async fn converse(acceptor: TlsAcceptor, stream: TcpStream, service: Guarded<Router>) {
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await else {
        // Whoever shows no certificate of the trust domain gets no further.
        return;
    };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = PeerCertificates(chain.to_vec());
    let handler = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        service.clone().oneshot(request.map(Body::new))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    // A connection that breaks is the client's affair.
    let _ = builder
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}
