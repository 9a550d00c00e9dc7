//! Digests that name a policy.
//!
//! The digest of an archive is the SHA-256 of its bytes. The digest of a set of files does not depend on how the set
//! was stored: it is the SHA-256 over, for each file in the order of the paths' bytes, the length of the path (eight
//! bytes, big endian), the path, the length of the content (likewise) and the content. The digest of texts is the SHA-256
//! over, for each text in the order of their bytes, its length (likewise) and the text.

use sha2::{Digest as _, Sha256};

use crate::Files;

/// A SHA-256 digest; printed as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of an archive, or of any other bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of texts, whatever their names and their order.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut texts: Vec<&str> = texts.into_iter().collect();
        texts.sort_unstable();
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        Self(hash.finalize().into())
    }

    /// The digest of a set of files, the same from a directory and from an archive.
    pub fn of_files(files: &Files) -> Self {
        let mut hash = Sha256::new();
        for (path, bytes) in files.iter() {
            for part in [path.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        Self(hash.finalize().into())
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::{Limits, archive};

    #[test]
    fn an_archive_has_the_digest_of_its_files() {
        let loose = Files::of(&[("a.rego", "package a"), ("b/data.json", "{}")]);
        let unpacked = archive::read(&archive::write(&loose).unwrap(), &Limits::default()).unwrap();
        assert_eq!(Digest::of_files(&loose), Digest::of_files(&unpacked));
    }

    #[test]
    fn moving_bytes_between_path_and_content_changes_the_digest() {
        let one = Digest::of_files(&Files::of(&[("ab", "c")]));
        let other = Digest::of_files(&Files::of(&[("a", "bc")]));
        assert_ne!(one, other);
    }

    #[test]
    fn texts_have_a_digest_whatever_their_order_and_not_whatever_their_limits() {
        assert_eq!(Digest::of_texts(["a", "bc"]), Digest::of_texts(["bc", "a"]));
        assert_ne!(Digest::of_texts(["a", "bc"]), Digest::of_texts(["ab", "c"]));
        assert_ne!(Digest::of_texts(["a"]), Digest::of_texts(["a", "a"]));
    }

    #[test]
    fn digests_print_with_their_algorithm() {
        let digest = Digest::of_bytes(b"").to_string();
        assert_eq!(
            digest,
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
