//! Bundles as `.tar.gz` archives.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::GzBuilder;
use flate2::read::GzDecoder;

use crate::{Error, Files, Limits};

/// Reads an archive. Directories are passed over; links and devices are refused.
///
/// # Errors
/// When the archive is damaged or cut short, a path leaves the bundle or is given twice, or a limit is passed.
pub fn read(archive: &[u8], limits: &Limits) -> Result<Files, Error> {
    let allowed = (archive.len() as u64)
        .saturating_mul(limits.ratio)
        .max(1 << 20)
        .min(limits.total_bytes.saturating_mul(2).saturating_add(1 << 20));
    let mut unpacked = tar::Archive::new(Bounded {
        inner: GzDecoder::new(archive),
        left: allowed,
        allowed,
    });
    let mut files = Files::default();
    for entry in unpacked.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        let path =
            String::from_utf8(entry.path_bytes().into_owned()).map_err(|error| Error::BadPath {
                path: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                reason: "is not UTF-8",
            })?;
        if !kind.is_file() && !kind.is_contiguous() {
            return Err(Error::NotAFile { path });
        }
        if entry.size() > limits.file_bytes {
            return Err(Error::FileTooLarge {
                path,
                limit: limits.file_bytes,
            });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        files.add(&path, bytes, limits)?;
    }
    // The checksum of the whole stands at the very end, behind what tar reads.
    let mut rest = unpacked.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(damaged)?;
    Ok(files)
}

/// Writes an archive: the same files give the same bytes, whenever and wherever it is written.
///
/// # Errors
/// When memory can't be had for the archive.
pub fn write(files: &Files) -> Result<Vec<u8>, Error> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(gzip);
    archive.mode(tar::HeaderMode::Deterministic);
    for (path, bytes) in files.iter() {
        append(&mut archive, path, bytes).map_err(damaged)?;
    }
    let mut gzip = archive.into_inner().map_err(damaged)?;
    gzip.flush().map_err(damaged)?;
    gzip.finish().map_err(damaged)
}

/// Entries stand at the root (`/data.json`), as OPA writes them; `tar` refuses such names, so the field is set here.
fn append(archive: &mut tar::Builder<impl Write>, path: &str, bytes: &[u8]) -> std::io::Result<()> {
    let rooted = format!("/{path}");
    let name = rooted.as_bytes();
    let mut header = tar::Header::new_gnu();
    if let Some(gnu) = header.as_gnu_mut() {
        let kept = name.len().min(gnu.name.len());
        gnu.name[..kept].copy_from_slice(&name[..kept]);
        if name.len() > gnu.name.len() {
            let mut long = tar::Header::new_gnu();
            if let Some(field) = long.as_gnu_mut() {
                let marker = b"././@LongLink";
                field.name[..marker.len()].copy_from_slice(marker);
            }
            long.set_entry_type(tar::EntryType::GNULongName);
            long.set_mode(0o644);
            long.set_size(name.len() as u64 + 1);
            long.set_cksum();
            archive.append(&long, name.chain(&b"\0"[..]))?;
        }
    }
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    header.set_cksum();
    archive.append(&header, bytes)
}

fn damaged(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        // In the words of Go's readers, as OPA says it.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::DamagedArchive("unexpected EOF".to_owned())
        }
        Err(error) if error.to_string() == "invalid gzip header" => {
            Error::DamagedArchive("gzip: invalid header".to_owned())
        }
        Err(error) => Error::DamagedArchive(error.to_string()),
    }
}

/// A reader that fails once more bytes than allowed have come out of it.
struct Bounded<R> {
    inner: R,
    left: u64,
    allowed: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(std::io::Error::other(Error::TooLarge {
                    limit: self.allowed,
                }));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn files(list: &[(&str, &[u8])]) -> Files {
        let mut files = Files::default();
        for (path, bytes) in list {
            files.add(path, bytes.to_vec(), &Limits::default()).unwrap();
        }
        files
    }

    #[test]
    fn what_is_written_is_read_back() {
        let long = "directory/".repeat(30) + "policy.rego";
        let written = files(&[
            ("data.json", b"{}"),
            (&long, b"package a"),
            (".manifest", b"{}"),
        ]);
        let archive = write(&written).unwrap();
        assert_eq!(read(&archive, &Limits::default()).unwrap(), written);
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let one = write(&files(&[("a", b"1"), ("b", b"2")])).unwrap();
        let other = write(&files(&[("b", b"2"), ("a", b"1")])).unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn an_archive_cut_short_is_refused() {
        let archive = write(&files(&[("a", &[7; 4096])])).unwrap();
        for length in [0, 1, 10, archive.len() / 2, archive.len() - 9] {
            let result = read(&archive[..length], &Limits::default());
            assert!(matches!(result, Err(Error::DamagedArchive(_))), "{length}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_unpacks() {
        let bomb = write(&files(&[("a", &vec![0; 8 << 20])])).unwrap();
        let limits = Limits {
            ratio: 100,
            ..Limits::default()
        };
        assert!(matches!(read(&bomb, &limits), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn links_are_refused() {
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            Compression::fast(),
        ));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive
            .append_link(&mut header, "a.rego", "/etc/passwd")
            .unwrap();
        let bytes = archive.into_inner().unwrap().finish().unwrap();
        assert!(matches!(
            read(&bytes, &Limits::default()),
            Err(Error::NotAFile { .. })
        ));
    }
}
