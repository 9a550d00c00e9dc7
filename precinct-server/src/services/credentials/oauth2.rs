//! A token that an OAuth server gives (RFC 6749 section 4.4, RFC 7523), kept until it is about to end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64URL};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::assertion::Signer;
use super::{Outgoing, form};
use crate::configuration::credentials::oauth2::{Grant, OAuth2, Proof};
use crate::configuration::keys::KeyConfig;
use crate::configuration::services::Service;
use crate::services::Surroundings;
use crate::services::connections::Connections;

/// A token that ends sooner than this is not used any more: the request has to arrive.
const MARGIN: Duration = Duration::from_secs(10);
/// How long an assertion is good for, in seconds.
const ASSERTION_LIFE: i64 = 600;
/// Seconds until the answer of the token endpoint must begin.
const PATIENCE: u64 = 10;
/// What an assertion is, unless the configuration says otherwise (RFC 7523).
const JWT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The grant of an assertion (RFC 7523).
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Characters of the token endpoint's answer that an error shows.
const SHOWN: usize = 1024;

/// The token endpoint, and the last token that it gave.
#[derive(Debug)]
pub struct Tokens {
    configuration: OAuth2,
    grant: Grant,
    proof: Told,
    connections: Connections,
    kept: Mutex<Option<Token>>,
}

/// How who asks proves it.
#[derive(Debug)]
enum Told {
    Secret,
    Signed(Signer),
    Assertion,
    AssertionFile,
}

struct Token {
    text: String,
    /// When it is not used any more.
    ends: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    access_token: String,
    token_type: String,
    expires_in: i64,
}

