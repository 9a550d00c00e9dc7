//! Keys of the machine (EC2) or the container (ECS, EKS).
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use jiff::Timestamp;
use serde::Deserialize;
use ureq::Agent;

use super::sources::{Kept, Temporary, ask, local, setting};
use super::{Keys, Outgoing};
use crate::configuration::credentials::aws;
use crate::services::Surroundings;

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// The metadata service.
#[derive(Debug)]
pub struct Metadata {
    configuration: aws::Metadata,
    surroundings: Surroundings,
    agent: Agent,
    kept: Kept,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Payload {
    code: String,
    access_key_id: String,
    secret_access_key: String,
    token: String,
    expiration: String,
}

impl Metadata {
    /// The metadata service of a configuration.
    pub fn new(configuration: &aws::Metadata, surroundings: &Surroundings) -> Self {
        Self {
            configuration: configuration.clone(),
            surroundings: surroundings.clone(),
            agent: local(),
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
        let mut request = Outgoing::get(self.address()?);
        if self.surroundings.variable(FULL).is_some() {
            request.header("Authorization", self.container_token()?);
        }
        if !self.is_container() {
            request.header("X-aws-ec2-metadata-token", self.machine_token()?);
        }
        let bytes = ask(&request, &self.agent, "metadata")?;
        let payload: Payload = serde_json::from_slice(&bytes).map_err(|error| {
            format!("failed to parse credential response from metadata service: {error}")
        })?;
        // Containers are not told whether it went well.
        if !self.configuration.iam_role.is_empty() && payload.code != "Success" {
            return Err(format!(
                "metadata service query did not succeed: {}",
                payload.code
            ));
        }
        let region = &self.configuration.aws_region;
        Ok(Temporary {
            keys: Keys {
                access_key: payload.access_key_id,
                secret_key: payload.secret_access_key,
                session_token: payload.token,
                region: setting(region, &self.surroundings, "AWS_REGION")?,
            },
            // Without one, keys are asked for each time.
            ends: payload.expiration.parse::<Timestamp>().ok(),
        })
    }

    fn is_container(&self) -> bool {
        let is_set = |name| self.surroundings.variable(name).is_some();
        is_set(RELATIVE) || is_set(FULL)
    }

    fn address(&self) -> Result<String, String> {
        let addresses = self.surroundings.aws();
        if !self.configuration.iam_role.is_empty() {
            return Ok(format!(
                "{}/latest/meta-data/iam/security-credentials/{}",
                addresses.machines, self.configuration.iam_role
            ));
        }
        if let Some(path) = self.surroundings.variable(RELATIVE) {
            return Ok(format!("{}{path}", addresses.containers));
        }
        let address = self.surroundings.variable(FULL);
        address.ok_or_else(|| {
            "metadata endpoint cannot be determined from settings and environment".to_owned()
        })
    }

    /// What the endpoint of a container wants to hear.
    fn container_token(&self) -> Result<String, String> {
        let Some(path) = self.surroundings.variable(TOKEN_FILE) else {
            let token = self.surroundings.variable(TOKEN);
            return token
                .ok_or_else(|| "unable to get ECS metadata authorization token".to_owned());
        };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!("failed to read ECS metadata authorization token from file: {path}: {error}")
        })?;
        Ok(text.trim().to_owned())
    }

    /// A token for the next request, which shows that whoever asks can send more than a `GET`.
    fn machine_token(&self) -> Result<String, String> {
        let url = format!("{}/latest/api/token", self.surroundings.aws().machines);
        let mut request = Outgoing::put(url);
        request.header("X-aws-ec2-metadata-token-ttl-seconds", "60");
        let bytes = ask(&request, &self.agent, "metadata token")?;
        let token = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        Ok(token.trim().to_owned())
    }
}
