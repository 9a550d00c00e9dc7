//! What is done to a bundle.

use precinct_bundle::signature::token;
use precinct_jose::base64;
use serde_json::{Value, json};

use crate::forms::{Files, Form, Given, Who, content};

/// The ways to bring in what nobody signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// No signature at all.
    Unsigned,
    /// Another text in a file.
    Tampered,
    /// One file more.
    Added,
    /// One file more that the right key once signed.
    AddedSigned,
    /// One file less, with its signature.
    Removed,
    /// A file by another name, with its signature.
    Renamed,
    /// A file that is there twice.
    Doubled,
    /// The contents of two files, with their signatures, in each other's place.
    Exchanged,
    /// The same files in another order.
    Reordered,
    /// Signed by somebody else.
    OtherKey,
    /// Signed by another algorithm than the key is for.
    OtherAlgorithm,
    /// Signed for another purpose.
    OtherScope,
    /// A delta, signed by the right key.
    Delta,
    /// A signature that says that it is none.
    NoAlgorithm,
    /// The signatures of another bundle by the right key.
    AnotherBundle,
    /// A second signature in the place of one.
    TwoSignatures,
    /// What was signed once, and is out of date.
    Older,
}

impl Attack {
    /// The bundle that comes next, attacked. Each attack has an answer of its own: a server that is between two of them
    /// must not find the archive of one and the signature of the other to be whole.
    pub fn on(self, form: Form) -> Given {
        let answer = format!("\"{self:?}\"");
        let next = content("v2", &answer);
        let by = |who| form.signed_by(who, &next);
        let signed = form.signed(&next);
        let changed = |change: &dyn Fn(&mut Files)| {
            let mut given = signed.clone();
            change(&mut given.files);
            given
        };
        match self {
            Self::Unsigned => Given {
                files: next,
                signature: None,
            },
            Self::OtherKey => by(Who::Other),
            Self::OtherAlgorithm => by(Who::OtherAlgorithm),
            Self::OtherScope => by(Who::OtherScope),
            Self::Older => form.signed(&content("v0", &answer)),
            Self::Tampered => changed(&|files| {
                at(files, "p.rego").1 = b"package p\n\nallow := \"tampered\"\n".to_vec();
            }),
            Self::Added => changed(&|files| files.push(more())),
            Self::AddedSigned => {
                let other = form.signed(&[next.clone(), vec![more()]].concat());
                let more = |(path, _): &&(String, Vec<u8>)| path.starts_with("more.rego");
                let more: Files = other.files.iter().filter(more).cloned().collect();
                changed(&|files| files.extend(more.clone()))
            }
            Self::Removed => {
                changed(&|files| files.retain(|(path, _)| !path.starts_with("p.rego")))
            }
            Self::Renamed => changed(&|files| {
                for (path, _) in files.iter_mut() {
                    if let Some(rest) = path.strip_prefix("p.rego") {
                        *path = format!("renamed.rego{rest}");
                    }
                }
            }),
            Self::Doubled => changed(&|files| {
                let again = at(files, "p.rego").clone();
                files.push(again);
            }),
            Self::Exchanged => changed(&|files| {
                for (path, _) in files.iter_mut() {
                    *path = match path.split_once(".rego") {
                        Some(("p", rest)) => format!("q.rego{rest}"),
                        Some(("q", rest)) => format!("p.rego{rest}"),
                        _ => continue,
                    };
                }
            }),
            Self::Reordered => changed(&|files| files.reverse()),
            Self::Delta => form.signed(&delta()),
            Self::NoAlgorithm => emptied(form, signed),
            Self::AnotherBundle => {
                let other = form.signed(&content("v2", "\"other\""));
                let mut given = signed;
                given.signature = other.signature;
                for (path, bytes) in &other.files {
                    if path == token::FILE || path == "p.rego.sig" {
                        at(&mut given.files, path).1.clone_from(bytes);
                    }
                }
                given
            }
            Self::TwoSignatures => twice(form, signed),
        }
    }
}

fn more() -> (String, Vec<u8>) {
    ("more.rego".to_owned(), b"package more\n".to_vec())
}

fn at<'f>(files: &'f mut Files, path: &str) -> &'f mut (String, Vec<u8>) {
    files.iter_mut().find(|(name, _)| name == path).unwrap()
}

fn delta() -> Files {
    let manifest = json!({"revision": "v2", "roots": [""]}).to_string();
    let change = json!({"data": [{"op": "upsert", "path": "/limits/a", "value": 9}]}).to_string();
    [(".manifest", manifest), ("patch.json", change)]
        .map(|(path, text)| (path.to_owned(), text.into_bytes()))
        .into()
}

/// A token with the algorithm `none`, or a signature of no bytes.
fn emptied(form: Form, mut given: Given) -> Given {
    match form {
        Form::Token => {
            let file = at(&mut given.files, token::FILE);
            let document: Value = serde_json::from_slice(&file.1).unwrap();
            let token = document["signatures"][0].as_str().unwrap();
            let claims = token.split('.').nth(1).unwrap();
            let header = base64::encode_url(br#"{"alg":"none","typ":"JWT"}"#);
            let forged = json!({"signatures": [format!("{header}.{claims}.")]});
            file.1 = forged.to_string().into_bytes();
        }
        Form::Sigstore | Form::Ed25519 => {
            let archive = crate::forms::archive(&given.files);
            given.signature = Some(form.document(b"", &archive));
        }
        Form::EachFile => at(&mut given.files, "p.rego.sig").1.clear(),
    }
    given
}

fn twice(form: Form, mut given: Given) -> Given {
    match form {
        Form::Token => {
            let again = at(&mut given.files, token::FILE).1.clone();
            given.files.push((format!("inner/{}", token::FILE), again));
        }
        Form::Sigstore | Form::Ed25519 => {
            let one = given.signature.unwrap();
            given.signature = Some([&one[..], b"\n", &one].concat());
        }
        Form::EachFile => {
            let again = at(&mut given.files, "p.rego.sig").1.clone();
            given.files.push(("p.rego.sig.sig".to_owned(), again));
        }
    }
    given
}
