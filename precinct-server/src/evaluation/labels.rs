//! The `labels` of the annotations of rules that held: `rule_labels` of answers and of the decision log.
//!
//! Which rules held is read off the steps of the evaluation, so that policies without labels pay nothing.

use std::collections::BTreeSet;

use precinct_interpreter::policy::place;
use precinct_interpreter::trace::{Event, Op, Subject};

use crate::state::Policies;

/// The labels as a JSON list, one object for each different set of them, in the order in which rules held; `None` if there
/// are none.
#[must_use]
pub fn text(policies: &Policies, steps: Option<&[Event]>) -> Option<String> {
    let labels = &policies.traced().filter(|_| policies.has_labels())?.labels;
    let mut seen = BTreeSet::new();
    let mut listed = Vec::new();
    for event in steps? {
        if event.op != Op::Exit || event.subject != Subject::Rule {
            continue;
        }
        let Some(labels) = labels.get(&place(event.span)) else {
            continue;
        };
        if seen.insert(labels) {
            listed.push(labels.as_str());
        }
    }
    (!listed.is_empty()).then(|| format!("[{}]", listed.join(",")))
}
