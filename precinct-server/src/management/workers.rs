//! Threads beside the requests. Each ends when the configuration no longer asks for what it does as it does it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::locked;

/// Whether a thread is to go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Life(Arc<(Mutex<bool>, Condvar)>);

impl Life {
    /// Whether the thread is to end.
    pub(super) fn is_over(&self) -> bool {
        *locked(&self.0.0)
    }

    /// Waits, and says whether the thread is to go on; it comes back early when it is not.
    pub(super) fn sleep(&self, time: Duration) -> bool {
        let (is_over, ended) = &*self.0;
        let waiting = ended.wait_timeout_while(locked(is_over), time, |is_over| !*is_over);
        let (is_over, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        !*is_over
    }

    fn end(&self) {
        *locked(&self.0.0) = true;
        self.0.1.notify_all();
    }
}

/// The threads that run, by what they are for.
#[derive(Debug, Default)]
pub(super) struct Workers(Mutex<BTreeMap<String, Worker>>);

#[derive(Debug)]
struct Worker {
    /// The parts of the configuration that it follows.
    follows: Value,
    life: Life,
}

impl Workers {
    /// Tells all threads to end that are not wanted, or that follow something else now, and gives the lives of those
    /// that are to begin.
    pub(super) fn exchange(&self, wanted: BTreeMap<String, Value>) -> BTreeMap<String, Life> {
        let mut running = locked(&self.0);
        running.retain(|name, worker| {
            let stays = wanted.get(name) == Some(&worker.follows);
            if !stays {
                worker.life.end();
            }
            stays
        });
        let mut begun = BTreeMap::new();
        for (name, follows) in wanted {
            if running.contains_key(&name) {
                continue;
            }
            let life = Life::default();
            begun.insert(name.clone(), life.clone());
            running.insert(name, Worker { follows, life });
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

    use super::*;

    fn wanted(parts: &[(&str, i64)]) -> BTreeMap<String, Value> {
        let one = |(name, what): &(&str, i64)| ((*name).to_owned(), json!(what));
        parts.iter().map(one).collect()
    }

    #[test]
    fn only_what_changed_begins_and_ends() {
        let workers = Workers::default();
        let first = workers.exchange(wanted(&[("same", 1), ("changed", 1), ("gone", 1)]));
        assert_eq!(first.len(), 3);
        let next = workers.exchange(wanted(&[("same", 1), ("changed", 2), ("new", 1)]));
        assert_eq!(next.keys().collect::<Vec<_>>(), ["changed", "new"]);
        for (name, is_over) in [("same", false), ("changed", true), ("gone", true)] {
            assert_eq!(first[name].is_over(), is_over, "{name}");
        }
        assert!(!next["changed"].is_over());
    }

    #[test]
    fn a_thread_that_sleeps_is_told_at_once() {
        let workers = Workers::default();
        let life = workers
            .exchange(wanted(&[("one", 1)]))
            .remove("one")
            .unwrap_or_default();
        assert!(life.sleep(Duration::from_millis(1)));
        let began = Instant::now();
        let sleeping = std::thread::spawn(move || life.sleep(Duration::from_mins(10)));
        workers.exchange(BTreeMap::new());
        assert!(matches!(sleeping.join(), Ok(false)));
        assert!(began.elapsed() < Duration::from_mins(1));
    }
}
