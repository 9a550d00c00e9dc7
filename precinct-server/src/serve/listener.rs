//! Connections accepted, served and, at the end, finished.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use super::{Address, Lanes, tls};
use crate::app::App;
use crate::routes::dispatch::{Surface, handle};
use crate::routes::request::Client;

/// What a client may demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// Bytes of a request's headers.
    pub header_bytes: usize,
    /// How long the headers of a request may take.
    pub header_time: Duration,
    /// Who may connect to a Unix socket, as the mode of a file.
    pub socket_mode: u32,
    /// How long requests in flight may take when the server ends.
    pub grace: Duration,
}

impl Default for Limits {
    /// 10,000 connections, headers of 64 KiB within 30 seconds, 10 seconds to finish.
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_bytes: 64 << 10,
            header_time: Duration::from_secs(30),
            socket_mode: 0o755,
            grace: Duration::from_secs(10),
        }
    }
}

/// A server that listens.
pub struct Server {
    app: Arc<App>,
    limits: Limits,
    slots: Arc<Semaphore>,
    ending: watch::Sender<bool>,
    tls: Option<tls::Current>,
    lanes: Lanes,
}

impl Server {
    /// A server without addresses.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Limits, tls: Option<tls::Current>, lanes: Lanes) -> Self {
        Self {
            app,
            limits,
            slots: Arc::new(Semaphore::new(limits.connections)),
            ending: watch::Sender::new(false),
            tls,
            lanes,
        }
    }

    /// Listens at an address until the server ends; returns when all requests are answered.
    ///
    /// # Errors
    /// When the address can't be had.
    pub async fn listen(&self, address: &Address, surface: Surface) -> io::Result<()> {
        match address {
            Address::Tcp(text) => {
                let listener = TcpListener::bind(text.as_str()).await?;
                self.accept_tcp(listener, surface).await;
            }
            Address::Unix(path) => {
                remove_stale(path)?;
                let listener = UnixListener::bind(path)?;
                let mode = std::fs::Permissions::from_mode(self.limits.socket_mode);
                std::fs::set_permissions(path, mode)?;
                self.accept_unix(listener, surface).await;
                // The socket is of no use to anybody now; that it could not be removed is not an error.
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// Takes no more connections and lets requests in flight finish.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }

    async fn accept_tcp(&self, listener: TcpListener, surface: Surface) {
        let mut ending = self.ending.subscribe();
        let graceful = GracefulShutdown::new();
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                break;
            };
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, address)) = accepted else {
                        // Out of file descriptors, or the client was gone already: others may do better soon.
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        continue;
                    };
                    // Without this, small answers wait for acknowledgements; where it can't be set they do.
                    let _ = stream.set_nodelay(true);
                    let client = Client { address: Some(address), ..Client::default() };
                    let parts = self.parts(client, surface, slot);
                    let config = self.tls.as_ref().map(|current| current.load_full());
                    // It is taken from this thread's events and given to those of another.
                    let Ok(stream) = stream.into_std() else { continue };
                    let watcher = graceful.watcher();
                    self.lanes.spawn(async move {
                        let Ok(stream) = TcpStream::from_std(stream) else { return };
                        match config {
                            None => serve(parts, stream, watcher).await,
                            Some(config) => shake_hands(config, parts, stream, watcher).await,
                        }
                    });
                }
                _ = ending.changed() => break,
            }
        }
        self.finish(graceful).await;
    }

    async fn accept_unix(&self, listener: UnixListener, surface: Surface) {
        let mut ending = self.ending.subscribe();
        let graceful = GracefulShutdown::new();
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                break;
            };
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        continue;
                    };
                    let parts = self.parts(Client::default(), surface, slot);
                    let Ok(stream) = stream.into_std() else { continue };
                    let watcher = graceful.watcher();
                    self.lanes.spawn(async move {
                        if let Ok(stream) = UnixStream::from_std(stream) {
                            serve(parts, stream, watcher).await;
                        }
                    });
                }
                _ = ending.changed() => break,
            }
        }
        self.finish(graceful).await;
    }

    fn parts(&self, client: Client, surface: Surface, slot: OwnedSemaphorePermit) -> Parts {
        Parts {
            app: Arc::clone(&self.app),
            limits: self.limits,
            client,
            surface,
            slot,
            lanes: self.lanes.clone(),
        }
    }

    async fn finish(&self, graceful: GracefulShutdown) {
        let _ = tokio::time::timeout(self.limits.grace, graceful.shutdown()).await;
    }
}

/// What a connection needs of the server.
struct Parts {
    app: Arc<App>,
    limits: Limits,
    client: Client,
    surface: Surface,
    slot: OwnedSemaphorePermit,
    lanes: Lanes,
}

/// Agrees with a client on keys, within the time that headers may take, and serves it.
async fn shake_hands(
    config: Arc<ServerConfig>,
    mut parts: Parts,
    stream: TcpStream,
    watcher: Watcher,
) {
    let shaking = TlsAcceptor::from(config).accept(stream);
    // A client that shows no acceptable certificate, or takes too long, is not served.
    if let Ok(Ok(stream)) = tokio::time::timeout(parts.limits.header_time, shaking).await {
        let (_, session) = stream.get_ref();
        let chain = session.peer_certificates().unwrap_or_default();
        parts.client.certificates = chain.iter().map(|one| one.to_vec()).collect();
        serve(parts, stream, watcher).await;
    }
}

async fn serve<S>(parts: Parts, stream: S, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Parts {
        app,
        limits,
        client,
        surface,
        slot,
        lanes,
    } = parts;
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let app = Arc::clone(&app);
        let client = client.clone();
        async move {
            let answer = handle(app, surface, client, request.map(Body::new)).await;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut builder = auto::Builder::new(lanes);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let connection = watcher.watch(connection.into_owned());
    // A connection that breaks is the client's affair.
    let _ = connection.await;
    drop(slot);
}

/// A socket that nobody listens at any more is in the way.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("{} is in use", path.display()),
        )),
        Err(_) if path.exists() => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}
