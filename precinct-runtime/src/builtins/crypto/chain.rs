//! Whether a chain of certificates holds (RFC 5280 section 6), as strictly as Go's `Certificate.Verify`.

use std::net::IpAddr;

use precinct_jose::x509::{Certificate, NameSubtrees, signature_hash};
use precinct_jose::{Key, der, signature};

/// So many signatures are checked before a search for a chain is given up.
const MAX_SIGNATURES: u32 = 100;

/// What the chain and its leaf must fulfil.
pub(super) struct Demands {
    pub unix_seconds: i64,
    /// The name the leaf must be for; empty means any.
    pub dns_name: String,
    /// Numbers of extended key usages, one of which must be allowed; none means server authentication.
    pub key_usages: Vec<i64>,
}

impl Demands {
    /// At this time, and nothing else.
    pub const fn at(time_ns: i64) -> Self {
        Self {
            unix_seconds: time_ns.div_euclid(1_000_000_000),
            dns_name: String::new(),
            key_usages: Vec::new(),
        }
    }
}

/// The chain from the last certificate through those between to the first, the root.
pub(super) fn verify<'c>(
    certificates: &'c [Certificate],
    demands: &Demands,
) -> Option<Vec<&'c Certificate>> {
    let (root, rest) = certificates.split_first()?;
    let (leaf, between) = rest.split_last()?;
    let mut search = Search {
        root,
        between,
        demands,
        signatures: 0,
    };
    if !search.may_stand(leaf, &[], false)
        || !(demands.dns_name.is_empty() || is_for(leaf, &demands.dns_name))
    {
        return None;
    }
    let chain = if leaf.raw == root.raw {
        vec![leaf]
    } else {
        search.extend(&[leaf])?
    };
    Some(chain)
}

struct Search<'c, 'd> {
    root: &'c Certificate,
    between: &'c [Certificate],
    demands: &'d Demands,
    signatures: u32,
}

impl<'c> Search<'c, '_> {
    /// Goes on from the last certificate to one that may have issued it, up to the root.
    fn extend(&mut self, chain: &[&'c Certificate]) -> Option<Vec<&'c Certificate>> {
        let child = *chain.last()?;
        let candidates = std::iter::once((self.root, true))
            .chain(self.between.iter().map(|between| (between, false)));
        for (parent, is_root) in candidates {
            let is_repeated = chain.iter().any(|known| {
                known.raw_subject == parent.raw_subject
                    && known.raw_key == parent.raw_key
                    && known.understood.names == parent.understood.names
            });
            if parent.raw_subject != child.raw_issuer || is_repeated {
                continue;
            }
            self.signatures += 1;
            if self.signatures > MAX_SIGNATURES {
                return None;
            }
            if !is_signed_by(child, parent) || !self.may_stand(parent, chain, true) {
                continue;
            }
            let mut longer = chain.to_vec();
            longer.push(parent);
            if is_root {
                if self.usages_hold(&longer) && constraints_hold(&longer) {
                    return Some(longer);
                }
            } else if let Some(found) = self.extend(&longer) {
                return Some(found);
            }
        }
        None
    }

    /// The certificate by itself, above the chain so far.
    fn may_stand(&self, certificate: &Certificate, below: &[&Certificate], issues: bool) -> bool {
        let extensions = &certificate.understood;
        let now = self.demands.unix_seconds;
        if !extensions.unhandled_critical.is_empty()
            || now < certificate.not_before
            || now > certificate.not_after
        {
            return false;
        }
        if !issues {
            return true;
        }
        // Old versions have no constraints that could say who is an authority.
        let is_authority = certificate.version < 3
            || (extensions.basic_constraints_valid && extensions.is_authority);
        let between = i64::try_from(below.len()).unwrap_or(i64::MAX) - 1;
        let limited = extensions.basic_constraints_valid && extensions.max_path_length >= 0;
        is_authority && !(limited && between > extensions.max_path_length)
    }

    /// Every certificate of the chain allows one of the usages.
    fn usages_hold(&self, chain: &[&Certificate]) -> bool {
        const SERVER: i64 = 1;
        let demanded = &self.demands.key_usages;
        if demanded.contains(&0) {
            return true;
        }
        let mut left = if demanded.is_empty() {
            vec![SERVER]
        } else {
            demanded.clone()
        };
        for certificate in chain {
            let extensions = &certificate.understood;
            let says_nothing = extensions.extended_key_usage.is_empty()
                && extensions.unknown_extended_key_usage.is_empty();
            if !says_nothing && !extensions.extended_key_usage.contains(&0) {
                left.retain(|usage| extensions.extended_key_usage.contains(usage));
            }
        }
        !left.is_empty()
    }
}

fn is_signed_by(child: &Certificate, parent: &Certificate) -> bool {
    // The bit for signing certificates, if the parent says what its key is for at all.
    const CERTIFICATE_SIGN: u32 = 1 << 5;
    let usage = parent.understood.key_usage;
    if usage != 0 && usage & CERTIFICATE_SIGN == 0 {
        return false;
    }
    let signed = &child.signed;
    let hash = signature_hash(signed.algorithm);
    match (&parent.key, hash, signed.algorithm) {
        (Some(Key::RsaPublic(key)), Some((hash, false)), 4..=6) => {
            signature::verify_rsa_pkcs1(key, hash, &hash.digest(&signed.body), &signed.signature)
                .is_ok()
        }
        (Some(Key::RsaPublic(key)), Some((hash, true)), _) => signature::verify_rsa_pss(
            key,
            hash,
            &hash.digest(&signed.body),
            &signed.signature,
            None,
        )
        .is_ok(),
        (Some(Key::EcPublic(key)), Some((hash, _)), 10..=12) => {
            let mut reader = der::Reader::new(&signed.signature);
            let numbers = reader
                .sequence()
                .and_then(|mut numbers| Ok((numbers.unsigned()?, numbers.unsigned()?)));
            numbers.is_ok_and(|(r, s)| {
                signature::verify_ecdsa(key, &hash.digest(&signed.body), r, s).is_ok()
            })
        }
        (Some(Key::Ed25519Public(key)), None, 16) => {
            signature::verify_ed25519(key, &signed.body, &signed.signature).is_ok()
        }
        _ => false,
    }
}

/// The leaf has the name, with a star for the first label, or the address.
fn is_for(leaf: &Certificate, name: &str) -> bool {
    let names = &leaf.understood.names;
    let bare = name
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(name);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return names.ip.contains(&address);
    }
    let wanted = name.to_ascii_lowercase();
    let wanted = wanted.strip_suffix('.').unwrap_or(&wanted);
    names.dns.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        match (pattern.strip_prefix("*."), wanted.split_once('.')) {
            (Some(parent), Some((_, rest))) => parent == rest,
            (Some(_), None) => false,
            (None, _) => pattern == wanted,
        }
    })
}

