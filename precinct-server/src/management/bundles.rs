//! A bundle, asked for again and again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{fs, io};

use jiff::Timestamp;
use precinct_bundle::load::Options;
use precinct_bundle::{Guard, Limits};
use serde_json::{Map, Value, json};

use super::Management;
use super::signing::{self, Signatures, guard};
use super::workers::Life;
use crate::configuration::settings::{BundleSource, Polling};
use crate::services::{Client, FetchError, Fetched};
use crate::state::activation::{self, ActivationError, Candidate};

/// Bytes of a bundle, unless the configuration says otherwise; OPA's default.
const SIZE_LIMIT: u64 = 1 << 30;

/// What is known of a bundle.
#[derive(Clone, Debug, Default)]
pub struct Status {
    name: String,
    revision: String,
    kind: &'static str,
    size: usize,
    activated: Option<Timestamp>,
    downloaded: Option<Timestamp>,
    answered: Option<Timestamp>,
    asked: Option<Timestamp>,
    metrics: Map<String, Value>,
    error: Option<Failed>,
    is_shadow: bool,
}

/// Why the last attempt failed.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    message: String,
    http_code: Option<u16>,
    errors: Vec<String>,
}

impl Failed {
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self {
            message: error.message,
            http_code: error.status,
            errors: Vec::new(),
        }
    }
}

impl From<String> for Failed {
    fn from(message: String) -> Self {
        Self {
            message,
            http_code: None,
            errors: Vec::new(),
        }
    }
}

impl From<ActivationError> for Failed {
    fn from(error: ActivationError) -> Self {
        let errors = match &error {
            ActivationError::Modules(failure) => crate::evaluation::errors::diagnostics(failure),
            _ => Vec::new(),
        };
        Self {
            errors,
            ..Self::from(error.to_string())
        }
    }
}

impl Status {
    /// A bundle that nobody asked for yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// A candidate, which is to be tried out and not to be active.
    #[must_use]
    pub fn of_candidate(name: &str) -> Self {
        Self {
            is_shadow: true,
            ..Self::new(name)
        }
    }

    /// Whether it is tried out and not active.
    #[must_use]
    pub const fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// Notes that a version of it is active, or tried out.
    pub(super) fn activate(&mut self, revision: &str, is_delta: bool, size: usize) {
        revision.clone_into(&mut self.revision);
        self.kind = if is_delta { "delta" } else { "snapshot" };
        self.size = size;
        self.activated = Some(Timestamp::now());
        self.error = None;
    }

    /// Notes why the last attempt failed.
    pub(super) fn fail(&mut self, failed: Failed) {
        self.error = Some(failed);
    }

    /// Whether it was active at least once.
    #[must_use]
    pub const fn was_active(&self) -> bool {
        self.activated.is_some()
    }

    /// The status as JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut members = Map::new();
        members.insert("name".to_owned(), json!(self.name));
        if !self.revision.is_empty() {
            members.insert("active_revision".to_owned(), json!(self.revision));
        }
        for (name, moment) in [
            ("last_successful_activation", self.activated),
            ("last_successful_download", self.downloaded),
            ("last_successful_request", self.answered),
            ("last_request", self.asked),
        ] {
            if let Some(moment) = moment {
                members.insert(name.to_owned(), json!(moment.to_string()));
            }
        }
        if self.size > 0 {
            members.insert("type".to_owned(), json!(self.kind));
            members.insert("size".to_owned(), json!(self.size));
        }
        if !self.metrics.is_empty() {
            members.insert("metrics".to_owned(), Value::Object(self.metrics.clone()));
        }
        if let Some(failed) = &self.error {
            members.insert("code".to_owned(), json!("bundle_error"));
            members.insert("message".to_owned(), json!(failed.message));
            if let Some(code) = failed.http_code {
                members.insert("http_code".to_owned(), json!(code.to_string()));
            }
            if !failed.errors.is_empty() {
                let errors: Vec<Value> = failed
                    .errors
                    .iter()
                    .filter_map(|error| serde_json::from_str(error).ok())
                    .collect();
                members.insert("errors".to_owned(), Value::Array(errors));
            }
        }
        Value::Object(members)
    }
}

