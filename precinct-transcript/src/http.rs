//! As much of HTTP/1.1 as the replay needs, written so that each byte of a request is under its control.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers besides `Host` and the length.
    pub headers: Vec<(String, String)>,
    /// The body; `None` sends no length.
    pub body: Option<Vec<u8>>,
    /// Whether the body is sent in chunks.
    pub chunked: bool,
}

/// What comes back, or what a server reads.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as it was sent.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub fn status(&self) -> u16 {
        let status = self.start.split(' ').nth(1);
        status
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }

    /// The body after `Content-Encoding`.
    ///
    /// # Errors
    /// When the body is not what the header says.
    pub fn decoded(&self) -> anyhow::Result<Vec<u8>> {
        if self.header("content-encoding") != Some("gzip") {
            return Ok(self.body.clone());
        }
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&self.body[..]).read_to_end(&mut plain)?;
        Ok(plain)
    }
}

/// Compresses a body.
///
/// # Errors
/// Never in practice: the writer is memory.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// When there is no connection or no whole answer.
pub fn send(address: &str, request: &Request) -> anyhow::Result<Message> {
    let mut stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\n",
        request.method, request.path
    );
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    match &request.body {
        Some(_) if request.chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        Some(body) => head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]),
        None => {}
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if let Some(body) = &request.body {
        // A server that refuses a body may close before it has read it: the answer counts.
        let _ = write_body(&mut stream, body, request.chunked);
    }
    read(&mut BufReader::new(stream), request.method == "HEAD")
}

fn write_body(stream: &mut TcpStream, body: &[u8], chunked: bool) -> io::Result<()> {
    if !chunked {
        return stream.write_all(body);
    }
    for part in body.chunks(16) {
        write!(stream, "{:x}\r\n", part.len())?;
        stream.write_all(part)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

/// Reads one message; `bodiless` for the answer to `HEAD`.
///
/// # Errors
/// When the connection ends before the message does.
pub fn read(stream: &mut BufReader<TcpStream>, bodiless: bool) -> anyhow::Result<Message> {
    let mut message = Message {
        start: line(stream)?,
        ..Message::default()
    };
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("a header without a colon")?;
        message
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let answer = message.start.starts_with("HTTP/");
    if bodiless || (answer && matches!(message.status(), 204 | 304)) {
        return Ok(message);
    }
    if message.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = usize::from_str_radix(line(stream)?.trim(), 16)?;
            let mut part = vec![0; size];
            stream.read_exact(&mut part)?;
            message.body.append(&mut part);
            line(stream)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = message.header("content-length") {
        message.body = vec![0; length.parse()?];
        stream.read_exact(&mut message.body)?;
    } else if answer {
        stream.read_to_end(&mut message.body)?;
    }
    Ok(message)
}

fn line(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection ended early");
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
