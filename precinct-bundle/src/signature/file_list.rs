//! `SHA256SUMS`: the list that says which files belong to a bundle whose files are signed one by one.
//!
//! A signature beside a file says nothing of the file's name, nor of the files that are not there: who can write the
//! bundle could rename a file together with its signature, leave both out, or take both from another bundle. The list is
//! what `sha256sum` prints (`DIGEST  PATH`, a line for each file but the signatures and the list itself), and it is signed
//! as the other files are.

use std::collections::BTreeMap;

use precinct_jose::hash::{Hash, hex};

use super::SignatureError;
use crate::Files;

/// The name of the list.
pub const FILE: &str = "SHA256SUMS";

/// Whether the files are exactly those on the list.
///
/// # Errors
/// The first file that is not on it, is not there, or has another digest.
pub fn verify(files: &Files, list: &[u8]) -> Result<(), SignatureError> {
    let mut listed = read(list)?;
    for (path, bytes) in files.iter() {
        let want = listed
            .remove(path)
            .ok_or_else(|| SignatureError::NotListed(path.to_owned()))?;
        let got = hex(&Hash::Sha256.digest(bytes));
        if !want.eq_ignore_ascii_case(&got) {
            return Err(SignatureError::Digest {
                path: path.to_owned(),
                want,
                got,
            });
        }
    }
    match listed.into_keys().next() {
        Some(path) => Err(SignatureError::ListedOnly(path)),
        None => Ok(()),
    }
}

/// Digests by path.
fn read(list: &[u8]) -> Result<BTreeMap<String, String>, SignatureError> {
    let refuse = |line: usize, message: &str| {
        SignatureError::List(format!("line {line}: {message}, expected DIGEST  PATH"))
    };
    let text =
        std::str::from_utf8(list).map_err(|error| SignatureError::List(error.to_string()))?;
    let mut listed = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let (digest, path) = line
            .split_once(' ')
            .ok_or_else(|| refuse(number, "found no path"))?;
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse(number, "found no SHA-256 in hexadecimal"));
        }
        // The second character says how the file was read: a blank as text, an asterisk as bytes.
        let path = path
            .strip_prefix([' ', '*'])
            .ok_or_else(|| refuse(number, "found one blank"))?;
        let path = path.strip_prefix("./").unwrap_or(path);
        if listed.insert(path.to_owned(), digest.to_owned()).is_some() {
            return Err(SignatureError::ListedTwice(path.to_owned()));
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What `printf a > p.rego; mkdir d; printf b > d/data.json; sha256sum p.rego ./d/data.json` prints.
    const LIST: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  p.rego\n\
                        3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  ./d/data.json\n";

    #[test]
    fn the_files_on_the_list_are_all_there_are() {
        let check = |list: &[(&str, &str)]| verify(&Files::of(list), LIST.as_bytes());
        let both = [("p.rego", "a"), ("d/data.json", "b")];
        assert_eq!(check(&both), Ok(()));
        assert_eq!(
            check(&both[..1]),
            Err(SignatureError::ListedOnly("d/data.json".to_owned()))
        );
        assert_eq!(
            check(&[both[0], both[1], ("q.rego", "")]),
            Err(SignatureError::NotListed("q.rego".to_owned()))
        );
        assert!(matches!(
            check(&[("p.rego", "b"), ("d/data.json", "a")]),
            Err(SignatureError::Digest { path, .. }) if path == "d/data.json"
        ));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        for (list, part) in [
            ("p.rego\n", "line 1: found no path"),
            ("\n", "line 1: found no path"),
            ("abc  p.rego\n", "line 1: found no SHA-256"),
        ] {
            let message = verify(&Files::of(&[]), list.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(message.contains(part), "{message}");
        }
        let line = LIST.lines().next().unwrap();
        let twice = format!("{line}\n{line}\n");
        assert_eq!(
            verify(&Files::of(&[]), twice.as_bytes()),
            Err(SignatureError::ListedTwice("p.rego".to_owned()))
        );
    }
}
