//! Appending records to segment files.
//!
//! A folder holds segments `decisions-<number of the first record>.jsonl` and a file `HEAD` that names the newest
//! record, so that records cut off the end are missed too. One process writes to a folder at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::record::{Link, rest_of_line};
use crate::{Decision, Error, Hash, Record, scan};

/// When a record counts as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// In memory; [`Store::flush`] hands it to the system. A crash loses what was not flushed.
    Buffered,
    /// Handed to the operating system: it survives the end of the process, however sudden.
    #[default]
    Process,
    /// On the disk: it survives the end of the machine's power.
    Disk,
}

/// How a store is kept.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When a record counts as written.
    pub durability: Durability,
    /// Bytes after which a new segment is begun.
    pub segment_bytes: u64,
}

impl Default for Options {
    /// Records survive the process; segments of 256 MiB.
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            segment_bytes: 256 << 20,
        }
    }
}

/// The newest record of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A folder of segments that is being written.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    options: Options,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    segment: File,
    head_file: File,
    path: PathBuf,
    written: u64,
    buffer: Vec<u8>,
    next: Link,
    /// Something was handed to the system that may not be on the disk.
    unsynced: bool,
    /// A write failed half way: what the file ends with is unknown, so nothing may follow.
    broken: bool,
}

/// Bytes that are buffered before they are handed to the system.
const BUFFER: usize = 64 << 10;

impl Store {
    /// Opens a folder, which is made if need be, and goes on behind its last record. A line that a crash cut short is
    /// moved into `<segment>.torn`.
    ///
    /// # Errors
    /// When the folder can't be written, or its last record can't be read.
    pub fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|source| Error::io(folder, source))?;
        let segments = scan::segments(folder)?;
        let mut next = Link {
            sequence: 0,
            previous: Hash::default(),
        };
        if let Some(last) = segments.last() {
            cut_torn_line(last)?;
        }
        // The last segment is empty when a crash came right after it was begun.
        for path in segments.iter().rev() {
            if let Some(line) = last_line(path)? {
                let record = Record::parse(&line).map_err(|error| Error::Malformed {
                    path: path.clone(),
                    line: 0,
                    message: format!("the last line: {error}"),
                })?;
                next = Link {
                    sequence: record.link.sequence + 1,
                    previous: Hash::of(&line),
                };
                break;
            }
        }
        let path = segments
            .last()
            .cloned()
            .unwrap_or_else(|| segment_path(folder, next.sequence));
        let segment = open_append(&path)?;
        let written = segment
            .metadata()
            .map_err(|source| Error::io(&path, source))?
            .len();
        let head_path = folder.join("HEAD");
        let head_file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&head_path)
            .map_err(|source| Error::io(&head_path, source))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            options,
            state: Mutex::new(State {
                segment,
                head_file,
                path,
                written,
                buffer: Vec::with_capacity(BUFFER),
                next,
                unsynced: false,
                broken: false,
            }),
        })
    }

    /// Appends a decision and returns its number. When this returns, the record is as durable as the options say.
    ///
    /// # Errors
    /// When it can't be written; the store then refuses every further record, because what the segment ends with is
    /// unknown. Opening it again mends that.
    pub fn append(&self, decision: &Decision) -> Result<u64, Error> {
        let sequence = self.queue(decision)?;
        self.commit()?;
        Ok(sequence)
    }

    /// Gives a decision its number and its place in the chain. It is in memory, and nobody may be told of it before
    /// [`Store::commit`] has come back; one commit is for all that was queued before, so that those who come at the same
    /// time share its cost.
    ///
    /// # Errors
    /// As for [`Store::append`].
    pub fn queue(&self, decision: &Decision) -> Result<u64, Error> {
        // What does not depend on the record before is done while others have the store.
        let rest = rest_of_line(decision).map_err(|error| Error::Unwritable {
            id: decision.decision_id.clone(),
            message: error.to_string(),
        })?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        state.check()?;
        let longest = (rest.len() + Link::ROOM) as u64;
        if state.written > 0 && state.written + longest > self.options.segment_bytes {
            self.rotate(state)?;
        }
        let start = state.buffer.len();
        state.next.begin_line(&mut state.buffer);
        state.buffer.extend_from_slice(&rest);
        let line = &state.buffer[start..];
        let (hash, length) = (Hash::of(line), line.len() as u64 + 1);
        state.buffer.push(b'\n');
        state.written += length;
        let sequence = state.next.sequence;
        state.next = Link {
            sequence: sequence + 1,
            previous: hash,
        };
        if state.buffer.len() >= BUFFER {
            state.hand_over(false)?;
        }
        Ok(sequence)
    }

    /// Makes everything that was queued as durable as the options say.
    ///
    /// # Errors
    /// When it can't be written, now or before; see [`Store::append`].
    pub fn commit(&self) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.check()?;
        match self.options.durability {
            Durability::Buffered => Ok(()),
            Durability::Process => state.hand_over(false),
            Durability::Disk => state.hand_over(true),
        }
    }

    /// Hands everything to the operating system, and waits for the disk.
    ///
    /// # Errors
    /// When that fails.
    pub fn flush(&self) -> Result<(), Error> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .hand_over(true)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn rotate(&self, state: &mut State) -> Result<(), Error> {
        state.hand_over(true)?;
        let path = segment_path(&self.folder, state.next.sequence);
        state.segment = open_append(&path)?;
        state.path = path;
        state.written = 0;
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; callers who care call `flush` themselves.
        let _ = self.flush();
    }
}

