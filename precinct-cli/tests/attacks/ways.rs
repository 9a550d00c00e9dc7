//! How a bundle comes in: on a command line, as a file that a server reads again, and from a service.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use precinct_transcript::waiting;
use serde_json::{Value, json};

use crate::forms::{Form, Given, archive};
use crate::serving::{self, Client, PRECINCT};

const PATIENCE: Duration = Duration::from_secs(30);

/// Puts a bundle, its signature and the key into a folder. What is read together is exchanged together only by its
/// server, so the archive comes last.
fn put(folder: &Path, form: Form, given: &Given) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("key.pem"), form.key()).unwrap();
    let signature = folder.join("given.tar.gz.sig");
    match &given.signature {
        Some(text) => fs::write(signature, text).unwrap(),
        None => drop(fs::remove_file(signature)),
    }
    fs::write(folder.join("given.tar.gz"), archive(&given.files)).unwrap();
}

fn run(folder: &Path, form: Form, given: &Given, args: &[&str]) -> Result<String, String> {
    put(folder, form, given);
    let output = Command::new(PRECINCT)
        .args(args)
        .args(form.flags())
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text([output.stdout, output.stderr].concat()))
    }
}

/// What `verify` says.
pub fn verified(folder: &Path, form: Form, given: &Given) -> Result<String, String> {
    run(folder, form, given, &["verify", "given.tar.gz"])
}

/// What `eval` answers.
pub fn evaluated(folder: &Path, form: Form, given: &Given) -> Result<String, String> {
    run(
        folder,
        form,
        given,
        &["eval", "-b", "given.tar.gz", "data.p.allow", "-f", "values"],
    )
    .map(|values| serde_json::from_str::<Value>(&values).unwrap()[0].to_string())
}

/// A server, and what it logs.
struct Server {
    server: serving::Server,
    errors: Receiver<String>,
}

impl Server {
    fn start(folder: &Path, args: &[&str]) -> Self {
        let (server, log) = serving::Server::start_heard(folder, "error", args);
        let (sender, errors) = mpsc::channel();
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let entry: Value =
                    serde_json::from_str(&line).unwrap_or_else(|_| json!({"err": line}));
                let _ = sender.send(entry["err"].as_str().unwrap_or_default().to_owned());
            }
        });
        let server = Self { server, errors };
        waiting::until("the server answers", || server.ask().is_some());
        server
    }

    /// The policy's answer, as JSON; `None` if there is none.
    fn ask(&self) -> Option<String> {
        let mut client = Client::new(&self.server.address);
        let (_, text) = client.ask("GET", "/v1/data/p/allow", "")?;
        let body: Value = serde_json::from_str(&text).ok()?;
        body.get("result").map(Value::to_string)
    }

    /// The next error that holds a text. Others may come before it: of an attempt before, and of a signature that was
    /// exchanged before its bundle.
    fn error(&self, part: &str) -> String {
        let started = Instant::now();
        let mut last = String::new();
        while let Ok(error) = self.errors.recv_timeout(PATIENCE) {
            if error.contains(part) {
                return error;
            }
            assert!(started.elapsed() < PATIENCE, "{error} lacks {part}");
            last = error;
        }
        panic!("{last:?} is the last error, and lacks {part}");
    }

    fn wait_for(&self, answer: &str) {
        waiting::until_equal(|| self.ask(), &Some(answer.to_owned()));
    }
}

/// `run -b`, told to read its files again.
pub struct Reloaded {
    server: Server,
    folder: PathBuf,
    form: Form,
}

impl Reloaded {
    pub fn start(folder: &Path, form: Form, good: &Given) -> Self {
        put(folder, form, good);
        let args = [&["-b", "given.tar.gz"][..], &form.flags()].concat();
        Self {
            server: Server::start(folder, &args),
            folder: folder.to_owned(),
            form,
        }
    }

    fn put(&self, given: &Given) {
        put(&self.folder, self.form, given);
        let hang_up = ["-HUP", &self.server.server.child.id().to_string()];
        assert!(
            Command::new("kill")
                .args(hang_up)
                .status()
                .unwrap()
                .success()
        );
    }

    pub fn refusal(&mut self, given: &Given, part: &str) -> String {
        self.put(given);
        self.server.error(part)
    }

    pub fn accept(&mut self, given: &Given, answer: &str) {
        self.put(given);
        self.server.wait_for(answer);
    }

    pub fn answer(&self) -> String {
        self.server.ask().unwrap()
    }
}

/// A server that asks a service for its bundle.
pub struct Downloaded {
    server: Server,
    offered: Arc<Mutex<Given>>,
}

impl Downloaded {
    pub fn start(folder: &Path, form: Form, good: &Given) -> Self {
        let offered = Arc::new(Mutex::new(good.clone()));
        let url = offer(Arc::clone(&offered));
        let algorithm = if form.key() == crate::forms::EC_PUBLIC {
            "ES256"
        } else {
            "EdDSA"
        };
        let configuration = json!({
            "services": {"acme": {"url": url}},
            "keys": {"default": {"algorithm": algorithm, "key": form.key()}},
            "bundles": {"authz": {
                "resource": "given.tar.gz",
                "polling": {"min_delay_seconds": 0, "max_delay_seconds": 0},
                "signing": form.signing(),
                "min_revision": "v1",
            }},
        });
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("config.json"), configuration.to_string()).unwrap();
        let server = Server::start(folder, &["--config-file", "config.json"]);
        Self { server, offered }
    }

    pub fn refusal(&mut self, given: &Given, part: &str) -> String {
        *self.offered.lock().unwrap() = given.clone();
        self.server.error(part)
    }

    pub fn accept(&mut self, given: &Given, answer: &str) {
        *self.offered.lock().unwrap() = given.clone();
        self.server.wait_for(answer);
    }

    pub fn answer(&self) -> String {
        self.server.ask().unwrap()
    }
}

/// A service that offers a bundle; its address. Each answer takes a while, as if it came from afar.
fn offer(offered: Arc<Mutex<Given>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
            thread::sleep(Duration::from_millis(30));
            let given = offered.lock().unwrap().clone();
            let body = if head.starts_with("GET /given.tar.gz.sig ") {
                given.signature
            } else {
                Some(archive(&given.files))
            };
            let status = if body.is_some() {
                "200 OK"
            } else {
                "404 Not Found"
            };
            let body = body.unwrap_or_default();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    url
}
