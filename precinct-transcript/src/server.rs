//! Steps that ask a server.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::address;
use crate::command::{Failure, Outcome};
use crate::content;
use crate::http::{self, Message, Request};
use crate::matching::compare;
use crate::scenario::{Scenario, Step};
use crate::upstream::Upstream;

/// Headers that no recording holds.
const NOT_COMPARED: [&str; 4] = ["date", "content-length", "connection", "transfer-encoding"];
/// Headers of a request to the control plane that are compared.
const UPSTREAM_HEADERS: [&str; 5] = [
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "If-None-Match",
    "Prefer",
];
/// How long a step with `until` is repeated, and a server may take to start.
const PATIENCE: Duration = Duration::from_secs(15);

struct Names {
    addr: String,
    diag: String,
    upstream: String,
    cwd: String,
}

impl Names {
    fn fill(&self, text: &str) -> String {
        text.replace("<addr>", &self.addr)
            .replace("<diag>", &self.diag)
            .replace("<upstream>", &self.upstream)
            .replace("<cwd>", &self.cwd)
    }

    fn unfill(&self, text: &str) -> String {
        text.replace(&self.addr, "<addr>")
            .replace(&self.diag, "<diag>")
            .replace(&self.upstream, "<upstream>")
            .replace(&self.cwd, "<cwd>")
    }
}

/// Starts a server as the scenario says, takes its steps and compares all answers, the log and what reached the
/// control plane.
///
/// # Errors
/// When the scenario can't be set up.
pub fn replay(scenario: &Scenario, binary: &Path) -> anyhow::Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let home = tempfile::tempdir()?;
    let place = folder.path().canonicalize()?;
    let upstream = Upstream::start(&scenario.upstream, &place)?;
    let names = Names {
        addr: address::free(),
        diag: address::free(),
        upstream: upstream.address.clone(),
        cwd: place.display().to_string(),
    };
    let fill = |text: &str| names.fill(text);
    for (path, value) in &scenario.files {
        write(&place.join(path), &content::bytes(value, &fill)?)?;
    }
    let args = &scenario
        .server
        .as_ref()
        .context("a server scenario without its server")?
        .args;
    let mut child = Command::new(binary)
        .args(args.iter().map(|argument| names.fill(argument)))
        .current_dir(&place)
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| binary.display().to_string())?;
    let out = collect(child.stdout.take().context("no standard output")?);
    let err = collect(child.stderr.take().context("no standard error")?);
    let mut outcome = Outcome::default();
    let mut note = |step: usize, what: String, result: anyhow::Result<()>| match result {
        Ok(()) => outcome.passed += 1,
        Err(error) => outcome.failures.push(Failure {
            step,
            what,
            difference: format!("{error:#}"),
        }),
    };
    let log = |child: &mut Child| -> anyhow::Result<String> {
        end(child)?;
        let text = |thread: thread::JoinHandle<String>| thread.join().unwrap_or_default();
        Ok(text(out) + &text(err))
    };
    if let Some(expect) = &scenario.start_failure {
        let status = wait(&mut child)?;
        let text = log(&mut child)?;
        note(
            0,
            args.join(" "),
            start_failure(expect, status, &names.unfill(&text)),
        );
        return Ok(outcome);
    }
    if let Err(error) = started(&mut child, &names.addr) {
        let text = log(&mut child)?;
        note(0, args.join(" "), Err(error.context(text)));
        return Ok(outcome);
    }
    for (number, step) in scenario.steps.iter().enumerate() {
        for (path, value) in &step.write {
            write(&place.join(path), &content::bytes(value, &fill)?)?;
        }
        if let Some(request) = &step.request {
            let what = format!("{} {}", request["method"], request["path"]);
            note(number, what, ask(step, request, &names));
        }
    }
    for route in &scenario.upstream {
        note(
            scenario.steps.len(),
            route["route"].to_string(),
            reached(route, &upstream, &names),
        );
    }
    let text = log(&mut child)?;
    if let Some(want) = &scenario.logs {
        let got = lines(&names.unfill(&text), &scenario.log_kinds);
        let result = compare(want, &got).map_err(|difference| anyhow::anyhow!(difference));
        note(scenario.steps.len(), "log".to_owned(), result);
    }
    Ok(outcome)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}

fn collect(mut stream: impl std::io::Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is the log.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn started(child: &mut Child, address: &str) -> anyhow::Result<()> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status}");
        }
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    bail!("no server at {address} after {PATIENCE:?}")
}

fn wait(child: &mut Child) -> anyhow::Result<Option<i32>> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(None)
}

/// Ends the server as its operator would, and for good if it does not follow.
fn end(child: &mut Child) -> anyhow::Result<()> {
    if child.try_wait()?.is_none() {
        Command::new("kill").arg(child.id().to_string()).status()?;
        if wait(child)?.is_none() {
            child.kill()?;
            child.wait()?;
        }
    }
    Ok(())
}

