//! Which requests take long, so that they are not answered on a thread on which others wait.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A request that takes longer is one that others should not wait for.
const LONG: Duration = Duration::from_millis(5);
/// For so long after it, requests for its path are handed on, whatever they take: whoever makes some of them slow keeps the
/// others waiting once in this time at most.
const KEPT: Duration = Duration::from_secs(10);
/// Paths that fall on the same place are handed on together, which costs the quick ones some microseconds.
const PLACES: usize = 1024;

/// What is known of how long requests take, by their paths.
#[derive(Debug)]
pub struct Pace {
    /// Until when the paths of a place are handed on, in milliseconds since `begun`; 0 is never.
    places: Vec<AtomicU64>,
    hasher: RandomState,
    begun: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            begun: Instant::now(),
        }
    }
}

impl Pace {
    fn place(&self, path: &str) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(path);
        self.places
            .get(usize::try_from(hash).unwrap_or_default() % PLACES)
    }

    fn milliseconds(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.begun);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a request for a path took long lately.
    #[must_use]
    pub fn is_long(&self, path: &str) -> bool {
        let until = self
            .place(path)
            .map_or(0, |place| place.load(Ordering::Relaxed));
        // Hardly any path is: the clock is not asked for the others.
        until != 0 && self.milliseconds(Instant::now()) < until
    }

    /// Notes how long a request took that ended at a moment.
    pub fn note(&self, path: &str, took: Duration, ended: Instant) {
        if took > LONG
            && let Some(place) = self.place(path)
        {
            let until = self.milliseconds(ended + KEPT);
            place.store(until, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_long_for_a_while_after_a_request_that_took_long() {
        let pace = Pace::default();
        let now = Instant::now();
        let path = "/v1/data/p";
        pace.note(path, Duration::from_millis(2), now);
        assert!(!pace.is_long(path));
        pace.note(path, Duration::from_secs(1), now);
        assert!(pace.is_long(path));
        pace.note(path, Duration::from_micros(2), now);
        assert!(
            pace.is_long(path),
            "one that is quick says nothing of others"
        );
        let before = now.checked_sub(KEPT).unwrap_or(now);
        pace.note(path, Duration::from_secs(1), before);
        assert!(!pace.is_long(path), "that was long ago");
    }
}
