//! Parts of URIs (RFC 3986), read as Go's `net/url` reads them.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::json::encode::quote_go;
use crate::value::Value;

/// URIs.
pub const FAMILY: &[Builtin] = &[
Builtin::new("uri.is_valid", "(uri: string) => result: boolean", "Returns true if the input can be parsed as a URI.", is_valid).documented(&["the URI string to validate"], "true if `uri` is a valid URI, false otherwise"),
Builtin::new("uri.parse", "(uri: string) => output: object[string: string]", "Parses a URI and returns an object containing its components according to RFC 3986. Empty components are omitted. In addition to the standard components, `raw_query` is returned for use with `urlquery` builtins, and `raw_path` is returned to allow detection of path-based exploits using percent-encoded characters.", parse).documented(&["the URI string to parse"], "object containing URI components"),
];

fn is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|text| !text.is_empty() && Uri::read(text).is_ok());
    Ok(Some(Value::Bool(valid)))
}

fn parse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let uri = Uri::parse(text).map_err(BuiltinError::new)?;
    let (hostname, port) = uri.hostname_and_port();
    let raw_path = if uri.raw_path.is_empty() {
        &uri.path
    } else {
        &uri.raw_path
    };
    let arena = context.arena();
    let parts = [
        ("scheme", uri.scheme.as_str()),
        ("hostname", hostname),
        ("port", port),
        ("path", &uri.path),
        ("raw_path", raw_path),
        ("raw_query", &uri.raw_query),
        ("fragment", &uri.fragment),
    ];
    Ok(Some(Value::object(
        arena,
        parts
            .into_iter()
            .filter(|(_, part)| !part.is_empty())
            .map(|(name, part)| (Value::String(name), Value::string(arena, part))),
    )))
}

/// The parts of a URI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// In lower case, without its colon.
    pub scheme: String,
    /// What follows the scheme where no slash does.
    pub opaque: String,
    /// User and password as they are written, percent signs decoded.
    pub user: Option<String>,
    /// Host and port, percent signs decoded.
    pub host: String,
    /// The path, percent signs decoded.
    pub path: String,
    /// The path as it was written, where encoding [`Uri::path`] would give something else.
    pub raw_path: String,
    /// What follows the question mark, as it is written.
    pub raw_query: String,
    /// What follows the number sign, percent signs decoded.
    pub fragment: String,
}

/// Where an encoded text stands: what may be written plainly differs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Fragment,
    User,
    Host,
    Zone,
}

impl Uri {
    /// Reads a URI or a relative reference; the error is worded as Go words it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|error| format!("parse {}: {error}", quoted(text)))
    }

    fn read(text: &str) -> Result<Self, String> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut uri = Self::read_without_fragment(before)?;
        uri.fragment = decode(fragment, Part::Fragment)?;
        Ok(uri)
    }

    fn read_without_fragment(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let mut uri = Self::default();
        if text == "*" {
            "*".clone_into(&mut uri.path);
            return Ok(uri);
        }
        let (scheme, rest) = split_scheme(text)?;
        uri.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        query.clone_into(&mut uri.raw_query);
        if !rest.starts_with('/') {
            if !uri.scheme.is_empty() {
                rest.clone_into(&mut uri.opaque);
                return Ok(uri);
            }
            if rest
                .split('/')
                .next()
                .is_some_and(|segment| segment.contains(':'))
            {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if let Some(after) = rest.strip_prefix("//")
            && (!uri.scheme.is_empty() || !after.starts_with('/'))
        {
            let slash = after.find('/').unwrap_or(after.len());
            let (authority, path) = after.split_at(slash);
            uri.read_authority(authority)?;
            rest = path;
        }
        uri.path = decode(rest, Part::Path)?;
        if encode_path(&uri.path) != rest {
            rest.clone_into(&mut uri.raw_path);
        }
        Ok(uri)
    }

    fn read_authority(&mut self, authority: &str) -> Result<(), String> {
        let Some((user, host)) = authority.rsplit_once('@') else {
            self.host = read_host(&self.scheme, authority)?;
            return Ok(());
        };
        self.host = read_host(&self.scheme, host)?;
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
        if !user.bytes().all(plain) {
            return Err("net/url: invalid userinfo".to_owned());
        }
        self.user = Some(decode(user, Part::User)?);
        Ok(())
    }

    /// The URI in text again, encoded where it has to be.
    #[cfg(feature = "crypto")]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                out.push_str("//");
                if let Some(user) = &self.user {
                    out.push_str(user);
                    out.push('@');
                }
                out.push_str(&self.host);
            }
            let path = self.escaped_path();
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if !self.raw_query.is_empty() {
            out.push('?');
            out.push_str(&self.raw_query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&self.fragment);
        }
        out
    }

    /// The path with what has to be encoded encoded, as it was written if that is valid.
    pub fn escaped_path(&self) -> String {
        let plain = |byte: u8| is_plain(byte, Part::Path) || b"!'()*[]%".contains(&byte);
        let keeps = !self.raw_path.is_empty() && self.raw_path.bytes().all(plain);
        if keeps || self.path == "*" {
            return if keeps {
                self.raw_path.clone()
            } else {
                self.path.clone()
            };
        }
        encode_path(&self.path)
    }

    /// The host without port and brackets, and the port.
    pub fn hostname_and_port(&self) -> (&str, &str) {
        let (host, port) = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => (host, port),
            _ => (self.host.as_str(), ""),
        };
        (
            host.strip_prefix('[')
                .and_then(|inner| inner.strip_suffix(']'))
                .unwrap_or(host),
            port,
        )
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = quote_go(text, &mut out);
    out
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => {
                return Ok((
                    text.get(..index).unwrap_or_default(),
                    text.get(index + 1..).unwrap_or_default(),
                ));
            }
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

