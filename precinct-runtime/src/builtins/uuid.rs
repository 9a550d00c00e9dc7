//! Universally unique identifiers (RFC 4122).

use std::collections::HashMap;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::value::Value;

/// UUIDs.
pub const FAMILY: &[Builtin] = &[
Builtin::new("uuid.parse", "(uuid: string) => result: object[string: any]", "Parses the string value as an UUID and returns an object with the well-defined fields of the UUID if valid.", parse).documented(&["UUID string to parse"], "Properties of UUID if valid (version, variant, etc). Undefined otherwise."),
Builtin::new("uuid.rfc4122", "(k: string) => output: string", "Returns a new UUIDv4.", rfc4122).documented(&["seed string"], "a version 4 UUID; for any given `k`, the output will be consistent throughout a query evaluation").nondeterministic(),
];

/// The identifiers made in this evaluation: the same key gives the same identifier.
#[derive(Default)]
struct Made(HashMap<String, String>);

fn rfc4122<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let key = crate::json::encode::to_string(operand::at(args, 1));
    if let Some(made) = context.slot::<Made>().0.get(&key).cloned() {
        return Ok(Some(Value::string(context.arena(), &made)));
    }
    let random = u128::from(context.random()) << 64 | u128::from(context.random());
    // Version 4 in the 7th byte, variant 10 in the 9th.
    let bits = random & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let groups: Vec<&str> = [0..8, 8..12, 12..16, 16..20, 20..32]
        .into_iter()
        .filter_map(|group| digits.get(group))
        .collect();
    let text = groups.join("-");
    let value = Value::string(context.arena(), &text);
    context.slot::<Made>().0.insert(key, text);
    Ok(Some(value))
}

fn parse<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let text = operand::string(args, 1)?;
    let Some(bytes) = read(text) else {
        return Ok(None);
    };
    let arena = context.arena();
    let version = i64::from(bytes[6] >> 4);
    let mut entries = vec![
        ("version", Value::int(version)),
        ("variant", Value::String(variant(bytes[8]))),
    ];
    if version == 1 || version == 2 {
        let node: Vec<String> = bytes
            .iter()
            .skip(10)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        entries.push(("nodeid", Value::string(arena, &node.join("-"))));
        entries.push(("macvariables", Value::String(address_kind(bytes[10]))));
        entries.push((
            "clocksequence",
            Value::int(i64::from(u16::from_be_bytes([bytes[8], bytes[9]]) & 0x3fff)),
        ));
        entries.push(("time", Value::int(unix_nanoseconds(&bytes))));
    }
    if version == 2 {
        let id = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        entries.push(("id", Value::int(i64::from(id))));
        let domain = match bytes[9] {
            0 => "Person".to_owned(),
            1 => "Group".to_owned(),
            2 => "Org".to_owned(),
            other => format!("Domain{other}"),
        };
        entries.push(("domain", Value::string(arena, &domain)));
    }
    Ok(Some(Value::object(
        arena,
        entries
            .into_iter()
            .map(|(name, value)| (Value::String(name), value)),
    )))
}

/// Reads the plain form, the form with `urn:uuid:`, in braces, or without dashes.
fn read(text: &str) -> Option<[u8; 16]> {
    let plain = match text.len() {
        32 | 36 => text,
        45 if text.get(..9)?.eq_ignore_ascii_case("urn:uuid:") => text.get(9..)?,
        38 => text.get(1..37)?,
        _ => return None,
    };
    let mut digits = String::with_capacity(32);
    for (index, character) in plain.chars().enumerate() {
        let separator = plain.len() == 36 && [8, 13, 18, 23].contains(&index);
        match character {
            '-' if separator => {}
            _ if separator || !character.is_ascii_hexdigit() => return None,
            _ => digits.push(character),
        }
    }
    u128::from_str_radix(&digits, 16)
        .ok()
        .map(u128::to_be_bytes)
}

const fn variant(byte: u8) -> &'static str {
    match byte >> 5 {
        0b100 | 0b101 => "RFC4122",
        0b110 => "Microsoft",
        0b111 => "Future",
        _ => "Reserved",
    }
}

const fn address_kind(byte: u8) -> &'static str {
    match byte & 0b11 {
        0b11 => "local:multicast",
        0b01 => "global:multicast",
        0b10 => "local:unicast",
        _ => "global:unicast",
    }
}

/// The identifier's time, wrapped around as 64 bits wrap: identifiers count 100 ns since 1582-10-15.
fn unix_nanoseconds(bytes: &[u8; 16]) -> i64 {
    const UNIX_EPOCH: i64 = 122_192_928_000_000_000;
    let low = i64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let middle = i64::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    let high = i64::from(u16::from_be_bytes([bytes[6], bytes[7]]) & 0xfff);
    let ticks = (low | middle << 32 | high << 48).wrapping_sub(UNIX_EPOCH);
    let (seconds, nanoseconds) = (ticks / 10_000_000, ticks % 10_000_000 * 100);
    seconds
        .wrapping_mul(1_000_000_000)
        .wrapping_add(nanoseconds)
}
