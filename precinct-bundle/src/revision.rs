//! Protection against going back to an older bundle: revisions are compared, and the newest that was active is noted.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Why a revision is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevisionError {
    /// The bundle names no revision.
    #[error("the bundle has no revision; at least {0:?} is required")]
    None(String),
    /// The bundle is older.
    #[error("revision {found:?} is older than {required:?}, which is required")]
    Older {
        /// The bundle's.
        found: String,
        /// The least that is accepted.
        required: String,
    },
    /// The bundle has the revision of the active one, and other content.
    #[error(
        "revision {revision:?} is active with other content ({active}, found {found}): a change needs a later revision"
    )]
    Again {
        /// The revision of both.
        revision: String,
        /// The digest of the one that was active.
        active: String,
        /// The digest of the one that was refused.
        found: String,
    },
    /// Nothing can be said of which is the older.
    #[error(
        "revision {found:?} can't be compared with {required:?}: revisions must be alike but for their numbers"
    )]
    Unlike {
        /// The bundle's.
        found: String,
        /// The least that is accepted.
        required: String,
    },
    /// The record of what was active can't be read or written.
    #[error("{path}: {message}")]
    Record {
        /// The file.
        path: String,
        /// What happened.
        message: String,
    },
}

/// Compares revisions piece by piece: digits as numbers, all else as text that must be the same (`v1.9` before `v1.10`,
/// `2026-02-21` before `2026-11-03`). A revision that goes on where the other ends is the later one. `None` where they
/// are not alike, as digests of commits are not.
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    let (mut one, mut other) = (one.trim(), other.trim());
    if let (Some(a), Some(b)) = (one.strip_prefix('v'), other.strip_prefix('v')) {
        (one, other) = (a, b);
    }
    loop {
        match (one.is_empty(), other.is_empty()) {
            (true, true) => return Some(Ordering::Equal),
            (true, false) => return Some(Ordering::Less),
            (false, true) => return Some(Ordering::Greater),
            (false, false) => {}
        }
        let (number, rest) = digits(one);
        let (other_number, other_rest) = digits(other);
        if number.is_empty() != other_number.is_empty() {
            return None;
        }
        if number.is_empty() {
            let (text, rest) = letters(one);
            let (other_text, other_rest) = letters(other);
            if text != other_text {
                return None;
            }
            (one, other) = (rest, other_rest);
            continue;
        }
        let (a, b) = (
            number.trim_start_matches('0'),
            other_number.trim_start_matches('0'),
        );
        let order = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        if order.is_ne() {
            // What follows must be comparable too, or the numbers meant nothing.
            return alike(rest, other_rest).then_some(order);
        }
        (one, other) = (rest, other_rest);
    }
}

/// Whether texts have the same letters between their numbers, as far as both go.
fn alike(mut one: &str, mut other: &str) -> bool {
    loop {
        one = digits(one).1;
        other = digits(other).1;
        let (text, rest) = letters(one);
        let (other_text, other_rest) = letters(other);
        if text.is_empty() || other_text.is_empty() {
            return true;
        }
        if text != other_text {
            return false;
        }
        (one, other) = (rest, other_rest);
    }
}

fn digits(text: &str) -> (&str, &str) {
    split(text, |letter| letter.is_ascii_digit())
}

fn letters(text: &str) -> (&str, &str) {
    split(text, |letter| !letter.is_ascii_digit())
}

fn split(text: &str, inside: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !inside(letter)).unwrap_or(text.len()))
}

/// Refuses a revision that is older than the least that is accepted, or can't be compared with it.
///
/// # Errors
/// As said.
pub fn at_least(found: &str, required: &str) -> Result<(), RevisionError> {
    if found.is_empty() {
        return Err(RevisionError::None(required.to_owned()));
    }
    match compare(found, required) {
        Some(Ordering::Equal | Ordering::Greater) => Ok(()),
        Some(Ordering::Less) => Err(RevisionError::Older {
            found: found.to_owned(),
            required: required.to_owned(),
        }),
        None => Err(RevisionError::Unlike {
            found: found.to_owned(),
            required: required.to_owned(),
        }),
    }
}