/// How long to wait before asking again.
pub(super) struct Pace {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Pace {
    pub(super) fn new(polling: &Polling) -> Self {
        let least = Duration::from_secs(polling.min_delay_seconds.unwrap_or(60));
        let most = Duration::from_secs(polling.max_delay_seconds.unwrap_or(120)).max(least);
        Self {
            least,
            most,
            failures: 0,
        }
    }

    /// After success somewhere between the least and the most, so that many servers do not ask at the same moment;
    /// after failures soon, then ever later.
    pub(super) fn next(&mut self, succeeded: bool) -> Duration {
        if succeeded {
            self.failures = 0;
            let more = self.most.saturating_sub(self.least);
            return self.least + more.mul_f64(fraction());
        }
        self.failures = self.failures.saturating_add(1);
        let soon = Duration::from_millis(100) * 2_u32.saturating_pow(self.failures.min(16));
        soon.min(self.most).mul_f64(0.75 + fraction() / 4.0)
    }
}

/// A number from 0 to 1.
fn fraction() -> f64 {
    let (random, _, _, _) = uuid::Uuid::new_v4().as_fields();
    f64::from(random) / f64::from(u32::MAX)
}

/// Keeps a bundle up to date until that is over.
///
/// The other end of `restored` is dropped once the bundle that was kept is active, or is known not to be.
pub(super) fn run(
    management: &Arc<Management>,
    name: &str,
    source: &BundleSource,
    restored: mpsc::Sender<()>,
    life: &Life,
) {
    let (client, guard) = {
        let configuration = management.configuration.load();
        let client = super::client(&configuration, source.service.as_deref());
        match (client, guard(&configuration, source)) {
            (Ok(client), Ok(guard)) => (client, guard),
            (Err(error), _) | (_, Err(error)) => {
                management.logger.error("Bundle can't be loaded.", &error);
                return;
            }
        }
    };
    let mut keeper = Keeper {
        management,
        name,
        source,
        life,
        client,
        guard,
        etag: String::new(),
        place: place(management, name).filter(|_| source.persist),
    };
    keeper.restore();
    drop(restored);
    let mut pace = Pace::new(&source.polling);
    loop {
        let succeeded = keeper.refresh();
        if !life.sleep(pace.next(succeeded)) {
            return;
        }
    }
}

/// Where a bundle is kept for times without a network.
fn place(management: &Management, name: &str) -> Option<PathBuf> {
    let configuration = management.configuration.load();
    let folder = configuration.parts.persistence_directory.as_deref();
    // A name with slashes would lead out of the folder.
    let is_plain = !name.split('/').any(|part| part == ".." || part.is_empty());
    is_plain.then(|| {
        Path::new(folder.unwrap_or(".precinct"))
            .join("bundles")
            .join(name)
            .join("bundle.tar.gz")
    })
}

struct Keeper<'k> {
    management: &'k Arc<Management>,
    name: &'k str,
    source: &'k BundleSource,
    life: &'k Life,
    client: Client,
    guard: Guard,
    etag: String,
    place: Option<PathBuf>,
}

