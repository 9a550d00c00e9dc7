//! Networks in CIDR notation (RFC 4632), and names of hosts.
//!
//! Addresses follow Go's `net` package: an IPv6 address that stands for an IPv4 address (`::ffff:a.b.c.d`) compares
//! and prints as the latter.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::network::check_host;
use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::value::{Array, Value};

/// Networks and hosts.
pub const FAMILY: &[Builtin] = &[
Builtin::new("net.cidr_contains", "(cidr: string, cidr_or_ip: string) => result: boolean", "Checks if a CIDR or IP is contained within another CIDR. `output` is `true` if `cidr_or_ip` (e.g. `127.0.0.64/26` or `127.0.0.1`) is contained within `cidr` (e.g. `127.0.0.1/24`) and `false` otherwise. Supports both IPv4 and IPv6 notations.", contains).documented(&["CIDR to check against", "CIDR or IP to check"], "`true` if `cidr_or_ip` is contained within `cidr`"),
Builtin::new("net.cidr_contains_matches", "(cidrs: any<string, array[any<string, array[any]>], object[string: any<string, array[any]>], set[any<string, array[any]>]>, cidrs_or_ips: any<string, array[any<string, array[any]>], object[string: any<string, array[any]>], set[any<string, array[any]>]>) => output: set[array<any, any>]", "Checks if collections of cidrs or ips are contained within another collection of cidrs and returns matches. This function is similar to `net.cidr_contains` except it allows callers to pass collections of CIDRs or IPs as arguments and returns the matches (as opposed to a boolean result indicating a match between two CIDRs/IPs).", contains_matches).documented(&["CIDRs to check against", "CIDRs or IPs to check"], "tuples identifying matches where `cidrs_or_ips` are contained within `cidrs`"),
Builtin::new("net.cidr_expand", "(cidr: string) => hosts: set[string]", "Expands CIDR to set of hosts  (e.g., `net.cidr_expand(\"192.168.0.0/30\")` generates 4 hosts: `{\"192.168.0.0\", \"192.168.0.1\", \"192.168.0.2\", \"192.168.0.3\"}`).", expand).documented(&["CIDR to expand"], "set of IP addresses the CIDR `cidr` expands to"),
Builtin::new("net.cidr_intersects", "(cidr1: string, cidr2: string) => result: boolean", "Checks if a CIDR intersects with another CIDR (e.g. `192.168.0.0/16` overlaps with `192.168.1.0/24`). Supports both IPv4 and IPv6 notations.", intersects).documented(&["first CIDR", "second CIDR"], "`true` if `cidr1` intersects with `cidr2`"),
Builtin::new("net.cidr_is_valid", "(cidr: string) => result: boolean", "Parses an IPv4/IPv6 CIDR and returns a boolean indicating if the provided CIDR is valid.", is_valid).documented(&["CIDR to validate"], "`true` if `cidr` is a valid CIDR"),
Builtin::new("net.cidr_merge", "(addrs: any<array[any<string>], set[string]>) => output: set[string]", "Merges IP addresses and subnets into the smallest possible list of CIDRs (e.g., `net.cidr_merge([\"192.0.128.0/24\", \"192.0.129.0/24\"])` generates `{\"192.0.128.0/23\"}`.This function merges adjacent subnets where possible, those contained within others and also removes any duplicates.\nSupports both IPv4 and IPv6 notations. IPv6 inputs need a prefix length (e.g. \"/128\").", merge).documented(&["CIDRs or IP addresses"], "smallest possible set of CIDRs obtained after merging the provided list of IP addresses and subnets in `addrs`"),
Builtin::new("net.cidr_overlap", "(string, string) => boolean", "", contains).deprecated(),
Builtin::new("net.lookup_ip_addr", "(name: string) => addrs: set[string]", "Returns the set of IP addresses (both v4 and v6) that the passed-in `name` resolves to using the standard name resolution mechanisms available.", lookup_ip_addr).documented(&["domain name to resolve"], "IP addresses (v4 and v6) that `name` resolves to").nondeterministic(),
];

/// A network: an address with the bits of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

/// The IPv4 address, also one in the form of an IPv6 address.
const fn as_v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
    }
}

/// The address in 128 bits, IPv4 in its mapped form.
fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn high_bits(prefix: u32) -> u128 {
    u128::MAX
        .checked_shl(128u32.saturating_sub(prefix))
        .unwrap_or(0)
}

fn text(wide: u128) -> String {
    let address = Ipv6Addr::from_bits(wide);
    address
        .to_ipv4_mapped()
        .map_or_else(|| address.to_string(), |v4| v4.to_string())
}

