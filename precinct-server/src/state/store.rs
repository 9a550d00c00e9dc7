//! Who holds the newest state, and who may make the next.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::Snapshot;

/// The newest state. Readers never wait; writers wait for each other.
#[derive(Debug)]
pub struct Store {
    newest: ArcSwap<Snapshot>,
    writing: Mutex<()>,
}

impl Store {
    /// A store that begins with a state.
    #[must_use]
    pub fn new(first: Snapshot) -> Self {
        Self {
            newest: ArcSwap::from_pointee(first),
            writing: Mutex::new(()),
        }
    }

    /// The newest state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.newest.load_full()
    }

    /// Puts a state in the place of the newest one, whatever that is.
    pub fn replace(&self, next: Snapshot) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.newest.store(Arc::new(next));
    }

    /// Makes the next state from the newest one. Nothing changes if that fails.
    ///
    /// # Errors
    /// Those of `next`.
    pub fn update<E>(&self, next: impl FnOnce(&Snapshot) -> Result<Snapshot, E>) -> Result<(), E> {
        // A writer that panicked has not changed anything: the state is exchanged in its last step.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next(&self.newest.load())?;
        self.newest.store(Arc::new(next));
        Ok(())
    }
}
