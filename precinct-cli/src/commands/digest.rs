//! `precinct digest`: what names a bundle or a set of files.

use std::fs;
use std::process::ExitCode;

use precinct_bundle::{Digest, archive, load};

use super::Outcome;

/// The digest of an archive is the SHA-256 of its bytes, which is what decisions on it are recorded with. That of a
/// folder is the digest of its files.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An archive or a folder.
    path: String,
    /// The digest of the files in an archive, which is the same as that of a folder with these files.
    #[arg(long)]
    files: bool,
    /// Names of files and folders that are left out.
    #[arg(long, value_delimiter = ',')]
    ignore: Vec<String>,
}

/// Reads and prints.
pub fn run(args: &Args) -> Outcome {
    match digest(args) {
        Ok(digest) => {
            println!("{digest}");
            Outcome::Code(ExitCode::SUCCESS)
        }
        Err(message) => Outcome::failed(message, 1),
    }
}

fn digest(args: &Args) -> Result<Digest, String> {
    let options = load::Options {
        ignore: args.ignore.clone(),
        ..load::Options::default()
    };
    let path = load::clean(&args.path);
    if fs::metadata(&path).is_ok_and(|kind| kind.is_dir()) {
        let files = load::bundle_files(&path, &options).map_err(|error| error.to_string())?;
        return Ok(Digest::of_files(&files));
    }
    let bytes = fs::read(&path).map_err(|error| load::system("open", &path, &error))?;
    if !args.files {
        return Ok(Digest::of_bytes(&bytes));
    }
    let files = archive::read(&bytes, &options.limits).map_err(|error| error.to_string())?;
    Ok(Digest::of_files(&files))
}
