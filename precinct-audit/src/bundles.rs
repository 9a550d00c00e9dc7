//! The policies that decisions name, kept beside the segments so that every decision can be made again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Hash};

/// A folder of bundles by their digest.
#[derive(Clone, Debug)]
pub struct Bundles {
    folder: PathBuf,
}

impl Bundles {
    /// The bundles beside a store's segments.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn beside(store: &Path) -> Result<Self, Error> {
        let folder = store.join("bundles");
        fs::create_dir_all(&folder).map_err(|source| Error::io(&folder, source))?;
        Ok(Self { folder })
    }

    /// Keeps a bundle's archive under the SHA-256 of its bytes, which is returned. It is written beside and renamed,
    /// so a bundle is there whole or not at all.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&self, archive: &[u8]) -> Result<Hash, Error> {
        let digest = Hash::of(archive);
        let path = self.path(digest);
        if path.exists() {
            return Ok(digest);
        }
        let beside = path.with_extension(format!("part-{}", std::process::id()));
        File::create(&beside)
            .and_then(|mut file| {
                file.write_all(archive)?;
                file.sync_all()
            })
            .map_err(|source| Error::io(&beside, source))?;
        fs::rename(&beside, &path).map_err(|source| Error::io(&path, source))?;
        Ok(digest)
    }

    /// The archive of this digest, if it was kept. Bytes that no longer have the digest are refused.
    ///
    /// # Errors
    /// When it can't be read, or is not what was kept.
    pub fn get(&self, digest: Hash) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(digest);
        let archive = match fs::read(&path) {
            Ok(archive) => archive,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::io(&path, source)),
        };
        let found = Hash::of(&archive);
        if found != digest {
            return Err(Error::Malformed {
                path,
                line: 0,
                message: format!("the bundle was changed: expected {digest}, found {found}"),
            });
        }
        Ok(Some(archive))
    }

    fn path(&self, digest: Hash) -> PathBuf {
        let text = digest.to_string();
        let digits = text.strip_prefix("sha256:").unwrap_or(&text);
        self.folder.join(format!("{digits}.tar.gz"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_bundle_is_found_by_its_digest_and_only_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let bundles = Bundles::beside(folder.path()).unwrap();
        let digest = bundles.keep(b"archive").unwrap();
        assert_eq!(
            bundles.keep(b"archive").unwrap(),
            digest,
            "keeping twice is no error"
        );
        assert_eq!(
            bundles.get(digest).unwrap().as_deref(),
            Some(&b"archive"[..])
        );
        assert_eq!(bundles.get(Hash::of(b"other")).unwrap(), None);
        fs::write(bundles.path(digest), b"forged").unwrap();
        assert!(bundles.get(digest).is_err());
    }
}
