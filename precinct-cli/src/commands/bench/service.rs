//! `--e2e`: a server with the policies, asked over HTTP as its clients ask it.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser as _;
use precinct_interpreter::policy::PolicyOptions;
use precinct_rego::source::Sources as Texts;
use precinct_rego::syntax::{self, ParseOptions};
use precinct_runtime::json::to_string;
use serde_json::{Value, json};

use super::{Args, defined, each_time, repeated};
use crate::commands::eval::Stopped;
use crate::commands::serve::{self, ServeArgs, Sources};
use crate::present::benchmark::Benchmark;
use crate::present::errors::Shown;

/// How long the server has until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a server, asks it, and prints what that takes. The server ends with the process.
pub(super) fn measure(args: &Args, query: &str) -> Result<(), Stopped> {
    let request = Request::new(args, query)?;
    let address = Server::start(args)?.ready()?;
    let client = Client {
        agent: ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build(),
        ),
        url: format!("http://{address}/v1/{}", request.path),
        body: request.body,
    };
    each_time(args, || client.benchmark(args))
}

/// What is asked, and where.
struct Request {
    /// The path below `/v1/`.
    path: String,
    body: String,
}

impl Request {
    fn new(args: &Args, query: &str) -> Result<Self, Stopped> {
        let input = args.question.input();
        let input = input.map_err(Stopped::Message)?;
        let input = input.map_or_else(|| "{}".to_owned(), |it| to_string(it.value()));
        let input: Box<serde_json::value::RawValue> =
            serde_json::value::RawValue::from_string(input)
                .map_err(|error| Stopped::Message(error.to_string()))?;
        let query_text = Value::from(query);
        let metrics = if args.metrics { "?metrics=true" } else { "" };
        if args.partial {
            let unknowns = json!(args.unknowns);
            return Ok(Self {
                path: format!("compile{metrics}"),
                body: format!(r#"{{"input":{input},"query":{query_text},"unknowns":{unknowns}}}"#),
            });
        }
        let mut texts = Texts::default();
        let id = texts.add("", query.to_owned());
        if syntax::parse_query(&texts, id, &ParseOptions::default()).is_err() {
            let message = "error occurred while parsing query";
            return Err(Stopped::Errors(vec![Shown::message(message)]));
        }
        if query.starts_with("data.") {
            return Ok(Self {
                path: format!("{}{metrics}", query.replace('.', "/")),
                body: format!(r#"{{"input":{input}}}"#),
            });
        }
        Ok(Self {
            path: format!("query{metrics}"),
            body: format!(r#"{{"input":{input},"query":{query_text}}}"#),
        })
    }
}

/// The flags of a server, as `run --server` reads them.
#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    serving: ServeArgs,
}

struct Server {
    address: String,
    thread: JoinHandle<Result<(), serve::Stopped>>,
}

impl Server {
    fn start(args: &Args) -> Result<Self, Stopped> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let address = free
            .map_err(|error| Stopped::Message(format!("unable to bind a port: {error}")))?
            .to_string();
        let grace = args.shutdown_grace_period.to_string();
        let wait = args.shutdown_wait_period.to_string();
        let mut flags = vec![
            "bench",
            "--server",
            "--skip-verify",
            "--log-level=error",
            "--addr",
            &address,
            "--shutdown-grace-period",
            &grace,
            "--shutdown-wait-period",
            &wait,
        ];
        if let Some(path) = &args.config_file {
            flags.extend(["--config-file", path]);
        }
        let line = Line::try_parse_from(flags).map_err(|it| Stopped::Message(it.to_string()))?;
        let paths = [
            args.question.data.as_slice(),
            args.question.bundle.as_slice(),
        ]
        .concat();
        let are_bundles = !args.question.bundle.is_empty();
        let ignore = args.question.ignore.clone();
        let options = PolicyOptions {
            version: args.question.version(),
            ..PolicyOptions::default()
        };
        let thread = thread::spawn(move || {
            serve::run(
                &line.serving,
                &Sources {
                    paths: &paths,
                    are_bundles,
                    are_compiled: false,
                    ignore: &ignore,
                    options,
                },
            )
        });
        Ok(Self { address, thread })
    }

    /// Waits until the server answers, and gives its address.
    fn ready(self) -> Result<String, Stopped> {
        let message = |text: String| {
            let text = text.trim_start_matches("error: ").to_owned();
            Stopped::Errors(vec![Shown::message(text)])
        };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.thread.is_finished() {
                return Err(match self.thread.join() {
                    Ok(Err(serve::Stopped::Before(text) | serve::Stopped::Serving(text))) => {
                        message(text)
                    }
                    _ => message("the server ended before it answered".to_owned()),
                });
            }
            if answers(&self.address) {
                return Ok(self.address);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(message(format!(
            "the server at {} did not answer within {} seconds",
            self.address,
            PATIENCE.as_secs()
        )))
    }
}

/// Whether somebody else listens at an address. A client is given a free port, which can be the very one that it connects
/// to; it is connected with itself then.
fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok_and(|stream| {
        let ends = (stream.local_addr(), stream.peer_addr());
        matches!(ends, (Ok(own), Ok(other)) if own != other)
    })
}

struct Client {
    agent: ureq::Agent,
    url: String,
    body: String,
}

impl Client {
    fn benchmark(&self, args: &Args) -> Result<Benchmark, Stopped> {
        let mut spreads: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let measured = repeated(|| {
            let answer = self.ask()?;
            defined(args, is_empty(&answer, args.partial))?;
            let metrics = answer.get("metrics").and_then(Value::as_object);
            for (name, value) in metrics.into_iter().flatten() {
                if let Some(value) = value.as_u64() {
                    spreads.entry(name.clone()).or_default().push(value);
                }
            }
            Ok(())
        })?;
        let mut shown = Benchmark::new(&measured, args.benchmem);
        for (name, values) in &spreads {
            shown.spread(name, values);
        }
        Ok(shown)
    }

    fn ask(&self) -> Result<Value, Stopped> {
        let failed = |message: String| Stopped::Errors(vec![Shown::message(message)]);
        let answered = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .send(&self.body);
        let mut answer = answered.map_err(|error| failed(error.to_string()))?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .with_config()
            .limit(u64::MAX)
            .read_to_string();
        let text = text.map_err(|error| failed(error.to_string()))?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| failed(format!("request failed, HTTP {status}: {error}")))?;
        if status == 200 {
            return Ok(value);
        }
        match value.get("errors").and_then(Value::as_array) {
            Some(errors) if !errors.is_empty() => {
                Err(Stopped::Errors(errors.iter().map(told).collect()))
            }
            _ => Err(failed(format!(
                "request failed, the server replied with HTTP {status}: {}",
                value
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            ))),
        }
    }
}

/// Whether an answer has no result: of a partial evaluation, none of the queries can be true.
fn is_empty(answer: &Value, is_partial: bool) -> bool {
    let result = answer.get("result").filter(|it| !it.is_null());
    if !is_partial {
        return result.is_none();
    }
    let queries = result.and_then(|it| it.get("queries"));
    queries.and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// An error as the server tells it.
fn told(error: &Value) -> Shown {
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let number = |value: &Value| {
        let number = value.as_u64().and_then(|it| u32::try_from(it).ok());
        number.unwrap_or_default()
    };
    Shown {
        code: text(error.get("code")),
        message: text(error.get("message")),
        location: error.get("location").map(|place| {
            let file = text(place.get("file"));
            (file, number(&place["row"]), number(&place["col"]))
        }),
        ..Shown::default()
    }
}
