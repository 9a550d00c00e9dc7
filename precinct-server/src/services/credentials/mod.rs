//! How this server says who it is to a service.
//!
//! Certificates are shown where connections are made, and not here: [`super::connections`].
//!
//! * [`bearer`]: by a token
//! * [`oauth2`]: by a token that an OAuth server gives
//! * [`form`]: fields of requests for tokens

mod bearer;
mod form;
mod oauth2;

use std::collections::BTreeMap;

use super::outgoing::Outgoing;
use crate::configuration::credentials::Credentials;
use crate::configuration::keys::KeyConfig;
use crate::configuration::services::Service;

/// What says who this server is, with what it keeps from request to request.
#[derive(Debug)]
pub enum Authenticator {
    /// Nothing of the request.
    None,
    /// A token.
    Bearer(bearer::Token),
    /// A token that an OAuth server gives.
    OAuth2(Box<oauth2::Tokens>),
}

impl Authenticator {
    /// The authenticator of a service's configuration, with the keys of the configuration.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(service: &Service, keys: &BTreeMap<String, KeyConfig>) -> Result<Self, String> {
        Ok(match &service.credentials {
            Credentials::None | Credentials::ClientTls(_) => Self::None,
            Credentials::Bearer(bearer) => Self::Bearer(bearer::Token(bearer.clone())),
            Credentials::OAuth2(form) => {
                Self::OAuth2(Box::new(oauth2::Tokens::new(service, form, keys)?))
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
        }
    }
}
