//! Requests and tokens a minute, for each caller and capability.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::registry::RateLimit;

/// Counts what callers use of capabilities, over the last full and the current minute.
///
/// The share of the last minute that still lies within sixty seconds counts with its average, so that no caller gets
/// twice its limit around the turn of a minute.
#[derive(Debug, Default)]
pub struct Limiter {
    windows: Mutex<HashMap<(String, String), Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    start: Instant,
    requests: u64,
    tokens: u64,
    last_requests: u64,
    last_tokens: u64,
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// `requests_per_minute`
    Requests,
    /// `tokens_per_minute`
    Tokens,
}

const MINUTE: Duration = Duration::from_mins(1);
/// Above this many callers, those that were idle for two minutes are dropped.
const SWEEP_ABOVE: usize = 10_000;

impl Limiter {
    /// Counts one request if it is within the limit.
    ///
    /// # Errors
    /// The bound that the request would pass; nothing is counted then.
    pub fn request(
        &self,
        caller: &str,
        capability: &str,
        limit: RateLimit,
    ) -> Result<(), Exceeded> {
        self.request_at(Instant::now(), caller, capability, limit)
    }

    /// Adds the tokens that an answer used.
    pub fn used(&self, caller: &str, capability: &str, tokens: u64) {
        self.with(Instant::now(), caller, capability, |window, _| {
            window.tokens = window.tokens.saturating_add(tokens);
        });
    }

    fn request_at(
        &self,
        now: Instant,
        caller: &str,
        capability: &str,
        limit: RateLimit,
    ) -> Result<(), Exceeded> {
        self.with(now, caller, capability, |window, passed| {
            let left = MINUTE.saturating_sub(passed);
            let share = |last: u64| {
                let part = u128::from(last) * left.as_millis() / MINUTE.as_millis();
                u64::try_from(part).unwrap_or(u64::MAX)
            };
            let requests = window.requests.saturating_add(share(window.last_requests));
            if limit
                .requests_per_minute
                .is_some_and(|most| requests >= u64::from(most))
            {
                return Err(Exceeded::Requests);
            }
            let tokens = window.tokens.saturating_add(share(window.last_tokens));
            if limit.tokens_per_minute.is_some_and(|most| tokens >= most) {
                return Err(Exceeded::Tokens);
            }
            window.requests += 1;
            Ok(())
        })
    }

    fn with<T>(
        &self,
        now: Instant,
        caller: &str,
        capability: &str,
        change: impl FnOnce(&mut Window, Duration) -> T,
    ) -> T {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() > SWEEP_ABOVE {
            windows.retain(|_, window| now.duration_since(window.start) < 2 * MINUTE);
        }
        let window = windows
            .entry((caller.to_owned(), capability.to_owned()))
            .or_insert(Window {
                start: now,
                requests: 0,
                tokens: 0,
                last_requests: 0,
                last_tokens: 0,
            });
        let mut passed = now.duration_since(window.start);
        if passed >= 2 * MINUTE {
            *window = Window {
                start: now,
                requests: 0,
                tokens: 0,
                last_requests: 0,
                last_tokens: 0,
            };
            passed = Duration::ZERO;
        } else if passed >= MINUTE {
            *window = Window {
                start: window.start + MINUTE,
                requests: 0,
                tokens: 0,
                last_requests: window.requests,
                last_tokens: window.tokens,
            };
            passed -= MINUTE;
        }
        change(window, passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit {
        requests_per_minute: Some(2),
        tokens_per_minute: Some(100),
    };

    #[test]
    fn requests_beyond_the_limit_are_refused_until_a_minute_has_passed() {
        let limiter = Limiter::default();
        let start = Instant::now();
        assert_eq!(limiter.request_at(start, "a", "c", LIMIT), Ok(()));
        assert_eq!(limiter.request_at(start, "a", "c", LIMIT), Ok(()));
        assert_eq!(
            limiter.request_at(start, "a", "c", LIMIT),
            Err(Exceeded::Requests)
        );
        assert_eq!(limiter.request_at(start, "b", "c", LIMIT), Ok(()));
        let turn = start + MINUTE;
        assert_eq!(
            limiter.request_at(turn, "a", "c", LIMIT),
            Err(Exceeded::Requests)
        );
        assert_eq!(
            limiter.request_at(start + 3 * MINUTE, "a", "c", LIMIT),
            Ok(())
        );
    }

    #[test]
    fn tokens_count_when_they_were_used() {
        let limiter = Limiter::default();
        assert_eq!(limiter.request("a", "c", LIMIT), Ok(()));
        limiter.used("a", "c", 100);
        assert_eq!(limiter.request("a", "c", LIMIT), Err(Exceeded::Tokens));
    }
}