impl State {
    fn check(&self) -> Result<(), Error> {
        if self.broken {
            let message = "an earlier write failed; open the store again";
            return Err(Error::io(&self.path, std::io::Error::other(message)));
        }
        Ok(())
    }

    fn hand_over(&mut self, sync: bool) -> Result<(), Error> {
        let result = self.write_out(sync);
        self.broken |= result.is_err();
        result.map_err(|source| Error::io(&self.path, source))
    }

    fn write_out(&mut self, sync: bool) -> std::io::Result<()> {
        if !self.buffer.is_empty() {
            self.segment.write_all(&self.buffer)?;
            self.buffer.clear();
            let head = Head {
                sequence: self.next.sequence - 1,
                hash: self.next.previous,
            };
            // One short write at a fixed place and of fixed length: there is no moment at which the file is half new.
            let text = format!("{:>20} {}\n", head.sequence, head.hash);
            self.head_file.write_all_at(text.as_bytes(), 0)?;
            self.unsynced = true;
        }
        if sync && self.unsynced {
            self.segment.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }
}

/// The newest record, as the file `HEAD` names it; `None` when there is no such file or nothing in it.
///
/// # Errors
/// When the file can't be read or is not in its form.
pub fn head(folder: &Path) -> Result<Option<Head>, Error> {
    let path = folder.join("HEAD");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::io(&path, source)),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let malformed = |message: String| Error::Malformed {
        path: path.clone(),
        line: 1,
        message,
    };
    let (sequence, hash) = text
        .trim()
        .split_once(' ')
        .ok_or_else(|| malformed("expected a number and a hash".to_owned()))?;
    Ok(Some(Head {
        sequence: sequence
            .parse()
            .map_err(|error| malformed(format!("{sequence:?}: {error}")))?,
        hash: hash.parse().map_err(malformed)?,
    }))
}

fn segment_path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("decisions-{sequence:020}.jsonl"))
}

fn open_append(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|source| Error::io(path, source))
}

