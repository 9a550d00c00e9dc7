//! Values to texts and back: JSON, base64, hexadecimal, URL queries.

use std::borrow::Cow;
use std::fmt::Write as _;

use data_encoding::{
    BASE64, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXLOWER_PERMISSIVE, Specification,
};

use crate::arena::Arena;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::{self, Decoder};
use crate::octets;
use crate::value::Value;

/// Values to texts and back.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("json.marshal", "(x: any) => y: string", "Serializes the input term to JSON.", json_marshal).categories(&["encoding"]).documented(&["the term to serialize"], "the JSON string representation of `x`"),
    Builtin::new("json.marshal_with_options", "(x: any, opts: object<indent: string, prefix: string, pretty: boolean>[string: any]) => y: string", "Serializes the input term JSON, with additional formatting options via the `opts` parameter. `opts` accepts keys `pretty` (enable multi-line/formatted JSON), `prefix` (string to prefix lines with, default empty string) and `indent` (string to indent with, default `\\t`).", json_marshal_with_options).categories(&["encoding"]).documented(&["the term to serialize", "encoding options"], "the JSON string representation of `x`, with configured prefix/indent string(s) as appropriate"),
    Builtin::new("json.unmarshal", "(x: string) => y: any", "Deserializes the input string.", json_unmarshal).categories(&["encoding"]).documented(&["a JSON string"], "the term deserialized from `x`"),
    Builtin::new("json.is_valid", "(x: string) => result: boolean", "Verifies the input string is a valid JSON document.", json_is_valid).categories(&["encoding"]).documented(&["a JSON string"], "`true` if `x` is valid JSON, `false` otherwise"),
    Builtin::new("base64.encode", "(x: string) => y: string", "Serializes the input string into base64 encoding.", base64_encode).categories(&["encoding"]).documented(&["string to encode"], "base64 serialization of `x`"),
    Builtin::new("base64.decode", "(x: string) => y: string", "Deserializes the base64 encoded input string.", base64_decode).categories(&["encoding"]).documented(&["string to decode"], "base64 deserialization of `x`"),
    Builtin::new("base64.is_valid", "(x: string) => result: boolean", "Verifies the input string is base64 encoded.", base64_is_valid).categories(&["encoding"]).documented(&["string to check"], "`true` if `x` is valid base64 encoded value, `false` otherwise"),
    Builtin::new("base64url.encode", "(x: string) => y: string", "Serializes the input string into base64url encoding.", base64url_encode).categories(&["encoding"]).documented(&["string to encode"], "base64url serialization of `x`"),
    Builtin::new("base64url.encode_no_pad", "(x: string) => y: string", "Serializes the input string into base64url encoding without padding.", base64url_encode_no_pad).categories(&["encoding"]).documented(&["string to encode"], "base64url serialization of `x`"),
    Builtin::new("base64url.decode", "(x: string) => y: string", "Deserializes the base64url encoded input string.", base64url_decode).categories(&["encoding"]).documented(&["string to decode"], "base64url deserialization of `x`"),
    Builtin::new("hex.encode", "(x: string) => y: string", "Serializes the input string using hex-encoding.", hex_encode).categories(&["encoding"]).documented(&["string to encode"], "serialization of `x` using hex-encoding"),
    Builtin::new("hex.decode", "(x: string) => y: string", "Deserializes the hex-encoded input string.", hex_decode).categories(&["encoding"]).documented(&["a hex-encoded string"], "deserialized from `x`"),
    Builtin::new("urlquery.encode", "(x: string) => y: string", "Encodes the input string into a URL-encoded string.", urlquery_encode).categories(&["encoding"]).documented(&["the string to encode"], "URL-encoding serialization of `x`"),
    Builtin::new("urlquery.decode", "(x: string) => y: string", "Decodes a URL-encoded input string.", urlquery_decode).categories(&["encoding"]).documented(&["the URL-encoded string"], "URL-encoding deserialization of `x`"),
    Builtin::new("urlquery.encode_object", "(object: object[string: any<string, array[string], set[string]>]) => y: string", "Encodes the given object into a URL encoded query string.", urlquery_encode_object).categories(&["encoding"]).documented(&["the object to encode"], "the URL-encoded serialization of `object`"),
    Builtin::new("urlquery.decode_object", "(x: string) => object: object[string: array[string]]", "Decodes the given URL query string into an object.", urlquery_decode_object).categories(&["encoding"]).documented(&["the query string"], "the resulting object"),
];

