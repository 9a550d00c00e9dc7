//! What vouches for a bundle of the configuration: its guard, and the signatures that come beside it.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use precinct_bundle::Guard;
use precinct_bundle::load::system;
use precinct_bundle::signature::VerificationKey;
use precinct_bundle::signature::each_file::Listing;
use precinct_bundle::signature::token::Requirement;

use super::bundles::written;
use crate::configuration::Configuration;
use crate::configuration::settings::{BundleSource, local_file};
use crate::configuration::signing::{Form, SigningPart};
use crate::services::{Client, FetchError, Fetched};

/// Detached signatures: names and contents.
pub(super) type Signatures = Vec<(String, Vec<u8>)>;

/// Bytes of a signature: those of cosign with a certificate are some thousand.
const SIGNATURE_LIMIT: u64 = 1 << 16;

/// What a bundle must satisfy. Detached signatures come with the bundle; without any, nothing is accepted.
pub(super) fn guard(configuration: &Configuration, source: &BundleSource) -> Result<Guard, String> {
    let mut guard = Guard {
        min_revision: source.min_revision.clone(),
        ..Guard::default()
    };
    let Some(signing) = &source.signing else {
        guard.token_if_present = any_key(configuration);
        return Ok(guard);
    };
    if signing.form == Form::Token {
        guard.token = Some(requirement(configuration, signing)?);
        return Ok(guard);
    }
    for id in signing.key_ids() {
        guard.keys.push(key(configuration, id, "")?.key);
    }
    guard.required = signing.required.max(1);
    guard.each_file = signing.form == Form::EachFile;
    if signing.without_file_list {
        guard.listing = Listing::Optional;
    }
    Ok(guard)
}

/// A token by one of the configured keys that can verify, whichever it names; `None` without such keys.
fn any_key(configuration: &Configuration) -> Option<Requirement> {
    let ids = configuration.parts.keys.keys();
    let keys: Vec<VerificationKey> = ids
        .filter_map(|id| key(configuration, id, "").ok())
        .collect();
    (!keys.is_empty()).then(|| Requirement {
        keys,
        ..Requirement::default()
    })
}

fn requirement(
    configuration: &Configuration,
    signing: &SigningPart,
) -> Result<Requirement, String> {
    let key = key(configuration, &signing.keyid, &signing.scope)?;
    Ok(Requirement {
        key_id: Some(signing.keyid.clone()),
        scope: key.scope.clone(),
        keys: vec![key],
        exclude: signing.exclude_files.clone(),
        prefix: String::new(),
    })
}

/// A key with its scope, unless another is given.
fn key(configuration: &Configuration, id: &str, scope: &str) -> Result<VerificationKey, String> {
    let key = configuration
        .parts
        .keys
        .get(id)
        .ok_or_else(|| format!("key {id:?} not found"))?;
    let scope = if scope.is_empty() { &key.scope } else { scope };
    let algorithm = key.algorithm.as_deref().unwrap_or("RS256");
    VerificationKey::new(id, &key.key, algorithm, scope).map_err(|error| error.to_string())
}

/// The paths of detached signatures.
fn paths(source: &BundleSource) -> &[String] {
    match &source.signing {
        Some(signing) if signing.form == Form::Archive => &signing.signatures,
        _ => &[],
    }
}

/// Asks for the detached signatures of a bundle.
pub(super) fn fetch(client: &Client, source: &BundleSource) -> Result<Signatures, FetchError> {
    let mut signatures = Signatures::new();
    for path in paths(source) {
        let within = |error: FetchError| FetchError {
            message: format!("detached signature {path:?}: {}", error.message),
            ..error
        };
        // Without a version, the answer is never that nothing has changed.
        if let Fetched::New { bytes, .. } = client
            .fetch(path, "", None, SIGNATURE_LIMIT)
            .map_err(within)?
        {
            signatures.push((path.clone(), bytes));
        }
    }
    Ok(signatures)
}

/// Reads the detached signatures of a bundle that is a file; they are files as well.
pub(super) fn read(source: &BundleSource) -> Result<Signatures, String> {
    let read = paths(source).iter().map(|name| {
        let path = match local_file(name)? {
            Some(path) => path,
            None => PathBuf::from(name),
        };
        let file = fs::File::open(&path);
        let mut bytes = Vec::new();
        file.and_then(|file| file.take(SIGNATURE_LIMIT).read_to_end(&mut bytes))
            .map_err(|error| {
                let path = path.to_string_lossy();
                format!("detached signature: {}", system("open", &path, &error))
            })?;
        Ok((name.clone(), bytes))
    });
    read.collect()
}

/// Where a signature is kept beside its bundle.
fn place(bundle: &Path, number: usize) -> PathBuf {
    bundle.with_file_name(format!("bundle.tar.gz.{number}.sig"))
}

/// The detached signatures that were kept with a bundle; those that can't be read are missing, and missed.
pub(super) fn kept(bundle: &Path, source: &BundleSource) -> Signatures {
    let named = paths(source).iter().enumerate();
    let read = named.filter_map(|(number, name)| {
        let bytes = fs::read(place(bundle, number)).ok()?;
        Some((name.clone(), bytes))
    });
    read.collect()
}

/// Keeps the detached signatures of a bundle beside it.
pub(super) fn keep(bundle: &Path, signatures: &Signatures) -> io::Result<()> {
    let mut numbered = signatures.iter().enumerate();
    numbered.try_for_each(|(number, (_, bytes))| written(&place(bundle, number), bytes))
}
