//! The files of a bundle, held in memory: what is verified is what is compiled.

use std::collections::BTreeMap;

use crate::Error;

/// Bounds on what is read. Everything beyond is an error that names the bound.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Number of files.
    pub files: usize,
    /// Unpacked bytes for each packed byte, checked beyond the first mebibyte.
    pub ratio: u64,
}

impl Default for Limits {
    /// One gibibyte in a file (OPA's `size_limit_bytes`) and in all, 100,000 files, a ratio of 1,000.
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            total_bytes: 1 << 30,
            files: 100_000,
            ratio: 1_000,
        }
    }
}

/// Files by their path in the bundle: relative, `/` between the parts, no `.` or `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    map: BTreeMap<String, Vec<u8>>,
    total: u64,
}

impl Files {
    /// Adds a file. The path may start with `/` or `./`.
    ///
    /// # Errors
    /// When the path leaves the bundle, is there already, or a limit is passed.
    pub fn add(&mut self, path: &str, bytes: Vec<u8>, limits: &Limits) -> Result<(), Error> {
        let path = normalise(path)?;
        let length = bytes.len() as u64;
        if length > limits.file_bytes {
            return Err(Error::FileTooLarge {
                path,
                limit: limits.file_bytes,
            });
        }
        self.total = self.total.saturating_add(length);
        if self.total > limits.total_bytes {
            return Err(Error::TooLarge {
                limit: limits.total_bytes,
            });
        }
        if self.map.len() >= limits.files {
            return Err(Error::TooManyFiles {
                limit: limits.files,
            });
        }
        match self.map.entry(path) {
            std::collections::btree_map::Entry::Occupied(there) => Err(Error::DoubleFile {
                path: there.key().clone(),
            }),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(bytes);
                Ok(())
            }
        }
    }

    /// The bytes of one file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.map.get(path).map(Vec::as_slice)
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<Vec<u8>> {
        self.map.remove(path)
    }

    /// All files, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.map
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

/// The path in its one form, or an error if it would leave the bundle.
fn normalise(path: &str) -> Result<String, Error> {
    let refuse = |reason| {
        Err(Error::BadPath {
            path: path.to_owned(),
            reason,
        })
    };
    if path.contains('\\') {
        return refuse("has a backslash");
    }
    if path.contains('\0') {
        return refuse("has a NUL byte");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return refuse("leaves the bundle"),
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        return refuse("names no file");
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
impl Files {
    /// Files of these names and texts.
    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub(crate) fn of(list: &[(&str, &str)]) -> Self {
        let mut files = Self::default();
        for (path, text) in list {
            let bytes = text.as_bytes().to_vec();
            files.add(path, bytes, &Limits::default()).unwrap();
        }
        files
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn paths_have_one_form() {
        for (given, stored) in [
            ("/a/b.rego", "a/b.rego"),
            ("./a//b.rego", "a/b.rego"),
            ("a/./b.rego", "a/b.rego"),
        ] {
            let mut files = Files::default();
            files.add(given, vec![1], &Limits::default()).unwrap();
            assert_eq!(files.iter().next().unwrap().0, stored, "{given}");
        }
    }

    #[test]
    fn paths_that_leave_the_bundle_are_refused() {
        for path in ["../a", "a/../../b", "a\\..\\b", "", "/", "a\0b"] {
            let result = Files::default().add(path, Vec::new(), &Limits::default());
            assert!(matches!(result, Err(Error::BadPath { .. })), "{path:?}");
        }
    }

    #[test]
    fn a_path_given_twice_in_any_form_is_refused() {
        let mut files = Files::default();
        files.add("a/b", vec![1], &Limits::default()).unwrap();
        let second = files.add("/a/./b", vec![1], &Limits::default());
        assert!(matches!(second, Err(Error::DoubleFile { path }) if path == "a/b"));
    }

    #[test]
    fn limits_bound_files_and_their_sum() {
        let limits = Limits {
            file_bytes: 4,
            total_bytes: 6,
            files: 3,
            ratio: 10,
        };
        let mut files = Files::default();
        assert!(matches!(
            files.add("a", vec![0; 5], &limits),
            Err(Error::FileTooLarge { limit: 4, .. })
        ));
        files.add("b", vec![0; 4], &limits).unwrap();
        assert!(matches!(
            files.add("c", vec![0; 4], &limits),
            Err(Error::TooLarge { limit: 6 })
        ));
    }
}
