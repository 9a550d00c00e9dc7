//! What a session did so far: the counts and scores that policies ask for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is known of a session before the request at hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// Requests so far, the one at hand not counted.
    pub requests: u64,
    /// The score that the gateway's risk estimate gave last: 0 (none) to 1.
    pub risk: f64,
    /// The tools called so far, oldest first, the last [`TOOLS_KEPT`] of them.
    pub tools: Vec<String>,
}

/// How many tools of a session are remembered.
pub const TOOLS_KEPT: usize = 64;

/// Sessions in the memory of one gateway.
#[derive(Debug)]
pub struct InMemory {
    lifetime: Duration,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<String, (Session, Instant)>,
    /// Ids in the order in which they were first seen; the oldest leaves when there is no room.
    order: VecDeque<String>,
}

impl InMemory {
    /// Sessions are forgotten when they were idle for `lifetime`, and the oldest when there are more than `capacity`.
    pub fn new(lifetime: Duration, capacity: usize) -> Self {
        Self {
            lifetime,
            capacity: capacity.max(1),
            state: Mutex::default(),
        }
    }

    fn with<T>(&self, id: &str, change: impl FnOnce(&mut Session) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let expired = state
            .sessions
            .get(id)
            .is_some_and(|(_, seen)| now.duration_since(*seen) > self.lifetime);
        if expired {
            state.sessions.remove(id);
            state.order.retain(|other| other != id);
        }
        if !state.sessions.contains_key(id) {
            while state.sessions.len() >= self.capacity {
                let Some(oldest) = state.order.pop_front() else {
                    break;
                };
                state.sessions.remove(&oldest);
            }
            state.order.push_back(id.to_owned());
        }
        let entry = state
            .sessions
            .entry(id.to_owned())
            .or_insert_with(|| (Session::default(), now));
        entry.1 = now;
        change(&mut entry.0)
    }
}

impl InMemory {
    /// Counts a request and gives the session as it was before.
    pub fn begin(&self, id: &str) -> Session {
        self.with(id, |session| {
            let before = session.clone();
            session.requests = session.requests.saturating_add(1);
            before
        })
    }

    /// Remembers that a tool was called, and the risk after the call if there is a new estimate.
    pub fn tool_called(&self, id: &str, tool: &str, risk: Option<f64>) {
        self.with(id, |session| {
            if session.tools.len() >= TOOLS_KEPT {
                session.tools.remove(0);
            }
            session.tools.push(tool.to_owned());
            if let Some(risk) = risk.filter(|risk| risk.is_finite()) {
                session.risk = risk.clamp(0.0, 1.0);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_counts_its_requests_and_keeps_its_tools() {
        let sessions = InMemory::new(Duration::from_mins(1), 10);
        assert_eq!(sessions.begin("a").requests, 0);
        sessions.tool_called("a", "t", Some(0.5));
        let session = sessions.begin("a");
        assert_eq!((session.requests, session.risk), (1, 0.5));
        assert_eq!(session.tools, ["t"]);
        assert_eq!(sessions.begin("b"), Session::default());
    }

    #[test]
    fn memory_is_bounded() {
        let sessions = InMemory::new(Duration::from_mins(1), 2);
        for id in ["a", "b", "c"] {
            sessions.begin(id);
        }
        assert_eq!(sessions.begin("c").requests, 1);
        assert_eq!(sessions.begin("a").requests, 0);
        for number in 0..2 * TOOLS_KEPT {
            sessions.tool_called("a", &number.to_string(), None);
        }
        assert_eq!(sessions.begin("a").tools.len(), TOOLS_KEPT);
    }

    #[test]
    fn idle_sessions_are_forgotten() {
        let sessions = InMemory::new(Duration::ZERO, 10);
        sessions.begin("a");
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(sessions.begin("a").requests, 0);
    }
}
