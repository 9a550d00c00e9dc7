//! Taking tokens apart (RFC 7519 section 7.2).

use precinct_jose::hash::hex;

use crate::arena::Arena;
use crate::builtin::{Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::decode::Decoder;
use crate::value::Value;

/// The three parts of a token, still encoded.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub header: String,
    pub payload: String,
    pub signature: String,
}

impl Token {
    pub fn split(text: &str) -> Result<Self, BuiltinError> {
        if !text.contains('.') {
            return Err(BuiltinError::new("encoded JWT had no period separators"));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            let count = parts.len();
            return Err(BuiltinError::new(format!(
                "encoded JWT must have 3 sections, found {count}"
            )));
        };
        Ok(Self {
            header: (*header).to_owned(),
            payload: (*payload).to_owned(),
            signature: (*signature).to_owned(),
        })
    }

    /// What is signed.
    pub fn signing_input(&self) -> String {
        format!("{}.{}", self.header, self.payload)
    }

    /// The header as an object. Encrypted tokens (RFC 7516 section 9) are refused.
    pub fn header<'a>(&self, arena: &'a Arena) -> Result<Value<'a>, BuiltinError> {
        let bytes = part(&self.header).map_err(|error| {
            BuiltinError::new(format!("JWT header had invalid encoding: {error}"))
        })?;
        let header = object(arena, &bytes)
            .map_err(|error| BuiltinError::new(format!("bad JWT header: {error}")))?;
        if header.field("enc").is_some() {
            return Err(BuiltinError::new(
                "JWT is a JWE object, which is not supported",
            ));
        }
        Ok(header)
    }

    pub fn payload_bytes(&self) -> Result<Vec<u8>, BuiltinError> {
        part(&self.payload).map_err(|error| {
            BuiltinError::new(format!("JWT payload had invalid encoding: {error}"))
        })
    }

    pub fn signature_bytes(&self) -> Result<Vec<u8>, BuiltinError> {
        part(&self.signature).map_err(BuiltinError::new)
    }
}

/// Reads a JSON object.
pub(super) fn object<'a>(arena: &'a Arena, bytes: &[u8]) -> Result<Value<'a>, BuiltinError> {
    let value = Decoder::new(arena)
        .decode_copied(bytes)
        .map_err(|error| BuiltinError::new(format!("invalid JSON: {error}")))?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(BuiltinError::new("decoded JSON type was not an Object")),
    }
}

/// Decodes a part of a token, padded or not; errors are worded as Go's decoder words them.
fn part(text: &str) -> Result<Vec<u8>, String> {
    let mut padded = text.to_owned();
    if !text.ends_with('=') {
        match text.len() % 4 {
            0 => {}
            2 => padded.push_str("=="),
            3 => padded.push('='),
            _ => return Err(format!("illegal base64url string: {text}")),
        }
    }
    decode_padded(padded.as_bytes()).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

/// Decodes padded base64url, line breaks ignored; the error is the offset that Go reports.
fn decode_padded(text: &[u8]) -> Result<Vec<u8>, usize> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut digits: Vec<u8> = Vec::with_capacity(4);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if is_break(&byte) {
            continue;
        }
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            b'=' if digits.len() >= 2 => {
                if digits.len() == 2 {
                    at += text
                        .iter()
                        .skip(at)
                        .take_while(|byte| is_break(byte))
                        .count();
                    match text.get(at) {
                        None => return Err(text.len()),
                        Some(b'=') => at += 1,
                        Some(_) => return Err(at - 1),
                    }
                }
                at += text
                    .iter()
                    .skip(at)
                    .take_while(|byte| is_break(byte))
                    .count();
                if at < text.len() {
                    return Err(at);
                }
                out.extend(bytes_of(&digits));
                return Ok(out);
            }
            _ => return Err(at - 1),
        };
        digits.push(digit);
        if digits.len() == 4 {
            out.extend(bytes_of(&digits));
            digits.clear();
        }
    }
    if digits.is_empty() {
        Ok(out)
    } else {
        Err(text.len() - digits.len())
    }
}

/// The whole bytes that up to four digits of six bits make.
fn bytes_of(digits: &[u8]) -> Vec<u8> {
    let number = (0..4).fold(0u32, |sum, index| {
        sum << 6 | u32::from(digits.get(index).copied().unwrap_or(0))
    });
    let [_, bytes @ ..] = number.to_be_bytes();
    bytes
        .into_iter()
        .take(digits.len().saturating_sub(1))
        .collect()
}

/// `io.jwt.decode`: a token whose payload is a token again is decoded down to the innermost.
pub(super) fn decode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let mut token = Token::split(operand::string(args, 1)?)?;
    loop {
        context.spend(1)?;
        let header = token.header(arena)?;
        let payload = token.payload_bytes()?;
        match header.field("cty") {
            Some(Value::String("JWT")) => {
                let inner = String::from_utf8_lossy(&payload);
                token = Token::split(inner.trim_matches(['"', '\'']))?;
            }
            Some(Value::String(_)) | None => {
                let payload = object(arena, &payload)?;
                let signature = part(&token.signature).map_err(|error| {
                    BuiltinError::new(format!("JWT signature had invalid encoding: {error}"))
                })?;
                let signature = Value::string(arena, &hex(&signature));
                return Ok(Some(Value::array(arena, &[header, payload, signature])));
            }
            Some(_) => return Err(BuiltinError::new("cty: must be a string")),
        }
    }
}
