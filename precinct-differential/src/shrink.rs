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

#[cfg(test)]
mod tests {
    use super::shrink;
    use crate::generate::draft;

    #[test]
    fn equal_seeds_give_equal_cases() {
        for seed in 0..50 {
            assert_eq!(draft(seed).case().modules, draft(seed).case().modules);
        }
    }

    #[test]
    fn what_is_kept_is_what_matters() {
        let found = (0..500).find(|seed| draft(*seed).case().modules.concat().contains("every "));
        let large = draft(found.unwrap_or_default());
        let small = shrink(&large, 10_000, |case| {
            case.modules.concat().contains("every ")
        });
        let (large, small) = (large.case().modules.concat(), small.case().modules.concat());
        assert!(
            small.contains("every ") && small.len() < large.len(),
            "{small}"
        );
    }
}
