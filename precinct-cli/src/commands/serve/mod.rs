//! `precinct run --server`: decisions over HTTP.

mod configuration;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use precinct_audit::Durability;
use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::Document;
use precinct_runtime::compiled::Compiled;
use precinct_server::activations::ActivationRecord;
use precinct_server::app::{App, Settings};
use precinct_server::log::{Level, Logger};
use precinct_server::management::Management;
use precinct_server::native::Loader;
use precinct_server::records::{Recorders, Records};
use precinct_server::run::{self, Options};
use precinct_server::serve::{Address, Limits, tls};
use precinct_server::state::activation;
use precinct_server::state::start::{self, Places};
use precinct_server::state::{Snapshot, Store};
use precinct_server::watch;

use crate::logging::{LogArgs, LogLevel};
use crate::signing::GuardArgs;
use configuration::{Changes, Sources as ConfigurationSources};

/// How a server serves.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Serve decisions over HTTP.
    #[arg(short, long)]
    pub server: bool,
    /// Where to listen: `HOST:PORT` or `unix://PATH`.
    #[arg(
        short,
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "localhost:8181"
    )]
    addr: Vec<String>,
    /// Where health and metrics are, besides.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    diagnostic_addr: Vec<String>,
    /// Who may connect to a Unix socket, as the mode of a file.
    #[arg(long, value_name = "MODE", default_value = "755", value_parser = mode)]
    unix_socket_perm: u32,
    /// Accepted for OPA's sake: HTTP/2 without TLS is always spoken.
    #[arg(long)]
    h2c: bool,
    /// Accepted for OPA's sake: the language is v1 unless --v0-compatible says otherwise.
    #[arg(long)]
    v1_compatible: bool,
    /// Accepted for OPA's sake: documents are always stored for reading.
    #[arg(long)]
    optimize_store_for_read_speed: bool,
    /// Accepted for OPA's sake: no schemas are known beforehand.
    #[arg(long)]
    skip_known_schema_check: bool,
    /// How clients say who they are.
    #[arg(long, value_enum, default_value_t)]
    authentication: Authentication,
    /// Whether the policy `system.authz` decides on requests to the API.
    #[arg(long, value_enum, default_value_t)]
    authorization: Authorization,
    #[command(flatten)]
    logging: LogArgs,
    /// The level of the lines about requests in the log.
    #[arg(long, value_enum, default_value = "info")]
    log_level_request: LogLevel,
    /// Seconds that requests in flight have to finish when the server ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    shutdown_grace_period: u64,
    /// Seconds that the server goes on after it was told to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    shutdown_wait_period: u64,
    /// Seconds that the bundles and services of the configuration have to be ready before the server listens; it does not
    /// start without them. 0 is no wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    ready_timeout: u64,
    /// How long an evaluation may take (`500ms`); without it, as long as it needs.
    #[arg(long, value_name = "DURATION", value_parser = crate::host::duration)]
    evaluation_timeout: Option<Duration>,
    /// Connections that are served at the same time.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    max_connections: usize,
    /// How many threads serve; 0 is one a core.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    threads: usize,
    /// The file with the certificate chain of the server, PEM: connections are TLS.
    #[arg(long, value_name = "PATH", requires = "tls_private_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// The file with the private key of the certificate, PEM.
    #[arg(long, value_name = "PATH", requires = "tls_cert_file")]
    tls_private_key_file: Option<PathBuf>,
    /// The file with certificates of authorities, PEM, which clients' certificates must be of.
    #[arg(long, value_name = "PATH", requires = "tls_cert_file")]
    tls_ca_cert_file: Option<PathBuf>,
    /// How often the files of TLS are read again (`1h`).
    #[arg(long, value_name = "DURATION", value_parser = crate::host::duration)]
    tls_cert_refresh_period: Option<Duration>,
    /// The oldest version of TLS that is spoken; older ones than 1.2 are not, whatever this says.
    #[arg(long, value_name = "VERSION", default_value = "1.2", value_parser = ["1.0", "1.1", "1.2", "1.3"])]
    min_tls_version: String,
    /// The cipher suites of TLS 1.2 that are spoken, by their IANA names; without it, all that are safe. Those of TLS 1.3
    /// are always spoken.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    tls_cipher_suites: Vec<String>,
    /// The configuration file.
    #[arg(short, long, value_name = "PATH")]
    config_file: Option<String>,
    /// Take up changes of the configuration file.
    #[arg(long, requires = "config_file")]
    watch_config: bool,
    /// Members of the configuration (a.b=1,c=x).
    #[arg(long, value_name = "MEMBERS")]
    set: Vec<String>,
    /// Members of the configuration that are files' contents (a.b=PATH).
    #[arg(long, value_name = "MEMBERS")]
    set_file: Vec<String>,
    /// The folder that records of decisions are kept in.
    #[arg(long, value_name = "PATH")]
    records: Option<PathBuf>,
    /// Each decision is on record before it is answered; in the folder `decisions` if --records names none.
    #[arg(long)]
    durable_decisions: bool,
    /// A bundle, a folder or an archive, that is tried out: it is asked what the policies that are served are asked, and
    /// differences are counted and logged. It decides nothing.
    #[arg(long, value_name = "PATH")]
    shadow: Option<String>,
    /// Take up changes of the files that are served, and of the bundle that is tried out.
    #[arg(short, long)]
    watch: bool,
    /// The file that the newest revision of each bundle is noted in: older ones are refused, even after a restart.
    #[arg(long, value_name = "PATH")]
    activation_record: Option<PathBuf>,
    #[command(flatten)]
    guard: GuardArgs,
    /// Bundles are loaded without a look at their signatures.
    #[arg(long)]
    skip_verify: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Authentication {
    /// By a bearer token, which the authorization policy sees.
    Token,
    /// By the certificate of the connection.
    Tls,
    /// Not at all.
    #[default]
    Off,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Authorization {
    /// It does.
    Basic,
    /// It does not.
    #[default]
    Off,
}

/// Why there is no server, or none any more.
#[derive(Debug)]
pub enum Stopped {
    /// Something that was given is wrong.
    Before(String),
    /// It cannot listen or go on.
    Serving(String),
}

/// What is served.
#[derive(Clone)]
pub struct Sources<'s> {
    /// Files and folders, or bundles.
    pub paths: &'s [String],
    /// All of them are bundles.
    pub are_bundles: bool,
    /// The policies that are part of this program, and nothing else.
    pub are_compiled: bool,
    /// Shell patterns of names that are left out.
    pub ignore: &'s [String],
    /// How modules are compiled.
    pub options: PolicyOptions,
}