fn text<'a>(context: &Context<'a>, text: &str) -> Outcome<'a> {
    Ok(Some(Value::string(context.arena(), text)))
}

fn bytes<'a>(context: &Context<'a>, bytes: &[u8]) -> Outcome<'a> {
    text(context, &octets::text(bytes))
}

fn json_marshal<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    bytes(context, json::to_string(operand::at(args, 1)).as_bytes())
}

/// `pretty`, `indent` and `prefix`; any of the latter two means pretty.
fn json_marshal_with_options<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let options = operand::object(args, 2)?;
    let (mut pretty, mut asked) = (false, None);
    let (mut indent, mut prefix) = ("\t", "");
    for (index, (key, value)) in options.entries().iter().enumerate() {
        // OPA counts what it complains about by the place of the key.
        let unfit = |value: Value<'a>| operand::wrong_type(index, value, &["string"]).message;
        let Some(name) = key.as_str() else {
            let text = format!(
                "failed to stringify key {key} at index {index}: {}",
                unfit(key)
            );
            return Err(operand::wrong(2, &text));
        };
        let string = || {
            value.as_str().ok_or_else(|| {
                let text = format!("key {name:?} failed cast to string: {}", unfit(value));
                operand::wrong(2, &text)
            })
        };
        match name {
            "pretty" => {
                let text = "key \"pretty\" failed cast to bool";
                asked = Some(value.as_bool().ok_or_else(|| operand::wrong(2, text))?);
            }
            "indent" => {
                indent = string()?;
                pretty = true;
            }
            "prefix" => {
                prefix = string()?;
                pretty = true;
            }
            other => {
                let text = format!("object contained unknown key \"{other}\"");
                return Err(operand::wrong(2, &text));
            }
        }
    }
    let encoding = json::Encoding {
        escape_html: true,
        indent: asked.unwrap_or(pretty).then_some((prefix, indent)),
    };
    let written = encoding.encode(operand::at(args, 1));
    match encoding.indent {
        Some(_) => bytes(context, format!("{prefix}{written}").as_bytes()),
        None => bytes(context, written.as_bytes()),
    }
}

fn json_unmarshal<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    // JSON holds no other bytes than UTF-8.
    let source = octets::shown_in(operand::string(args, 1)?, context.arena());
    let decoder = Decoder::new(context.arena());
    let error = match decoder.decode(source.as_bytes()) {
        Ok(value) => return Ok(Some(value)),
        Err(error) => error,
    };
    if error.message.ends_with("after top-level value") {
        let (value, rest) = source
            .split_at_checked(error.offset)
            .unwrap_or((source, ""));
        return match trailing(rest) {
            Some(message) => Err(BuiltinError::new(message)),
            None => Ok(decoder.decode(value.as_bytes()).ok()),
        };
    }
    // OPA reads from a stream, whose end has names of its own.
    Err(BuiltinError::new(match error.message.as_str() {
        "unexpected end of JSON input" if source.trim().is_empty() => "EOF",
        "unexpected end of JSON input" => "unexpected EOF",
        other => other,
    }))
}

