//! Who signs, and where the signatures are.

use std::io::Write as _;

use precinct_bundle::signature::token::{self, Signer};
use precinct_jose::hash::{Hash, hex};
use precinct_jose::{Algorithm, Key, base64, signature};
use serde_json::{Value, json};

/// The key pair that bundles are signed with by ECDSA P-256.
const EC: &str = include_str!("../../../precinct-jose/tests/keys/p256.pem");
/// Its public half.
pub const EC_PUBLIC: &str = include_str!("../../../precinct-jose/tests/keys/p256-public.pem");
/// Somebody else's.
const EC_OTHER: &str = include_str!("../../../precinct-server/tests/credentials/keys/ec-plain.pem");
/// The key pair that bundles are signed with by Ed25519.
const ED: &str = include_str!("../../../precinct-jose/tests/keys/ed25519.pem");
/// Its public half.
pub const ED_PUBLIC: &str = include_str!("../../../precinct-jose/tests/keys/ed25519-public.pem");

/// Files in the order of their archive.
pub type Files = Vec<(String, Vec<u8>)>;

/// What is brought to a server: an archive, and the signature beside it.
#[derive(Clone, Debug)]
pub struct Given {
    pub files: Files,
    pub signature: Option<Vec<u8>>,
}

/// The forms of signatures, as the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Token,
    Sigstore,
    Ed25519,
    EachFile,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whom the server trusts.
    Trusted,
    /// Somebody else, by the same algorithm.
    Other,
    /// By an algorithm that the server's key is not for.
    OtherAlgorithm,
    /// Whom the server trusts, for something else.
    OtherScope,
}

/// The files of a bundle with an answer.
pub fn content(revision: &str, answer: &str) -> Files {
    let manifest = json!({"revision": revision, "roots": [""]}).to_string();
    [
        (".manifest", manifest),
        ("data.json", "{\"limits\":{\"a\":1}}".to_owned()),
        ("p.rego", format!("package p\n\nallow := {answer}\n")),
        ("q.rego", "package q\n\nx := data.limits\n".to_owned()),
    ]
    .map(|(path, text)| (path.to_owned(), text.into_bytes()))
    .into()
}

/// An archive with these entries, in this order, as often as they are given.
pub fn archive(files: &Files) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    {
        let mut archive = tar::Builder::new(&mut gzip);
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            archive.append_data(&mut header, path, &bytes[..]).unwrap();
        }
        archive.finish().unwrap();
    }
    gzip.flush().unwrap();
    gzip.finish().unwrap()
}

