//! The library of a bundle, and why it is not loaded.

use std::sync::Arc;

use precinct_bundle::{Bundle, Digest};
use precinct_runtime::library::Handshake;
use precinct_runtime::library::handshake::TARGET;

/// A library that a bundle carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
    /// What the bundle says of it.
    pub handshake: Handshake,
}

/// Why a library is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Anybody may have written it.
    #[error(
        "the bundle carries a library, but its signature was not verified: sign it, and name the key"
    )]
    Unsigned,
    /// It is for other machines.
    #[error("expected a library for {TARGET}, found libraries for {}", .0.join(", "))]
    Target(Vec<String>),
    /// Nothing says what it is for.
    #[error("expected a handshake in {0}, found none that can be read")]
    NoHandshake(String),
    /// It is for another server, or other policies.
    #[error("the library is not for this server and these policies: {0}")]
    Other(String),
    /// The system does not load it.
    #[error("the library can't be loaded: {0}")]
    Unloadable(String),
    /// It does not take the documents of the state.
    #[error("the library does not take the base documents")]
    NoSession,
}

impl Carried {
    /// The library of a bundle for this machine; `None` if the bundle carries none at all. `is_verified` says whether a
    /// signature over it was verified.
    ///
    /// # Errors
    /// Why it is not to be loaded.
    pub fn find(bundle: &Bundle, is_verified: bool) -> Option<Result<Arc<Self>, Refused>> {
        if bundle.libraries.is_empty() {
            return None;
        }
        Some(Self::found(bundle, is_verified).map(Arc::new))
    }

    fn found(bundle: &Bundle, is_verified: bool) -> Result<Self, Refused> {
        if !is_verified {
            return Err(Refused::Unsigned);
        }
        let at = |target: &str, name: &str| {
            let path = format!("native/{target}/{name}");
            let mut files = bundle.libraries.iter();
            files.find(|file| file.path == path)
        };
        let Some(library) = at(TARGET, LIBRARY) else {
            let target = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
            let targets = bundle
                .libraries
                .iter()
                .filter(|file| file.path.ends_with(LIBRARY))
                .map(|file| target(&file.path))
                .collect();
            return Err(Refused::Target(targets));
        };
        let handshake = at(TARGET, HANDSHAKE)
            .and_then(|file| Handshake::read(&file.bytes))
            .ok_or_else(|| Refused::NoHandshake(format!("native/{TARGET}/{HANDSHAKE}")))?;
        let texts = bundle.modules.iter().map(|module| module.text.as_str());
        let expected = Handshake::here(&Digest::of_texts(texts).to_string());
        handshake.check(&expected).map_err(Refused::Other)?;
        Ok(Self {
            bytes: library.bytes.clone(),
            digest: Digest::of_bytes(&library.bytes),
            handshake,
        })
    }
}

/// The name of a library in its folder.
pub const LIBRARY: &str = "policies.so";
/// The name of what is said of it.
pub const HANDSHAKE: &str = "handshake";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_bundle::{Files, Limits};

    use super::*;

    const MODULE: &str = "package p\n";

    fn bundle(files: &[(String, String)]) -> Bundle {
        let mut all = Files::default();
        let module = ("p.rego".to_owned(), MODULE.to_owned());
        for (path, text) in files.iter().chain([&module]) {
            let bytes = text.as_bytes().to_vec();
            all.add(path, bytes, &Limits::default()).unwrap();
        }
        Bundle::read(&all).unwrap()
    }

    fn library(target: &str, handshake: &Handshake) -> Vec<(String, String)> {
        vec![
            (format!("native/{target}/policies.so"), "x".to_owned()),
            (format!("native/{target}/handshake"), handshake.to_string()),
        ]
    }

    fn here() -> Handshake {
        Handshake::here(&Digest::of_texts([MODULE]).to_string())
    }

    #[test]
    fn a_library_of_these_texts_for_this_machine_is_found() {
        assert_eq!(Carried::find(&bundle(&[]), true), None);
        let found = Carried::find(&bundle(&library(TARGET, &here())), true);
        assert_eq!(found.unwrap().unwrap().bytes, b"x");
    }

    #[test]
    fn libraries_that_are_not_to_be_loaded_are_refused() {
        let other = |change: fn(&mut Handshake)| {
            let mut handshake = here();
            change(&mut handshake);
            library(TARGET, &handshake)
        };
        for (files, is_verified, expected) in [
            (library(TARGET, &here()), false, "not verified"),
            (
                library("z80-none", &here()),
                true,
                "found libraries for z80-none",
            ),
            (
                library(TARGET, &here())[..1].to_vec(),
                true,
                "expected a handshake",
            ),
            (
                other(|it| it.version = "0.0.1".to_owned()),
                true,
                "found 0.0.1",
            ),
            (
                other(|it| it.boundary = "0".to_owned()),
                true,
                "expected boundary",
            ),
            (
                other(|it| it.target = "z80-none".to_owned()),
                true,
                "expected target",
            ),
            (
                other(|it| it.sources = Digest::of_texts(["package q\n"]).to_string()),
                true,
                "expected sources",
            ),
        ] {
            let found = Carried::find(&bundle(&files), is_verified).unwrap();
            let error = found.unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}
