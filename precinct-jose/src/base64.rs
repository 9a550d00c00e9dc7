//! Base64 as JSON Web Signatures and Go's decoders understand it.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, Specification};
use std::sync::LazyLock;

fn lenient(alphabet: &Encoding) -> Option<Encoding> {
    let mut specification: Specification = alphabet.specification();
    specification.check_trailing_bits = false;
    specification.ignore.push_str("\r\n");
    specification.encoding().ok()
}

static STANDARD: LazyLock<Option<Encoding>> = LazyLock::new(|| lenient(&BASE64_NOPAD));
static URL: LazyLock<Option<Encoding>> = LazyLock::new(|| lenient(&BASE64URL_NOPAD));

/// Encodes for URLs without padding, as every part of a token is.
pub fn encode_url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Decodes the standard or the URL alphabet, padded or not, line breaks ignored, loose bits at the end allowed.
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    let encoding = if text.contains(['-', '_']) {
        &*URL
    } else {
        &*STANDARD
    };
    let trimmed = text.trim_end_matches(['\r', '\n']).trim_end_matches('=');
    encoding.as_ref()?.decode(trimmed.as_bytes()).ok()
}
