//! What a library is made for, and what a server expects.

use std::fmt;

/// The kind of machine that this is compiled for: architecture, system, C library.
pub const TARGET: &str = target();

/// The version of precinct.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What stands for the boundary: a hash of the text that declares it.
pub const BOUNDARY: u64 = hash(include_bytes!("raw.rs"));

const fn target() -> &'static str {
    if cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    )) {
        "x86_64-linux-gnu"
    } else if cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "musl"
    )) {
        "x86_64-linux-musl"
    } else if cfg!(all(
        target_arch = "aarch64",
        target_os = "linux",
        target_env = "gnu"
    )) {
        "aarch64-linux-gnu"
    } else if cfg!(all(
        target_arch = "aarch64",
        target_os = "linux",
        target_env = "musl"
    )) {
        "aarch64-linux-musl"
    } else {
        "other"
    }
}

/// FNV-1a, which is enough where nobody wants two texts to look alike.
const fn hash(text: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < text.len() {
        hash = (hash ^ text[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// What a library is made for. Its text is four lines, each a name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version of precinct that made it.
    pub version: String,
    /// The boundary, see [`BOUNDARY`].
    pub boundary: String,
    /// The kind of machine, see [`TARGET`].
    pub target: String,
    /// The digest of the texts of all modules.
    pub sources: String,
}

impl Handshake {
    /// What this program makes libraries for, and accepts, for policies whose texts have this digest.
    #[must_use]
    pub fn here(sources: &str) -> Self {
        Self {
            version: VERSION.to_owned(),
            boundary: format!("{BOUNDARY:016x}"),
            target: TARGET.to_owned(),
            sources: sources.to_owned(),
        }
    }

    const NAMES: [&str; 4] = ["precinct", "boundary", "target", "sources"];

    fn values(&self) -> [&str; 4] {
        [&self.version, &self.boundary, &self.target, &self.sources]
    }

    /// Reads the text of a handshake; `None` if it is none.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(text).ok()?.lines();
        let mut next = |name: &str| {
            let (found, value) = lines.next()?.split_once(' ')?;
            (found == name).then(|| value.to_owned())
        };
        let [version, boundary, target, sources] = Self::NAMES.map(&mut next);
        let read = Self {
            version: version?,
            boundary: boundary?,
            target: target?,
            sources: sources?,
        };
        lines.next().is_none().then_some(read)
    }

    /// Whether a library that says this of itself is what is expected.
    ///
    /// # Errors
    /// The first thing in which it is not.
    pub fn check(&self, expected: &Self) -> Result<(), String> {
        let pairs = self.values().into_iter().zip(expected.values());
        for (name, (found, expected)) in Self::NAMES.into_iter().zip(pairs) {
            if found != expected {
                return Err(format!("expected {name} {expected}, found {found}"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Self::NAMES.into_iter().zip(self.values());
        lines.try_for_each(|(name, value)| writeln!(f, "{name} {value}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;

    #[test]
    fn a_handshake_is_read_as_it_was_written() {
        let here = Handshake::here("sha256:1");
        let read = Handshake::read(here.to_string().as_bytes()).unwrap();
        assert_eq!(read, here);
        assert_eq!(read.check(&here), Ok(()));
    }

    #[test]
    fn a_library_for_another_server_is_told_apart() {
        let here = Handshake::here("sha256:1");
        for (other, expected) in [
            (
                Handshake {
                    version: "0.0.1".to_owned(),
                    ..here.clone()
                },
                "found 0.0.1",
            ),
            (
                Handshake {
                    boundary: "0".to_owned(),
                    ..here.clone()
                },
                "expected boundary",
            ),
            (
                Handshake {
                    target: "z80-none".to_owned(),
                    ..here.clone()
                },
                "found z80-none",
            ),
            (Handshake::here("sha256:2"), "expected sources sha256:1"),
        ] {
            let error = other.check(&here).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_no_handshake_is_not_read() {
        let text = Handshake::here("x").to_string();
        for other in [
            "",
            "precinct 1\n",
            &text.replace("target", "place"),
            &format!("{text}more 1\n"),
        ] {
            assert_eq!(Handshake::read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Handshake::read(&[0xff]), None);
    }
}
