//! A signature beside each file: `p.rego` and `p.rego.sig`.

use precinct_jose::Key;

use super::{SignatureError, detached, file_list};
use crate::Files;

/// Whether a bundle must hold the signed list of its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// It must: files that are renamed, left out or taken from another bundle together with their signatures are found
    /// out by nothing else.
    #[default]
    Required,
    /// It need not; a list that is there counts.
    Optional,
}

/// Verifies that each file has a signature by one of the keys and that these are all files, and gives the files without
/// signatures and list.
///
/// # Errors
/// When a file lacks its signature, a signature lacks its file, one is wrong, or the list says otherwise.
pub fn verify(files: &Files, keys: &[Key], listing: Listing) -> Result<Files, SignatureError> {
    let is_signature = |path: &str| path.strip_suffix(".sig").is_some();
    if !files.iter().any(|(path, _)| is_signature(path)) {
        return Err(SignatureError::NoneSigned);
    }
    let mut plain = files.clone();
    for (path, text) in files.iter() {
        if let Some(signed) = path.strip_suffix(".sig") {
            if is_signature(signed) {
                return Err(SignatureError::TwoFiles(signed.to_owned(), path.to_owned()));
            }
            if files.get(signed).is_none() {
                return Err(SignatureError::Removed(signed.to_owned()));
            }
            plain.remove(path);
            continue;
        }
        let name = format!("{path}.sig");
        let given = files
            .get(&name)
            .ok_or_else(|| SignatureError::FileUnsigned(path.to_owned()))?;
        detached::verify(text, &[(name, given.to_vec())], keys, 1)?;
    }
    match (plain.remove(file_list::FILE), listing) {
        (Some(list), _) => file_list::verify(&plain, &list)?,
        (None, Listing::Required) => return Err(SignatureError::NoList),
        (None, Listing::Optional) => {}
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use precinct_jose::{Algorithm, base64, hash, signature};

    use super::*;
    use crate::Limits;

    fn key(seed: u8) -> Key {
        Key::ed25519_from_seed([seed; 32])
    }

    fn add(files: &mut Files, path: &str, bytes: &[u8]) {
        files.add(path, bytes.to_vec(), &Limits::default()).unwrap();
        let raw = signature::sign(&key(1), Algorithm::EdDSA, bytes).unwrap();
        let signed = base64::encode_url(&raw).into_bytes();
        let name = format!("{path}.sig");
        files.add(&name, signed, &Limits::default()).unwrap();
    }

    fn list(files: &mut Files, listed: &[(&str, &str)]) {
        let lines = listed.iter().map(|(path, text)| {
            let digest = hash::Hash::Sha256.digest(text.as_bytes());
            format!("{}  {path}\n", hash::hex(&digest))
        });
        let list: String = lines.collect();
        add(files, file_list::FILE, list.as_bytes());
    }

    fn check(files: &Files) -> Result<usize, SignatureError> {
        verify(files, &[key(1)], Listing::Required).map(|plain| plain.len())
    }

    #[test]
    fn each_file_needs_its_own_signature() {
        let mut files = Files::default();
        add(&mut files, "p.rego", b"package p");
        list(&mut files, &[("p.rego", "package p")]);
        assert_eq!(check(&files), Ok(1));
        assert!(verify(&files, &[key(2)], Listing::Required).is_err());
        let signed = files.remove("p.rego.sig").unwrap();
        assert_eq!(
            check(&files),
            Err(SignatureError::FileUnsigned("p.rego".to_owned()))
        );
        for (path, error) in [
            ("q.rego.sig", SignatureError::Removed("q.rego".to_owned())),
            (
                "p.rego.sig.sig",
                SignatureError::TwoFiles("p.rego.sig".to_owned(), "p.rego.sig.sig".to_owned()),
            ),
        ] {
            let mut files = files.clone();
            let limits = Limits::default();
            files.add("p.rego.sig", signed.clone(), &limits).unwrap();
            files.add(path, signed.clone(), &limits).unwrap();
            assert_eq!(check(&files), Err(error));
        }
    }

    #[test]
    fn files_that_move_with_their_signatures_are_found_out_by_the_list() {
        let mut files = Files::default();
        add(&mut files, "p.rego", b"package p");
        add(&mut files, "q.rego", b"package q");
        assert_eq!(check(&files), Err(SignatureError::NoList));
        assert_eq!(
            verify(&files, &[key(1)], Listing::Optional).unwrap().len(),
            2
        );
        list(
            &mut files,
            &[("p.rego", "package p"), ("q.rego", "package q")],
        );
        assert_eq!(check(&files), Ok(2));
        files.remove("q.rego");
        files.remove("q.rego.sig");
        let missing = SignatureError::ListedOnly("q.rego".to_owned());
        assert_eq!(check(&files), Err(missing.clone()));
        assert_eq!(
            verify(&files, &[key(1)], Listing::Optional),
            Err(missing),
            "a list that is there counts"
        );
        add(&mut files, "r.rego", b"package q");
        assert_eq!(
            check(&files),
            Err(SignatureError::NotListed("r.rego".to_owned()))
        );
    }
}