impl Tokens {
    /// The token endpoint of a service's configuration. It is verified as the service is.
    ///
    /// # Errors
    /// When no token can be had with it.
    pub fn new(
        service: &Service,
        configuration: &OAuth2,
        keys: &BTreeMap<String, KeyConfig>,
        surroundings: &Surroundings,
    ) -> Result<Self, String> {
        let proof = match configuration.proof(keys)? {
            Proof::Secret => Told::Secret,
            Proof::Signed(key) => Told::Signed(Signer::Own(key)),
            Proof::SignedByCloud(key) => Told::Signed(Signer::of_cloud(&key, surroundings)),
            Proof::Assertion => Told::Assertion,
            Proof::AssertionFile => Told::AssertionFile,
        };
        let endpoint = Service {
            url: configuration.token_url.clone(),
            response_header_timeout_seconds: Some(PATIENCE),
            ..service.clone()
        };
        Ok(Self {
            configuration: configuration.clone(),
            grant: configuration.grant()?,
            proof,
            connections: Connections::new(endpoint),
            kept: Mutex::default(),
        })
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When there is none.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        // Held while a token is asked for, so that requests at the same moment ask once.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match kept.as_ref() {
            Some(token) if token.ends > Instant::now() => token.text.clone(),
            _ => {
                let token = self.ask()?;
                let text = token.text.clone();
                *kept = Some(token);
                text
            }
        };
        drop(kept);
        request.header("Authorization", format!("Bearer {text}"));
        Ok(())
    }

    fn ask(&self) -> Result<Token, String> {
        let asked = Instant::now();
        let fields = self.fields()?;
        let fields = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let body = form::encoded(fields).into_bytes();
        let mut request = Outgoing::post(self.configuration.token_url.clone(), body);
        request.header("Content-Type", "application/x-www-form-urlencoded");
        if matches!(self.proof, Told::Secret) {
            let (id, secret) = (
                &self.configuration.client_id,
                &self.configuration.client_secret,
            );
            let pair = BASE64.encode(format!("{id}:{secret}").as_bytes());
            request.header("Authorization", format!("Basic {pair}"));
        }
        for (name, value) in &self.configuration.additional_headers {
            request.header(name, value);
        }
        let (status, bytes) = request
            .ask(&self.connections.agent()?)
            .map_err(|error| format!("{}: {error}", self.configuration.token_url))?;
        if status != 200 {
            let text = String::from_utf8_lossy(&bytes);
            let text: String = text.chars().take(SHOWN).collect();
            return Err(format!(
                "error in response from OAuth2 token endpoint: {text}"
            ));
        }
        let given: Given = serde_json::from_slice(&bytes)
            .map_err(|error| format!("OAuth2 token endpoint: {error}"))?;
        if !given.token_type.eq_ignore_ascii_case("bearer") {
            return Err(format!(
                "unknown token type returned from token endpoint: expected bearer, found {:?}",
                given.token_type
            ));
        }
        let text = given.access_token.trim().to_owned();
        if text.is_empty() {
            return Err("OAuth2 token endpoint: expected access_token, found none".to_owned());
        }
        let life = Duration::from_secs(u64::try_from(given.expires_in).unwrap_or(0));
        let ends = asked.checked_add(life.saturating_sub(MARGIN));
        Ok(Token {
            text,
            // Beyond what the clock can count, the token is asked for each time.
            ends: ends.unwrap_or(asked),
        })
    }

    /// The fields of the request for a token.
    fn fields(&self) -> Result<Vec<(String, String)>, String> {
        let configuration = &self.configuration;
        let mut fields = BTreeMap::new();
        if !configuration.scopes.is_empty() {
            fields.insert("scope".to_owned(), configuration.scopes.join(" "));
        }
        fields.extend(configuration.additional_parameters.clone());
        let mut fields: Vec<(String, String)> = fields.into_iter().collect();
        let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
        match (self.grant, &self.proof) {
            (Grant::JwtBearer, Told::Signed(key)) => {
                add("grant_type", JWT_GRANT.to_owned());
                add("assertion", self.assertion(key)?);
                return Ok(fields);
            }
            (Grant::JwtBearer, _) => {
                return Err("signing_key required for jwt_bearer grant type".to_owned());
            }
            (Grant::ClientCredentials, _) => add("grant_type", "client_credentials".to_owned()),
        }
        let (kind, assertion) = match &self.proof {
            Told::Secret => return Ok(fields),
            Told::Signed(key) => (JWT_ASSERTION, self.assertion(key)?),
            Told::Assertion => (
                self.assertion_type(),
                configuration.client_assertion.clone(),
            ),
            Told::AssertionFile => (self.assertion_type(), self.assertion_of_file()?),
        };
        add("client_assertion_type", kind.to_owned());
        add("client_assertion", assertion);
        if !configuration.client_id.is_empty() {
            add("client_id", configuration.client_id.clone());
        }
        Ok(fields)
    }

    fn assertion_type(&self) -> &str {
        match self.configuration.client_assertion_type.as_str() {
            "" => JWT_ASSERTION,
            kind => kind,
        }
    }

    fn assertion_of_file(&self) -> Result<String, String> {
        let path = &self.configuration.client_assertion_path;
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("failed to read client assertion: {path}: {error}"))?;
        Ok(text.trim().to_owned())
    }

    /// A token of this server's own that says who asks.
    fn assertion(&self, signer: &Signer) -> Result<String, String> {
        let configuration = &self.configuration;
        let now = Timestamp::now().as_second();
        let mut claims = serde_json::Map::new();
        claims.insert("iat".to_owned(), json!(now));
        claims.insert("exp".to_owned(), json!(now + ASSERTION_LIFE));
        claims.extend(configuration.additional_claims.clone());
        if !configuration.scopes.is_empty() {
            claims.insert("scope".to_owned(), json!(configuration.scopes.join(" ")));
        }
        if configuration.include_jti_claim {
            let identifier = uuid::Uuid::new_v4().to_string();
            claims.insert("jti".to_owned(), json!(identifier));
        }
        let mut header = json!({"alg": signer.algorithm().name(), "typ": "JWT"});
        let thumbprint = configuration.thumbprint()?;
        if !thumbprint.is_empty() {
            header["x5t"] = json!(BASE64URL.encode(&thumbprint));
        }
        signer.sign(&header, &Value::Object(claims))
    }
}
