//! Reading a store record by record.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::{Error, Hash, Record};

/// The longest line that is read, in bytes. A longer one is malformed.
pub const LINE_LIMIT: usize = 64 << 20;

/// A record and where it stands.
#[derive(Clone, Debug)]
pub struct Located {
    /// The record.
    pub record: Record,
    /// The hash of its line.
    pub hash: Hash,
    /// Its segment.
    pub path: PathBuf,
    /// Its line in the segment, from 1.
    pub line: u64,
}

/// The segments of a store in their order: `decisions-` and the first record's number with 20 digits.
///
/// # Errors
/// When the folder can't be read.
pub fn segments(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| Error::io(folder, source))? {
        let entry = entry.map_err(|source| Error::io(folder, source))?;
        if entry
            .file_name()
            .to_str()
            .and_then(first_sequence)
            .is_some()
        {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The number of a segment's first record, by the segment's name.
pub(crate) fn first_sequence(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("decisions-")?.strip_suffix(".jsonl")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// All records of a store, in order. A last line without its newline is one that a crash cut short: no answer was
/// given for it, and it is passed over.
pub fn records(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<Located, Error>> + use<>, Error> {
    Ok(segments(folder)?.into_iter().flat_map(|path| {
        let opened = File::open(&path).map_err(|source| Error::io(&path, source));
        match opened {
            Ok(file) => Segment {
                reader: Some(BufReader::new(file)),
                path,
                line: 0,
                failed: None,
            },
            Err(error) => Segment {
                reader: None,
                path,
                line: 0,
                failed: Some(error),
            },
        }
    }))
}

struct Segment {
    reader: Option<BufReader<File>>,
    path: PathBuf,
    line: u64,
    failed: Option<Error>,
}

impl Segment {
    fn read(&mut self) -> Result<Option<Located>, Error> {
        let Some(reader) = &mut self.reader else {
            return self.failed.take().map_or(Ok(None), Err);
        };
        let mut line = Vec::new();
        let limit = LINE_LIMIT as u64 + 1;
        std::io::Read::take(&mut *reader, limit)
            .read_until(b'\n', &mut line)
            .map_err(|source| Error::io(&self.path, source))?;
        self.line += 1;
        let malformed = |message: String| Error::Malformed {
            path: self.path.clone(),
            line: self.line,
            message,
        };
        if line.last() != Some(&b'\n') {
            return if line.len() > LINE_LIMIT {
                Err(malformed(format!("longer than {LINE_LIMIT} bytes")))
            } else {
                Ok(None)
            };
        }
        line.pop();
        let record = Record::parse(&line).map_err(|error| malformed(error.to_string()))?;
        Ok(Some(Located {
            record,
            hash: Hash::of(&line),
            path: self.path.clone(),
            line: self.line,
        }))
    }
}

impl Iterator for Segment {
    type Item = Result<Located, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if matches!(&item, Some(Err(Error::Io { .. })) | None) {
            self.reader = None;
        }
        item
    }
}