/// Moves what stands behind the last newline into a file of its own.
fn cut_torn_line(path: &Path) -> Result<(), Error> {
    let bytes = tail(path)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    if whole == bytes.len() {
        return Ok(());
    }
    let failed = |source| Error::io(path, source);
    let length = fs::metadata(path).map_err(failed)?.len();
    let torn = path.with_extension("torn");
    let mut kept = open_append(&torn)?;
    kept.write_all(&bytes[whole..])
        .and_then(|()| kept.sync_all())
        .map_err(|source| Error::io(&torn, source))?;
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    file.set_len(length - (bytes.len() - whole) as u64)
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

/// The last whole line, without its newline.
fn last_line(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let bytes = tail(path)?;
    let Some(body) = bytes.strip_suffix(b"\n") else {
        return Ok(None);
    };
    let start = body
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    Ok(Some(body[start..].to_vec()))
}

/// The end of a file, far enough back to hold its last whole line.
fn tail(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut step = BUFFER as u64;
    loop {
        let take = step.min(length);
        file.seek(SeekFrom::Start(length - take)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let first = bytes.iter().position(|byte| *byte == b'\n');
        let last = bytes.iter().rposition(|byte| *byte == b'\n');
        if take == length || first < last {
            return Ok(bytes);
        }
        step = step.saturating_mul(4);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::decision::{Metrics, Outcome, new_id};

    fn decision(reason: &str) -> Decision {
        Decision {
            decision_id: new_id(),
            timestamp: "2026-01-01T00:00:00.000Z".into(),
            bundle_digest: "sha256:00".into(),
            path: String::new(),
            query: String::new(),
            result: Outcome::Deny,
            reason: Some(reason.into()),
            input: None,
            value: None,
            nd_builtin_cache: None,
            strict_builtin_errors: false,
            partial: None,
            erased: Vec::new(),
            metrics: Metrics::default(),
        }
    }

    fn reasons(folder: &Path) -> Vec<String> {
        scan::records(folder)
            .unwrap()
            .map(|located| located.unwrap().record.decision.reason.unwrap())
            .collect()
    }

    #[test]
    fn what_was_queued_is_handed_over_together_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let lines = || {
            let path = segment_path(folder.path(), 0);
            fs::read_to_string(path).unwrap().lines().count()
        };
        let numbers = ["a", "b", "c"].map(|id| store.queue(&decision(id)).unwrap());
        assert_eq!((numbers, lines()), ([0, 1, 2], 0));
        store.commit().unwrap();
        assert_eq!(lines(), 3);
        let newest = head(folder.path()).unwrap().unwrap();
        assert_eq!(newest.sequence, 2);
        store.commit().unwrap();
        assert_eq!(store.append(&decision("d")).unwrap(), 3);
        assert_eq!(lines(), 4);
        let report = crate::verify::verify(folder.path()).unwrap();
        assert!(
            matches!(report, crate::verify::Verdict::Intact { .. }),
            "{report:?}"
        );
    }

    #[test]
    fn records_are_numbered_and_chained_over_segments_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            segment_bytes: 600,
            ..Options::default()
        };
        for round in 0..3 {
            let store = Store::open(folder.path(), options).unwrap();
            for turn in 0..4 {
                let sequence = store
                    .append(&decision(&format!("r{}", round * 4 + turn)))
                    .unwrap();
                assert_eq!(sequence, round * 4 + turn);
            }
        }
        assert!(scan::segments(folder.path()).unwrap().len() > 2);
        let mut previous = Hash::default();
        for (number, located) in scan::records(folder.path()).unwrap().enumerate() {
            let located = located.unwrap();
            assert_eq!(located.record.link.sequence, number as u64);
            assert_eq!(located.record.link.previous, previous);
            previous = located.hash;
        }
        assert_eq!(
            head(folder.path()).unwrap(),
            Some(Head {
                sequence: 11,
                hash: previous
            })
        );
    }

    #[test]
    fn a_torn_line_is_kept_aside_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        store.append(&decision("whole")).unwrap();
        drop(store);
        let segment = scan::segments(folder.path()).unwrap().remove(0);
        open_append(&segment)
            .unwrap()
            .write_all(b"{\"sequence\":1,\"prev")
            .unwrap();

        let store = Store::open(folder.path(), Options::default()).unwrap();
        assert_eq!(store.append(&decision("next")).unwrap(), 1);
        assert_eq!(reasons(folder.path()), ["whole", "next"]);
        let torn = fs::read(segment.with_extension("torn")).unwrap();
        assert_eq!(torn, b"{\"sequence\":1,\"prev");
    }

    #[test]
    fn without_a_flush_process_durability_has_already_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        store.append(&decision("answered")).unwrap();
        // What `kill -9` leaves: nothing is dropped, nothing flushed.
        std::mem::forget(store);
        assert_eq!(reasons(folder.path()), ["answered"]);
    }

    #[test]
    fn a_line_longer_than_any_step_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        store.append(&decision(&"x".repeat(300_000))).unwrap();
        drop(store);
        let store = Store::open(folder.path(), Options::default()).unwrap();
        assert_eq!(store.append(&decision("y")).unwrap(), 1);
    }

    #[test]
    fn an_unreadable_last_record_is_an_error_not_a_new_beginning() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(segment_path(folder.path(), 0), "rubbish\n").unwrap();
        assert!(matches!(
            Store::open(folder.path(), Options::default()),
            Err(Error::Malformed { .. })
        ));
    }
}
