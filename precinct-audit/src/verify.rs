//! Whether the records of a store are those that were written.
//!
//! Each record names the hash of the one before it, and `HEAD` names the newest. Verification follows the chain from
//! its newest end backwards: what stands in a segment but not on the chain was inserted; where the chain names a hash
//! that no line has, the line that should have it was changed (a line with its number is there) or removed.
//!
//! Whoever can write the folder can also write a whole new chain with its `HEAD`: keep `HEAD` elsewhere too, and
//! compare.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::store::Head;
use crate::{Error, Hash, scan, store};

/// The outcome of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is there, unchanged.
    Intact {
        /// How many there are.
        records: u64,
        /// The newest.
        head: Option<Head>,
    },
    /// Something was tampered with; this is the first place.
    Broken(Break),
}

/// The first record that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// What happened.
    pub kind: BreakKind,
    /// The number of the record that was changed, removed or inserted.
    pub sequence: u64,
    /// Its decision, where a line tells it.
    pub decision_id: Option<String>,
    /// The segment and the line, where there is one.
    pub place: Option<(PathBuf, u64)>,
}

/// What was done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakKind {
    /// Its line is not the one that was written.
    Changed,
    /// Its line is gone.
    Removed,
    /// Its line was never written by a store, or stands at another place.
    Inserted,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            BreakKind::Changed => "was changed",
            BreakKind::Removed => "was removed",
            BreakKind::Inserted => "was inserted",
        };
        write!(f, "record {}", self.sequence)?;
        if let Some(id) = &self.decision_id {
            write!(f, " ({id})")?;
        }
        write!(f, " {what}")?;
        match &self.place {
            Some((path, line)) => write!(f, " at {}:{line}", path.display()),
            None => Ok(()),
        }
    }
}

/// A line, as far as verification needs it. `link` is `None` where the line is not a record.
struct Line {
    link: Option<(u64, Hash)>,
    hash: Hash,
    id: Option<String>,
    place: (PathBuf, u64),
}

/// Follows the chain of a store.
///
/// # Errors
/// When the folder or a segment can't be read.
pub fn verify(folder: &Path) -> Result<Verdict, Error> {
    let mut lines = Vec::new();
    for located in scan::records(folder)? {
        lines.push(match located {
            Ok(located) => Line {
                link: Some((located.record.link.sequence, located.record.link.previous)),
                hash: located.hash,
                id: Some(located.record.decision.decision_id),
                place: (located.path, located.line),
            },
            Err(Error::Malformed { path, line, .. }) => Line {
                link: None,
                hash: Hash::default(),
                id: None,
                place: (path, line),
            },
            Err(error) => return Err(error),
        });
    }
    let head = store::head(folder)?;
    Ok(judge(&lines, head))
}

fn judge(lines: &[Line], head: Option<Head>) -> Verdict {
    let by_hash: HashMap<Hash, usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.link.is_some())
        .map(|(index, line)| (line.hash, index))
        .collect();
    let mut on_chain = vec![false; lines.len()];
    // Records behind HEAD's are whole but were not yet named by it when the process ended.
    let newest = lines.iter().rposition(|line| line.link.is_some());
    let anchored = head.is_none_or(|head| by_hash.contains_key(&head.hash));
    let mut first: Option<Break> = None;
    let mut note = |found: Break| {
        if first
            .as_ref()
            .is_none_or(|known| order(&found) < order(known))
        {
            first = Some(found);
        }
    };
    if let (Some(head), false) = (head, anchored) {
        note(missing(lines, head.sequence));
    }
    let mut current = newest;
    while let Some(index) = current {
        on_chain[index] = true;
        let Some((sequence, previous)) = lines[index].link else {
            break;
        };
        if sequence == 0 {
            if previous != Hash::default() {
                note(at(BreakKind::Changed, sequence, &lines[index]));
            }
            break;
        }
        current = match by_hash.get(&previous) {
            Some(before) if *before < index => Some(*before),
            _ => {
                note(missing(lines, sequence - 1));
                // The chain is cut here; take it up again at the newest line below.
                lines[..index]
                    .iter()
                    .rposition(|line| line.link.is_some_and(|(below, _)| below < sequence - 1))
            }
        };
    }
    for (index, line) in lines.iter().enumerate() {
        if on_chain[index] {
            continue;
        }
        let number = line.link.map_or_else(
            || {
                index
                    .checked_sub(1)
                    .and_then(|before| lines[before].link)
                    .map_or(0, |(before, _)| before + 1)
            },
            |(sequence, _)| sequence,
        );
        let rightful = lines
            .iter()
            .zip(&on_chain)
            .any(|(other, on)| *on && other.link.is_some_and(|(sequence, _)| sequence == number));
        let kind = if rightful {
            BreakKind::Inserted
        } else {
            BreakKind::Changed
        };
        note(at(kind, number, line));
    }
    match first {
        Some(found) => Verdict::Broken(found),
        None => Verdict::Intact {
            records: lines.len() as u64,
            head: newest.and_then(|index| {
                lines[index].link.map(|(sequence, _)| Head {
                    sequence,
                    hash: lines[index].hash,
                })
            }),
        },
    }
}