/// Serves until the process is told to end.
///
/// # Errors
/// What keeps the server from starting, as OPA prints it.
pub fn run(args: &ServeArgs, sources: &Sources<'_>) -> Result<(), Stopped> {
    let failed = |message: String| Stopped::Before(format!("error: {message}"));
    let unserved = |message: String| Stopped::Serving(format!("error: {message}"));
    let logger = Logger {
        requests: args.log_level_request.into(),
        ..args.logging.logger(Level::Info)
    };
    let given = Settings {
        authorizes: args.authorization == Authorization::Basic,
        reads_tokens: args.authentication == Authentication::Token,
        reads_certificates: args.authentication == Authentication::Tls,
        is_recorded: args.durable_decisions || args.records.is_some(),
        evaluation_limit: args.evaluation_timeout,
        ..Settings::default()
    };
    let id = uuid::Uuid::new_v4().to_string();
    let configuration = ConfigurationSources::of(args).read(id.clone());
    let configuration = configuration.map_err(Stopped::Before)?;
    let first_document = configuration.document().clone();
    let places = places(args, sources, logger.takes(Level::Info)).map_err(failed)?;
    let first = start::read(&places).map_err(failed)?;
    let addresses = |texts: &[String]| {
        let read = texts.iter().map(|text| text.parse::<Address>());
        read.collect::<Result<Vec<_>, _>>().map_err(unserved)
    };
    let options = Options {
        addresses: addresses(&args.addr)?,
        diagnostics: addresses(&args.diagnostic_addr)?,
        limits: Limits {
            connections: args.max_connections,
            socket_mode: args.unix_socket_perm,
            grace: Duration::from_secs(args.shutdown_grace_period),
            ..Limits::default()
        },
        wait: Duration::from_secs(args.shutdown_wait_period),
        tls: tls(args, logger).map_err(failed)?,
        threads: args.threads,
    };
    let is_recorded = given.is_recorded;
    let management = Management::new(configuration, given, logger).map_err(failed)?;
    let settings = management.settings();
    let labels = settings.labels.clone();
    let mut app = App::new(Store::new(first), settings, logger);
    app.runtime = runtime(&labels);
    app.compiled = Some(&precinct_policies::Compiled);
    let records = records(args, is_recorded).map_err(failed)?;
    app.recorder = Arc::new(Recorders {
        log: management.clone(),
        records: records.clone(),
    });
    app.plugins = management.clone();
    let activations = args.activation_record.as_deref();
    let activations = activations.map(|path| ActivationRecord::open(path).map(Arc::new));
    let activations = activations.transpose().map_err(failed)?;
    app.activations.clone_from(&activations);
    let app = Arc::new(app);
    let prepared = move |next: &Snapshot| {
        if let Some(records) = &records {
            records.keep(next)?;
        }
        // Last, since what is noted must then answer.
        activations.as_ref().map_or(Ok(()), |it| it.note(next))
    };
    app.store.before_each(prepared).map_err(failed)?;
    management.begin(&app);
    if args.ready_timeout > 0 {
        let limit = Duration::from_secs(args.ready_timeout);
        management.wait_until_ready(limit).map_err(failed)?;
    }
    let try_out = {
        let (management, places) = (Arc::clone(&management), places.clone());
        let path = args.shadow.clone();
        move |app: &Arc<App>| {
            if let Some(path) = &path {
                management.try_out(app, path, &places);
            }
        }
    };
    try_out(&app);
    Loader::begin(&app);
    if args.watch {
        let (watching, places) = (Arc::clone(&app), places.clone());
        let watched = [sources.paths, &args.guard.signature].concat();
        watch::watch(&watched, move || reload(&watching, &places)).map_err(failed)?;
        // A change of what is tried out is none of what is served.
        let (watching, try_out) = (Arc::clone(&app), try_out.clone());
        let tried: Vec<String> = args.shadow.iter().cloned().collect();
        watch::watch(&tried, move || try_out(&watching)).map_err(failed)?;
    }
    if let Some(path) = args.config_file.as_ref().filter(|_| args.watch_config) {
        let sources = ConfigurationSources::of(args);
        let changes = Changes::new(&management, sources, id, first_document, logger);
        watch::watch(std::slice::from_ref(path), move || changes.take_up()).map_err(failed)?;
    }
    let reload = move |app: &Arc<App>| {
        reload(app, &places);
        try_out(app);
    };
    let served = run::run(app, &options, reload).map_err(unserved);
    management.end();
    served
}

