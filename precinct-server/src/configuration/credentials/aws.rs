//! Signatures of AWS, and where the keys for them come from.

use serde::Deserialize;

use crate::configuration::services::Kind;

/// How requests are signed. Sources of keys are asked in the order of the fields, until one has some.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Signing {
    /// Environment variables.
    pub environment_credentials: Option<Environment>,
    /// A role that is assumed with other keys.
    pub assume_role_credentials: Option<AssumeRole>,
    /// A role that is assumed with a token in a file.
    pub web_identity_credentials: Option<WebIdentity>,
    /// A file with keys for profiles.
    pub profile_credentials: Option<Profile>,
    /// The metadata service of the machine or the container.
    pub metadata_credentials: Option<Metadata>,
    /// Somebody who signed in.
    pub sso_credentials: Option<SignOn>,
    /// The service that requests are for; `s3` if nothing else is said, and `ecr` with registries.
    pub service: String,
    /// The version of signatures: `4` if nothing else is said, or `4a`.
    pub signature_version: String,
}

/// Environment variables: there is nothing to say about them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Environment {}

/// A file with keys for profiles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The file; that of `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`, if nothing is said.
    pub path: String,
    /// The profile; that of `AWS_PROFILE`, or `default`, if nothing is said.
    pub profile: String,
    /// The region; that of `AWS_REGION` if nothing is said.
    pub aws_region: String,
}

/// The metadata service of the machine or the container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// The role of the machine; containers have one only.
    pub iam_role: String,
    /// The region.
    pub aws_region: String,
}

/// Somebody who signed in (`aws sso login`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignOn {
    /// The file with profiles; that of `AWS_CONFIG_FILE`, or `~/.aws/config`, if nothing is said.
    pub path: String,
    /// The folder with tokens; `~/.aws/sso/cache` if nothing is said.
    pub cache_path: String,
    /// The profile; that of `AWS_PROFILE`, or `default`, if nothing is said.
    pub profile: String,
    /// The region; that of the profile if nothing is said.
    pub aws_region: String,
}

/// A role that is assumed with a token in a file: `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE` say which.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebIdentity {
    /// The region; that of `AWS_REGION` if nothing is said.
    pub aws_region: String,
    /// The name of the session; `open-policy-agent` if nothing is said.
    pub session_name: String,
    /// The domain of AWS; that of `AWS_DOMAIN`, or `amazonaws.com`, if nothing is said.
    pub aws_domain: String,
    /// The role, where another is assumed with its keys; the environment says it otherwise.
    pub iam_role_arn: String,
    /// The file with the token, in the same case.
    pub web_identity_token_file: String,
}

/// A role that is assumed with other keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssumeRole {
    /// The region; that of `AWS_REGION` if nothing is said.
    pub aws_region: String,
    /// The role; that of `AWS_ROLE_ARN` if nothing is said.
    pub iam_role_arn: String,
    /// The name of the session; `open-policy-agent` if nothing is said.
    pub session_name: String,
    /// The domain of AWS; that of `AWS_DOMAIN`, or `amazonaws.com`, if nothing is said.
    pub aws_domain: String,
    /// Where the keys come from that the request for the role is signed with.
    pub aws_signing: Option<Box<S3Signing>>,
}

/// A version of signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// For one region.
    #[default]
    V4,
    /// For all regions.
    V4A,
}

impl S3Signing {
    /// The version of signatures.
    #[must_use]
    pub fn version(&self) -> Version {
        match self.signature_version.as_str() {
            "4a" => Version::V4A,
            _ => Version::V4,
        }
    }

    /// # Errors
    /// When requests can't be signed with this.
    pub(super) fn check(&self, kind: Kind) -> Result<(), String> {
        self.check_sources()?;
        let service = self.service.to_lowercase();
        match (kind, service.as_str()) {
            (Kind::Rest, "ecr") => {
                return Err("aws service \"ecr\" must be used with service type \"oci\"".to_owned());
            }
            (Kind::Rest, _) | (Kind::Oci, "" | "ecr") => {}
            (Kind::Oci, service) => {
                return Err(format!(
                    "cannot use aws service {service:?} with service type \"oci\""
                ));
            }
        }
        if let Some(role) = &self.assume_role_credentials {
            let signing = role.aws_signing.as_ref().ok_or("a AWS signing plugin must be specified when AssumeRole credential provider is enabled: expected aws_signing, found none")?;
            signing
                .check_for_role()
                .map_err(|error| format!("assume_role_credentials: aws_signing: {error}"))?;
        }
        if let Some(identity) = &self.web_identity_credentials {
            for (name, value) in [
                ("iam_role_arn", &identity.iam_role_arn),
                ("web_identity_token_file", &identity.web_identity_token_file),
            ] {
                if !value.is_empty() {
                    return Err(format!(
                        "web_identity_credentials: {name} comes from the environment, expected none, found {value:?}"
                    ));
                }
            }
        }
        let metadata = self.metadata_credentials.as_ref();
        if metadata.is_some_and(|metadata| metadata.aws_region.is_empty()) {
            return Err(
                "at least aws_region must be specified for AWS metadata credential service"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn check_sources(&self) -> Result<(), String> {
        if self.environment_credentials.is_none()
            && self.assume_role_credentials.is_none()
            && self.web_identity_credentials.is_none()
            && self.profile_credentials.is_none()
            && self.metadata_credentials.is_none()
            && self.sso_credentials.is_none()
        {
            return Err("a AWS credential service must be specified when S3 signing is enabled: expected one of environment_credentials, assume_role_credentials, web_identity_credentials, profile_credentials, metadata_credentials, sso_credentials".to_owned());
        }
        match self.signature_version.as_str() {
            "" | "4" | "4a" => Ok(()),
            other => Err(format!(
                "signature_version: expected \"4\" or \"4a\", found {other:?}"
            )),
        }
    }

    /// # Errors
    /// When a role can't be assumed with this.
    fn check_for_role(&self) -> Result<(), String> {
        self.check_sources()?;
        for (name, is_given) in [
            (
                "assume_role_credentials",
                self.assume_role_credentials.is_some(),
            ),
            ("sso_credentials", self.sso_credentials.is_some()),
        ] {
            if is_given {
                return Err(format!(
                    "unsupported AWS signing plugin with AssumeRole credential provider: found {name}"
                ));
            }
        }
        match &self.web_identity_credentials {
            Some(identity) if identity.iam_role_arn.is_empty() => Err(
                "RoleArn must be set in configuration for AWS Web Identity signing plugin: expected web_identity_credentials.iam_role_arn, found none".to_owned(),
            ),
            _ => Ok(()),
        }
    }
}