/// What OPA says about text behind a value: it looks at one token of it, and does not see `null`.
fn trailing(rest: &str) -> Option<String> {
    let word = |length: usize| rest.get(..length).unwrap_or(rest).to_owned();
    let token = match rest.chars().next()? {
        c @ ('{' | '[') => c.to_string(),
        '"' => {
            let end = rest
                .char_indices()
                .skip(1)
                .scan(false, |escaped, (at, c)| {
                    let ends = c == '"' && !*escaped;
                    *escaped = c == '\\' && !*escaped;
                    Some((at, ends))
                })
                .find(|(_, ends)| *ends);
            let Some((end, _)) = end else {
                return Some("unexpected EOF".to_owned());
            };
            let arena = Arena::new();
            match Decoder::new(&arena).decode_copied(word(end + 1).as_bytes()) {
                Ok(value) => value.as_str().unwrap_or_default().to_owned(),
                Err(error) => return Some(error.message),
            }
        }
        '-' | '0'..='9' => {
            let digits = rest.bytes().skip(1).take_while(|b| {
                b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')
            });
            match rest.strip_prefix('0').and_then(|rest| rest.bytes().next()) {
                Some(b'0'..=b'9') => "0".to_owned(),
                _ => word(1 + digits.count()),
            }
        }
        _ if rest.starts_with("true") => "true".to_owned(),
        _ if rest.starts_with("false") => "false".to_owned(),
        _ if rest.starts_with("null") => return None,
        other => {
            return Some(format!(
                "invalid character '{other}' looking for beginning of value"
            ));
        }
    };
    Some(format!(
        "error: invalid character '{token}' after top-level value"
    ))
}

fn json_is_valid<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let valid = operand::at(args, 1).as_str().is_some_and(|source| {
        let source = octets::shown_in(source, arena);
        Decoder::new(arena).check(source.as_bytes()).is_ok()
    });
    Ok(Some(Value::Bool(valid)))
}

fn base64_encode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    text(
        context,
        &BASE64.encode(&octets::bytes(operand::string(args, 1)?)),
    )
}

/// Go's decoder skips line ends and does not mind stray bits at the end.
fn lenient(symbols: &str, padding: Option<char>) -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    specification.padding = padding;
    specification.ignore.push_str("\r\n");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
}

const STANDARD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Decodes padded base64 of the standard alphabet.
#[cfg(feature = "crypto")]
pub(super) fn decode_base64(source: &str) -> Result<Vec<u8>, BuiltinError> {
    decode(STANDARD, Some('='), source)
}

fn decode(symbols: &str, padding: Option<char>, source: &str) -> Result<Vec<u8>, BuiltinError> {
    let refuse = |at: usize| BuiltinError::new(format!("illegal base64 data at input byte {at}"));
    let encoding = lenient(symbols, padding).ok_or_else(|| refuse(0))?;
    encoding
        .decode(source.as_bytes())
        .map_err(|error| refuse(error.position))
}

fn base64_decode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    bytes(
        context,
        &decode(STANDARD, Some('='), operand::string(args, 1)?)?,
    )
}

fn base64_is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|source| decode(STANDARD, Some('='), source).is_ok());
    Ok(Some(Value::Bool(valid)))
}

fn base64url_encode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    text(
        context,
        &BASE64URL.encode(&octets::bytes(operand::string(args, 1)?)),
    )
}

fn base64url_encode_no_pad<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    text(
        context,
        &BASE64URL_NOPAD.encode(&octets::bytes(operand::string(args, 1)?)),
    )
}

/// Missing padding is no mistake.
fn base64url_decode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let source = operand::string(args, 1)?;
    let padding = source.ends_with('=').then_some('=');
    if padding.is_none() && source.len() % 4 == 1 {
        return Err(BuiltinError::new(format!(
            "illegal base64url string: {source}"
        )));
    }
    bytes(context, &decode(URL, padding, source)?)
}

fn hex_encode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    text(
        context,
        &HEXLOWER.encode(&octets::bytes(operand::string(args, 1)?)),
    )
}

