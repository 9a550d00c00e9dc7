//! Waiting for what a server that a test started does in its own time.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// How long tests wait, on machines that are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until something holds.
///
/// # Panics
/// When it does not hold in the end; the message is `what` is waited for.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Asks again and again until the answer is the one that is wanted.
///
/// # Panics
/// When it is another one in the end.
pub fn until_equal<T: PartialEq<W> + Debug, W: Debug + ?Sized>(
    mut ask: impl FnMut() -> T,
    wanted: &W,
) {
    let since = Instant::now();
    loop {
        let found = ask();
        if found == *wanted {
            return;
        }
        assert!(
            since.elapsed() < PATIENCE,
            "expected {wanted:?}, found {found:?} after {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}
