//! Text armour around DER (RFC 7468), read as leniently as Go's `encoding/pem`.

use crate::base64::decode_any;

/// One block between a BEGIN and an END line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The label, such as `CERTIFICATE`.
    pub label: String,
    /// The `Name: value` lines before the data, as encrypted keys of OpenSSL have.
    pub headers: Vec<(String, String)>,
    /// The decoded contents.
    pub contents: Vec<u8>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The first block of `text` and what follows it; text before the block, and malformed blocks, are skipped.
pub fn decode(text: &str) -> Option<(Block, &str)> {
    let mut rest = text;
    loop {
        let start = if rest.starts_with(BEGIN) {
            0
        } else {
            rest.find("\n-----BEGIN ")?.checked_add(1)?
        };
        let after_begin = rest.get(start.checked_add(BEGIN.len())?..)?;
        let (first_line, body) = split_line(after_begin);
        rest = after_begin;
        let Some(label) = first_line.strip_suffix(DASHES) else {
            continue;
        };
        if let Some(found) = read_block(label, body) {
            return Some(found);
        }
    }
}

/// Every block of `text`, in order.
pub fn decode_all(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((block, after)) = decode(rest) {
        blocks.push(block);
        rest = after;
    }
    blocks
}

/// Writes a block with lines of 64 characters.
pub fn encode(label: &str, contents: &[u8]) -> String {
    let encoded = data_encoding::BASE64.encode(contents);
    let mut out = format!("{BEGIN}{label}{DASHES}\n");
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            out.push('\n');
        }
        out.push(character);
    }
    if !encoded.is_empty() {
        out.push('\n');
    }
    for part in [END, label, DASHES, "\n"] {
        out.push_str(part);
    }
    out
}

fn read_block<'t>(label: &str, body: &'t str) -> Option<(Block, &'t str)> {
    let mut headers = Vec::new();
    let mut rest = body;
    loop {
        let (line, after) = split_line(rest);
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
        if after.is_empty() {
            return None;
        }
        rest = after;
    }
    let (data, tail) = if headers.is_empty() && rest.starts_with(END) {
        ("", rest.get(END.len()..)?)
    } else {
        let end = rest.find("\n-----END ")?;
        (
            rest.get(..end)?,
            rest.get(end.checked_add(1)?.checked_add(END.len())?..)?,
        )
    };
    let after_label = tail.strip_prefix(label)?.strip_prefix(DASHES)?;
    let (remainder, after) = split_line(after_label);
    if !remainder.is_empty() {
        return None;
    }
    let compact: String = data
        .chars()
        .filter(|character| !matches!(character, ' ' | '\t' | '\r' | '\n'))
        .collect();
    if !compact.is_empty() && (!compact.len().is_multiple_of(4) || compact.contains(['-', '_'])) {
        return None;
    }
    Some((
        Block {
            label: label.to_owned(),
            headers,
            contents: decode_any(&compact)?,
        },
        after,
    ))
}

/// The first line without its trailing blanks, and the rest.
fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.trim_end_matches([' ', '\t', '\r']), rest)
}