impl Network {
    fn parse(text: &str) -> Result<Self, BuiltinError> {
        Self::read(text).ok_or_else(|| BuiltinError::new(format!("invalid CIDR address: {text}")))
    }

    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if prefix.is_empty() || !prefix.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        let network = Self { address, prefix };
        (prefix <= network.bits()).then(|| network.masked())
    }

    const fn bits(self) -> u32 {
        match self.address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// The prefix as one of 128 bits.
    const fn wide_prefix(self) -> u32 {
        self.prefix + 128 - self.bits()
    }

    fn masked(self) -> Self {
        let first = Ipv6Addr::from_bits(self.first());
        let address = match self.address {
            IpAddr::V4(v4) => IpAddr::V4(first.to_ipv4_mapped().unwrap_or(v4)),
            IpAddr::V6(_) => IpAddr::V6(first),
        };
        Self { address, ..self }
    }

    fn first(self) -> u128 {
        wide(self.address) & high_bits(self.wide_prefix())
    }

    fn last(self) -> u128 {
        self.first() | !high_bits(self.wide_prefix())
    }

    /// Addresses of the other family are never inside.
    fn contains(self, address: IpAddr) -> bool {
        match (as_v4(self.address), as_v4(address)) {
            (Some(own), Some(other)) => {
                let prefix = self.wide_prefix().saturating_sub(96);
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (None, None) => wide(address) & high_bits(self.prefix) == self.first(),
            _ => false,
        }
    }

    fn is_plain_v6(self) -> bool {
        as_v4(self.address).is_none()
    }

    fn contains_network(self, other: Self) -> bool {
        if self.is_plain_v6() && other.is_plain_v6() {
            return self.prefix <= other.prefix
                && other.first() & high_bits(self.prefix) == self.first();
        }
        let last = Ipv6Addr::from_bits(other.last());
        self.contains(other.address) && self.contains(IpAddr::V6(last))
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match as_v4(self.address) {
            Some(v4) => write!(f, "{v4}/{}", self.wide_prefix().saturating_sub(96)),
            None => write!(f, "{}/{}", self.address, self.prefix),
        }
    }
}

fn network_at(args: &[Value<'_>], position: usize) -> Result<Network, BuiltinError> {
    Network::parse(operand::string(args, position)?)
}

fn contains<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    contains_pair(operand::at(args, 1), operand::at(args, 2)).map(|found| Some(Value::Bool(found)))
}

fn contains_pair(cidr: Value<'_>, inner: Value<'_>) -> Result<bool, BuiltinError> {
    let outer = outer(cidr)?;
    Ok(Inner::read(inner)?.is_in(outer))
}

fn outer(cidr: Value<'_>) -> Result<Network, BuiltinError> {
    Network::parse(operand::string(&[cidr], 1)?)
}

/// What may be inside a network.
#[derive(Clone, Copy)]
enum Inner {
    Address(IpAddr),
    Network(Network),
}

impl Inner {
    fn read(value: Value<'_>) -> Result<Self, BuiltinError> {
        let text = operand::string(&[value], 1)?;
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Address(address));
        }
        Network::read(text).map(Self::Network).ok_or_else(|| {
            BuiltinError::new(format!(
                "not a valid textual representation of an IP address or CIDR: {text}"
            ))
        })
    }

    fn is_in(self, outer: Network) -> bool {
        match self {
            Self::Address(address) => outer.contains(address),
            Self::Network(inner) => outer.contains_network(inner),
        }
    }
}

/// Hands on the networks of an operand, one after the other, each with what names it in the result.
fn match_terms<'a>(
    position: usize,
    operand: Value<'a>,
    each: &mut dyn FnMut(Value<'a>, Value<'a>) -> Result<(), BuiltinError>,
) -> Result<(), BuiltinError> {
    let term = |value: Value<'a>| match value {
        Value::String(_) => Ok(value),
        Value::Array(items) if let Some(first) = items.first() => Ok(first),
        _ => Err(BuiltinError::new(format!(
            "operand {position}: element must be string or non-empty array"
        ))),
    };
    match operand {
        Value::String(_) => each(operand, operand),
        Value::Array(items) => {
            let mut items = items.iter().zip(0i64..);
            items.try_for_each(|(item, index)| each(term(item)?, Value::int(index)))
        }
        Value::Set(set) => {
            let mut items = set.items().iter();
            items.try_for_each(|item| each(term(*item)?, *item))
        }
        Value::Object(object) => {
            let mut entries = object.entries().iter();
            entries.try_for_each(|(key, value)| each(term(value)?, key))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// An operand's element that is wrong is told of when its turn comes.
fn contains_matches<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut found = Vec::new();
    // Each text is read when it is asked for the first time.
    let mut inners: Vec<Inner> = Vec::new();
    match_terms(1, operand::at(args, 1), &mut |cidr, index| {
        let mut network = None;
        let mut place = 0;
        match_terms(2, operand::at(args, 2), &mut |address, inner_index| {
            context.spend(1)?;
            let network = match network {
                Some(known) => known,
                None => *network.insert(outer(cidr)?),
            };
            let inner = match inners.get(place) {
                Some(known) => *known,
                None => Inner::read(address).inspect(|inner| inners.push(*inner))?,
            };
            place += 1;
            if inner.is_in(network) {
                found.push(Value::array(context.arena(), &[index, inner_index]));
            }
            Ok(())
        })
    })?;
    Ok(Some(Value::set(context.arena(), found)))
}

fn expand<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let network = network_at(args, 1)?;
    let mut addresses = Vec::new();
    let (mut current, last) = (network.first(), network.last());
    loop {
        context.spend(1).map_err(|error| {
            error.while_builtin("net.cidr_expand", "generating all IP addresses")
        })?;
        addresses.push(Value::string(context.arena(), &text(current)));
        if current >= last {
            break;
        }
        current = current.saturating_add(1);
    }
    Ok(Some(Value::set(context.arena(), addresses)))
}

