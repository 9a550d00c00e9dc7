//! Bundles as directories.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Files, Limits};

/// Reads a directory's files, however deep, except those that `skip` names (by their path in the bundle).
///
/// Symbolic links are followed only when they lead to a file or folder inside the root: Kubernetes mounts its
/// `ConfigMaps` that way.
///
/// # Errors
/// When something can't be read, leaves the root, or passes a limit.
pub fn read(root: &Path, limits: &Limits, skip: impl Fn(&str) -> bool) -> Result<Files, Error> {
    let within = fs::canonicalize(root).map_err(|source| failed(root, source))?;
    let mut files = Files::default();
    let mut folders = vec![(root.to_path_buf(), String::new())];
    // A link to a folder above itself would otherwise be followed for ever.
    let mut depth_left = limits.files.saturating_mul(2).saturating_add(64);
    while let Some((folder, prefix)) = folders.pop() {
        depth_left = depth_left.checked_sub(1).ok_or(Error::TooManyFiles {
            limit: limits.files,
        })?;
        let mut entries = fs::read_dir(&folder)
            .map_err(|source| failed(&folder, source))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| failed(&folder, source))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let place = entry.path();
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                return Err(Error::BadPath {
                    path: place.display().to_string(),
                    reason: "is not UTF-8",
                });
            };
            let path = if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            };
            if skip(&path) {
                continue;
            }
            let real = inside(&within, &place)?;
            let kind = fs::metadata(&real).map_err(|source| failed(&place, source))?;
            if kind.is_dir() {
                folders.push((place, path));
            } else if kind.is_file() {
                if kind.len() > limits.file_bytes {
                    return Err(Error::FileTooLarge {
                        path,
                        limit: limits.file_bytes,
                    });
                }
                let bytes = fs::read(&real).map_err(|source| failed(&place, source))?;
                files.add(&path, bytes, limits)?;
            }
        }
    }
    Ok(files)
}

fn inside(root: &Path, place: &Path) -> Result<PathBuf, Error> {
    let real = fs::canonicalize(place).map_err(|source| failed(place, source))?;
    if real.starts_with(root) {
        Ok(real)
    } else {
        Err(Error::BadPath {
            path: place.display().to_string(),
            reason: "leads out of the bundle's folder",
        })
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn files_are_found_in_all_folders_except_the_skipped() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        for path in ["data.json", "a/p.rego", "a/b/q.rego", "a/b/skip.txt"] {
            fs::write(root.path().join(path), path).unwrap();
        }
        let files = read(root.path(), &Limits::default(), |path| {
            path == "a/b/skip.txt"
        })
        .unwrap();
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a/b/q.rego", "a/p.rego", "data.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_may_stay_inside_but_not_lead_out() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("..data")).unwrap();
        fs::write(root.path().join("..data/p.rego"), "package p").unwrap();
        symlink("..data/p.rego", root.path().join("p.rego")).unwrap();
        let files = read(root.path(), &Limits::default(), |path| {
            path.starts_with("..")
        })
        .unwrap();
        assert_eq!(files.get("p.rego"), Some(&b"package p"[..]));

        let outside = tempfile::NamedTempFile::new().unwrap();
        symlink(outside.path(), root.path().join("out.rego")).unwrap();
        let refused = read(root.path(), &Limits::default(), |_| false);
        assert!(matches!(refused, Err(Error::BadPath { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_holds_itself_ends_in_an_error() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(".", root.path().join("again")).unwrap();
        let limits = Limits {
            files: 10,
            ..Limits::default()
        };
        assert!(read(root.path(), &limits, |_| false).is_err());
    }
}