/// What was active last, by the bundle's name, in a file. It only ever goes up, also where several processes share the
/// file: each notes under a lock (`FILE.lock`), and reads before what the others have noted.
#[derive(Clone, Debug)]
pub struct Activations {
    path: PathBuf,
    newest: BTreeMap<String, Activation>,
}

/// An activation that was noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// The bundle's revision.
    pub revision: String,
    /// The bundle's digest.
    pub digest: String,
}

impl Activations {
    /// Reads the record; a file that is not there is an empty one.
    ///
    /// # Errors
    /// When the file can't be read or is no record: then nothing is known, and nothing may be activated.
    pub fn open(path: &Path) -> Result<Self, RevisionError> {
        Ok(Self {
            path: path.to_owned(),
            newest: read(path)?,
        })
    }

    /// What was active last under this name.
    pub fn newest(&self, name: &str) -> Option<&Activation> {
        self.newest.get(name)
    }

    /// Refuses a revision that is older than the one that was active last. A bundle of another digest must have a
    /// later revision, since two contents of one revision can't be told apart.
    ///
    /// # Errors
    /// As said.
    pub fn check(&self, name: &str, activation: &Activation) -> Result<(), RevisionError> {
        let Some(last) = self.newest.get(name).filter(|last| *last != activation) else {
            return Ok(());
        };
        at_least(&activation.revision, &last.revision)?;
        if activation.revision == last.revision {
            return Err(RevisionError::Again {
                revision: activation.revision.clone(),
                active: last.digest.clone(),
                found: activation.digest.clone(),
            });
        }
        Ok(())
    }

    /// Notes that a bundle is active, after [`Activations::check`].
    ///
    /// # Errors
    /// As [`Activations::note_all`].
    pub fn note(&mut self, name: &str, activation: Activation) -> Result<(), RevisionError> {
        self.note_all([(name.to_owned(), activation)])
    }

    /// Notes that bundles are active together: all of them or none. The file is written beside, synced and renamed, and
    /// only if there is something new to say.
    ///
    /// # Errors
    /// When a revision is refused, or the file can't be written; the record stays as it was.
    pub fn note_all(
        &mut self,
        active: impl IntoIterator<Item = (String, Activation)>,
    ) -> Result<(), RevisionError> {
        let path = self.path.clone();
        let failed = |error: &dyn std::fmt::Display| record_error(&path, error);
        // Held until the file is closed.
        let _lock = self.lock().map_err(|error| failed(&error))?;
        let noted = read(&self.path)?;
        if self.newest.keys().any(|name| !noted.contains_key(name)) {
            return Err(failed(
                &"entries are gone that were there: nothing is known any more",
            ));
        }
        self.newest = noted;
        let mut newest = self.newest.clone();
        for (name, activation) in active {
            self.check(&name, &activation)?;
            newest.insert(name, activation);
        }
        if newest == self.newest {
            return Ok(());
        }
        let text = serde_json::to_vec(&newest).map_err(|error| failed(&error))?;
        self.write(&text).map_err(|error| failed(&error))?;
        self.newest = newest;
        Ok(())
    }

    /// A file beside the record, since the record itself is exchanged by another file.
    fn lock(&self) -> std::io::Result<File> {
        let file = File::create(self.path.with_added_extension("lock"))?;
        file.lock()?;
        Ok(file)
    }

    fn write(&self, text: &[u8]) -> std::io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        // The new name outlives a loss of power only once the folder is written too.
        match self.path.parent().filter(|it| !it.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => File::open(".")?.sync_all(),
        }
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Activation>, RevisionError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| record_error(path, &error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(record_error(path, &error)),
    }
}

