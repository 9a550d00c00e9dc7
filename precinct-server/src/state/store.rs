//! Who holds the newest state, and who may make the next.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;

use super::Snapshot;
use crate::pages;

/// The newest state. Readers never wait; writers wait for each other.
pub struct Store {
    newest: ArcSwap<Snapshot>,
    writing: Mutex<()>,
    before: OnceLock<Box<Before>>,
    after: OnceLock<Box<After>>,
}

/// What is done with a state before it answers.
type Before = dyn Fn(&Snapshot) -> Result<(), String> + Send + Sync;

/// What is done with a state that answers.
type After = dyn Fn(&Arc<Snapshot>) + Send + Sync;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// A store that begins with a state.
    #[must_use]
    pub fn new(first: Snapshot) -> Self {
        Self {
            newest: ArcSwap::from_pointee(first),
            writing: Mutex::new(()),
            before: OnceLock::new(),
            after: OnceLock::new(),
        }
    }

    /// From now on, this is done with each state before it answers, and with the newest at once. A state with which it
    /// fails does not answer.
    ///
    /// # Errors
    /// When it fails with the newest state.
    pub fn before_each(
        &self,
        before: impl Fn(&Snapshot) -> Result<(), String> + Send + Sync + 'static,
    ) -> Result<(), String> {
        before(&self.newest.load())?;
        let _ = self.before.set(Box::new(before));
        Ok(())
    }

    /// From now on, this is done with each state once it answers, and with the newest at once. Writers wait for it.
    pub fn after_each(&self, after: impl Fn(&Arc<Snapshot>) + Send + Sync + 'static) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        after(&self.newest.load_full());
        let _ = self.after.set(Box::new(after));
    }

    fn put(&self, next: Snapshot) {
        let next = Arc::new(next);
        let last = self.newest.swap(Arc::clone(&next));
        if let Some(after) = self.after.get() {
            after(&next);
        }
        if !Arc::ptr_eq(&last.policies, &next.policies) {
            pages::give_back();
        }
    }

    fn prepare(&self, next: &Snapshot) -> Result<(), String> {
        self.before.get().map_or(Ok(()), |before| before(next))?;
        let now = self.newest.load();
        if !Arc::ptr_eq(&now.data, &next.data) {
            next.data.make_indexes_of(&now.data);
        }
        Ok(())
    }

    /// The newest state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.newest.load_full()
    }

    /// Puts a state in the place of the newest one, whatever that is.
    ///
    /// # Errors
    /// When the state can't be prepared.
    pub fn replace(&self, next: Snapshot) -> Result<(), String> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.prepare(&next)?;
        self.put(next);
        Ok(())
    }

    /// Makes the next state from the newest one. Nothing changes if that fails.
    ///
    /// # Errors
    /// Those of `next`, and when the state can't be prepared.
    pub fn update<E: From<String>>(
        &self,
        next: impl FnOnce(&Snapshot) -> Result<Snapshot, E>,
    ) -> Result<(), E> {
        // A writer that panicked has not changed anything: the state is exchanged in its last step.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next(&self.newest.load())?;
        self.prepare(&next)?;
        self.put(next);
        Ok(())
    }
}