impl Form {
    /// The key that the server has, PEM.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Token | Self::Sigstore => EC_PUBLIC,
            Self::Ed25519 | Self::EachFile => ED_PUBLIC,
        }
    }

    /// What the command line asks for.
    pub fn flags(self) -> Vec<&'static str> {
        let mut flags = vec!["--verification-key", "key.pem", "--min-revision", "v1"];
        flags.extend(match self {
            Self::Token => &["--signing-alg", "ES256", "--scope", "write"][..],
            Self::Sigstore | Self::Ed25519 => &["--signature", "given.tar.gz.sig"],
            Self::EachFile => &["--each-file"],
        });
        flags
    }

    /// What the configuration asks for.
    pub fn signing(self) -> Value {
        match self {
            Self::Token => json!({"keyid": "default", "scope": "write"}),
            Self::Sigstore | Self::Ed25519 => {
                json!({"keyid": "default", "form": "archive", "signatures": ["given.tar.gz.sig"]})
            }
            Self::EachFile => json!({"keyid": "default", "form": "each_file"}),
        }
    }

    /// The files, signed as they should be.
    pub fn signed(self, files: &Files) -> Given {
        self.signed_by(Who::Trusted, files)
    }

    pub fn signed_by(self, who: Who, files: &Files) -> Given {
        let mut given = Given {
            files: files.clone(),
            signature: None,
        };
        match self {
            Self::Token => given
                .files
                .push((token::FILE.to_owned(), token(who, files))),
            Self::Sigstore | Self::Ed25519 => {
                let raw = self.raw(who, &archive(files));
                given.signature = Some(self.document(&raw, &archive(files)));
            }
            Self::EachFile => {
                let mut files = files.clone();
                files.push(("SHA256SUMS".to_owned(), list(&files)));
                given.files.clear();
                for (path, bytes) in files {
                    let signature = base64::encode_url(&self.raw(who, &bytes));
                    given
                        .files
                        .push((format!("{path}.sig"), signature.into_bytes()));
                    given.files.push((path, bytes));
                }
            }
        }
        given
    }

    /// A signature as it stands in its file.
    pub fn document(self, raw: &[u8], signed: &[u8]) -> Vec<u8> {
        let signature = base64::encode_url(raw);
        if self != Self::Sigstore {
            return signature.into_bytes();
        }
        let digest = base64::encode_url(&Hash::Sha256.digest(signed));
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": digest},
                "signature": signature,
            },
        })
        .to_string()
        .into_bytes()
    }

    /// The bytes of a detached signature.
    fn raw(self, who: Who, bytes: &[u8]) -> Vec<u8> {
        let ed25519 = |key: &Key| signature::sign(key, Algorithm::EdDSA, bytes).unwrap();
        let is_ec = (self == Self::Sigstore) != (who == Who::OtherAlgorithm);
        match (is_ec, who) {
            (true, Who::Other) => der(&ec(EC_OTHER, bytes)),
            (true, _) => der(&ec(EC, bytes)),
            (false, Who::Other) => ed25519(&Key::ed25519_from_seed([7; 32])),
            (false, _) => ed25519(&Key::from_pem(ED).unwrap()),
        }
    }
}

fn ec(key: &str, bytes: &[u8]) -> Vec<u8> {
    signature::sign(&Key::from_pem(key).unwrap(), Algorithm::ES256, bytes).unwrap()
}

/// Two numbers in DER (RFC 3279 section 2.2.3), as cosign writes them.
fn der(numbers: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let mut digits = number[zeros..].to_vec();
        if digits.first().is_none_or(|first| *first > 0x7f) {
            digits.insert(0, 0);
        }
        let length = u8::try_from(digits.len()).unwrap();
        [&[2, length], &digits[..]].concat()
    };
    let (r, s) = numbers.split_at(32);
    let both = [integer(r), integer(s)].concat();
    let length = u8::try_from(both.len()).unwrap();
    [&[0x30, length], &both[..]].concat()
}

fn token(who: Who, files: &Files) -> Vec<u8> {
    let scope = if who == Who::OtherScope {
        "read"
    } else {
        "write"
    };
    let claims = json!({"scope": scope, "keyid": "default"});
    let (key, algorithm) = match who {
        Who::Trusted | Who::OtherScope => (Key::from_pem(EC).unwrap(), Algorithm::ES256),
        Who::Other => (Key::from_pem(EC_OTHER).unwrap(), Algorithm::ES256),
        // The public key, which everybody has, taken for a secret.
        Who::OtherAlgorithm => (
            Key::Symmetric(EC_PUBLIC.as_bytes().to_vec()),
            Algorithm::HS256,
        ),
    };
    let signer = Signer {
        key,
        algorithm,
        key_id: String::new(),
        claims: claims.as_object().cloned(),
    };
    let listed = files.iter().map(|(path, bytes)| (path.clone(), &bytes[..]));
    token::sign(listed, &signer).unwrap()
}

/// What `sha256sum` prints for the files.
fn list(files: &Files) -> Vec<u8> {
    let line = |(path, bytes): &(String, Vec<u8>)| {
        format!("{}  {path}\n", hex(&Hash::Sha256.digest(bytes)))
    };
    files.iter().map(line).collect::<String>().into_bytes()
}
