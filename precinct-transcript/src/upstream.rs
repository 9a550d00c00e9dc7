//! The control plane of a scenario: routes that answer in turn and remember what they were asked.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use serde_json::Value;

use crate::http::{self, Message};

/// A server on the loopback for as long as it lives.
#[derive(Debug)]
pub struct Upstream {
    /// `127.0.0.1:PORT`
    pub address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    routes: Vec<Route>,
    folder: PathBuf,
    seen: Mutex<BTreeMap<String, Vec<Message>>>,
    ended: AtomicBool,
}

#[derive(Debug)]
struct Route {
    name: String,
    /// File and `ETag`.
    responses: Vec<(String, String)>,
    current: Mutex<usize>,
}

impl Upstream {
    /// Starts to serve the routes of a scenario from its folder.
    ///
    /// # Errors
    /// When there is no free port or a route is not as expected.
    pub fn start(routes: &[Value], folder: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let routes = routes.iter().map(route).collect::<anyhow::Result<_>>()?;
        let shared = Arc::new(Shared {
            routes,
            folder: folder.to_owned(),
            seen: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.ended.load(Ordering::Acquire) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&serving)) else {
                    continue;
                };
                thread::spawn(move || {
                    // A client that goes away is no failure of the scenario.
                    let _ = serve(stream, &shared);
                });
            }
        });
        Ok(Self { address, shared })
    }

    /// What a route was asked so far.
    pub fn seen(&self, route: &str) -> Vec<Message> {
        let seen = self
            .shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        seen.get(route).cloned().unwrap_or_default()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(&self.address);
    }
}

fn route(value: &Value) -> anyhow::Result<Route> {
    let mut responses = Vec::new();
    for response in value["responses"].as_array().into_iter().flatten() {
        let text = |name: &str| response[name].as_str().map(str::to_owned);
        responses.push((
            text("file").context("a response without a file")?,
            text("etag").unwrap_or_default(),
        ));
    }
    Ok(Route {
        name: value["route"]
            .as_str()
            .context("a route without a name")?
            .to_owned(),
        responses,
        current: Mutex::new(0),
    })
}

fn serve(stream: TcpStream, shared: &Shared) -> anyhow::Result<()> {
    let mut out = stream.try_clone()?;
    let mut stream = BufReader::new(stream);
    loop {
        let message = http::read(&mut stream, false)?;
        let mut parts = message.start.split(' ');
        let (method, path) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let name = format!("{method} {}", path.split('?').next().unwrap_or_default());
        let close = message.header("connection") == Some("close");
        let answer = shared.answer(&name, message.header("if-none-match"))?;
        shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name)
            .or_default()
            .push(message);
        out.write_all(&answer)?;
        if close {
            return Ok(());
        }
    }
}

impl Shared {
    fn answer(&self, name: &str, known: Option<&str>) -> anyhow::Result<Vec<u8>> {
        let Some(route) = self.routes.iter().find(|route| route.name == name) else {
            return Ok(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec());
        };
        if route.responses.is_empty() {
            return Ok(respond("Content-Type: application/json\r\n", b"{}"));
        }
        let mut current = route.current.lock().unwrap_or_else(PoisonError::into_inner);
        if known == Some(route.responses[*current].1.as_str()) {
            if *current + 1 < route.responses.len() {
                *current += 1;
            } else {
                return Ok(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec());
            }
        }
        let (file, etag) = &route.responses[*current];
        let body = std::fs::read(self.folder.join(file)).with_context(|| file.clone())?;
        Ok(respond(
            &format!("ETag: {etag}\r\nContent-Type: application/gzip\r\n"),
            &body,
        ))
    }
}

fn respond(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}
