//! Files that change.
//!
//! Watched are the folders that hold the files, not the files: editors and Kubernetes put a new file, or a symbolic link
//! to another folder (`..data`), in the place of the old one, and a watch on the old one would see nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::{EventKind, RecursiveMode, Watcher as _};

/// So long must nothing change before the change counts as complete.
const QUIET: Duration = Duration::from_millis(2);
/// But no longer than this is waited for quiet.
const PATIENCE: Duration = Duration::from_millis(100);

/// Watches files and folders until the process ends, and tells of changes from a thread of its own.
///
/// # Errors
/// When the system can't watch a folder.
pub fn watch(paths: &[String], changed: impl Fn() + Send + 'static) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let matters = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
        if matters {
            // The receiver lives as long as the process.
            let _ = sender.send(());
        }
    })
    .map_err(|error| error.to_string())?;
    for (folder, mode) in folders(paths) {
        watcher
            .watch(&folder, mode)
            .map_err(|error| format!("watch {}: {error}", folder.display()))?;
    }
    thread::spawn(move || {
        let _watcher = watcher;
        while receiver.recv().is_ok() {
            let first = Instant::now();
            while first.elapsed() < PATIENCE {
                match receiver.recv_timeout(QUIET) {
                    Ok(()) => {}
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            changed();
        }
    });
    Ok(())
}

/// The folders to watch: those that are named with all that is in them, and the ones that hold named files.
fn folders(paths: &[String]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut found = BTreeSet::new();
    for path in paths {
        let (_, path) = precinct_bundle::load::split_prefix(path);
        let path = PathBuf::from(precinct_bundle::load::clean(path));
        let is_folder = path.is_dir();
        let folder = if is_folder {
            path
        } else {
            match path.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                _ => PathBuf::from("."),
            }
        };
        found.insert((folder, is_folder));
    }
    found
        .into_iter()
        .map(|(folder, is_deep)| {
            let mode = if is_deep {
                RecursiveMode::Recursive
            } else {
                RecursiveMode::NonRecursive
            };
            (folder, mode)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_link_to_another_folder_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, text) in [("..one", "1"), ("..two", "2")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("data.json"), text).unwrap();
        }
        std::os::unix::fs::symlink("..one", at("..data")).unwrap();
        std::os::unix::fs::symlink("..data/data.json", at("data.json")).unwrap();
        let (sender, receiver) = mpsc::channel();
        let file = at("data.json");
        let paths = [file.to_string_lossy().into_owned()];
        watch(&paths, move || {
            let _ = sender.send(fs::read_to_string(&file));
        })
        .unwrap();
        std::os::unix::fs::symlink("..two", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        let seen = || {
            receiver
                .recv_timeout(Duration::from_secs(10))
                .unwrap()
                .unwrap()
        };
        // The new link may be seen before it takes the place of the old one.
        let mut last = seen();
        if last == "1" {
            last = seen();
        }
        assert_eq!(last, "2");
    }
}
