//! Connections to a service: made with what files say when they are needed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Agent;

use super::identity::Files;
use super::trust;
use crate::configuration::credentials::{ClientTls, Credentials};
use crate::configuration::services::Service;

/// Connections to a service.
#[derive(Debug)]
pub struct Connections {
    service: Service,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    agent: Agent,
    /// What the agent shows, and when that was read.
    shown: Option<(Files, Instant)>,
}

impl Connections {
    /// Connections to a service; none is made yet.
    pub fn new(service: Service) -> Self {
        Self {
            service,
            kept: Mutex::default(),
        }
    }

    /// What requests are sent with. Certificates that have changed are shown on new connections.
    ///
    /// # Errors
    /// When a file can't be read, or does not hold what it should. It may the next time.
    pub fn agent(&self) -> Result<Agent, String> {
        // What is kept is whole or not there.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Credentials::ClientTls(configuration) = &self.service.credentials else {
            if let Some(kept) = kept.as_ref() {
                return Ok(kept.agent.clone());
            }
            let agent = trust::agent(&self.service, None)?;
            *kept = Some(Kept {
                agent: agent.clone(),
                shown: None,
            });
            return Ok(agent);
        };
        if let Some(kept) = kept.as_ref()
            && kept.is_fresh(configuration)
        {
            return Ok(kept.agent.clone());
        }
        let (now, files) = (Instant::now(), Files::read(configuration)?);
        let agent = match kept.as_ref() {
            Some(Kept {
                agent,
                shown: Some((before, _)),
            }) if *before == files => agent.clone(),
            _ => trust::agent(&self.service, Some(files.identity(configuration)?))?,
        };
        *kept = Some(Kept {
            agent: agent.clone(),
            shown: Some((files, now)),
        });
        Ok(agent)
    }
}

impl Kept {
    /// Whether the files need not be looked at yet.
    fn is_fresh(&self, configuration: &ClientTls) -> bool {
        let seconds = configuration.cert_reread_interval_seconds.unwrap_or(0);
        let read = self.shown.as_ref().map(|(_, read)| *read);
        read.is_some_and(|read| read.elapsed() < Duration::from_secs(seconds))
    }
}
