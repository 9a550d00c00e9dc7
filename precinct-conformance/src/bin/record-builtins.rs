//! `record-builtins OPA FILE...`: asks a real OPA what builtins give for certain arguments.
//!
//! Each file holds lines of `{"builtin": …, "args": […]}`. Each line is written again with the answer: `want`, or `error`
//! as strict builtin errors show it, or neither where the result is undefined. A file is
//! added to by appending lines without answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use serde_json::value::RawValue;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [opa, files @ ..] = &arguments[..] else {
        bail!("usage: record-builtins OPA FILE...");
    };
    let mut server = Server::start(opa)?;
    for file in files {
        let text = fs::read_to_string(file).with_context(|| file.clone())?;
        let mut out = String::new();
        for (number, line) in text.lines().enumerate() {
            let answered = server
                .answer(line)
                .with_context(|| format!("{file}:{}", number + 1))?;
            writeln!(out, "{answered}")?;
        }
        fs::write(file, out)?;
    }
    Ok(())
}

/// An OPA that serves on a port of this machine, until dropped.
struct Server {
    process: Child,
    port: u16,
    /// The package that calls each builtin with so many arguments.
    packages: BTreeMap<(String, usize), String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended on its own.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(opa: &str) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new(opa)
            .args(["run", "--server", "--v0-compatible", "--log-level", "error"])
            .args(["--addr", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::null())
            .spawn()
            .context(opa.to_owned())?;
        let server = Self {
            process,
            port,
            packages: BTreeMap::new(),
        };
        let begin = Instant::now();
        while server.request("GET", "/health", "").is_err() {
            if begin.elapsed() > Duration::from_secs(20) {
                bail!("the server did not start");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// The line with its answer.
    fn answer(&mut self, line: &str) -> anyhow::Result<String> {
        // The literals of numbers count, so the texts of arguments and results are taken as they are.
        let name = member(line, "builtin").context("a case names a builtin")?;
        let args = member(line, "args").context("a case has arguments")?;
        let count = serde_json::from_str::<Vec<&RawValue>>(args)?.len();
        let package = self.package(&serde_json::from_str::<String>(name)?, count)?;
        let response = self.request(
            "POST",
            &format!("/v1/data/{package}/x?strict-builtin-errors=true"),
            &format!("{{\"input\": {args}}}"),
        )?;
        let mut out = format!("{{\"builtin\":{name},\"args\":{args}");
        if let Some(errors) = member(&response, "errors") {
            let errors: Value = serde_json::from_str(errors)?;
            write!(out, ",\"error\":{}", errors[0]["message"])?;
        } else if let Some(result) = member(&response, "result") {
            write!(out, ",\"want\":{result}")?;
        } else if response != "{}" {
            bail!("OPA answered {response}");
        }
        out.push('}');
        Ok(out)
    }

    /// The package that calls a builtin.
    fn package(&mut self, name: &str, count: usize) -> anyhow::Result<String> {
        let key = (name.to_owned(), count);
        if let Some(package) = self.packages.get(&key) {
            return Ok(package.clone());
        }
        let package = format!("t{}", self.packages.len());
        let args: Vec<String> = (0..count).map(|index| format!("input[{index}]")).collect();
        let module = format!(
            "package {package}\n\nx = y {{ y := {name}({}) }}\n",
            args.join(", ")
        );
        let response = self.request("PUT", &format!("/v1/policies/{package}"), &module)?;
        if response.contains("\"errors\"") {
            bail!("OPA refused the call: {response}");
        }
        self.packages.insert(key, package.clone());
        Ok(package)
    }

    /// The body of the response.
    fn request(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let kind = if method == "PUT" {
            "text/plain"
        } else {
            "application/json"
        };
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let (_, body) = response
            .split_once("\r\n\r\n")
            .context("the response has a body")?;
        Ok(body.trim().to_owned())
    }
}

/// The text of a member of an object, as it is written there.
fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    members.get(name).map(|raw| raw.get())
}
