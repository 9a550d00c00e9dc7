//! How many blocks run where one does, if an index goes by one of its conditions.

use std::collections::HashMap;

use super::conditions::Condition;
use crate::ir::{Constant, ConstantId, Key, Subject};

/// The conditions of all blocks, counted.
pub(super) struct Company<'c> {
    constants: &'c [Constant],
    /// Keys that hold for few values: blocks that have the same one run together.
    holders: HashMap<(&'c Subject, &'c Key), usize>,
    /// Intervals: blocks whose intervals meet can run together.
    ranges: HashMap<&'c Subject, Ranges>,
}

/// The ends of all intervals of a subject, in order.
#[derive(Default)]
struct Ranges {
    from: Vec<f64>,
    to: Vec<f64>,
}

impl<'c> Company<'c> {
    pub(super) fn new(found: &'c [Vec<Condition>], constants: &'c [Constant]) -> Self {
        let mut company = Self {
            constants,
            holders: HashMap::new(),
            ranges: HashMap::new(),
        };
        for condition in found.iter().flatten() {
            for key in &condition.keys {
                if let Some((from, to)) = interval(key, constants) {
                    let ranges = company.ranges.entry(&condition.subject).or_default();
                    ranges.from.push(from);
                    ranges.to.push(to);
                } else {
                    let holders = company.holders.entry((&condition.subject, key));
                    *holders.or_default() += 1;
                }
            }
        }
        for ranges in company.ranges.values_mut() {
            ranges.from.sort_by(f64::total_cmp);
            ranges.to.sort_by(f64::total_cmp);
        }
        company
    }

    /// How many blocks run where one runs that goes by the condition: at most, and itself included.
    pub(super) fn of(&self, condition: &Condition) -> usize {
        let of = |key: &Key| match interval(key, self.constants) {
            Some(interval) => self.ranges.get(&condition.subject)?.meeting(interval),
            None => self.holders.get(&(&condition.subject, key)).copied(),
        };
        condition.keys.iter().filter_map(of).max().unwrap_or(0)
    }
}

impl Ranges {
    /// How many intervals have a number in common with this one.
    fn meeting(&self, (from, to): (f64, f64)) -> Option<usize> {
        let before = self.to.partition_point(|end| *end < from);
        let behind = self.from.len() - self.from.partition_point(|start| *start <= to);
        self.from.len().checked_sub(before + behind)
    }
}

/// The ends of an interval.
fn interval(key: &Key, constants: &[Constant]) -> Option<(f64, f64)> {
    let Key::Between { from, to } = key else {
        return None;
    };
    let end = |end: &Option<ConstantId>, open| match end.and_then(|id| constants.get(id.index())) {
        Some(Constant::Number(text)) => text.parse().unwrap_or(open),
        _ => open,
    };
    Some((end(from, f64::NEG_INFINITY), end(to, f64::INFINITY)))
}
