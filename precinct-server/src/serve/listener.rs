//! Connections accepted, served and, at the end, finished.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

use super::Address;
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
}

impl Server {
    /// A server without addresses.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Limits) -> Self {
        Self {
            app,
            limits,
            slots: Arc::new(Semaphore::new(limits.connections)),
            ending: watch::Sender::new(false),
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
                    self.serve(stream, client, surface, slot, &graceful);
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
                    self.serve(stream, Client::default(), surface, slot, &graceful);
                }
                _ = ending.changed() => break,
            }
        }
        self.finish(graceful).await;
    }

    fn serve<S>(
        &self,
        stream: S,
        client: Client,
        surface: Surface,
        slot: tokio::sync::OwnedSemaphorePermit,
        graceful: &GracefulShutdown,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let app = Arc::clone(&self.app);
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let app = Arc::clone(&app);
            let client = client.clone();
            async move {
                let answer = handle(app, surface, client, request.map(Body::new)).await;
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_time)
            .max_buf_size(self.limits.header_bytes.max(8192));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.limits.header_bytes).unwrap_or(u32::MAX));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = connection.await;
            drop(slot);
        });
    }

    async fn finish(&self, graceful: GracefulShutdown) {
        let _ = tokio::time::timeout(self.limits.grace, graceful.shutdown()).await;
    }
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
