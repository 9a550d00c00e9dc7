//! `precinct sign`: signatures for bundles.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use precinct_bundle::load;
use precinct_bundle::signature::token;

use super::Outcome;
use crate::signing;
use crate::writing;

/// Signatures for bundles.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folders and archives.
    paths: Vec<String>,
    /// Read the paths as bundles.
    #[arg(short, long)]
    bundle: bool,
    /// The secret (HMAC) or the file of the PEM block with the private key.
    #[arg(long, value_name = "KEY")]
    signing_key: Option<String>,
    /// The algorithm (RFC 7518).
    #[arg(long, default_value = "RS256")]
    signing_alg: String,
    /// A file with further claims.
    #[arg(long, value_name = "PATH")]
    claims_file: Option<String>,
    /// The folder for `.signatures.json`.
    #[arg(short, long, default_value = ".")]
    output_file_path: String,
    /// The plugin that signs; there is none but the default.
    #[arg(long, value_name = "NAME")]
    signing_plugin: Option<String>,
}

/// Writes `.signatures.json`.
pub fn run(args: &Args) -> Outcome {
    if args.paths.is_empty() {
        return Outcome::usage("specify atleast one path containing policy and/or data files");
    }
    let Some(key) = &args.signing_key else {
        return Outcome::usage(
            "specify the secret (HMAC) or path of the PEM file containing the private key (RSA and ECDSA)",
        );
    };
    if !args.bundle {
        return Outcome::usage(
            "enable bundle mode (ie. --bundle) to sign bundle files or directories",
        );
    }
    match signed(args, key) {
        Ok(()) => Outcome::Code(ExitCode::SUCCESS),
        Err(message) => Outcome::refused(&message),
    }
}

fn signed(args: &Args, key: &str) -> Result<(), String> {
    signing::known_plugin(args.signing_plugin.as_deref())?;
    let mut files = Vec::new();
    for path in &args.paths {
        let path = load::clean(path);
        let read = load::bundle_files(&path, &load::Options::default())
            .map_err(|error| error.to_string())?;
        let folder = fs::metadata(&path).is_ok_and(|kind| kind.is_dir());
        for (name, bytes) in read.iter() {
            if precinct_bundle::document::base_name(name) == token::FILE {
                continue;
            }
            let full = if folder && path != "." {
                format!("{path}/{name}")
            } else {
                name.to_owned()
            };
            files.push((full, bytes.to_vec()));
        }
    }
    let signer = signing::signer(key, &args.signing_alg, "", args.claims_file.as_deref())?;
    let list = files
        .iter()
        .map(|(name, bytes)| (name.clone(), bytes.as_slice()));
    let text = token::sign(list, &signer).map_err(|error| error.to_string())?;
    let target = Path::new(&load::clean(&args.output_file_path)).join(token::FILE);
    writing::replace(&target, &text)
}
