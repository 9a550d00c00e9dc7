//! Questions that wait, no more than there is room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::Question;

/// So many questions wait.
const QUESTIONS: usize = 1024;
/// So many bytes do, because inputs may be large.
const BYTES: usize = 64 << 20;

/// The end at which questions are put in.
#[derive(Debug)]
pub(super) struct Entrance {
    questions: SyncSender<Question>,
    bytes: Arc<AtomicUsize>,
}

/// The end at which they are taken out.
#[derive(Debug)]
pub(super) struct Exit {
    questions: Receiver<Question>,
    bytes: Arc<AtomicUsize>,
}

/// An empty queue.
pub(super) fn queue() -> (Entrance, Exit) {
    let (sender, receiver) = sync_channel(QUESTIONS);
    let bytes = Arc::<AtomicUsize>::default();
    (
        Entrance {
            questions: sender,
            bytes: Arc::clone(&bytes),
        },
        Exit {
            questions: receiver,
            bytes,
        },
    )
}

impl Entrance {
    /// Puts a question in without waiting; whether there was room for it.
    pub(super) fn put(&self, question: Question) -> bool {
        let size = question.size();
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size <= BYTES
            && self.questions.try_send(question).is_ok()
        {
            return true;
        }
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        false
    }
}

impl Exit {
    /// Waits for the next question; `None` once there can be no more.
    pub(super) fn take(&self) -> Option<Question> {
        let question = self.questions.recv().ok()?;
        self.bytes.fetch_sub(question.size(), Ordering::Relaxed);
        Some(question)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use precinct_interpreter::policy::PolicyOptions;

    use super::*;
    use crate::evaluation::ask::Moment;
    use crate::shadow::Answer;
    use crate::state::Snapshot;
    use crate::state::policies::{Policies, Texts};

    fn question(input: usize) -> Question {
        let policies = Policies::compile(Texts::new(), PolicyOptions::default()).unwrap();
        let bundles = Arc::new(BTreeMap::new());
        Question {
            snapshot: Arc::new(Snapshot::new(Arc::new(policies), Arc::default(), bundles)),
            keys: Vec::new(),
            input: Some("x".repeat(input)),
            strict_builtin_errors: false,
            moment: Moment::now(),
            answer: Answer::Undefined,
            id: None,
            request: 1,
        }
    }

    #[test]
    fn what_finds_no_room_is_refused_at_once_and_room_comes_back() {
        let (entrance, exit) = queue();
        let taken = (0..QUESTIONS + 3).filter(|_| entrance.put(question(0)));
        assert_eq!(taken.count(), QUESTIONS);
        assert!(exit.take().is_some());
        assert!(entrance.put(question(0)));
    }

    #[test]
    fn large_questions_take_more_room() {
        let (entrance, exit) = queue();
        assert!(entrance.put(question(BYTES / 2)));
        assert!(!entrance.put(question(BYTES / 2)));
        assert!(entrance.put(question(BYTES / 4)));
        assert!(exit.take().is_some());
        assert!(entrance.put(question(BYTES / 2)));
    }
}
