//! `precinct-transcript BINARY FILE…`: replays scenarios against a binary and prints what differs.

use std::path::Path;
use std::process::ExitCode;

use precinct_transcript::scenario::Scenario;
use precinct_transcript::{command, server};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let Some(binary) = arguments.next() else {
        anyhow::bail!("usage: precinct-transcript BINARY FILE…");
    };
    let binary = Path::new(&binary);
    let (mut passed, mut failed) = (0, 0);
    for file in arguments {
        let scenario = Scenario::read(Path::new(&file))?;
        let outcome = match scenario.kind.as_str() {
            "rest" => server::replay(&scenario, binary)?,
            _ => command::replay(&scenario, binary)?,
        };
        passed += outcome.passed;
        failed += outcome.failures.len();
        for failure in outcome.failures {
            println!(
                "{} step {}: {}\n    {}",
                scenario.name,
                failure.step,
                failure.what,
                failure.difference.replace('\n', "\n    ")
            );
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
