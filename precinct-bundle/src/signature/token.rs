//! OPA's form: `.signatures.json` in the bundle holds a token that lists the digest of each file.

use std::collections::BTreeMap;

use precinct_jose::compact::{self, Compact};
use precinct_jose::{Algorithm, Key, signature};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512, Sha512_256};

use super::{SignatureError, VerificationKey};
use crate::{Files, document};

/// The name of the file.
pub const FILE: &str = ".signatures.json";

/// What must hold for a bundle to be accepted.
#[derive(Clone, Debug, Default)]
pub struct Requirement {
    /// The keys that may have signed.
    pub keys: Vec<VerificationKey>,
    /// The key to use, whatever the token names.
    pub key_id: Option<String>,
    /// The scope that the token must have; the key's scope when empty.
    pub scope: String,
    /// Shell patterns of files that need no digest.
    pub exclude: Vec<String>,
    /// Put in front of paths: signatures over a directory name its files with the directory's path.
    pub prefix: String,
}

impl Requirement {
    /// Whether a file of a bundle needs no digest, under a prefix of its path.
    pub(crate) fn excludes(&self, prefix: &str, name: &str) -> bool {
        let full = full_name(prefix, name);
        let mut patterns = self.exclude.iter();
        patterns
            .any(|pattern| glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(&full)))
    }
}

/// Verifies a bundle's files. Without a requirement, an unsigned bundle is accepted and a signed one is not, because
/// nothing could be said of its signature.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(files: &Files, requirement: Option<&Requirement>) -> Result<(), SignatureError> {
    let Some((path, bytes)) = signature_file(files)? else {
        return match requirement {
            Some(_) if is_delta(files) => Err(SignatureError::Delta),
            Some(_) => Err(SignatureError::Missing),
            None => Ok(()),
        };
    };
    let requirement = requirement.ok_or(SignatureError::NoKey)?;
    if is_delta(files) {
        return Err(SignatureError::Delta);
    }
    let mut listed = payload(bytes, requirement)?;
    for (name, bytes) in files.iter() {
        if name == path {
            continue;
        }
        let full = full_name(&requirement.prefix, name);
        let entry = listed.remove(&full);
        if requirement.excludes(&requirement.prefix, name) {
            continue;
        }
        let (want, algorithm) = entry.ok_or_else(|| SignatureError::Unlisted(full.clone()))?;
        let got = digest(name, bytes, &algorithm)?;
        if !want.eq_ignore_ascii_case(&got) {
            return Err(SignatureError::Digest {
                path: full,
                want,
                got,
            });
        }
    }
    if listed.is_empty() {
        Ok(())
    } else {
        let names: Vec<String> = listed.into_keys().collect();
        Err(SignatureError::Removed(names.join(" ")))
    }
}

fn is_delta(files: &Files) -> bool {
    files.get("patch.json").is_some()
}

fn signature_file(files: &Files) -> Result<Option<(&str, &[u8])>, SignatureError> {
    let mut found = files
        .iter()
        .filter(|(path, _)| document::base_name(path) == FILE);
    match (found.next(), found.next()) {
        (Some((one, _)), Some((other, _))) => {
            Err(SignatureError::TwoFiles(one.to_owned(), other.to_owned()))
        }
        (first, _) => Ok(first),
    }
}

fn full_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    }
}

/// The digests that the token lists, once it is verified: path to digest and algorithm.
fn payload(
    bytes: &[u8],
    requirement: &Requirement,
) -> Result<BTreeMap<String, (String, String)>, SignatureError> {
    let form = |message: &str| SignatureError::Form(message.to_owned());
    let file: Value = serde_json::from_slice(bytes).map_err(|error| form(&error.to_string()))?;
    if let Some(plugin) = file
        .get("plugin")
        .and_then(Value::as_str)
        .filter(|plugin| !matches!(*plugin, "" | "_default"))
    {
        return Err(SignatureError::Plugin(plugin.to_owned()));
    }
    let tokens = file.get("signatures").and_then(Value::as_array);
    let text = match tokens.map(Vec::as_slice) {
        Some([Value::String(token)]) => token,
        None | Some([]) => return Err(form("missing JWT (expected exactly one)")),
        Some([_]) => return Err(form("a JWT is a text")),
        Some(_) => return Err(form("multiple JWTs not supported (expected exactly one)")),
    };
    let token = Compact::parse(text).map_err(|error| form(&error.to_string()))?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&token.payload).map_err(|error| form(&error.to_string()))?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = [
        requirement.key_id.as_deref().unwrap_or_default(),
        token.header_text("kid").unwrap_or_default(),
        claim("keyid"),
    ]
    .into_iter()
    .find(|id| !id.is_empty())
    .ok_or(SignatureError::NoKeyId)?;
    let key = requirement
        .keys
        .iter()
        .find(|key| key.id == id)
        .ok_or_else(|| SignatureError::UnknownKey(id.to_owned()))?;
    let signed = token.signing_input.as_bytes();
    signature::verify(&key.key, key.algorithm, signed, &token.signature).map_err(|error| {
        match token.header_text("alg") {
            // The key's algorithm counts, whatever the token says; what it says explains why it does not verify.
            Some(named) if named != key.algorithm.name() => SignatureError::Algorithm {
                token: named.to_owned(),
                key: key.algorithm.name(),
            },
            _ => SignatureError::Wrong(match key.key {
                Key::Symmetric(_) => "invalid HMAC signature".to_owned(),
                _ => error.to_string(),
            }),
        }
    })?;
    let scope = if requirement.scope.is_empty() {
        &key.scope
    } else {
        &requirement.scope
    };
    if claim("scope") != scope {
        return Err(SignatureError::Scope);
    }
    listed(claims.get("files"))
}