/// The record of this number should have had a hash that no line has.
fn missing(lines: &[Line], sequence: u64) -> Break {
    lines
        .iter()
        .find(|line| line.link.is_some_and(|(number, _)| number == sequence))
        .map_or(
            Break {
                kind: BreakKind::Removed,
                sequence,
                decision_id: None,
                place: None,
            },
            |line| at(BreakKind::Changed, sequence, line),
        )
}

fn at(kind: BreakKind, sequence: u64, line: &Line) -> Break {
    Break {
        kind,
        sequence,
        decision_id: line.id.clone(),
        place: Some(line.place.clone()),
    }
}

/// Earlier numbers first; of one number, a change before an insertion before a removal.
fn order(found: &Break) -> (u64, u8) {
    let rank = match found.kind {
        BreakKind::Changed => 0,
        BreakKind::Inserted => 1,
        BreakKind::Removed => 2,
    };
    (found.sequence, rank)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use super::*;
    use crate::decision::{Decision, Metrics, Outcome};
    use crate::{Options, Store};

    struct Sample {
        folder: tempfile::TempDir,
        segment: PathBuf,
    }

    impl Sample {
        fn of(count: u64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), Options::default()).unwrap();
            for number in 0..count {
                store.append(&decision(number)).unwrap();
            }
            drop(store);
            let segment = scan::segments(folder.path()).unwrap().remove(0);
            Self { folder, segment }
        }

        fn edit(&self, edit: impl FnOnce(&mut Vec<String>)) {
            let text = fs::read_to_string(&self.segment).unwrap();
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            edit(&mut lines);
            lines.push(String::new());
            fs::write(&self.segment, lines.join("\n")).unwrap();
        }

        fn broken(&self) -> (BreakKind, u64) {
            match verify(self.folder.path()).unwrap() {
                Verdict::Broken(found) => (found.kind, found.sequence),
                Verdict::Intact { .. } => panic!("not noticed"),
            }
        }
    }

    fn decision(number: u64) -> Decision {
        Decision {
            decision_id: format!("dec-{number}"),
            timestamp: "2026-01-01T00:00:00.000Z".into(),
            bundle_digest: "sha256:00".into(),
            path: String::new(),
            query: String::new(),
            result: Outcome::Deny,
            reason: None,
            input: None,
            value: None,
            nd_builtin_cache: None,
            strict_builtin_errors: false,
            partial: None,
            erased: Vec::new(),
            metrics: Metrics::default(),
        }
    }

    #[test]
    fn what_was_written_is_intact() {
        for count in [0, 1, 5] {
            let sample = Sample::of(count);
            let verdict = verify(sample.folder.path()).unwrap();
            assert!(matches!(verdict, Verdict::Intact { records, .. } if records == count));
        }
    }

    #[test]
    fn a_changed_record_is_named_wherever_it_stands() {
        for changed in 0..5 {
            let sample = Sample::of(5);
            sample.edit(|lines| lines[changed] = lines[changed].replace("deny", "allow"));
            assert_eq!(sample.broken(), (BreakKind::Changed, changed as u64));
        }
    }

    #[test]
    fn a_record_that_is_no_json_any_more_counts_as_changed() {
        let sample = Sample::of(5);
        sample.edit(|lines| lines[2] = "#".into());
        assert_eq!(sample.broken().1, 2);
    }

    #[test]
    fn a_removed_record_is_named_wherever_it_stood() {
        for removed in 0..5 {
            let sample = Sample::of(5);
            sample.edit(|lines| {
                lines.remove(removed);
            });
            assert_eq!(sample.broken(), (BreakKind::Removed, removed as u64));
        }
    }

    #[test]
    fn an_inserted_record_is_named_even_when_it_is_linked_well() {
        for place in 1..5 {
            let sample = Sample::of(5);
            sample.edit(|lines| {
                let forged = lines[place].replace("deny", "allow");
                lines.insert(place, forged);
            });
            assert_eq!(sample.broken(), (BreakKind::Inserted, place as u64));
        }
    }

    #[test]
    fn records_cut_off_the_end_are_missed() {
        let sample = Sample::of(5);
        sample.edit(|lines| lines.truncate(3));
        assert_eq!(sample.broken().0, BreakKind::Removed);
    }

    #[test]
    fn the_first_of_several_breaks_is_named() {
        let sample = Sample::of(9);
        sample.edit(|lines| {
            lines[6] = lines[6].replace("deny", "allow");
            lines.remove(2);
        });
        assert_eq!(sample.broken(), (BreakKind::Removed, 2));
    }
}
