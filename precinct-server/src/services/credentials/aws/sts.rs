//! Keys of a role that is assumed, with a token or with other keys (Security Token Service).
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use jiff::Timestamp;
use ureq::Agent;

use super::sources::{Kept, Sources, Temporary, ask, remote, setting};
use super::{Keys, Outgoing, signature};
use crate::configuration::credentials::aws::{self, S3Signing, Version};
use crate::services::Surroundings;
use crate::services::credentials::form;

/// A role that is assumed with a token in a file.
#[derive(Debug)]
pub struct WebIdentity {
    configuration: aws::WebIdentity,
    surroundings: Surroundings,
    agent: Agent,
    kept: Kept,
}

/// A role that is assumed with other keys.
#[derive(Debug)]
pub struct AssumedRole {
    configuration: aws::AssumeRole,
    surroundings: Surroundings,
    version: Version,
    sources: Sources,
    agent: Agent,
    kept: Kept,
}

impl WebIdentity {
    /// The role of a configuration.
    pub fn new(configuration: &aws::WebIdentity, surroundings: &Surroundings) -> Self {
        Self {
            configuration: configuration.clone(),
            surroundings: surroundings.clone(),
            agent: remote(),
            kept: Kept::default(),
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
        let (given, around) = (&self.configuration, &self.surroundings);
        let role = setting(&given.iam_role_arn, around, "AWS_ROLE_ARN")?;
        let path = setting(
            &given.web_identity_token_file,
            around,
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        )?;
        let region = setting(&given.aws_region, around, "AWS_REGION")?;
        let token = std::fs::read_to_string(&path).map_err(|error| {
            format!("unable to read web token for sts HTTP request: {path}: {error}")
        })?;
        let body = form::encoded([
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role.as_str()),
            ("RoleSessionName", session(&given.session_name)),
            ("Version", "2011-06-15"),
            ("WebIdentityToken", token.trim()),
        ]);
        let request = asking(around, &given.aws_domain, &region, body);
        let bytes = ask(&request, &self.agent, "STS")?;
        given_keys(&bytes, "AssumeRoleWithWebIdentityResult", region)
    }
}

impl AssumedRole {
    /// The role of a configuration.
    pub fn new(configuration: &aws::AssumeRole, surroundings: &Surroundings) -> Self {
        let signing = configuration.aws_signing.as_deref();
        let first = signing.map(first_of).unwrap_or_default();
        Self {
            configuration: configuration.clone(),
            surroundings: surroundings.clone(),
            version: signing.map(S3Signing::version).unwrap_or_default(),
            sources: Sources::new(&first, surroundings),
            agent: remote(),
            kept: Kept::default(),
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
        let (given, around) = (&self.configuration, &self.surroundings);
        let role = setting(&given.iam_role_arn, around, "AWS_ROLE_ARN")?;
        let region = setting(&given.aws_region, around, "AWS_REGION")?;
        let body = form::encoded([
            ("Action", "AssumeRole"),
            ("RoleArn", role.as_str()),
            ("RoleSessionName", session(&given.session_name)),
            ("Version", "2011-06-15"),
        ]);
        let mut request = asking(around, &given.aws_domain, &region, body);
        let keys = self.sources.keys()?;
        signature::sign(&mut request, "sts", self.version, &keys)?;
        let bytes = ask(&request, &self.agent, "STS")?;
        given_keys(&bytes, "AssumeRoleResult", region)
    }
}

/// Of the sources of keys that a role is assumed with, only the first counts; OPA's order is another here.
fn first_of(signing: &S3Signing) -> S3Signing {
    let mut first = S3Signing::default();
    if signing.environment_credentials.is_some() {
        first.environment_credentials = signing.environment_credentials;
    } else if signing.profile_credentials.is_some() {
        first
            .profile_credentials
            .clone_from(&signing.profile_credentials);
    } else if signing.web_identity_credentials.is_some() {
        first
            .web_identity_credentials
            .clone_from(&signing.web_identity_credentials);
    } else {
        first
            .metadata_credentials
            .clone_from(&signing.metadata_credentials);
    }
    first
}

fn session(name: &str) -> &str {
    match name {
        "" => "open-policy-agent",
        name => name,
    }
}

fn asking(surroundings: &Surroundings, domain: &str, region: &str, body: String) -> Outgoing {
    let domain = setting(domain, surroundings, "AWS_DOMAIN");
    let domain = domain.map_or_else(
        |_| "amazonaws.com".to_owned(),
        |domain| domain.to_lowercase(),
    );
    let url = match &surroundings.aws().services {
        Some(address) => address.clone(),
        None => format!("https://sts.{}.{domain}", region.to_lowercase()),
    };
    let mut request = Outgoing::post(format!("{url}/"), body.into_bytes());
    request.header("Content-Type", "application/x-www-form-urlencoded");
    request
}

/// The keys in an answer.
fn given_keys(bytes: &[u8], result: &str, region: String) -> Result<Temporary, String> {
    let failed = |why: &str| format!("failed to parse credential response from STS service: {why}");
    let text = std::str::from_utf8(bytes).map_err(|error| failed(&error.to_string()))?;
    let credentials = element(text, result)
        .and_then(|result| element(result, "Credentials"))
        .ok_or_else(|| failed(&format!("expected {result} with Credentials, found none")))?;
    let field = |name: &str| {
        element(credentials, name)
            .map(|text| unescaped(text.trim()))
            .ok_or_else(|| failed(&format!("expected {name}, found none")))
    };
    let ends: Timestamp = field("Expiration")?
        .parse()
        .map_err(|error: jiff::Error| failed(&error.to_string()))?;
    Ok(Temporary {
        keys: Keys {
            access_key: field("AccessKeyId")?,
            secret_key: field("SecretAccessKey")?,
            session_token: field("SessionToken")?,
            region,
        },
        ends: Some(ends),
    })
}

/// What is within the first element of a name. Elements of these answers are not within others of their name.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once(&format!("<{name}"))?;
        rest = after;
        // A longer name, or attributes.
        let (attributes, content) = after.split_once('>')?;
        if attributes.is_empty() || attributes.starts_with(char::is_whitespace) {
            return content
                .split_once(&format!("</{name}>"))
                .map(|(content, _)| content);
        }
    }
}

/// A text without the references to characters that XML knows by name.
fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (name, character)| {
        text.replace(name, character)
    })
}
