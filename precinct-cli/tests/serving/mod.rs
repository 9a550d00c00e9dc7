//! Servers for tests, and a client that keeps its connection.
#![allow(dead_code, reason = "each test takes its part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use precinct_transcript::{address, waiting};

/// The command.
pub const PRECINCT: &str = env!("CARGO_BIN_EXE_precinct");

/// Runs the command in a folder, which must go well.
pub fn precinct(folder: &Path, args: &[&str]) -> Output {
    let done = Command::new(PRECINCT)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    done
}

/// A server of its own; it ends with the value.
pub struct Server {
    /// The process.
    pub child: Child,
    /// Where it listens, `HOST:PORT`.
    pub address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts it in a folder, and waits until it answers.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::some(|| Self::start_once(folder, "error", Stdio::inherit(), args))
    }

    /// The same with this log level; what it logs can be read.
    pub fn start_heard(
        folder: &Path,
        level: &str,
        args: &[&str],
    ) -> (Self, BufReader<ChildStderr>) {
        let mut server = Self::some(|| Self::start_once(folder, level, Stdio::piped(), args));
        let log = BufReader::new(server.child.stderr.take().unwrap());
        (server, log)
    }

    fn some(start: impl Fn() -> Option<Self>) -> Self {
        let started = (0..5).find_map(|_| start());
        started.unwrap_or_else(|| panic!("the server ends at its start, or never answers"))
    }

    /// `None` if it ends, as when somebody else has taken the port in the meantime.
    fn start_once(folder: &Path, level: &str, log: Stdio, args: &[&str]) -> Option<Self> {
        let address = address::free();
        let child = Command::new(PRECINCT)
            .args(["run", "--server", "--log-level", level, "--addr", &address])
            .args(args)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { child, address };
        let since = Instant::now();
        while !waiting::answers(&server.address) {
            if server.child.try_wait().unwrap().is_some()
                || since.elapsed() > Duration::from_secs(20)
            {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }
}

/// A connection that is used again and again.
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects.
    pub fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Status and body of the answer; `None` if the connection broke before the answer was whole.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        self.ask_with("", method, path, body)
    }

    /// The same with more lines in the head of the request, each with its end.
    pub fn ask_with(
        &mut self,
        head: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Option<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.0.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).ok()?;
        Some((status, String::from_utf8(body).ok()?))
    }
}
