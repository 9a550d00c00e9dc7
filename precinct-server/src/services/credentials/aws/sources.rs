//! Where keys come from: sources that are asked in order, until one has some.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ureq::Agent;

use super::metadata::Metadata;
use super::sso::SignOn;
use super::sts::{AssumedRole, WebIdentity};
use super::{Keys, Outgoing, profile};
use crate::configuration::credentials::aws::{self as configuration, S3Signing};
use crate::services::{Surroundings, trust};

/// How long a source may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Keys that end sooner than this are not used any more.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Sources of keys.
#[derive(Debug)]
pub struct Sources(Vec<Source>);

#[derive(Debug)]
enum Source {
    Environment(Surroundings),
    AssumedRole(Box<AssumedRole>),
    WebIdentity(Box<WebIdentity>),
    Profile(configuration::Profile, Surroundings),
    Metadata(Box<Metadata>),
    SignOn(Box<SignOn>),
}

impl Sources {
    /// The sources of a configuration, in the order of AWS's own clients.
    pub fn new(given: &S3Signing, surroundings: &Surroundings) -> Self {
        let environment = given.environment_credentials;
        let role = given.assume_role_credentials.as_ref();
        let identity = given.web_identity_credentials.as_ref();
        let profile = given.profile_credentials.as_ref();
        let metadata = given.metadata_credentials.as_ref();
        let sign_on = given.sso_credentials.as_ref();
        let found = [
            environment.map(|_| Source::Environment(surroundings.clone())),
            role.map(|role| AssumedRole::new(role, surroundings))
                .map(|role| Source::AssumedRole(Box::new(role))),
            identity
                .map(|identity| WebIdentity::new(identity, surroundings))
                .map(|identity| Source::WebIdentity(Box::new(identity))),
            profile.map(|profile| Source::Profile(profile.clone(), surroundings.clone())),
            metadata
                .map(|metadata| Metadata::new(metadata, surroundings))
                .map(|metadata| Source::Metadata(Box::new(metadata))),
            sign_on
                .map(|sign_on| SignOn::new(sign_on, surroundings))
                .map(|sign_on| Source::SignOn(Box::new(sign_on))),
        ];
        Self(found.into_iter().flatten().collect())
    }

    /// Keys of the first source that has some.
    ///
    /// # Errors
    /// What each of them says when none has.
    pub fn keys(&self) -> Result<Keys, String> {
        let mut errors = Vec::new();
        for source in &self.0 {
            match source.keys() {
                Ok(keys) => return Ok(keys),
                Err(error) => errors.push(error),
            }
        }
        Err(format!(
            "all AWS credential providers failed: {}",
            errors.join("; ")
        ))
    }
}

impl Source {
    fn keys(&self) -> Result<Keys, String> {
        match self {
            Self::Environment(surroundings) => of_environment(surroundings),
            Self::AssumedRole(role) => role.keys(),
            Self::WebIdentity(identity) => identity.keys(),
            Self::Profile(profile, surroundings) => profile::keys(profile, surroundings),
            Self::Metadata(metadata) => metadata.keys(),
            Self::SignOn(sign_on) => sign_on.keys(),
        }
    }
}

fn of_environment(surroundings: &Surroundings) -> Result<Keys, String> {
    let variable = |name: &str| {
        let value = surroundings.variable(name);
        value.ok_or_else(|| format!("no {name} set in environment"))
    };
    // The second is the name that it had at first.
    let token = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
        .into_iter()
        .find_map(|name| surroundings.variable(name));
    Ok(Keys {
        access_key: variable("AWS_ACCESS_KEY_ID")?,
        secret_key: variable("AWS_SECRET_ACCESS_KEY")?,
        region: variable("AWS_REGION")?,
        session_token: token.unwrap_or_default(),
    })
}

/// What the configuration says, or an environment variable does.
///
/// # Errors
/// When neither does.
pub fn setting(
    configured: &str,
    surroundings: &Surroundings,
    variable: &str,
) -> Result<String, String> {
    if !configured.is_empty() {
        return Ok(configured.to_owned());
    }
    let value = surroundings.variable(variable);
    value.ok_or_else(|| format!("no {variable} set in environment or configuration"))
}

/// Keys that end some time.
#[derive(Clone, Debug)]
pub struct Temporary {
    /// The keys.
    pub keys: Keys,
    /// When they end; `None` if nobody said so.
    pub ends: Option<Timestamp>,
}

/// The last temporary keys of a source.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Option<Temporary>>);

impl Kept {
    /// The keys that are kept, or new ones if they are about to end.
    ///
    /// # Errors
    /// When there are no new ones.
    pub fn or(&self, ask: impl FnOnce() -> Result<Temporary, String>) -> Result<Keys, String> {
        // Held while keys are asked for, so that requests at the same moment ask once.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = Timestamp::now().checked_add(MARGIN);
        if let Some(kept) = kept.as_ref()
            && let Ok(earliest) = earliest
            && kept.ends.is_some_and(|ends| earliest < ends)
        {
            return Ok(kept.keys.clone());
        }
        let next = ask()?;
        let keys = next.keys.clone();
        if keys.access_key.is_empty() || keys.secret_key.is_empty() {
            return Err("expected an access key and a secret key, found none".to_owned());
        }
        *kept = Some(next);
        Ok(keys)
    }
}

/// The answer to a request for keys.
///
/// # Errors
/// When there is none, or it is another than it should be.
pub fn ask(request: &Outgoing, agent: &Agent, what: &str) -> Result<Vec<u8>, String> {
    let (status, bytes) = request
        .ask(agent)
        .map_err(|error| format!("{what} HTTP request failed: {error}"))?;
    match status {
        200 => Ok(bytes),
        _ => Err(format!(
            "{what} HTTP request returned unexpected status: {status}"
        )),
    }
}

/// What requests to AWS are sent with.
pub fn remote() -> Agent {
    trust::remote(PATIENCE)
}

/// What requests to the machine are sent with.
pub fn local() -> Agent {
    trust::local(PATIENCE)
}