fn start_failure(expect: &Value, status: Option<i32>, text: &str) -> anyhow::Result<()> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(entry)) => {
                if entry.get("level") == Some(&json!("error")) {
                    let part =
                        |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
                    found.push(format!("{} {}", part("msg"), part("err")));
                }
            }
            _ => found.push(line.to_owned()),
        }
    }
    let got = json!({"exit": status, "lines": found});
    compare(expect, &got).map_err(|difference| anyhow::anyhow!(difference))
}

fn ask(step: &Step, request: &Value, names: &Names) -> anyhow::Result<()> {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let truth = |name: &str| request[name].as_bool().unwrap_or_default();
    let mut body = request.get("body").map(|body| match body {
        Value::String(text) => Ok(names.fill(text).into_bytes()),
        content => content::bytes(content, &|text| names.fill(text)),
    });
    if truth("gzip") {
        body = body.map(|bytes| bytes.and_then(|bytes| Ok(http::gzip(&bytes)?)));
    }
    let headers = request["headers"].as_object().into_iter().flatten();
    let sent = Request {
        method: text("method").to_owned(),
        path: names.fill(text("path")),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        body: body.transpose()?,
        chunked: truth("chunked"),
    };
    let address = if truth("diagnostic") {
        &names.diag
    } else {
        &names.addr
    };
    let since = Instant::now();
    let answer = loop {
        let answer = http::send(address, &sent)?;
        let Some(until) = request["until"].as_str() else {
            break answer;
        };
        let seen = format!(
            "{} {}",
            answer.status(),
            String::from_utf8_lossy(&answer.decoded()?)
        );
        if seen.contains(until) || since.elapsed() > PATIENCE {
            break answer;
        }
        thread::sleep(Duration::from_millis(20));
    };
    check(&step.expect, &answer, names)
}

fn check(expect: &Value, answer: &Message, names: &Names) -> anyhow::Result<()> {
    let mut differences = Vec::new();
    if let Err(difference) = compare(&expect["status"], &json!(answer.status())) {
        differences.push(format!("status: {difference}"));
    }
    let mut want = Map::new();
    for (name, value) in expect["headers"].as_object().into_iter().flatten() {
        want.insert(name.to_ascii_lowercase(), value.clone());
    }
    let mut got = Map::new();
    for (name, value) in &answer.headers {
        if !NOT_COMPARED.contains(&name.as_str()) {
            got.insert(name.clone(), json!(names.unfill(value)));
        }
    }
    if let Err(difference) = compare(&Value::Object(want), &Value::Object(got)) {
        differences.push(format!("headers: {difference}"));
    }
    if let Err(difference) = body(expect.get("body"), &answer.decoded()?, names) {
        differences.push(format!("body: {difference:#}"));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        bail!("{}", differences.join("\n"))
    }
}

fn body(want: Option<&Value>, found: &[u8], names: &Names) -> anyhow::Result<()> {
    let Some(want) = want else {
        if found.is_empty() {
            return Ok(());
        }
        bail!(
            "expected nothing, found {:?}",
            String::from_utf8_lossy(found)
        );
    };
    let got = content::like(want, found, &|text| names.unfill(text))?;
    compare(want, &got).map_err(|difference| anyhow::anyhow!(difference))
}

/// Whether the control plane was asked as recorded.
fn reached(route: &Value, upstream: &Upstream, names: &Names) -> anyhow::Result<()> {
    let name = route["route"].as_str().unwrap_or_default();
    let expected = route["expect"]
        .as_array()
        .context("a route without expectations")?;
    let take = route["take"]
        .as_u64()
        .map_or(expected.len(), |take| usize::try_from(take).unwrap_or(0));
    let since = Instant::now();
    let mut seen = upstream.seen(name);
    while seen.len() < take && since.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
        seen = upstream.seen(name);
    }
    seen.truncate(take);
    if seen.len() < expected.len() {
        bail!("expected {} requests, found {}", expected.len(), seen.len());
    }
    for (want, got) in expected.iter().zip(&seen) {
        let mut headers = Map::new();
        for header in UPSTREAM_HEADERS {
            if let Some(value) = got.header(&header.to_ascii_lowercase()) {
                headers.insert(header.to_owned(), json!(value));
            }
        }
        compare(&want["headers"], &Value::Object(headers))
            .map_err(|difference| anyhow::anyhow!("headers: {difference}"))?;
        let found = got.decoded()?;
        match want.get("body") {
            Some(want) => body(Some(want), &found, names)?,
            None => body(None, &found, names)?,
        }
    }
    Ok(())
}

/// The JSON lines of a log that are of one of these kinds.
fn lines(text: &str, kinds: &[String]) -> Value {
    let wanted = |line: &Value| {
        kinds.iter().any(|kind| match kind.as_str() {
            "decision" => line["type"] == "openpolicyagent.org/decision_logs",
            "print" => line["level"] == "info" && line.get("line").is_some(),
            "access" => line["msg"] == "Received request." || line["msg"] == "Sent response.",
            "error" => line["level"] == "error",
            _ => false,
        })
    };
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(wanted)
        .collect()
}
