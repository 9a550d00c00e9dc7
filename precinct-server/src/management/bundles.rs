//! A bundle, asked for again and again.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, io};

use jiff::Timestamp;
use precinct_bundle::Guard;
use precinct_bundle::load::Options;
use serde_json::{Map, Value, json};

use super::signing::{self, Signatures, guard};
use super::slot::Slot;
use super::{Management, files};
use crate::configuration::settings::Polling;
use crate::services::{Client, FetchError, Fetched};
use crate::state::activation::ActivationError;

/// Bytes of a bundle, unless the configuration says otherwise; OPA's default.
pub(super) const SIZE_LIMIT: u64 = 1 << 30;

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
    is_of_command_line: bool,
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

    /// A candidate that the command line names, whatever the configuration says.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        Self {
            is_of_command_line: true,
            ..Self::of_candidate(path)
        }
    }

    /// Whether the command line names it.
    #[must_use]
    pub const fn is_of_command_line(&self) -> bool {
        self.is_of_command_line
    }

    /// Whether it is tried out and not active.
    #[must_use]
    pub const fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// Notes that it is asked for.
    pub(super) fn ask(&mut self) {
        self.asked = Some(Timestamp::now());
    }

    /// Notes that it is there.
    pub(super) fn arrive(&mut self) {
        let now = Some(Timestamp::now());
        (self.answered, self.downloaded) = (now, now);
    }

    /// Notes what its activation took.
    pub(super) fn measure(&mut self, ns: u64) {
        for (name, ns) in [("compile", ns), ("parse", 0)] {
            let name = format!("timer_rego_module_{name}_ns");
            self.metrics.insert(name, json!(ns));
        }
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
        if !self.kind.is_empty() {
            members.insert("type".to_owned(), json!(self.kind));
        }
        if self.size > 0 {
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
/// The other end of `restored` is dropped once the bundle that was kept, or that is a file, is active, or is known not to
/// be.
pub(super) fn run(slot: &Slot<'_>, restored: mpsc::Sender<()>) {
    let Slot {
        management,
        name,
        source,
        life,
    } = *slot;
    let configuration = management.configuration.load_full();
    let unusable = |error: &str| management.logger.error("Bundle can't be loaded.", error);
    let guard = match guard(&configuration, source) {
        Ok(guard) => guard,
        Err(error) => return unusable(&error),
    };
    match source.file() {
        Ok(None) => {}
        Ok(Some(path)) => return files::load(slot, &guard, &path),
        Err(error) => return unusable(&error),
    }
    let client = match super::client(&configuration, source.service.as_deref()) {
        Ok(client) => client,
        Err(error) => return unusable(&error),
    };
    let mut keeper = Keeper {
        slot,
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
    slot: &'k Slot<'k>,
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
                let signatures = signing::kept(place, self.slot.source);
                if let Err(failed) = self.activate(&bytes, signatures, "") {
                    self.slot.report(failed);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.slot.management.logger.error(
                "Failed to load a persisted bundle.",
                &format!("{}: {error}", place.display()),
            ),
        }
    }

    /// Asks for news and activates them; whether that went well.
    fn refresh(&mut self) -> bool {
        let source = self.slot.source;
        let resource = source.resource.clone();
        let resource = resource.unwrap_or_else(|| format!("bundles/{}", self.slot.name));
        let wait = source.polling.long_polling_timeout_seconds;
        let limit = source.size_limit_bytes.unwrap_or(SIZE_LIMIT);
        self.slot.note(Status::ask);
        let fetched =
            self.client
                .fetch(&resource, &self.etag, wait.map(Duration::from_secs), limit);
        let outcome = match fetched {
            Ok(Fetched::Unchanged) => {
                self.slot.note(|status| {
                    status.answered = Some(Timestamp::now());
                    status.error = None;
                });
                return true;
            }
            Ok(Fetched::New { bytes, etag }) => {
                self.slot.note(Status::arrive);
                signing::fetch(&self.client, source)
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
                self.slot.report(failed);
                false
            }
        }
    }

    fn activate(&self, bytes: &[u8], signatures: Signatures, etag: &str) -> Result<(), Failed> {
        let guard = Guard {
            signatures,
            ..self.guard.clone()
        };
        let admitted = guard
            .admit_archive(bytes, &Options::default())
            .map_err(|error| error.to_string())?;
        self.slot.activate(admitted, Some(bytes), etag)
    }

    /// Keeps the bytes: beside their place first, so that there is always a whole bundle.
    fn keep(&self, bytes: &[u8], signatures: &Signatures) {
        let Some(place) = &self.place else { return };
        let kept = signing::keep(place, signatures).and_then(|()| written(place, bytes));
        if let Err(error) = kept {
            self.slot.management.logger.error(
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
