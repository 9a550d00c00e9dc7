//! How this server says who it is to a service.
//!
//! Certificates are shown where connections are made, and not here: [`super::connections`].
//!
//! * [`bearer`]: by a token

mod bearer;

use super::outgoing::Outgoing;
use crate::configuration::credentials::Credentials;
use crate::configuration::services::Service;

/// What says who this server is, with what it keeps from request to request.
#[derive(Debug)]
pub enum Authenticator {
    /// Nothing of the request.
    None,
    /// A token.
    Bearer(bearer::Token),
}

impl Authenticator {
    /// The authenticator of a service's configuration.
    pub fn new(service: &Service) -> Self {
        match &service.credentials {
            Credentials::None | Credentials::ClientTls(_) => Self::None,
            Credentials::Bearer(bearer) => Self::Bearer(bearer::Token(bearer.clone())),
        }
    }

    /// Adds to a request what says who sends it; nothing may be changed about it afterwards.
    ///
    /// # Errors
    /// When that can't be said: the request must not be sent then.
    pub fn authenticate(&self, request: &mut Outgoing) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::Bearer(token) => token.authenticate(request),
        }
    }
}
