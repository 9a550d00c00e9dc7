//! Servers for tests, and a client that keeps its connection.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The command.
pub const PRECINCT: &str = env!("CARGO_BIN_EXE_precinct");

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
        let address = {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().to_string()
        };
        let child = Command::new(PRECINCT)
            .args([
                "run",
                "--server",
                "--log-level",
                "error",
                "--addr",
                &address,
            ])
            .args(args)
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, address };
        let since = Instant::now();
        while TcpStream::connect(&server.address).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "no server");
            thread::sleep(Duration::from_millis(5));
        }
        server
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
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
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
