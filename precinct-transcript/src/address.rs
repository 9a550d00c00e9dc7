//! Addresses for servers that a test starts.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// An address of this machine that nobody listens at, `HOST:PORT`.
///
/// Its port is below those that the system gives to clients. A test that connects again and again until its server
/// listens could be given the very port that it connects to, and would be connected with itself.
#[must_use]
pub fn free() -> String {
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Tests that run side by side begin at different ports.
        let from = std::process::id().wrapping_mul(61);
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", FIRST + from.wrapping_add(turn) % PORTS);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
