//! How deep documents nest, and the stack for it.
//!
//! What is made of a document is made, written and taken apart level by level. Documents are shallow, nearly always; those
//! that are not are read on a thread with a larger stack.

use std::thread;

/// How many collections and aliases may stand inside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Depth(usize);

/// What any stack has room for.
const SHALLOW: Depth = Depth(400);

/// What OPA takes.
const DEEP: Depth = Depth(10_000);

/// The stack for the deepest documents, in bytes. Only as much of it is used as a document needs.
const STACK: usize = 256 << 20;

impl Depth {
    /// Refuses what is deeper.
    ///
    /// # Errors
    /// In OPA's words.
    pub(super) fn check(self, depth: usize) -> Result<(), String> {
        if depth > self.0 {
            Err(self.exceeded())
        } else {
            Ok(())
        }
    }

    fn exceeded(self) -> String {
        format!("yaml: exceeded max depth of {}", self.0)
    }
}

/// Does something with a document: once as if it was shallow, and if it is not, with more room.
///
/// # Errors
/// Those of the work.
pub(super) fn within<F>(work: F) -> Result<String, String>
where
    F: Fn(Depth) -> Result<String, String> + Sync,
{
    let done = work(SHALLOW);
    if done != Err(SHALLOW.exceeded()) {
        return done;
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let running = thread.spawn_scoped(scope, || work(DEEP));
        match running.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err("yaml: the text was not read to its end".to_owned()),
            Err(error) => Err(format!("yaml: {error}")),
        }
    })
}
