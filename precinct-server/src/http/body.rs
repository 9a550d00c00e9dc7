//! Bodies under their limits, compressed or not.

use std::io::Read as _;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::GzDecoder;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::answer::{Refusal, code};

/// How much of a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes as they are sent (`server.decoding.max_length`).
    pub sent: usize,
    /// Bytes of a compressed body when it is unpacked (`server.decoding.gzip.max_length`).
    pub unpacked: usize,
}

impl Default for BodyLimits {
    /// 256 MiB sent, 512 MiB unpacked, as OPA has it.
    fn default() -> Self {
        Self {
            sent: 256 << 20,
            unpacked: 512 << 20,
        }
    }
}

/// A body that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It says that it is too long.
    #[error(
        "request body too large: {found} bytes exceeds limit of {limit} bytes (server.decoding.max_length)"
    )]
    SaysTooLong {
        /// Bytes of the body.
        found: u64,
        /// Bytes that it may have.
        limit: usize,
    },
    /// It turns out to be too long.
    #[error("request body too large: exceeds limit of {0} bytes (server.decoding.max_length)")]
    TooLong(usize),
    /// It unpacks to too much.
    #[error(
        "request body too large: decompressed size exceeds limit of {0} bytes (server.decoding.gzip.max_length)"
    )]
    UnpacksTooLong(usize),
    /// It is not compressed as it says.
    #[error("could not decompress the body: {0}")]
    Packed(&'static str),
    /// The client went away.
    #[error("unexpected EOF")]
    Cut,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            code::INVALID_PARAMETER,
            error.to_string(),
        )
    }
}

/// Reads a body as it is sent.
///
/// # Errors
/// When it is longer than allowed, or is cut.
pub async fn read(body: Body, limits: BodyLimits) -> Result<Vec<u8>, BodyError> {
    let limit = limits.sent;
    if let Some(found) = body.size_hint().exact()
        && usize::try_from(found).map_or(true, |found| found > limit)
    {
        return Err(BodyError::SaysTooLong { found, limit });
    }
    match Limited::new(body, limits.sent).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLong(limit)),
        Err(_) => Err(BodyError::Cut),
    }
}

/// The body that was meant: unpacked if the headers say that it is packed.
///
/// # Errors
/// When it is not packed right, or unpacks to more than allowed.
pub fn unpacked(
    bytes: Vec<u8>,
    headers: &HeaderMap,
    limits: BodyLimits,
) -> Result<Vec<u8>, BodyError> {
    let is_packed = headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|encoding| encoding.contains("gzip"));
    if !is_packed {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    let limit = u64::try_from(limits.unpacked).unwrap_or(u64::MAX);
    let read = GzDecoder::new(bytes.as_slice())
        .take(limit.saturating_add(1))
        .read_to_end(&mut text);
    match read {
        Ok(_) if text.len() > limits.unpacked => Err(BodyError::UnpacksTooLong(limits.unpacked)),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(BodyError::Packed("unexpected EOF"))
        }
        Err(_) => Err(BodyError::Packed("gzip: invalid header")),
    }
}
