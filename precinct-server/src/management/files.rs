//! A bundle that is a file or a folder (`resource: file:///path`).
//!
//! It is read as OPA reads it: once when the configuration begins to name it, whatever the delays of polling and the trigger, and
//! again when that part of the configuration has changed. An attempt that fails is not repeated.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use precinct_bundle::load::{self, Options};
use precinct_bundle::{Guard, Limits};

use super::bundles::{Failed, SIZE_LIMIT, Status};
use super::signing;
use super::slot::Slot;

/// Reads a bundle, verifies it as one that was fetched, and activates it.
pub(super) fn load(slot: &Slot<'_>, guard: &Guard, path: &Path) {
    slot.note(Status::ask);
    if let Err(failed) = activate(slot, guard, path) {
        slot.report(failed);
    }
}

fn activate(slot: &Slot<'_>, guard: &Guard, path: &Path) -> Result<(), Failed> {
    let name = &*path.to_string_lossy();
    let unreadable = |action| move |error: io::Error| load::system(action, name, &error);
    let options = Options {
        limits: Limits {
            file_bytes: slot.source.size_limit_bytes.unwrap_or(SIZE_LIMIT),
            ..Limits::default()
        },
        ..Options::default()
    };
    let guard = Guard {
        signatures: signing::read(slot.source)?,
        ..guard.clone()
    };
    let kind = std::fs::metadata(path).map_err(unreadable("stat"))?;
    if kind.is_dir() {
        // Signatures name the files by their places in the bundle, wherever the folder is.
        let admitted = guard.admit_folder(name, "", &options);
        let admitted = admitted.map_err(|error| error.to_string())?;
        slot.note(Status::arrive);
        return slot.activate(admitted, None, "");
    }
    // A pipe would keep the server from starting until somebody writes to it.
    if !kind.is_file() {
        return Err(format!("{name}: expected a file or a folder, found something else").into());
    }
    // What the system says of its length may be wrong: it grows.
    let most = options.limits.total_bytes;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable("open"))?;
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(unreadable("read"))?;
    if bytes.len() as u64 > most {
        return Err(format!("{name}: expected at most {most} bytes, found more").into());
    }
    let admitted = guard.admit_archive(&bytes, &options);
    let admitted = admitted.map_err(|error| error.to_string())?;
    slot.note(Status::arrive);
    slot.activate(admitted, Some(&bytes), "")
}