fn intersects<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let (a, b) = (network_at(args, 1)?, network_at(args, 2)?);
    Ok(Some(Value::Bool(
        a.contains(b.address) || b.contains(a.address),
    )))
}

fn is_valid<'a>(_: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let valid = operand::at(args, 1)
        .as_str()
        .is_some_and(|text| Network::read(text).is_some());
    Ok(Some(Value::Bool(valid)))
}

/// A range of addresses; the network it came from, unless ranges were joined.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    last: u128,
    network: Option<Network>,
}

/// A network, or an IPv4 address with the prefix its class had before CIDR.
fn mergeable(item: Value<'_>) -> Result<Network, BuiltinError> {
    let text = item
        .as_str()
        .ok_or_else(|| BuiltinError::new("element must be string"))?;
    let Ok(address) = text.parse::<IpAddr>() else {
        return Network::parse(text);
    };
    let v4 =
        as_v4(address).ok_or_else(|| BuiltinError::new("IPv6 invalid: needs prefix length"))?;
    let [first, ..] = v4.octets();
    let prefix = match first {
        0..128 => 8,
        128..192 => 16,
        _ => 24,
    };
    Ok(Network {
        address: IpAddr::V4(v4),
        prefix,
    })
}

fn merge<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let items = match operand::at(args, 1) {
        Value::Array(items) => items,
        Value::Set(set) => Array::new(set.items()),
        _ => return Err(BuiltinError::new("operand must be an array")),
    };
    let mut ranges = Vec::with_capacity(items.len());
    for item in items {
        context.spend(1)?;
        let network = mergeable(item)?;
        ranges.push(Range {
            first: network.first(),
            last: network.last(),
            network: Some(network),
        });
    }
    ranges.sort_by_key(|range| (range.last, range.first));
    // From the back: a range that begins inside or right after the one before it is joined with it.
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges.into_iter().rev() {
        match merged.last_mut() {
            Some(later) if before(later.first) <= range.last => {
                *later = Range {
                    first: later.first.min(range.first),
                    last: later.last,
                    network: None,
                };
            }
            _ => merged.push(range),
        }
    }
    let mut texts = Vec::new();
    for range in merged {
        match range.network {
            Some(network) => texts.push(network.to_string()),
            None => spell_range(range.first, range.last, &mut texts),
        }
    }
    let arena = context.arena();
    Ok(Some(Value::set(
        arena,
        texts.iter().map(|text| Value::string(arena, text)),
    )))
}

/// The address before, none of the other family: the first of a family is before itself.
const fn before(address: u128) -> u128 {
    const FIRST_V4: u128 = 0xffff_0000_0000;
    if address == FIRST_V4 {
        address
    } else {
        address.saturating_sub(1)
    }
}

/// The fewest networks that make up a range.
fn spell_range(first: u128, last: u128, texts: &mut Vec<String>) {
    let mut current = first;
    loop {
        // The largest block that starts here and does not pass the end.
        let mut size = current.trailing_zeros().min(128);
        while size > 0 && (current | !high_bits(128 - size)) > last {
            size -= 1;
        }
        let address = IpAddr::V6(Ipv6Addr::from_bits(current));
        texts.push(
            Network {
                address,
                prefix: 128 - size,
            }
            .to_string(),
        );
        let end = current | !high_bits(128 - size);
        match end.checked_add(1) {
            Some(next) if end < last => current = next,
            _ => return,
        }
    }
}

/// What was looked up in this evaluation: one evaluation sees one answer for one name.
#[derive(Default)]
struct Lookups(HashMap<String, Vec<String>>);

fn lookup_ip_addr<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let name = operand::string(args, 1)?;
    check_host(context, name)?;
    if !context.slot::<Lookups>().0.contains_key(name) {
        let addresses = resolve(name)?;
        context
            .slot::<Lookups>()
            .0
            .insert(name.to_owned(), addresses);
    }
    let arena = context.arena();
    let known = context.slot::<Lookups>().0.get(name);
    let addresses = known
        .into_iter()
        .flatten()
        .map(|address| Value::string(arena, address));
    Ok(Some(Value::set(arena, addresses)))
}

fn resolve(name: &str) -> Result<Vec<String>, BuiltinError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![text(wide(address))]);
    }
    let not_found = || BuiltinError::new(format!("lookup {name}: no such host"));
    if name.is_empty()
        || name.contains(|character: char| character.is_whitespace() || character == '\0')
    {
        return Err(not_found());
    }
    let found = (name, 0u16).to_socket_addrs().map_err(|_| not_found())?;
    Ok(found.map(|address| text(wide(address.ip()))).collect())
}