fn read_host(scheme: &str, host: &str) -> Result<String, String> {
    match host.rfind('[') {
        Some(0) => return read_literal(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    if let Some(first) = host.find(':') {
        // Lists of hosts with ports are allowed, but not on the web.
        let last = host.rfind(':').unwrap_or(first);
        let start = if scheme == "http" || scheme == "https" {
            first
        } else {
            last
        };
        let port = host.get(start..).unwrap_or_default();
        if !is_port(port) {
            return Err(format!("invalid port {} after host", quoted(port)));
        }
    }
    decode(host, Part::Host)
}

/// A host in brackets, which must be an IPv6 address.
fn read_literal(host: &str) -> Result<String, String> {
    let Some(close) = host.rfind(']') else {
        return Err("missing ']' in host".to_owned());
    };
    let port = host.get(close + 1..).unwrap_or_default();
    if !is_port(port) {
        return Err(format!("invalid port {} after host", quoted(port)));
    }
    let inner = host.get(1..close).unwrap_or_default();
    let address = match inner.find("%25") {
        Some(zone) => {
            let (address, zone) = inner.split_at(zone);
            decode(address, Part::Host)? + &decode(zone, Part::Zone)?
        }
        None => decode(inner, Part::Host)?,
    };
    let bare = match address.split_once('%') {
        Some((_, "")) => {
            return Err(format!(
                "invalid host: ParseAddr({}): zone must be a non-empty string",
                quoted(&address)
            ));
        }
        Some((bare, _)) => bare,
        None => &address,
    };
    if bare.parse::<Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    if bare.parse::<Ipv6Addr>().is_err() {
        return Err(format!(
            "invalid host: ParseAddr({}): unable to parse IP",
            quoted(&address)
        ));
    }
    Ok(format!("[{address}]{port}"))
}

/// May the byte stand in the part as it is?
fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return true;
    }
    match part {
        Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => b"$&+,/:;=@".contains(&byte),
        Part::User => b"$&+,;=".contains(&byte),
        Part::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn encode_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if is_plain(byte, Part::Path) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode(text: &str, part: Part) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && !is_plain(byte, part) {
                let character = char::from(byte).to_string();
                return Err(format!(
                    "invalid character {} in host name",
                    quoted(&character)
                ));
            }
            out.push(byte);
            rest = after;
            continue;
        }
        let escape = String::from_utf8_lossy(rest.get(..3).unwrap_or(rest)).into_owned();
        let invalid = || format!("invalid URL escape {}", quoted(&escape));
        let (Some(high), Some(low)) = (digit(after.first()), digit(after.get(1))) else {
            return Err(invalid());
        };
        let decoded = high << 4 | low;
        // A host may encode only what is not ASCII; a zone also what a host may hold, and spaces.
        let refused = match part {
            Part::Host => high < 8 && escape != "%25",
            Part::Zone => escape != "%25" && decoded != b' ' && !is_plain(decoded, Part::Host),
            Part::Path | Part::Fragment | Part::User => false,
        };
        if refused {
            return Err(invalid());
        }
        out.push(decoded);
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(String::from_utf8(out)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
