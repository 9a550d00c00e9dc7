//! Bytes as a file that nobody can change: what was verified is what is loaded.

use std::fs::File;
use std::io::{self, Write as _};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

/// A file in memory with these bytes. It has no name in any folder, and is sealed: neither this process nor another one can
/// write to it.
pub(super) fn sealed(bytes: &[u8]) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("precinct-policies", flags)?);
    file.write_all(bytes)?;
    let all = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, all)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{Read as _, Seek as _};

    use super::*;

    #[test]
    fn what_is_sealed_is_read_and_not_written() {
        let mut file = sealed(b"verified").unwrap();
        file.rewind().unwrap();
        assert!(file.write_all(b"other").is_err());
        assert!(file.set_len(1).is_err());
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "verified");
    }
}
