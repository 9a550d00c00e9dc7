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

use crate::configuration::delays::Trigger;
use crate::configuration::settings::Reporting;
use crate::log::Logger;
use crate::services::Client;

/// Bytes of events that wait, unless the configuration says otherwise.
const BUFFER: usize = 64 << 20;
/// Events that wait, where those are counted; OPA's default.
const EVENTS: usize = 10_000;
/// Bytes of a request, unless the configuration says otherwise; OPA's default, least and most.
const CHUNK: i64 = 32_768;
const LEAST_CHUNK: i64 = 90;
const MOST_CHUNK: i64 = 4_294_967_296;
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
    /// Bytes that may wait.
    bytes: usize,
    /// Events that may wait.
    events: usize,
    /// Bytes of a request.
    chunk: usize,
    /// Events are sent when there are enough of them, and not only when it is time.
    is_immediate: bool,
}

/// Events that wait to be sent.
#[derive(Clone, Debug)]
pub struct Queue(Arc<Shared>);

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(reporting: Reporting) -> Self {
        let limit = |given: Option<i64>, default: usize| {
            given.map_or(default, |given| usize::try_from(given).unwrap_or(default))
        };
        let counts_events = reporting.buffer_type.as_deref() == Some("event");
        let chunk = reporting.upload_size_limit_bytes.unwrap_or(CHUNK);
        let chunk = chunk.clamp(LEAST_CHUNK, MOST_CHUNK);
        Self(Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            bytes: if counts_events {
                usize::MAX
            } else {
                limit(reporting.buffer_size_limit_bytes, BUFFER)
            },
            events: if counts_events {
                limit(reporting.buffer_size_limit_events, EVENTS)
            } else {
                usize::MAX
            },
            chunk: usize::try_from(chunk).unwrap_or(usize::MAX),
            is_immediate: Trigger::read(reporting.trigger.as_deref()) == Ok(Trigger::Immediate),
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
        let mut waiting = self.lock();
        if !waiting.admits(self.0.reporting.max_decisions_per_second) {
            waiting.dropped += 1;
            return;
        }
        waiting.bytes += event.len();
        waiting.events.push_back(event);
        while waiting.bytes > self.0.bytes || waiting.events.len() > self.0.events {
            let Some(oldest) = waiting.events.pop_front() else {
                break;
            };
            waiting.bytes -= oldest.len();
            waiting.dropped += 1;
        }
        let is_enough = self.is_enough(&waiting);
        drop(waiting);
        if is_enough {
            self.0.changed.notify_all();
        }
    }

    /// Whether it is not waited any longer because of what waits.
    fn is_enough(&self, waiting: &Waiting) -> bool {
        self.0.is_immediate && waiting.bytes >= self.0.chunk.saturating_mul(RATIO)
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
        let limit = self.0.chunk.saturating_mul(RATIO);
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
        let mut is_well = true;
        loop {
            let waiting = self.lock();
            // A service that is away is left alone until it is time.
            let (waiting, _) = self
                .0
                .changed
                .wait_timeout_while(waiting, delay, |waiting| {
                    !(waiting.is_ending || is_well && self.is_enough(waiting))
                })
                .unwrap_or_else(PoisonError::into_inner);
            let is_ending = waiting.is_ending;
            drop(waiting);
            let sent = self.flush(client, path, *logger);
            is_well = sent.is_ok();
            delay = match sent {
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

    fn flush(&self, client: &Client, path: &str, logger: Logger) -> Result<(), String> {
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return Ok(());
            }
            let (chunk, body) = self.fitting(chunk)?;
            if body.len() > self.0.chunk {
                self.lock().dropped += 1;
                let message = format!(
                    "an event of {} bytes, compressed, exceeds the limit of {}",
                    body.len(),
                    self.0.chunk
                );
                logger.error("Log event dropped.", &message);
                continue;
            }
            if let Err(error) = client.post_packed(path, &body) {
                self.put_back(chunk);
                return Err(error);
            }
        }
    }

    /// As many of the events as fit a request, and the request; the others wait again. One event is never parted.
    fn fitting(&self, mut chunk: Vec<String>) -> Result<(Vec<String>, Vec<u8>), String> {
        loop {
            let body = packed(&chunk)?;
            if body.len() <= self.0.chunk || chunk.len() == 1 {
                return Ok((chunk, body));
            }
            self.put_back(chunk.split_off(chunk.len() / 2));
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
    fn events_can_be_counted_instead_of_their_bytes() {
        let queue = Queue::new(Reporting {
            buffer_type: Some("event".to_owned()),
            buffer_size_limit_events: Some(2),
            ..Reporting::default()
        });
        for event in ["aaaa", "bbbb", "cccc"] {
            queue.push(event.to_owned());
        }
        assert_eq!(queue.chunk(), ["bbbb", "cccc"]);
        assert_eq!(queue.take_dropped(), 1);
    }

    #[test]
    fn a_request_keeps_to_its_limit_however_little_events_shrink() {
        let queue = Queue::new(Reporting {
            upload_size_limit_bytes: Some(400),
            ..Reporting::default()
        });
        let events: Vec<String> = (0..40)
            .map(|_| format!("\"{}\"", uuid::Uuid::new_v4()))
            .collect();
        for event in &events {
            queue.push(event.clone());
        }
        let mut sent = Vec::new();
        loop {
            let chunk = queue.chunk();
            if chunk.is_empty() {
                break;
            }
            let (chunk, body) = queue.fitting(chunk).unwrap_or_default();
            assert!(!chunk.is_empty() && body.len() <= 400, "{}", body.len());
            sent.extend(chunk);
        }
        assert_eq!(sent, events);
        assert_eq!(queue.take_dropped(), 0);
    }

    #[test]
    fn enough_events_for_a_request_do_not_wait_where_that_is_asked_for() {
        let queue = |trigger: &str| {
            let queue = Queue::new(Reporting {
                trigger: Some(trigger.to_owned()),
                upload_size_limit_bytes: Some(90),
                ..Reporting::default()
            });
            queue.push("a".repeat(90 * RATIO));
            queue
        };
        for (trigger, expected) in [("immediate", true), ("periodic", false)] {
            let queue = queue(trigger);
            assert_eq!(queue.is_enough(&queue.lock()), expected, "{trigger}");
        }
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
