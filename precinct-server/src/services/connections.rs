//! Connections to a service: made with what files say when they are needed.

use std::sync::{Mutex, PoisonError};

use ureq::Agent;

use super::trust;
use crate::configuration::services::Service;

/// Connections to a service.
#[derive(Debug)]
pub struct Connections {
    service: Service,
    kept: Mutex<Option<Agent>>,
}

impl Connections {
    /// Connections to a service; none is made yet.
    pub fn new(service: Service) -> Self {
        Self {
            service,
            kept: Mutex::default(),
        }
    }

    /// What requests are sent with.
    ///
    /// # Errors
    /// When a file can't be read, or does not hold what it should. It may the next time.
    pub fn agent(&self) -> Result<Agent, String> {
        // An agent is whole or not there.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = kept.as_ref() {
            return Ok(agent.clone());
        }
        let agent = trust::agent(&self.service)?;
        *kept = Some(agent.clone());
        Ok(agent)
    }
}
