//! SPIFFE IDs (SPIFFE-ID standard, sections 2 and 3) and the certificates that carry them (X.509-SVID, sections 2 to 5).

use std::fmt;

/// A valid SPIFFE ID: `spiffe://trust-domain/path`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    text: String,
    domain_end: usize,
}

/// Why a text is no SPIFFE ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Longer than 2048 bytes.
    #[error("the SPIFFE ID is longer than 2048 bytes")]
    TooLong,
    /// The scheme is another.
    #[error("a SPIFFE ID starts with spiffe://")]
    Scheme,
    /// No trust domain.
    #[error("the SPIFFE ID has no trust domain")]
    NoTrustDomain,
    /// A letter that trust domains must not have.
    #[error("a trust domain consists of lower-case letters, digits, dots, dashes and underscores")]
    TrustDomain,
    /// A segment is empty, `.` or `..`, or the path ends with a slash.
    #[error("a SPIFFE ID's path has no empty, '.' or '..' segments and no slash at its end")]
    Segment,
    /// A letter that path segments must not have.
    #[error("a path segment consists of letters, digits, dots, dashes and underscores")]
    PathCharacter,
}

impl SpiffeId {
    /// Checks a text.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() > 2048 {
            return Err(IdError::TooLong);
        }
        let rest = text.strip_prefix("spiffe://").ok_or(IdError::Scheme)?;
        let (domain, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        if domain.is_empty() {
            return Err(IdError::NoTrustDomain);
        }
        let in_domain =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
        if domain.len() > 255 || !domain.bytes().all(in_domain) {
            return Err(IdError::TrustDomain);
        }
        if let Some(path) = path.strip_prefix('/') {
            for segment in path.split('/') {
                if matches!(segment, "" | "." | "..") {
                    return Err(IdError::Segment);
                }
                let in_path = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
                if !segment.bytes().all(in_path) {
                    return Err(IdError::PathCharacter);
                }
            }
        }
        Ok(Self {
            domain_end: "spiffe://".len() + domain.len(),
            text: text.to_owned(),
        })
    }

    /// The whole ID.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        &self.text["spiffe://".len()..self.domain_end]
    }

    /// The path with its leading slash; empty for the ID of a trust domain itself.
    pub fn path(&self) -> &str {
        &self.text[self.domain_end..]
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_has_a_trust_domain_and_a_path() {
        let id = SpiffeId::parse("spiffe://poc.local/agents/a_b/Dev-1").unwrap();
        assert_eq!(id.trust_domain(), "poc.local");
        assert_eq!(id.path(), "/agents/a_b/Dev-1");
        assert_eq!(SpiffeId::parse("spiffe://poc.local").unwrap().path(), "");
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for (text, error) in [
            ("https://poc.local/a", IdError::Scheme),
            ("SPIFFE://poc.local/a", IdError::Scheme),
            ("spiffe:///a", IdError::NoTrustDomain),
            ("spiffe://Poc.local/a", IdError::TrustDomain),
            ("spiffe://poc.local:80/a", IdError::TrustDomain),
            ("spiffe://user@poc.local/a", IdError::TrustDomain),
            ("spiffe://poc.local/", IdError::Segment),
            ("spiffe://poc.local/a//b", IdError::Segment),
            ("spiffe://poc.local/a/../b", IdError::Segment),
            ("spiffe://poc.local/a%20b", IdError::PathCharacter),
            ("spiffe://poc.local/a?q", IdError::PathCharacter),
        ] {
            assert_eq!(SpiffeId::parse(text), Err(error), "{text}");
        }
        assert_eq!(
            SpiffeId::parse(&format!("spiffe://a/{}", "b".repeat(2048))),
            Err(IdError::TooLong)
        );
    }
}