fn record_error(path: &Path, error: &dyn std::fmt::Display) -> RevisionError {
    RevisionError::Record {
        path: path.display().to_string(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn revisions_are_compared_by_their_numbers() {
        for (one, other, want) in [
            ("v1.9.0", "v1.10.0", Some(Ordering::Less)),
            ("2026-11-03", "2026-02-21", Some(Ordering::Greater)),
            ("7", "07", Some(Ordering::Equal)),
            ("1.2", "1.2.1", Some(Ordering::Less)),
            ("release-12", "release-9", Some(Ordering::Greater)),
            (
                "99999999999999999999998",
                "99999999999999999999999",
                Some(Ordering::Less),
            ),
            ("a1b2c3", "3fa9c0", None),
            ("1a2b", "2c3d", None),
            ("main-1", "beta-2", None),
        ] {
            assert_eq!(compare(one, other), want, "{one} {other}");
        }
    }

    #[test]
    fn only_what_is_new_enough_is_accepted() {
        assert_eq!(at_least("v2", "v2"), Ok(()));
        assert!(matches!(
            at_least("v1", "v2"),
            Err(RevisionError::Older { .. })
        ));
        assert!(matches!(at_least("", "v2"), Err(RevisionError::None(_))));
        assert!(matches!(
            at_least("abc", "v2"),
            Err(RevisionError::Unlike { .. })
        ));
    }

    #[test]
    fn the_record_of_activations_goes_up_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("active.json");
        let at = |revision: &str, digest: &str| Activation {
            revision: revision.into(),
            digest: digest.into(),
        };
        let mut record = Activations::open(&path).unwrap();
        record.note("main", at("5", "sha256:a")).unwrap();
        record.note("main", at("6", "sha256:b")).unwrap();
        record.note("main", at("6", "sha256:b")).unwrap();
        let mut again = Activations::open(&path).unwrap();
        assert!(again.note("main", at("5", "sha256:a")).is_err());
        assert!(matches!(
            again.note("main", at("6", "sha256:c")),
            Err(RevisionError::Again { .. })
        ));
        assert_eq!(again.newest("main"), Some(&at("6", "sha256:b")));
        again.note("other", at("1", "sha256:d")).unwrap();
        let mixed = [("other", "2"), ("main", "5")];
        let mixed = mixed.map(|(name, revision)| (name.to_owned(), at(revision, "sha256:e")));
        assert!(again.note_all(mixed).is_err());
        assert_eq!(
            again.newest("other"),
            Some(&at("1", "sha256:d")),
            "bundles are noted together or not at all"
        );
        fs::remove_file(&path).unwrap();
        assert!(
            again.note("main", at("1", "sha256:f")).is_err(),
            "a record that is gone is not begun anew while it is in use"
        );
        fs::write(&path, b"{").unwrap();
        assert!(matches!(
            Activations::open(&path),
            Err(RevisionError::Record { .. })
        ));
    }

    #[test]
    fn processes_that_share_a_record_see_what_the_others_noted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("active.json");
        let at = |revision: u32| Activation {
            revision: format!("v{revision}"),
            digest: format!("sha256:{revision}"),
        };
        let mut slow = Activations::open(&path).unwrap();
        let mut quick = Activations::open(&path).unwrap();
        slow.note("main", at(1)).unwrap();
        quick.note("main", at(3)).unwrap();
        assert!(matches!(
            slow.note("main", at(2)),
            Err(RevisionError::Older { .. })
        ));
        // Nothing that is noted at the same time is lost.
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let mut record = Activations::open(&path).unwrap();
                scope.spawn(move || {
                    for revision in 1..=20 {
                        record.note(name, at(revision)).unwrap();
                    }
                });
            }
        });
        let record = Activations::open(&path).unwrap();
        for name in ["a", "b", "c", "d"] {
            assert_eq!(record.newest(name), Some(&at(20)), "{name}");
        }
    }
}