fn hex_decode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let source = operand::string(args, 1)?;
    if let Some(wrong) = source.chars().find(|c| !c.is_ascii_hexdigit()) {
        let shown = if wrong.is_ascii_graphic() || wrong == ' ' {
            format!("U+{:04X} '{wrong}'", u32::from(wrong))
        } else {
            let byte = source
                .bytes()
                .find(|b| !b.is_ascii_hexdigit())
                .unwrap_or_default();
            match char::from(byte) {
                c if c.is_control() => format!("U+{byte:04X}"),
                c => format!("U+{byte:04X} '{c}'"),
            }
        };
        return Err(BuiltinError::new(format!(
            "encoding/hex: invalid byte: {shown}"
        )));
    }
    if source.len() % 2 == 1 {
        return Err(BuiltinError::new("encoding/hex: odd length hex string"));
    }
    let decoded = HEXLOWER_PERMISSIVE
        .decode(source.as_bytes())
        .map_err(|error| BuiltinError::new(error.to_string()))?;
    bytes(context, &decoded)
}

/// As Go's `url.QueryEscape`: letters, digits, `-_.~` stay, a space becomes a plus.
pub(super) fn escape(source: &str, out: &mut String) {
    for byte in octets::bytes(source).iter().copied() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            // Writing to a string can't fail.
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
}

fn unescape(source: &str) -> Result<Vec<u8>, BuiltinError> {
    let bytes = octets::bytes(source);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let pair = bytes
                    .get(at + 1..at + 3)
                    .and_then(|pair| HEXLOWER_PERMISSIVE.decode(pair).ok());
                let Some(decoded) = pair else {
                    let end = (at + 3).min(bytes.len());
                    let mut shown = String::new();
                    let _ = json::quote_go(&octets::text(&bytes[at..end]), &mut shown);
                    return Err(BuiltinError::new(format!("invalid URL escape {shown}")));
                };
                out.extend(decoded);
                at += 3;
            }
            b'+' => {
                out.push(b' ');
                at += 1;
            }
            other => {
                out.push(other);
                at += 1;
            }
        }
    }
    Ok(out)
}

fn urlquery_encode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut out = String::new();
    escape(operand::string(args, 1)?, &mut out);
    text(context, &out)
}

fn urlquery_decode<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    bytes(context, &unescape(operand::string(args, 1)?)?)
}

fn urlquery_encode_object<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let object = operand::object(args, 1)?;
    let no_text = || operand::wrong(1, "values must be string, array[string], or set[string]");
    let mut out = String::new();
    // Keys that are no strings have their JSON text as names.
    let mut entries: Vec<(Cow<'_, str>, Value<'_>)> = object
        .entries()
        .iter()
        .map(|(key, value)| match key.as_str() {
            Some(name) => (Cow::Borrowed(name), value),
            None => (Cow::Owned(json::to_string(key)), value),
        })
        .collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, value) in entries {
        let values: Vec<Value<'_>> = match value {
            Value::String(_) => vec![value],
            Value::Array(items) => items.to_vec(),
            Value::Set(set) => set.items().to_vec(),
            _ => return Err(no_text()),
        };
        for value in values {
            let Some(value) = value.as_str() else {
                return Err(no_text());
            };
            if !out.is_empty() {
                out.push('&');
            }
            escape(&name, &mut out);
            out.push('=');
            escape(value, &mut out);
        }
    }
    text(context, &out)
}

fn urlquery_decode_object<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let arena = context.arena();
    let mut entries: Vec<(String, Vec<Value<'a>>)> = Vec::new();
    for pair in operand::string(args, 1)?
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        if pair.contains(';') {
            return Err(BuiltinError::new("invalid semicolon separator in query"));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = octets::text(&unescape(name)?).into_owned();
        let value = Value::string(arena, &octets::text(&unescape(value)?));
        match entries.iter_mut().find(|(there, _)| *there == name) {
            Some((_, values)) => values.push(value),
            None => entries.push((name, vec![value])),
        }
    }
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(name, values)| (Value::string(arena, &name), Value::array(arena, &values)))
        .collect();
    Ok(Some(Value::object(arena, entries)))
}
