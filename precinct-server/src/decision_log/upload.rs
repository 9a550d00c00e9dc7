//! Events sent to a service in compressed chunks.
//!
//! Events wait in memory up to a limit; beyond it the oldest are dropped and counted, so that a service that is away
//! costs neither memory without end nor decisions.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::configuration::settings::Reporting;
use crate::log::Logger;
use crate::services::Client;

/// Bytes of events that wait, unless the configuration says otherwise.
const BUFFER: usize = 64 << 20;
/// Bytes of a request, unless the configuration says otherwise; OPA's default.
const CHUNK: usize = 32_768;
/// How much longer than its compressed form the text of a chunk may be assumed to be.
const RATIO: usize = 8;

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    is_ending: bool,
    window: Option<(Instant, f64)>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    reporting: Reporting,
}

/// Events that wait to be sent.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(reporting: Reporting) -> Self {
        Self(Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            reporting,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        let lock = self.0.waiting.lock();
        // Whoever panicked left whole events behind.
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event; the oldest are dropped if there is no room.
    pub fn push(&self, event: String) {
        let limit = self.0.reporting.buffer_size_limit_bytes.unwrap_or(BUFFER);
        let mut waiting = self.lock();
        if !waiting.admits(self.0.reporting.max_decisions_per_second) {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes += event.len();
        waiting.events.push_back(event);
        while waiting.bytes > limit {
            let Some(oldest) = waiting.events.pop_front() else {
                break;
            };
            waiting.bytes -= oldest.len();
            waiting.dropped += 1;
        }
    }

    /// How many events were dropped since the last time that this was asked.
    pub fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.lock().dropped)
    }

    /// Sends what waits a last time and ends [`Queue::run`].
    pub fn end(&self) {
        self.lock().is_ending = true;
        self.0.changed.notify_all();
    }

    /// The events of the next request, at least one if any waits.
    fn chunk(&self) -> Vec<String> {
        let limit = self.0.reporting.upload_size_limit_bytes.unwrap_or(CHUNK);
        let limit = limit.saturating_mul(RATIO);
        let mut waiting = self.lock();
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while let Some(event) = waiting.events.front() {
            if !chunk.is_empty() && bytes + event.len() > limit {
                break;
            }
            bytes += event.len();
            chunk.extend(waiting.events.pop_front());
        }
        waiting.bytes -= bytes;
        chunk
    }

    fn put_back(&self, chunk: Vec<String>) {
        let mut waiting = self.lock();
        for event in chunk.into_iter().rev() {
            waiting.bytes += event.len();
            waiting.events.push_front(event);
        }
    }

    /// Sends what waits to `path` of a service again and again, until [`Queue::end`].
    pub fn run(&self, client: &Client, path: &str, logger: &Logger) {
        let seconds = |given: Option<u64>, default| Duration::from_secs(given.unwrap_or(default));
        let least = seconds(self.0.reporting.min_delay_seconds, 300);
        let most = seconds(self.0.reporting.max_delay_seconds, 600).max(least);
        let mut delay = least;
        loop {
            let waiting = self.lock();
            let (waiting, _) = self
                .0
                .changed
                .wait_timeout_while(waiting, delay, |waiting| !waiting.is_ending)
                .unwrap_or_else(PoisonError::into_inner);
            let is_ending = waiting.is_ending;
            drop(waiting);
            delay = match self.flush(client, path) {
                Ok(()) => least,
                Err(error) => {
                    logger.error("Log upload failed.", &error);
                    (delay * 2).clamp(least, most)
                }
            };
            if is_ending {
                return;
            }
        }
    }

    fn flush(&self, client: &Client, path: &str) -> Result<(), String> {
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return Ok(());
            }
            let sent = packed(&chunk).and_then(|body| client.post_packed(path, &body));
            if let Err(error) = sent {
                self.put_back(chunk);
                return Err(error);
            }
        }
    }
}

impl Waiting {
    /// Whether an event more stays below the rate.
    fn admits(&mut self, rate: Option<f64>) -> bool {
        let Some(rate) = rate else { return true };
        let now = Instant::now();
        let (since, left) = self.window.unwrap_or((now, rate));
        let left = (left + now.duration_since(since).as_secs_f64() * rate).min(rate.max(1.0));
        let admitted = left >= 1.0;
        self.window = Some((now, if admitted { left - 1.0 } else { left }));
        admitted
    }
}

/// A chunk as it is sent: a list of events, compressed.
fn packed(chunk: &[String]) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let text = crate::http::text::list(chunk);
    encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_events_are_dropped_when_there_is_no_room() {
        let queue = Queue::new(Reporting {
            buffer_size_limit_bytes: Some(10),
            ..Reporting::default()
        });
        for event in ["aaaa", "bbbb", "cccc"] {
            queue.push(event.to_owned());
        }
        assert_eq!(queue.chunk(), ["bbbb", "cccc"]);
        assert_eq!(queue.take_dropped(), 1);
        assert!(queue.chunk().is_empty());
    }

    #[test]
    fn a_chunk_that_was_not_sent_goes_before_the_rest() {
        let queue = Queue::new(Reporting::default());
        queue.push("a".to_owned());
        let chunk = queue.chunk();
        queue.push("b".to_owned());
        queue.put_back(chunk);
        assert_eq!(queue.chunk(), ["a", "b"]);
    }

    #[test]
    fn more_events_than_allowed_are_dropped() {
        let queue = Queue::new(Reporting {
            max_decisions_per_second: Some(1.0),
            ..Reporting::default()
        });
        queue.push("a".to_owned());
        queue.push("b".to_owned());
        assert_eq!(queue.chunk(), ["a"]);
        assert_eq!(queue.take_dropped(), 1);
    }
}
