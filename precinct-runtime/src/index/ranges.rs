//! Arms by the numbers between which a subject must lie.
//!
//! The intervals are ordered by where they begin, and read as a balanced tree: the middle of a stretch is the root of what
//! lies to both sides of it. Each root knows how far the intervals of its stretch reach, so that a look-up leaves out
//! what ends before the number, and what begins behind it.

use bumpalo::collections::Vec as ArenaVec;

use crate::arena::Arena;
use crate::value::Value;

/// Where a value stands among the numbers, in the order of all values: `null` and booleans before them, all else behind.
///
/// Of two values the greater never stands before the other. (Numbers that no `f64` tells apart stand in one place.)
#[must_use]
pub fn position(value: Value<'_>) -> f64 {
    match value {
        Value::Null | Value::Bool(_) => f64::NEG_INFINITY,
        Value::Number(number) => number.to_f64(),
        Value::String(_) | Value::Array(_) | Value::Object(_) | Value::Set(_) => f64::INFINITY,
    }
}

/// From and to, both included, and whose interval it is.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: f64,
    to: f64,
    arm: u32,
}

/// The intervals of one subject.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    intervals: Vec<Interval>,
    /// How far the stretch reaches of which the interval of the same place is the middle.
    reach: Vec<f64>,
    /// All their arms, in order.
    arms: Vec<u32>,
}

impl Ranges {
    pub(super) fn new(intervals: impl Iterator<Item = (u32, f64, f64)>) -> Self {
        let mut intervals: Vec<Interval> = intervals
            .map(|(arm, from, to)| Interval { from, to, arm })
            .collect();
        intervals.sort_by(|a, b| a.from.total_cmp(&b.from));
        let mut arms: Vec<u32> = intervals.iter().map(|interval| interval.arm).collect();
        arms.sort_unstable();
        arms.dedup();
        let mut ranges = Self {
            reach: vec![f64::NEG_INFINITY; intervals.len()],
            intervals,
            arms,
        };
        ranges.measure(0, ranges.intervals.len());
        ranges
    }

    pub(super) fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }

    fn measure(&mut self, start: usize, end: usize) -> f64 {
        if start >= end {
            return f64::NEG_INFINITY;
        }
        let middle = usize::midpoint(start, end);
        let left = self.measure(start, middle);
        let right = self.measure(middle + 1, end);
        let reach = self.intervals[middle].to.max(left).max(right);
        self.reach[middle] = reach;
        reach
    }

    /// The arms whose intervals hold the value, in order; all of them where they are so many that to find and to sort
    /// them would take longer than to try the others.
    pub(super) fn holding<'a>(&'a self, arena: &'a Arena, value: Value<'_>) -> &'a [u32] {
        let at = position(value);
        let most = self.intervals.len() / 4 + 4;
        let mut found = ArenaVec::new_in(arena);
        if at.is_nan() || !self.find(0, self.intervals.len(), at, most, &mut found) {
            return &self.arms;
        }
        found.sort_unstable();
        found.dedup();
        found.into_bump_slice()
    }

    /// Adds the arms of a stretch; false when there are too many.
    fn find(
        &self,
        start: usize,
        end: usize,
        at: f64,
        most: usize,
        found: &mut ArenaVec<'_, u32>,
    ) -> bool {
        if start >= end {
            return true;
        }
        let middle = usize::midpoint(start, end);
        if self.reach[middle] < at {
            return true;
        }
        if !self.find(start, middle, at, most, found) {
            return false;
        }
        let interval = &self.intervals[middle];
        if interval.from > at {
            return true;
        }
        if interval.to >= at {
            if found.len() == most {
                return false;
            }
            found.push(interval.arm);
        }
        self.find(middle + 1, end, at, most, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Number;

    const NO_END: f64 = f64::INFINITY;

    fn number(text: &'static str) -> Value<'static> {
        Value::Number(Number::from_text(text))
    }

    #[test]
    fn a_number_is_looked_up_among_neighbours_and_in_nested_intervals() {
        // Twenty neighbours, one interval around half of them, one that ends nowhere.
        let neighbours = (0..20).map(|n| (n, f64::from(n) * 10.0, f64::from(n) * 10.0 + 5.0));
        let ranges = Ranges::new(neighbours.chain([(20, 55.0, 155.0), (21, 150.0, NO_END)]));
        let arena = Arena::new();
        let holding = |value| ranges.holding(&arena, value);
        assert_eq!(holding(number("0")), [0]);
        assert_eq!(holding(number("33")), [3]);
        assert_eq!(holding(number("37")), [0_u32; 0]);
        assert_eq!(holding(number("60.5")), [6, 20]);
        assert_eq!(holding(number("152")), [15, 20, 21]);
        assert_eq!(holding(number("1e400")), [21]);
        assert_eq!(holding(number("-1")), [0_u32; 0]);
    }

    #[test]
    fn other_values_lie_before_and_behind_all_numbers() {
        let ranges = Ranges::new([(0, f64::NEG_INFINITY, 5.0), (1, 5.0, NO_END)].into_iter());
        let arena = Arena::new();
        let holding = |value| ranges.holding(&arena, value);
        assert_eq!(holding(Value::Null), [0]);
        assert_eq!(holding(Value::TRUE), [0]);
        assert_eq!(holding(number("5")), [0, 1]);
        assert_eq!(holding(Value::String("4")), [1]);
        assert_eq!(holding(Value::EMPTY_ARRAY), [1]);
    }

    #[test]
    fn where_most_apply_all_do() {
        let ranges = Ranges::new((0..100).map(|n| (n, f64::from(n), NO_END)));
        let arena = Arena::new();
        assert_eq!(ranges.holding(&arena, number("9")).len(), 10);
        assert_eq!(ranges.holding(&arena, number("90")).len(), 100);
    }
}
