//! Waiting for what a server that a test started does in its own time.

use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// How long tests wait, on machines that are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a server takes requests at an address. A connection says little: a process that is just being started holds
/// what the test's own process listened at, until it becomes another program.
#[must_use]
pub fn answers(address: &str) -> bool {
    let asked = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        // This is no request, so nothing is asked of the server that tests could count; it is refused, or, over TLS, ended.
        stream.write_all(b"?\r\n\r\n")?;
        stream.read(&mut [0; 16])
    };
    asked().is_ok()
}

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