fn listed(files: Option<&Value>) -> Result<BTreeMap<String, (String, String)>, SignatureError> {
    let form = |message: &str| SignatureError::Form(message.to_owned());
    let mut listed = BTreeMap::new();
    for file in files
        .and_then(Value::as_array)
        .ok_or_else(|| form("the JWT lists no files"))?
    {
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        let name = text("name").ok_or_else(|| form("a listed file has no name"))?;
        let hash = text("hash").ok_or_else(|| form("a listed file has no hash"))?;
        let algorithm = text("algorithm")
            .filter(|algorithm| !algorithm.is_empty())
            .ok_or_else(|| SignatureError::Content {
                path: name.to_owned(),
                message: "no hashing algorithm provided for file".to_owned(),
            })?;
        let entry = (hash.to_owned(), algorithm.to_owned());
        if listed.insert(name.to_owned(), entry).is_some() {
            return Err(SignatureError::ListedTwice(name.to_owned()));
        }
    }
    Ok(listed)
}

/// The digest of a file, in hexadecimal: of the bytes, or of the canonical JSON text of structured files, so that
/// white space and the order of keys do not matter.
fn digest(path: &str, bytes: &[u8], algorithm: &str) -> Result<String, SignatureError> {
    let structured;
    let bytes = if document::is_structured(path) {
        structured =
            document::canonical_text(path, bytes).map_err(|message| SignatureError::Content {
                path: path.to_owned(),
                message,
            })?;
        structured.as_bytes()
    } else {
        bytes
    };
    Ok(match algorithm {
        "SHA-256" => hex(&Sha256::digest(bytes)),
        "SHA-384" => hex(&Sha384::digest(bytes)),
        "SHA-512" => hex(&Sha512::digest(bytes)),
        "SHA-512-256" => hex(&Sha512_256::digest(bytes)),
        other => return Err(SignatureError::Hash(other.to_owned())),
    })
}

fn hex(bytes: &[u8]) -> String {
    precinct_jose::hash::hex(bytes)
}

/// What a bundle is signed with.
#[derive(Clone, Debug)]
pub struct Signer {
    /// A private key, or a secret.
    pub key: Key,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The name of the key, for the token's header; empty for none.
    pub key_id: String,
    /// Claims besides the list of files; with any, no `keyid` is added.
    pub claims: Option<Map<String, Value>>,
}

