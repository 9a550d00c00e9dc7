//! Small cases from large ones.

use precinct_conformance::Case;

use crate::generate::Draft;

/// Cuts parts off for as long as `differs` holds, at most so many times.
pub fn shrink(draft: &Draft, mut tries: usize, mut differs: impl FnMut(&Case) -> bool) -> Draft {
    let mut best = draft.clone();
    'again: loop {
        for smaller in best.smaller() {
            if tries == 0 {
                return best;
            }
            tries -= 1;
            if differs(&smaller.case()) {
                best = smaller;
                continue 'again;
            }
        }
        return best;
    }
}
