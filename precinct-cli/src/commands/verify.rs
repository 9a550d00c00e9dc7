//! `precinct verify`: whether a bundle is what was signed.

use std::fs;
use std::process::ExitCode;

use precinct_bundle::Digest;
use precinct_bundle::load;
use precinct_bundle::signature::{detached, keys, token};

use super::Outcome;
use crate::signing::VerificationArgs;

/// Whether a bundle is what was signed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An archive or a folder.
    path: String,
    /// The algorithm of tokens (RFC 7518).
    #[arg(long, default_value = "RS256")]
    signing_alg: String,
    /// Detached signatures of the archive (cosign, Ed25519).
    #[arg(long, value_name = "PATH")]
    signature: Vec<String>,
    /// Keys of detached signatures, beside --verification-key.
    #[arg(long, value_name = "PATH")]
    key: Vec<String>,
    /// Each file must have a signature beside it.
    #[arg(long, conflicts_with = "signature")]
    each_file: bool,
    /// How many different keys must have signed.
    #[arg(long, default_value_t = 1)]
    require_signatures: usize,
    #[command(flatten)]
    verification: VerificationArgs,
}

/// Verifies, and prints the digest of what was verified.
pub fn run(args: &Args) -> Outcome {
    match verified(args) {
        Ok(digest) => {
            println!("{digest}");
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(message, 1),
    }
}

fn verified(args: &Args) -> Result<Digest, String> {
    let shown = |error: &dyn std::fmt::Display| error.to_string();
    let path = load::clean(&args.path);
    let folder = fs::metadata(&path).is_ok_and(|kind| kind.is_dir());
    if args.each_file || !args.signature.is_empty() {
        let mut keys = Vec::new();
        for name in args.key.iter().chain(&args.verification.verification_key) {
            let text =
                fs::read_to_string(name).map_err(|error| load::system("open", name, &error))?;
            let algorithm = keys::algorithm_by_name("EdDSA").map_err(|error| shown(&error))?;
            keys.push(keys::key(&text, algorithm).map_err(|error| format!("{name}: {error}"))?);
        }
        if args.each_file {
            let files = load::bundle_files(&path, &load::Options::default())
                .map_err(|error| shown(&error))?;
            let plain = detached::verify_each(&files, &keys).map_err(|error| shown(&error))?;
            return Ok(Digest::of_files(&plain));
        }
        let bytes = fs::read(&path).map_err(|error| load::system("open", &path, &error))?;
        let mut signatures = Vec::new();
        for name in &args.signature {
            let text = fs::read(name).map_err(|error| load::system("open", name, &error))?;
            signatures.push((name.clone(), text));
        }
        detached::verify(&bytes, &signatures, &keys, args.require_signatures)
            .map_err(|error| shown(&error))?;
        return Ok(Digest::of_bytes(&bytes));
    }
    let files =
        load::bundle_files(&path, &load::Options::default()).map_err(|error| shown(&error))?;
    let prefix = if folder { path.as_str() } else { "" };
    let requirement = args
        .verification
        .requirement(&args.signing_alg, prefix)?
        .ok_or("a --verification-key is needed to verify")?;
    token::verify(&files, Some(&requirement)).map_err(|error| shown(&error))?;
    Ok(Digest::of_files(&files))
}