/// Where decisions are kept, if they are.
fn records(args: &ServeArgs, are_kept: bool) -> Result<Option<Arc<Records>>, String> {
    if !are_kept {
        return Ok(None);
    }
    let folder = args.records.clone().unwrap_or_else(|| "decisions".into());
    let durability = if args.durable_decisions {
        Durability::Process
    } else {
        Durability::Buffered
    };
    Ok(Some(Arc::new(Records::open(&folder, durability)?)))
}

/// The mode of a file in octal digits.
fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err(format!("expected a mode from 000 to 777, found {text:?}")),
    }
}

fn tls(args: &ServeArgs, logger: Logger) -> Result<Option<tls::Current>, String> {
    let (Some(certificate), Some(key)) = (&args.tls_cert_file, &args.tls_private_key_file) else {
        if args.authentication == Authentication::Tls {
            return Err("--authentication=tls needs --tls-cert-file, --tls-private-key-file and --tls-ca-cert-file".to_owned());
        }
        return Ok(None);
    };
    let files = tls::Files {
        certificate: certificate.clone(),
        key: key.clone(),
        authorities: args.tls_ca_cert_file.clone(),
        only_newest: args.min_tls_version == "1.3",
        cipher_suites: args.tls_cipher_suites.clone(),
    };
    let period = args
        .tls_cert_refresh_period
        .filter(|period| !period.is_zero());
    files.begin(period, logger).map(Some)
}

/// What `opa.runtime()` gives.
fn runtime(labels: &BTreeMap<String, String>) -> Document {
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let text = serde_json::json!({
        "commit": "",
        "env": environment,
        "id": labels.get("id"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    Document::from_json(text.to_string().as_bytes()).unwrap_or_default()
}

/// Reads everything again; what is wrong with it changes nothing but the log.
fn reload(app: &App, places: &Places) {
    // Documents that came by the API are lost, as they are when the server starts anew; bundles of the configuration are
    // not, since nobody would fetch them again.
    let outcome = start::read(places).and_then(|next| {
        let carried = app.store.update(|now| activation::carry(next, now));
        carried.map_err(|error| error.to_string())
    });
    app.registry.reload(outcome.is_ok());
    if let Err(message) = outcome {
        app.logger.error("Failed to reload files.", &message);
    }
}

fn places(args: &ServeArgs, sources: &Sources<'_>, prints: bool) -> Result<Places, String> {
    let guard = if args.skip_verify {
        None
    } else {
        let guard = args.guard.guard()?;
        Some(guard.unwrap_or_default())
    };
    let (paths, bundles) = if sources.are_bundles {
        (Vec::new(), sources.paths.to_vec())
    } else {
        (sources.paths.to_vec(), Vec::new())
    };
    Ok(Places {
        paths,
        bundles,
        compiled: sources
            .are_compiled
            .then_some(&precinct_policies::Compiled as &dyn Compiled),
        ignore: sources.ignore.to_vec(),
        guard,
        signatures: args.guard.signature.clone(),
        options: PolicyOptions {
            prints,
            ..sources.options.clone()
        },
        memory: args.watch.then(Arc::default),
    })
}
