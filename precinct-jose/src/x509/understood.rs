//! What the extensions of a certificate say (RFC 5280 section 4.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{AlternativeNames, Extension, Extensions, X509Error};
use crate::der::{self, DerError, Element, Reader, tag};

/// Go's numbers of extended key usages.
fn extended_key_usage(id: &[u64]) -> Option<i64> {
    match id {
        [2, 5, 29, 37, 0] => Some(0),
        [1, 3, 6, 1, 5, 5, 7, 3, number @ 1..=9] => i64::try_from(*number).ok(),
        [1, 3, 6, 1, 4, 1, 311, 10, 3, 3] => Some(10),
        [2, 16, 840, 1, 113_730, 4, 1] => Some(11),
        [1, 3, 6, 1, 4, 1, 311, 2, 1, 22] => Some(12),
        [1, 3, 6, 1, 4, 1, 311, 61, 1, 1] => Some(13),
        _ => None,
    }
}

pub(super) fn understand(list: &[Extension]) -> Result<Extensions, X509Error> {
    let mut found = Extensions::default();
    for extension in list {
        let mut reader = Reader::new(&extension.value);
        let handled = match extension.id.as_slice() {
            [2, 5, 29, number] => id_ce(&mut found, *number, &mut reader, extension.critical)?,
            [1, 3, 6, 1, 5, 5, 7, 1, 1] => {
                authority_information(&mut found, &mut reader)
                    .map_err(|_| X509Error::Part("authority info access"))?;
                true
            }
            _ => false,
        };
        if extension.critical && !handled {
            found.unhandled_critical.push(extension.id.clone());
        }
    }
    Ok(found)
}

