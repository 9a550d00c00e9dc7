//! Steps that are known to answer in another way, each with the reason.
//!
//! ```text
//! # scenario, step, reason
//! query-get 1 the author's variables come first
//! ```
//!
//! A step that is listed and answers as recorded is an error like one that is not listed and does not: the list can only
//! be true.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::command::Outcome;
use crate::scenario::{self, Scenario};

/// Replays all scenarios of a folder and holds what differs against the list; gives how many steps answered as recorded.
///
/// # Errors
/// Steps that differ and are not listed, listed ones that don't differ, a line of the list without a reason, a scenario
/// that cannot be replayed.
pub fn replay_all(
    folder: &Path,
    list: &str,
    replay: impl Fn(&Scenario) -> anyhow::Result<Outcome>,
) -> anyhow::Result<usize> {
    let known = read(list)?;
    let mut found = BTreeSet::new();
    let mut surprises = Vec::new();
    let mut passed = 0;
    for file in scenario::files(folder)? {
        let scenario = Scenario::read(&file)?;
        let outcome = replay(&scenario)?;
        passed += outcome.passed;
        for failure in outcome.failures {
            let step = (scenario.name.clone(), failure.step);
            if !known.contains(&step) {
                surprises.push(format!("{} {}: {failure:#?}", step.0, step.1));
            }
            found.insert(step);
        }
    }
    surprises.extend(
        known
            .difference(&found)
            .map(|(name, step)| format!("{name} {step} is answered as recorded, but listed")),
    );
    if surprises.is_empty() {
        Ok(passed)
    } else {
        bail!("{}", surprises.join("\n"))
    }
}

fn read(list: &str) -> anyhow::Result<BTreeSet<(String, usize)>> {
    let mut known = BTreeSet::new();
    for line in list.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(step), Some(reason)) = (words.next(), words.next(), words.next())
        else {
            bail!("expected a scenario, a step and a reason, found: {line}");
        };
        if reason.trim().is_empty() {
            bail!("expected a reason: {line}");
        }
        let step = step
            .parse()
            .with_context(|| format!("expected the number of a step: {line}"))?;
        known.insert((name.to_owned(), step));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_a_scenario_a_step_and_a_reason() {
        let known = read("# comment\n\nquery-get 1 because of this\n").ok();
        assert_eq!(known, Some(BTreeSet::from([("query-get".to_owned(), 1)])));
        for wrong in [
            "query-get",
            "query-get 1",
            "query-get x because",
            "query-get 1  ",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
