//! How this server says who it is to a service.
//!
//! Certificates are shown where connections are made, and not here: [`super::connections`].
//!
//! * [`bearer`]: by a token
//! * [`oauth2`]: by a token that an OAuth server gives
//! * [`aws`]: by a signature
//! * [`gcp`], [`azure`]: by a token that a cloud gives its machines
//! * [`assertion`], [`vault`]: what is signed to get a token
//! * [`form`]: fields of requests for tokens

mod assertion;
mod aws;
mod azure;
mod bearer;
pub mod form;
mod gcp;
mod oauth2;
mod vault;

use std::collections::BTreeMap;

use super::outgoing::Outgoing;
use super::surroundings::Surroundings;
use crate::configuration::credentials::Credentials;
use crate::configuration::keys::KeyConfig;
use crate::configuration::services::{Kind, Service};

/// What says who this server is, with what it keeps from request to request.
#[derive(Debug)]
pub enum Authenticator {
    /// Nothing of the request.
    None,
    /// A token.
    Bearer(bearer::Token),
    /// A token that an OAuth server gives.
    OAuth2(Box<oauth2::Tokens>),
    /// A signature.
    Aws(aws::Signer),
    /// A token of AWS's registry.
    Ecr(Box<aws::Ecr>),
    /// A token of Google's metadata service.
    Gcp(gcp::Machine),
    /// A token of Azure.
    Azure(Box<azure::Identity>),
}

impl Authenticator {
    /// The authenticator of a service's configuration, with the keys of the configuration, in some surroundings.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(
        service: &Service,
        keys: &BTreeMap<String, KeyConfig>,
        surroundings: Surroundings,
    ) -> Result<Self, String> {
        Ok(match &service.credentials {
            Credentials::None | Credentials::ClientTls(_) => Self::None,
            Credentials::Bearer(bearer) => Self::Bearer(bearer::Token::new(bearer, service.kind)),
            Credentials::OAuth2(form) => Self::OAuth2(Box::new(oauth2::Tokens::new(
                service,
                form,
                keys,
                &surroundings,
            )?)),
            Credentials::S3Signing(form) => match service.kind {
                Kind::Rest => Self::Aws(aws::Signer::new(form, &surroundings)),
                Kind::Oci => Self::Ecr(Box::new(aws::Ecr::new(&service.url, form, &surroundings))),
            },
            Credentials::GcpMetadata(form) => Self::Gcp(gcp::Machine::new(form)),
            Credentials::AzureManagedIdentity(form) => {
                Self::Azure(Box::new(azure::Identity::new(form, surroundings)))
            }
        })
    }

    /// Adds to a request what says who sends it; nothing may be changed about it afterwards.
    ///
    /// # Errors
    /// When that can't be said: the request must not be sent then.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Bearer(token) => token.authenticate(request),
            Self::OAuth2(tokens) => tokens.authenticate(request),
            Self::Aws(signer) => signer.authenticate(request),
            Self::Ecr(registry) => registry.authenticate(request),
            Self::Gcp(machine) => machine.authenticate(request),
            Self::Azure(identity) => identity.authenticate(request),
        }
    }
}