/// The extensions of X.509 itself, 2.5.29.*; whether the extension is understood.
fn id_ce(
    found: &mut Extensions,
    number: u64,
    reader: &mut Reader<'_>,
    critical: bool,
) -> Result<bool, X509Error> {
    match number {
        14 => {
            let id = reader
                .expect(tag::OCTET_STRING)
                .map_err(|_| X509Error::Invalid("subject key identifier"))?;
            found.subject_key_id = Some(id.contents.to_vec());
        }
        15 => {
            let (bytes, length) = reader
                .bit_string()
                .map_err(|_| X509Error::Invalid("key usage"))?;
            for bit in 0..length.min(9) {
                let set = bytes
                    .get(bit / 8)
                    .is_some_and(|byte| byte >> (7 - bit % 8) & 1 == 1);
                found.key_usage |= u32::from(set) << bit;
            }
        }
        17 => {
            found.names = alternative_names(reader)
                .map_err(|_| X509Error::Invalid("subject alternative names"))?;
            // With names of other kinds only, a critical extension says something that is not understood.
            let names = &found.names;
            return Ok(!(names.dns.is_empty()
                && names.email.is_empty()
                && names.ip.is_empty()
                && names.uri.is_empty()));
        }
        19 => {
            let invalid = |_| X509Error::Invalid("basic constraints");
            let mut fields = reader.sequence().map_err(invalid)?;
            found.is_authority = fields
                .optional(tag::BOOLEAN)
                .map_err(invalid)?
                .is_some_and(|flag| flag.contents == [0xff]);
            found.max_path_length = -1;
            if fields.peek() == Some(tag::INTEGER) {
                let length = fields.small_unsigned().map_err(invalid)?;
                found.max_path_length = i64::try_from(length).unwrap_or(i64::MAX);
            }
            found.basic_constraints_valid = true;
        }
        30 => {
            found.constraints_critical = critical;
            return name_constraints(found, reader)
                .map_err(|_| X509Error::Invalid("NameConstraints extension"));
        }
        31 => {
            let lists = revocation_lists(reader)
                .map_err(|_| X509Error::Invalid("CRL distribution points"))?;
            found.revocation_lists = lists;
        }
        32 => {
            let mut items = reader
                .sequence()
                .map_err(|_| X509Error::Invalid("certificate policies"))?;
            while !items.is_empty() {
                let id = items
                    .sequence()
                    .and_then(|mut item| item.oid().and_then(der::oid_arcs));
                found
                    .policies
                    .push(id.map_err(|_| X509Error::Invalid("certificate policies"))?);
            }
        }
        35 => {
            let mut fields = reader
                .sequence()
                .map_err(|_| X509Error::Invalid("authority key identifier"))?;
            let id = fields.optional(tag::context(0, false));
            let id = id.map_err(|_| X509Error::Invalid("authority key identifier"))?;
            found.authority_key_id = id.map(|id| id.contents.to_vec());
        }
        37 => {
            let mut items = reader
                .sequence()
                .map_err(|_| X509Error::Invalid("extended key usages"))?;
            while !items.is_empty() {
                let id = items
                    .oid()
                    .and_then(der::oid_arcs)
                    .map_err(|_| X509Error::Invalid("extended key usages"))?;
                match extended_key_usage(&id) {
                    Some(usage) => found.extended_key_usage.push(usage),
                    None => found.unknown_extended_key_usage.push(id),
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn latin(element: Element<'_>) -> Result<String, DerError> {
    if !element.contents.is_ascii() {
        return Err(DerError::Value("IA5String"));
    }
    String::from_utf8(element.contents.to_vec()).map_err(|_| DerError::Value("IA5String"))
}

fn alternative_names(reader: &mut Reader<'_>) -> Result<AlternativeNames, DerError> {
    let mut names = AlternativeNames::default();
    let mut items = reader.sequence()?;
    while !items.is_empty() {
        let item = items.any()?;
        match item.tag & 0x1f {
            1 => names.email.push(latin(item)?),
            2 => names.dns.push(latin(item)?),
            6 => names.uri.push(latin(item)?),
            7 => names
                .ip
                .push(address(item.contents).ok_or(DerError::Value("IP address"))?),
            _ => {}
        }
    }
    Ok(names)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(bytes)
        .ok()
        .map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

fn authority_information(found: &mut Extensions, reader: &mut Reader<'_>) -> Result<(), DerError> {
    let mut items = reader.sequence()?;
    while !items.is_empty() {
        let mut fields = items.sequence()?;
        let method = der::oid_arcs(fields.oid()?)?;
        let Some(location) = fields.optional(tag::context(6, false))? else {
            continue;
        };
        let location = String::from_utf8_lossy(location.contents).into_owned();
        match method.as_slice() {
            [1, 3, 6, 1, 5, 5, 7, 48, 1] => found.ocsp_servers.push(location),
            [1, 3, 6, 1, 5, 5, 7, 48, 2] => found.issuer_urls.push(location),
            _ => {}
        }
    }
    Ok(())
}

fn revocation_lists(reader: &mut Reader<'_>) -> Result<Vec<String>, DerError> {
    let mut lists = Vec::new();
    let mut points = reader.sequence()?;
    while !points.is_empty() {
        let mut point = points.sequence()?;
        let Some(name) = point.optional(tag::context(0, true))? else {
            continue;
        };
        let Some(full) = name.reader().optional(tag::context(0, true))? else {
            continue;
        };
        let mut names = full.reader();
        while let Some(uri) = names.optional(tag::context(6, false))? {
            lists.push(String::from_utf8_lossy(uri.contents).into_owned());
        }
    }
    Ok(lists)
}

/// Whether all constraints are of kinds that are understood.
fn name_constraints(found: &mut Extensions, reader: &mut Reader<'_>) -> Result<bool, DerError> {
    let mut fields = reader.sequence()?;
    let mut all_known = true;
    for number in [0, 1] {
        let Some(trees) = fields.optional(tag::context(number, true))? else {
            continue;
        };
        let target = if number == 0 {
            &mut found.permitted
        } else {
            &mut found.excluded
        };
        let mut items = trees.reader();
        while !items.is_empty() {
            let base = items.sequence()?.any()?;
            match base.tag & 0x1f {
                1 => target.email.push(latin(base)?),
                2 => target.dns.push(latin(base)?),
                6 => target.uri.push(latin(base)?),
                7 if matches!(base.contents.len(), 8 | 32) => {
                    let (address, mask) = base.contents.split_at(base.contents.len() / 2);
                    target.ip.push((address.to_vec(), mask.to_vec()));
                }
                _ => all_known = false,
            }
        }
    }
    Ok(all_known)
}
