//! The `format` keyword. Unknown formats hold for everything, all formats for what is no string.

use std::net::IpAddr;

use super::super::regex::go;
use super::super::uri::Uri;

/// Does the text have the format?
pub fn holds(format: &str, text: &str) -> bool {
    match format {
        "date" => is_date(text),
        "time" => is_time(text),
        "date-time" => {
            let parts = text.split_once('T');
            is_date(text)
                || is_time(text)
                || parts.is_some_and(|(date, time)| is_date(date) && is_zoned_time(time))
        }
        "hostname" => is_hostname(text),
        "email" | "idn-email" => is_mail_address(text),
        "ipv4" => text.parse::<IpAddr>().is_ok() && text.contains('.'),
        "ipv6" => text.parse::<IpAddr>().is_ok() && text.contains(':'),
        "uri" | "iri" => {
            Uri::parse(text).is_ok_and(|uri| !uri.scheme.is_empty()) && !text.contains('\\')
        }
        "uri-reference" | "iri-reference" => Uri::parse(text).is_ok() && !text.contains('\\'),
        "uri-template" => {
            !text.contains('\\') && Uri::parse(text).is_ok_and(|uri| has_balanced_braces(&uri.path))
        }
        "uuid" => is_uuid(text),
        "regex" => text.is_empty() || go::compile(text).is_ok(),
        "json-pointer" => is_pointer(text),
        "relative-json-pointer" => is_relative_pointer(text),
        _ => true,
    }
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// `2006-01-02`
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (
        parts.next().and_then(|part| digits(part, 4)),
        parts.next().and_then(|part| digits(part, 2)),
        parts.next().and_then(|part| digits(part, 2)),
    ) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A time of day with or without a zone.
fn is_time(text: &str) -> bool {
    is_local_time(text) || is_zoned_time(text)
}

/// `15:04:05` with any number of decimals; Go takes an hour of one digit.
fn is_local_time(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let hour = parts
        .next()
        .and_then(|part| digits(part, 2).or_else(|| digits(part, 1)));
    let minute = parts.next().and_then(|part| digits(part, 2));
    let rest = parts.next().unwrap_or_default();
    let (seconds, decimals) = match rest.find(['.', ',']) {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)),
        None => (rest, None),
    };
    let is_fraction =
        |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
    hour.is_some_and(|hour| hour < 24)
        && minute.is_some_and(|minute| minute < 60)
        && digits(seconds, 2).is_some_and(|second| second < 60)
        && decimals.is_none_or(is_fraction)
}

/// `15:04:05Z`, `15:04:05+07:00`
fn is_zoned_time(text: &str) -> bool {
    if let Some(local) = text.strip_suffix('Z') {
        return is_local_time(local);
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return false;
    };
    let (local, zone) = text.split_at(at);
    let zone = zone.get(1..).and_then(|zone| zone.split_once(':'));
    let fits = zone.is_some_and(|(hours, minutes)| {
        digits(hours, 2).is_some_and(|hours| hours <= 24)
            && digits(minutes, 2).is_some_and(|minutes| minutes < 60)
    });
    fits && is_local_time(local)
}

fn is_hostname(text: &str) -> bool {
    text.len() < 256
        && text.split('.').all(|label| {
            let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(is_inner)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups
            .iter()
            .all(|group| group.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// An address as mail headers have it (RFC 5322), with or without a display name.
fn is_mail_address(text: &str) -> bool {
    let mut text = text.trim_matches([' ', '\t']);
    // A comment may follow.
    if let Some((before, comment)) = text
        .strip_suffix(')')
        .and_then(|inner| inner.split_once('('))
        && !comment.contains(['(', ')'])
    {
        text = before.trim_end_matches([' ', '\t']);
    }
    let address = match text.strip_suffix('>') {
        Some(inner) => match inner.rsplit_once('<') {
            Some((name, address)) if is_phrase(name) => address,
            _ => return false,
        },
        None => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let is_quoted = local.len() >= 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local
            .get(1..local.len() - 1)
            .unwrap_or_default()
            .contains(['"', '\r', '\n']);
    let is_literal = domain
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .is_some_and(|inner| {
            inner
                .strip_prefix("IPv6:")
                .unwrap_or(inner)
                .parse::<IpAddr>()
                .is_ok()
        });
    (is_quoted || is_dot_atom(local)) && (is_literal || is_dot_atom(domain))
}

fn is_atom_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(character)
        || !character.is_ascii()
}

fn is_dot_atom(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_phrase(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let is_quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    is_quoted
        || text.split([' ', '\t']).all(|word| {
            word.chars()
                .all(|part| is_atom_character(part) || part == '.')
        })
}

/// Every opening brace is closed before the next one opens.
fn has_balanced_braces(path: &str) -> bool {
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('{') {
        match after.split_once('}') {
            Some((_, next)) => rest = next,
            None => return false,
        }
    }
    true
}

/// RFC 6901
fn is_pointer(text: &str) -> bool {
    (text.is_empty() || text.starts_with('/')) && {
        let mut parts = text.split('~');
        parts.next();
        parts.all(|part| part.starts_with(['0', '1']))
    }
}

fn is_relative_pointer(text: &str) -> bool {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(count);
    let is_number = number == "0" || (!number.is_empty() && !number.starts_with('0'));
    is_number && (rest == "#" || is_pointer(rest))
}
