//! Keys of somebody who signed in once (IAM Identity Center): the AWS command line keeps a token in a file, and that token
//! is good for keys.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use precinct_jose::hash::{Hash, hex};
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;

use super::profile::{section, value};
use super::sources::{Kept, Temporary, ask, remote, setting};
use super::{Keys, Outgoing};
use crate::configuration::credentials::aws;
use crate::services::Surroundings;
use crate::services::credentials::form;

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignOn {
    configuration: aws::SignOn,
    surroundings: Surroundings,
    agent: Agent,
    kept: Kept,
    /// What took the place of the token in the file.
    renewed: Mutex<Option<Session>>,
}

/// What a profile says about the account.
struct Account {
    id: String,
    role: String,
    /// The region of the keys.
    region: String,
    /// The name of the file with the token.
    file: String,
    /// The region that people of the account sign in at.
    sign_on_region: String,
}

/// A token, as the file has it.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Session {
    region: String,
    access_token: String,
    expires_at: String,
    registration_expires_at: String,
    refresh_token: String,
    client_id: String,
    client_secret: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewed {
    access_token: String,
    expires_in: i64,
    #[serde(default)]
    refresh_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    role_credentials: RoleKeys,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleKeys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds since the epoch.
    expiration: i64,
}

impl SignOn {
    /// The profile of a configuration.
    pub fn new(configuration: &aws::SignOn, surroundings: &Surroundings) -> Self {
        Self {
            configuration: configuration.clone(),
            surroundings: surroundings.clone(),
            agent: remote(),
            kept: Kept::default(),
            renewed: Mutex::default(),
        }
    }

    /// Keys, kept until they are about to end.
    ///
    /// # Errors
    /// When there are none.
    pub fn keys(&self) -> Result<Keys, String> {
        self.kept.or(|| self.ask())
    }

    fn ask(&self) -> Result<Temporary, String> {
        let account = self
            .account()
            .map_err(|error| format!("failed to load session: {error}"))?;
        let session = self
            .session(&account)
            .map_err(|error| format!("failed to load SSO credentials: {error}"))?;
        let session = self.good(session, &account)?;
        let region = sign_on_region(&session, &account);
        let query = form::encoded([
            ("account_id", account.id.as_str()),
            ("role_name", account.role.as_str()),
        ]);
        let url = self.address(&format!("https://portal.sso.{region}.amazonaws.com"));
        let mut request = Outgoing::get(format!("{url}/federation/credentials?{query}"));
        let token = &session.access_token;
        request.header("Authorization", format!("Bearer {token}"));
        // The name that AWS's own clients use.
        request.header("x-amz-sso_bearer_token", token);
        let bytes = ask(&request, &self.agent, "SSO role credentials")
            .map_err(|error| format!("failed to refresh credentials: {error}"))?;
        let Given { role_credentials } = serde_json::from_slice(&bytes)
            .map_err(|error| format!("failed to decode response: {error}"))?;
        Ok(Temporary {
            keys: Keys {
                access_key: role_credentials.access_key_id,
                secret_key: role_credentials.secret_access_key,
                session_token: role_credentials.session_token,
                region: account.region,
            },
            ends: Timestamp::from_millisecond(role_credentials.expiration).ok(),
        })
    }

