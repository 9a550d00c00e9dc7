//! The state of one gateway, in its own memory.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::Limiter;
use super::session::InMemory;
use super::{Answer, Exceeded, Session, State, Unavailable};
use crate::registry::RateLimit;

/// How many unexpired tokens are remembered; beyond it no token is accepted, since one might be spent twice.
const SPENT_KEPT: usize = 1 << 20;

/// Sessions, limits and spent tokens in memory.
#[derive(Debug)]
pub struct Memory {
    sessions: InMemory,
    limiter: Limiter,
    spent: Mutex<HashMap<String, Instant>>,
}

impl Default for Memory {
    /// Sessions live an hour beyond their last request, a hundred thousand of them.
    fn default() -> Self {
        Self::new(Duration::from_hours(1), 100_000)
    }
}

impl Memory {
    /// Sessions are forgotten when they were idle for `lifetime`, and the oldest when there are more than `capacity`.
    pub fn new(lifetime: Duration, capacity: usize) -> Self {
        Self {
            sessions: InMemory::new(lifetime, capacity),
            limiter: Limiter::default(),
            spent: Mutex::default(),
        }
    }

    fn spend_at(&self, now: Instant, token: &str, lifetime: Duration) -> Result<bool, Unavailable> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.get(token).is_some_and(|until| *until > now) {
            return Ok(false);
        }
        if spent.len() >= SPENT_KEPT {
            spent.retain(|_, until| *until > now);
        }
        if spent.len() >= SPENT_KEPT {
            return Err(Unavailable("too many step-up tokens are in use".to_owned()));
        }
        let until = now
            .checked_add(lifetime)
            .ok_or_else(|| Unavailable("the step-up token is valid for too long".to_owned()))?;
        spent.insert(token.to_owned(), until);
        Ok(true)
    }
}

impl State for Memory {
    fn begin<'s>(&'s self, session: &'s str) -> Answer<'s, Session> {
        Box::pin(ready(Ok(self.sessions.begin(session))))
    }

    fn tool_called<'s>(
        &'s self,
        session: &'s str,
        tool: &'s str,
        risk: Option<f64>,
    ) -> Answer<'s, ()> {
        self.sessions.tool_called(session, tool, risk);
        Box::pin(ready(Ok(())))
    }

    fn request<'s>(
        &'s self,
        caller: &'s str,
        capability: &'s str,
        limit: RateLimit,
    ) -> Answer<'s, Result<(), Exceeded>> {
        Box::pin(ready(Ok(self.limiter.request(caller, capability, limit))))
    }

    fn used<'s>(&'s self, caller: &'s str, capability: &'s str, tokens: u64) -> Answer<'s, ()> {
        self.limiter.used(caller, capability, tokens);
        Box::pin(ready(Ok(())))
    }

    fn spend<'s>(&'s self, token: &'s str, lifetime: Duration) -> Answer<'s, bool> {
        Box::pin(ready(self.spend_at(Instant::now(), token, lifetime)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_spent_once_until_it_expires() {
        let memory = Memory::default();
        let start = Instant::now();
        let minute = Duration::from_mins(1);
        assert_eq!(memory.spend_at(start, "a", minute), Ok(true));
        assert_eq!(memory.spend_at(start, "a", minute), Ok(false));
        assert_eq!(memory.spend_at(start, "b", minute), Ok(true));
        assert_eq!(memory.spend_at(start + 2 * minute, "a", minute), Ok(true));
    }
}