/// The names of each certificate are among those that the authorities above it may name.
fn constraints_hold(chain: &[&Certificate]) -> bool {
    chain.iter().enumerate().skip(1).all(|(index, authority)| {
        let below = chain.get(..index).unwrap_or_default();
        let (permitted, excluded) = (
            &authority.understood.permitted,
            &authority.understood.excluded,
        );
        below.iter().all(|certificate| {
            let names = &certificate.understood.names;
            let allowed = |has: bool, list_is_empty: bool| list_is_empty || has;
            names.dns.iter().all(|name| {
                !matches_dns(excluded, name)
                    && allowed(matches_dns(permitted, name), permitted.dns.is_empty())
            }) && names.email.iter().all(|name| {
                !matches_email(excluded, name)
                    && allowed(matches_email(permitted, name), permitted.email.is_empty())
            }) && names.ip.iter().all(|ip| {
                !matches_ip(excluded, *ip)
                    && allowed(matches_ip(permitted, *ip), permitted.ip.is_empty())
            }) && names.uri.iter().all(|uri| {
                !matches_uri(excluded, uri)
                    && allowed(matches_uri(permitted, uri), permitted.uri.is_empty())
            })
        })
    })
}

/// A host is a domain or below it; a domain with a full stop in front means only what is below.
fn is_in_domain(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    if domain.is_empty() {
        return true;
    }
    match domain.strip_prefix('.') {
        Some(_) => host.ends_with(&domain),
        None => {
            host == domain
                || host
                    .strip_suffix(&domain)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    }
}

fn matches_dns(trees: &NameSubtrees, name: &str) -> bool {
    trees.dns.iter().any(|domain| is_in_domain(name, domain))
}

fn matches_email(trees: &NameSubtrees, name: &str) -> bool {
    let host = name.rsplit_once('@').map_or(name, |(_, host)| host);
    trees.email.iter().any(|tree| {
        if tree.contains('@') {
            tree == name
        } else {
            is_host_in(host, tree)
        }
    })
}

/// Without a full stop in front, a domain of mail addresses and URIs means exactly that host.
fn is_host_in(host: &str, domain: &str) -> bool {
    if domain.starts_with('.') {
        is_in_domain(host, domain)
    } else {
        host.eq_ignore_ascii_case(domain)
    }
}

fn matches_ip(trees: &NameSubtrees, ip: IpAddr) -> bool {
    let bytes = match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    trees.ip.iter().any(|(address, mask)| {
        address.len() == bytes.len()
            && bytes
                .iter()
                .zip(address)
                .zip(mask)
                .all(|((own, tree), mask)| own & mask == tree & mask)
    })
}

fn matches_uri(trees: &NameSubtrees, uri: &str) -> bool {
    let host = super::super::uri::Uri::parse(uri)
        .map(|uri| uri.hostname_and_port().0.to_owned())
        .unwrap_or_default();
    trees.uri.iter().any(|domain| is_host_in(&host, domain))
}
