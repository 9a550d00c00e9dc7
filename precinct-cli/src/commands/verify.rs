//! `precinct verify`: whether a bundle is what was signed.

use std::process::ExitCode;

use precinct_bundle::Digest;
use precinct_bundle::load;

use super::Outcome;
use crate::signing::GuardArgs;

/// Whether a bundle is what was signed, and new enough. Prints its digest.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An archive or a folder.
    path: String,
    #[command(flatten)]
    guard: GuardArgs,
}

/// Verifies and prints the digest.
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
    let mut guard = args
        .guard
        .guard()?
        .ok_or("a --verification-key is needed to verify")?;
    if guard.token.is_none() && guard.signatures.is_empty() && !guard.each_file {
        return Err("a --verification-key is needed to verify".to_owned());
    }
    // Who verifies wants one signature at the least.
    guard.required = guard.required.max(1);
    let admitted = guard
        .admit(&args.path, &load::Options::default())
        .map_err(|error| error.to_string())?;
    Ok(admitted.digest)
}
