//! Answers compressed where the client takes that.

use std::io::Write as _;

use axum::http::{HeaderMap, HeaderValue, header};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::answer::Answer;

/// Which answers are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressing {
    /// From how many bytes on (`server.encoding.gzip.min_length`).
    pub min_length: usize,
    /// From 1, the fastest, to 9 (`server.encoding.gzip.compression_level`).
    pub level: u32,
}

impl Default for Compressing {
    /// From 1,024 bytes on, at level 9, as OPA has it.
    fn default() -> Self {
        Self {
            min_length: 1024,
            level: 9,
        }
    }
}

/// The answer, compressed if it is long enough and the client takes it; in any case with the header that tells caches
/// that it could have been.
#[must_use]
pub fn compressed(mut answer: Answer, headers: &HeaderMap, how: Compressing) -> Answer {
    answer
        .headers
        .push((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    let takes = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|encoding| {
            let mut parts = encoding.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let refused = parts.any(|part| matches!(part.trim(), "q=0" | "q=0.0"));
            matches!(name, "gzip" | "*") && !refused
        });
    if !takes || answer.body.len() < how.min_length || answer.body.is_empty() {
        return answer;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(how.level));
    // Writing to memory cannot fail.
    if encoder.write_all(&answer.body).is_ok()
        && let Ok(packed) = encoder.finish()
    {
        answer.body = packed;
        answer
            .headers
            .push((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
    }
    answer
}