impl Keeper<'_> {
    /// Activates what was kept, so that there are decisions before the network is there.
    fn restore(&mut self) {
        let Some(place) = &self.place else { return };
        match fs::read(place) {
            Ok(bytes) => {
                let signatures = signing::kept(place, self.source);
                if let Err(failed) = self.activate(&bytes, signatures, "") {
                    self.report(failed);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.management.logger.error(
                "Failed to load a persisted bundle.",
                &format!("{}: {error}", place.display()),
            ),
        }
    }

    /// Asks for news and activates them; whether that went well.
    fn refresh(&mut self) -> bool {
        let resource = self.source.resource.clone();
        let resource = resource.unwrap_or_else(|| format!("bundles/{}", self.name));
        let wait = self.source.polling.long_polling_timeout_seconds;
        let limit = self.source.size_limit_bytes.unwrap_or(SIZE_LIMIT);
        self.note(|status| status.asked = Some(Timestamp::now()));
        let fetched =
            self.client
                .fetch(&resource, &self.etag, wait.map(Duration::from_secs), limit);
        let outcome = match fetched {
            Ok(Fetched::Unchanged) => {
                self.note(|status| {
                    status.answered = Some(Timestamp::now());
                    status.error = None;
                });
                return true;
            }
            Ok(Fetched::New { bytes, etag }) => {
                let now = Timestamp::now();
                self.note(|status| {
                    status.answered = Some(now);
                    status.downloaded = Some(now);
                });
                signing::fetch(&self.client, self.source)
                    .map_err(Failed::from)
                    .and_then(|signatures| {
                        self.activate(&bytes, signatures.clone(), &etag)?;
                        self.etag.clone_from(&etag);
                        self.keep(&bytes, &signatures);
                        Ok(())
                    })
            }
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(()) => true,
            Err(failed) => {
                self.report(failed);
                false
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Status)) {
        self.management.change_bundle(self.name, change);
    }

    fn report(&self, failed: Failed) {
        let what = if self.source.shadow {
            "tried out"
        } else {
            "activated"
        };
        let message = format!("Bundle {:?} was not {what}.", self.name);
        self.management.logger.error(&message, &failed.message);
        if let Some(app) = self.management.app()
            && !self.source.shadow
        {
            app.registry.reload(false);
        }
        self.note(|status| status.fail(failed));
    }

    /// The verified bytes take the place of what was active, or of what was tried out.
    fn activate(&self, bytes: &[u8], signatures: Signatures, etag: &str) -> Result<(), Failed> {
        let options = Options {
            limits: Limits::default(),
            ..Options::default()
        };
        let guard = Guard {
            signatures,
            ..self.guard.clone()
        };
        let admitted = guard
            .admit_archive(bytes, &options)
            .map_err(|error| error.to_string())?;
        let is_delta = admitted.bundle.patch.is_some();
        let revision = admitted.bundle.manifest.revision.clone();
        let candidate = Candidate {
            name: self.name.into(),
            bundle: admitted.bundle,
            folder: String::new(),
            etag: etag.to_owned(),
            digest: admitted.digest.to_string(),
            archive: Some(bytes.into()),
            verified_libraries: admitted.verified_libraries,
        };
        let app = self
            .management
            .app()
            .ok_or_else(|| "the server ends".to_owned())?;
        let started = std::time::Instant::now();
        let over = || "the configuration asks for another bundle now".to_owned();
        if self.source.shadow {
            if self.life.is_over() {
                return Err(over().into());
            }
            app.shadow.try_out(&app, candidate)?;
        } else {
            app.store.update(|now| {
                // What ended this has removed the bundle, or is about to.
                if self.life.is_over() {
                    return Err(ActivationError::from(over()));
                }
                activation::activate(now, &[candidate])
            })?;
            app.registry.reload(true);
        }
        let ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.note(|status| {
            status.activate(&revision, is_delta, bytes.len());
            status
                .metrics
                .insert("timer_rego_module_compile_ns".to_owned(), json!(ns));
            status
                .metrics
                .insert("timer_rego_module_parse_ns".to_owned(), json!(0));
        });
        Ok(())
    }

    /// Keeps the bytes: beside their place first, so that there is always a whole bundle.
    fn keep(&self, bytes: &[u8], signatures: &Signatures) {
        let Some(place) = &self.place else { return };
        let kept = signing::keep(place, signatures).and_then(|()| written(place, bytes));
        if let Err(error) = kept {
            self.management.logger.error(
                "Failed to persist a bundle.",
                &format!("{}: {error}", place.display()),
            );
        }
    }
}

/// Writes a file that is there whole or as it was before.
pub(super) fn written(place: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = folder.join(".bundle.tar.gz.new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, place)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_retried_soon_and_then_ever_later() {
        let mut pace = Pace::new(&Polling {
            min_delay_seconds: Some(10),
            max_delay_seconds: Some(20),
            long_polling_timeout_seconds: None,
        });
        let first = pace.next(false);
        assert!(first < Duration::from_secs(1));
        for _ in 0..20 {
            let delay = pace.next(false);
            assert!(delay <= Duration::from_secs(20));
        }
        assert!(pace.next(false) >= Duration::from_secs(15));
        let regular = pace.next(true);
        assert!((10..=20).contains(&regular.as_secs()));
    }
}
