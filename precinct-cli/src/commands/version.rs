//! `precinct version`: what this binary is and what it was built from.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// `version` takes no flags.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the lines that `opa version` prints. The build lines are empty unless the build set the variables.
pub fn run(_: &Args) -> ExitCode {
    let text = format!(
        "Version: {}\n\
         Build Commit: {}\n\
         Build Timestamp: {}\n\
         Build Hostname: {}\n\
         Platform: {}/{}\n\
         Rego Version: v1\n\
         WebAssembly: unavailable\n",
        env!("CARGO_PKG_VERSION"),
        option_env!("PRECINCT_BUILD_COMMIT").unwrap_or_default(),
        option_env!("PRECINCT_BUILD_TIMESTAMP").unwrap_or_default(),
        option_env!("PRECINCT_BUILD_HOSTNAME").unwrap_or_default(),
        std::env::consts::OS,
        std::env::consts::ARCH,
    );
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