    fn account(&self) -> Result<Account, String> {
        let (given, around) = (&self.configuration, &self.surroundings);
        let path = setting(&given.path, around, "AWS_CONFIG_FILE")
            .or_else(|_| Ok::<_, String>(format!("{}/.aws/config", around.home()?)))?;
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("failed to load config file: {path}: {error}"))?;
        let name = setting(&given.profile, around, "AWS_PROFILE");
        let name = name.unwrap_or_else(|_| "default".to_owned());
        let profile = section(&text, &format!("profile {name}"))
            .ok_or_else(|| format!("{path}: failed to find profile {name}"))?;
        let needed = |key: &str| {
            let found = value(&profile, key).map(str::to_owned);
            found.ok_or_else(|| format!("{path}: failed to find {key} key in profile {name}"))
        };
        let session_name = needed("sso_session")?;
        let session = section(&text, &format!("sso-session {session_name}"))
            .ok_or_else(|| format!("{path}: failed to find sso-session {session_name}"))?;
        value(&session, "sso_start_url").ok_or_else(|| {
            format!("{path}: failed to find sso_start_url key in sso-session {session_name}")
        })?;
        let region = needed("region")?;
        let sign_on_region = value(&session, "sso_region").unwrap_or(&region).to_owned();
        Ok(Account {
            id: needed("sso_account_id")?,
            role: needed("sso_role_name")?,
            region: match given.aws_region.as_str() {
                "" => region,
                region => region.to_owned(),
            },
            file: format!("{}.json", hex(&Hash::Sha1.digest(session_name.as_bytes()))),
            sign_on_region,
        })
    }

    /// The token of the file, or the one that took its place if that is good for longer.
    fn session(&self, account: &Account) -> Result<Session, String> {
        let folder = match self.configuration.cache_path.as_str() {
            "" => format!("{}/.aws/sso/cache", self.surroundings.home()?),
            folder => folder.to_owned(),
        };
        let path = format!("{folder}/{}", account.file);
        let bytes = std::fs::read(&path)
            .map_err(|error| format!("failed to load cache file: {path}: {error}"))?;
        let of_file: Session = serde_json::from_slice(&bytes)
            .map_err(|error| format!("failed to unmarshal cache file: {path}: {error}"))?;
        let renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match renewed.as_ref() {
            Some(renewed) if moment(&renewed.expires_at) > moment(&of_file.expires_at) => {
                renewed.clone()
            }
            _ => of_file,
        })
    }

    /// A token that is good now: a new one if this one has ended.
    fn good(&self, session: Session, account: &Account) -> Result<Session, String> {
        let now = Timestamp::now();
        let has_ended = |text: &str| moment(text).is_none_or(|ends| ends < now);
        if !has_ended(&session.expires_at) {
            return Ok(session);
        }
        if has_ended(&session.registration_expires_at) {
            return Err("cannot refresh token, registration expired: sign in anew".to_owned());
        }
        let failed = |error: String| format!("failed to refresh token: {error}");
        if session.refresh_token.is_empty() {
            return Err(failed("refresh token is empty".to_owned()));
        }
        let region = sign_on_region(&session, account);
        let url = self.address(&format!("https://oidc.{region}.amazonaws.com"));
        let body = json!({
            "clientId": session.client_id,
            "clientSecret": session.client_secret,
            "refreshToken": session.refresh_token,
            "grantType": "refresh_token",
        });
        let mut request = Outgoing::post(format!("{url}/token"), body.to_string().into_bytes());
        request.header("Content-Type", "application/json");
        let bytes = ask(&request, &self.agent, "SSO token").map_err(failed)?;
        let renewed: Renewed = serde_json::from_slice(&bytes)
            .map_err(|error| failed(format!("failed to decode response: {error}")))?;
        let ends = now
            .checked_add(SignedDuration::from_secs(renewed.expires_in))
            .map_err(|error| failed(error.to_string()))?;
        let session = Session {
            access_token: renewed.access_token,
            expires_at: ends.to_string(),
            refresh_token: match renewed.refresh_token.as_str() {
                "" => session.refresh_token,
                _ => renewed.refresh_token,
            },
            ..session
        };
        let mut kept = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(session.clone());
        Ok(session)
    }

    fn address(&self, usual: &str) -> String {
        let everything = self.surroundings.aws().services.clone();
        everything.unwrap_or_else(|| usual.to_owned())
    }
}

fn sign_on_region<'s>(session: &'s Session, account: &'s Account) -> &'s str {
    match session.region.as_str() {
        "" => &account.sign_on_region,
        region => region,
    }
}

/// A moment that a file tells; `None` if it tells none.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
