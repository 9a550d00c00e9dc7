//! What a bundle must satisfy before it is loaded. The bytes that are verified are the bytes that are read.

use std::fs;

use precinct_jose::Key;

use crate::load::{Options, bundle_files, clean, system};
use crate::revision::at_least;
use crate::signature::each_file::{self, Listing};
use crate::signature::token::{self, Requirement};
use crate::signature::{SignatureError, detached};
use crate::{Bundle, Digest, Error, Files, archive};

/// Requirements. The default has none, but refuses a signed bundle, of whose signature nothing could be said.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// What the token in the bundle must satisfy.
    pub token: Option<Requirement>,
    /// What a token must satisfy in a bundle that has one, where `token` asks for none: OPA's rule for keys that nothing
    /// says bundles must be signed with.
    pub token_if_present: Option<Requirement>,
    /// Signatures of the archive: names, for messages, and contents.
    pub signatures: Vec<(String, Vec<u8>)>,
    /// Each file must have a signature beside it.
    pub each_file: bool,
    /// Whether the files that are signed one by one must be on a signed list.
    pub listing: Listing,
    /// The keys of `signatures` and of files' own signatures.
    pub keys: Vec<Key>,
    /// How many different keys must have signed; 0 is as 1.
    pub required: usize,
    /// The oldest revision that is accepted.
    pub min_revision: Option<String>,
}

/// A bundle that satisfies its guard.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The files, without signatures beside them.
    pub files: Files,
    /// What they mean.
    pub bundle: Bundle,
    /// The SHA-256 of an archive's bytes; that of the set of files for a folder.
    pub digest: Digest,
    /// The shared libraries that it carries are covered by a signature that was verified.
    pub verified_libraries: bool,
}

impl Guard {
    /// Reads a folder or an archive, verifies it, and understands it.
    ///
    /// # Errors
    /// The first requirement that is not satisfied, or what is wrong with the bundle.
    pub fn admit(&self, path: &str, options: &Options) -> Result<Admitted, Error> {
        let path = clean(path);
        if !fs::metadata(&path).is_ok_and(|kind| kind.is_dir()) {
            let bytes = fs::read(&path).map_err(|error| Error::Unreadable {
                message: format!("error reading {path:?}: {}", system("stat", &path, &error)),
            })?;
            return self.admit_archive(&bytes, options);
        }
        self.admit_folder(&path, &path, options)
    }

    /// Reads a folder, verifies it, and understands it. The names of its files in signatures begin with `prefix`.
    ///
    /// # Errors
    /// As [`Guard::admit`].
    pub fn admit_folder(
        &self,
        path: &str,
        prefix: &str,
        options: &Options,
    ) -> Result<Admitted, Error> {
        let files = bundle_files(path, options)?;
        if !self.signatures.is_empty() {
            return Err(SignatureError::Detached {
                name: path.to_owned(),
                message: "a folder has no bytes that one signature could be of: sign each file"
                    .to_owned(),
            }
            .into());
        }
        self.admit_files(files, None, prefix)
    }

    /// Verifies an archive, and understands it.
    ///
    /// # Errors
    /// As [`Guard::admit`].
    pub fn admit_archive(&self, bytes: &[u8], options: &Options) -> Result<Admitted, Error> {
        // The archive is not looked into before its bytes are known to be signed.
        if !self.signatures.is_empty() {
            detached::verify(bytes, &self.signatures, &self.keys, self.required)?;
        }
        let files = archive::read(bytes, &options.limits)?;
        self.admit_files(files, Some(Digest::of_bytes(bytes)), "")
    }

    fn admit_files(
        &self,
        files: Files,
        digest: Option<Digest>,
        prefix: &str,
    ) -> Result<Admitted, Error> {
        let files = self.verify(files, prefix)?;
        if (self.each_file || !self.signatures.is_empty()) && files.get("patch.json").is_some() {
            // What it would change is not known to be what the signer meant it for.
            return Err(SignatureError::Delta.into());
        }
        let bundle = Bundle::read(&files)?;
        if let Some(required) = &self.min_revision {
            at_least(&bundle.manifest.revision, required)?;
        }
        let digest = digest.unwrap_or_else(|| Digest::of_files(&files));
        let mut libraries = bundle.libraries.iter();
        Ok(Admitted {
            verified_libraries: libraries.all(|library| self.covers(&files, prefix, &library.path)),
            files,
            bundle,
            digest,
        })
    }

    /// What the token of these files must satisfy; `None` if there need not be one.
    fn token_for(&self, files: &Files) -> Option<&Requirement> {
        let if_present = || {
            let is_present = self.signatures.is_empty() && files.get(token::FILE).is_some();
            self.token_if_present.as_ref().filter(|_| is_present)
        };
        self.token.as_ref().or_else(if_present)
    }

    /// Whether a file of a bundle that was admitted is covered by a signature.
    fn covers(&self, files: &Files, prefix: &str, path: &str) -> bool {
        let is_listed = |token: &Requirement| !token.excludes(prefix, path);
        self.each_file
            || !self.signatures.is_empty()
            || self.token_for(files).is_some_and(is_listed)
    }

    /// Verifies what stands in the bundle itself.
    fn verify(&self, files: Files, prefix: &str) -> Result<Files, SignatureError> {
        if self.each_file {
            // A file has one signature beside it, so one key.
            if self.required > 1 {
                return Err(SignatureError::Threshold {
                    found: 1,
                    required: self.required,
                });
            }
            return each_file::verify(&files, &self.keys, self.listing);
        }
        if let Some(requirement) = self.token_for(&files) {
            let requirement = Requirement {
                prefix: prefix.to_owned(),
                ..requirement.clone()
            };
            token::verify(&files, Some(&requirement))?;
            // The token is by one key, whatever the archive's own signatures are by.
            if self.signatures.is_empty() && self.required > 1 {
                return Err(SignatureError::Threshold {
                    found: 1,
                    required: self.required,
                });
            }
        } else if self.signatures.is_empty() {
            if self.required > 0 {
                return Err(SignatureError::Threshold {
                    found: 0,
                    required: self.required,
                });
            }
            token::verify(&files, None)?;
        }
        Ok(files)
    }
}
