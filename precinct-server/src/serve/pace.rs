//! Which requests take long, so that they are not answered on a thread on which others wait.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A request that takes longer is handed on the next time.
const LONG: Duration = Duration::from_millis(5);
/// One that takes less is not.
const SHORT: Duration = Duration::from_millis(1);
/// Paths that fall on the same place are handed on together, which costs the quick ones some microseconds.
const PLACES: usize = 1024;

/// What is known of how long requests take, by their paths.
#[derive(Debug)]
pub struct Pace {
    places: Vec<AtomicBool>,
    hasher: RandomState,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            places: (0..PLACES).map(|_| AtomicBool::new(false)).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Pace {
    fn place(&self, path: &str) -> Option<&AtomicBool> {
        let hash = self.hasher.hash_one(path);
        self.places
            .get(usize::try_from(hash).unwrap_or_default() % PLACES)
    }

    /// Whether the last request for a path took long.
    #[must_use]
    pub fn is_long(&self, path: &str) -> bool {
        let place = self.place(path);
        place.is_some_and(|place| place.load(Ordering::Relaxed))
    }

    /// Notes how long a request took.
    pub fn note(&self, path: &str, took: Duration) {
        let Some(place) = self.place(path) else {
            return;
        };
        let was_long = place.load(Ordering::Relaxed);
        if took > LONG && !was_long {
            place.store(true, Ordering::Relaxed);
        } else if took < SHORT && was_long {
            place.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_long_from_one_that_took_long_until_one_that_did_not() {
        let pace = Pace::default();
        assert!(!pace.is_long("/v1/data/p"));
        pace.note("/v1/data/p", Duration::from_secs(1));
        assert!(pace.is_long("/v1/data/p"));
        pace.note("/v1/data/p", Duration::from_millis(2));
        assert!(pace.is_long("/v1/data/p"));
        pace.note("/v1/data/p", Duration::from_micros(2));
        assert!(!pace.is_long("/v1/data/p"));
    }
}