/// Makes the content of `.signatures.json` for these files, in this order of paths.
///
/// # Errors
/// When a structured file does not parse or the key does not fit the algorithm.
pub fn sign<'f>(
    files: impl IntoIterator<Item = (String, &'f [u8])>,
    signer: &Signer,
) -> Result<Vec<u8>, SignatureError> {
    let mut list = Vec::new();
    for (path, bytes) in files {
        let hash = digest(&path, bytes, "SHA-256")?;
        list.push(json!({"name": path, "hash": hash, "algorithm": "SHA-256"}));
    }
    let mut claims = Map::new();
    claims.insert("files".to_owned(), Value::Array(list));
    match &signer.claims {
        Some(more) => claims.extend(more.clone()),
        None if !signer.key_id.is_empty() => {
            claims.insert("keyid".to_owned(), json!(signer.key_id));
        }
        None => {}
    }
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(signer.algorithm.name()));
    if !signer.key_id.is_empty() {
        header.insert("kid".to_owned(), json!(signer.key_id));
    }
    header.insert("typ".to_owned(), json!("JWT"));
    let header = Value::Object(header).to_string();
    let payload = Value::Object(claims).to_string();
    let token = compact::sign(&header, payload.as_bytes(), &signer.key, signer.algorithm)
        .map_err(|error| SignatureError::Form(error.to_string()))?;
    let mut text = serde_json::to_vec_pretty(&json!({"signatures": [token]}))
        .map_err(|error| SignatureError::Form(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Limits;

    fn signed(list: &[(&str, &str)]) -> Files {
        let mut files = Files::of(list);
        let signer = Signer {
            key: Key::Symmetric(b"secret".to_vec()),
            algorithm: Algorithm::HS256,
            key_id: "default".to_owned(),
            claims: None,
        };
        let token = sign(
            files.iter().map(|(path, bytes)| (path.to_owned(), bytes)),
            &signer,
        )
        .unwrap();
        files.add(FILE, token, &Limits::default()).unwrap();
        files
    }

    fn requirement(secret: &str) -> Requirement {
        Requirement {
            keys: vec![VerificationKey::new("default", secret, "HS256", "").unwrap()],
            ..Requirement::default()
        }
    }

    const LIST: &[(&str, &str)] = &[
        ("p.rego", "package p"),
        ("data.json", r#"{"b": 1, "a": 2}"#),
    ];

    #[test]
    fn a_signed_bundle_is_accepted_with_its_key() {
        assert_eq!(verify(&signed(LIST), Some(&requirement("secret"))), Ok(()));
    }

    #[test]
    fn white_space_and_the_order_of_keys_in_documents_do_not_matter() {
        let mut files = signed(LIST);
        files.remove("data.json");
        let same = br#"{"a":2, "b":1}"#.to_vec();
        files.add("data.json", same, &Limits::default()).unwrap();
        assert_eq!(verify(&files, Some(&requirement("secret"))), Ok(()));
    }

    #[test]
    fn each_manipulation_has_its_own_error() {
        let good = requirement("secret");
        let check = |change: &dyn Fn(&mut Files)| {
            let mut files = signed(LIST);
            change(&mut files);
            verify(&files, Some(&good)).unwrap_err()
        };
        let add = |files: &mut Files, path: &str, text: &str| {
            files
                .add(path, text.as_bytes().to_vec(), &Limits::default())
                .unwrap();
        };
        assert_eq!(
            verify(&Files::of(LIST), Some(&good)),
            Err(SignatureError::Missing)
        );
        assert_eq!(verify(&signed(LIST), None), Err(SignatureError::NoKey));
        assert!(matches!(
            check(&|files| {
                files.remove("p.rego");
                add(files, "p.rego", "package q");
            }),
            SignatureError::Digest { .. }
        ));
        assert_eq!(
            check(&|files| add(files, "q.rego", "package q")),
            SignatureError::Unlisted("q.rego".to_owned())
        );
        assert_eq!(
            check(&|files| {
                files.remove("p.rego");
            }),
            SignatureError::Removed("p.rego".to_owned())
        );
        assert!(matches!(
            check(&|files| add(files, "x/.signatures.json", "{}")),
            SignatureError::TwoFiles(..)
        ));
        assert_eq!(
            check(&|files| add(files, "patch.json", r#"{"data": []}"#)),
            SignatureError::Delta
        );
        assert!(matches!(
            verify(&signed(LIST), Some(&requirement("other"))),
            Err(SignatureError::Wrong(_))
        ));
        let mut scoped = requirement("secret");
        scoped.scope = "write".to_owned();
        assert_eq!(
            verify(&signed(LIST), Some(&scoped)),
            Err(SignatureError::Scope)
        );
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let mut files = signed(LIST);
        let text = files.remove(FILE).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        let token = value["signatures"][0].as_str().unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let header = precinct_jose::base64::encode_url(br#"{"alg":"none","kid":"default"}"#);
        let forged = json!({"signatures": [format!("{header}.{payload}.")]}).to_string();
        files
            .add(FILE, forged.into_bytes(), &Limits::default())
            .unwrap();
        assert!(matches!(
            verify(&files, Some(&requirement("secret"))),
            Err(SignatureError::Algorithm { .. })
        ));
    }

    #[test]
    fn excluded_files_need_no_digest() {
        let mut files = signed(LIST);
        files
            .add("extra.rego", b"package e".to_vec(), &Limits::default())
            .unwrap();
        let mut requirement = requirement("secret");
        requirement.exclude = vec!["extra.*".to_owned()];
        assert_eq!(verify(&files, Some(&requirement)), Ok(()));
    }
}
