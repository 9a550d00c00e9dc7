//! A decision as it stands in a segment: one line of JSON, numbered, with the hash of the line before it.
//!
//! ```text
//! {"sequence":0,"previous":"sha256:0000…","decision_id":"dec-…",…}
//! {"sequence":1,"previous":"sha256:9f2c…","decision_id":"dec-…",…}
//! ```
//!
//! The hash of a record is the SHA-256 of its line's bytes without the newline. The first record of a store names the
//! hash of 32 zero bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Decision;

/// The SHA-256 of a record's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of a line, given without its newline.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        let digit = |at: u8| char::from(DIGITS[usize::from(at & 0xf)]);
        let text: String = self
            .0
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
            .collect();
        f.write_str(&text)
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected sha256: and 64 hexadecimal digits, found {text:?}");
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What links a record to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The record's number in its store, from 0.
    pub sequence: u64,
    /// The hash of the record before it.
    pub previous: Hash,
}

impl Link {
    /// More bytes than a link takes in a line.
    pub(crate) const ROOM: usize = 136;

    /// Writes the members that a line begins with.
    pub(crate) fn begin_line(&self, line: &mut Vec<u8>) {
        let text = format!(
            r#"{{"sequence":{},"previous":"{}","#,
            self.sequence, self.previous
        );
        line.extend_from_slice(text.as_bytes());
    }
}

/// What stands in a line behind its link.
pub(crate) fn rest_of_line(decision: &Decision) -> Result<Vec<u8>, serde_json::Error> {
    let mut rest = serde_json::to_vec(decision)?;
    rest.remove(0);
    // Raw input may hold line breaks between its tokens; inside strings JSON has none.
    for byte in &mut rest {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    Ok(rest)
}

/// A numbered and chained decision.
///
/// It is read member by member rather than with serde's `flatten`, which can't carry raw JSON.
#[derive(Clone, Debug)]
pub struct Record {
    /// Number and chain.
    pub link: Link,
    /// The decision.
    pub decision: Decision,
}

impl Record {
    /// The record's line, without a newline.
    ///
    /// # Errors
    /// When a member can't be written as JSON.
    pub fn to_line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let rest = rest_of_line(&self.decision)?;
        let mut line = Vec::with_capacity(rest.len() + Link::ROOM);
        self.link.begin_line(&mut line);
        line.extend_from_slice(&rest);
        Ok(line)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is not a record.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self {
            link: serde_json::from_slice(line)?,
            decision: serde_json::from_slice(line)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::{Metrics, Outcome};

    #[test]
    fn a_line_is_read_back_and_holds_no_line_break() {
        let input = "{\n  \"tool_name\": \"a\\nb\"\r\n}".to_owned();
        let record = Record {
            link: Link {
                sequence: 7,
                previous: Hash::of(b"before"),
            },
            decision: Decision {
                decision_id: "dec-1".into(),
                timestamp: "2026-01-01T00:00:00.000Z".into(),
                bundle_digest: "sha256:00".into(),
                path: "a/b".into(),
                query: String::new(),
                result: Outcome::StepUp,
                reason: Some("high_risk".into()),
                input: Some(serde_json::value::RawValue::from_string(input).unwrap()),
                value: None,
                nd_builtin_cache: None,
                strict_builtin_errors: false,
                partial: None,
                erased: Vec::new(),
                metrics: Metrics::default(),
            },
        };
        let line = record.to_line().unwrap();
        assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
        let read = Record::parse(&line).unwrap();
        assert_eq!(read.link, record.link);
        assert_eq!(
            read.decision.input_text("tool_name").as_deref(),
            Some("a\nb")
        );
        assert_eq!(read.to_line().unwrap(), line);
    }

    #[test]
    fn hashes_are_read_only_in_their_one_form() {
        let hash = Hash::of(b"x");
        assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
        for text in ["", "sha256:", "sha256:zz", "md5:00", "sha256:é"] {
            assert!(text.parse::<Hash>().is_err(), "{text}");
        }
    }
}
