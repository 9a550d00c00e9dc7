//! Whether any of many texts begins or ends with any of many others.

use std::cmp::Ordering;

/// With fewer texts on a side, all are compared with all.
const MANY: usize = 12;

pub(super) fn any_begins(texts: &[&str], prefixes: Vec<&str>) -> bool {
    let starts = |text: &str, prefix: &str| text.starts_with(prefix);
    any(texts, prefixes, starts, Ord::cmp)
}

pub(super) fn any_ends(texts: &[&str], suffixes: Vec<&str>) -> bool {
    let ends = |text: &str, suffix: &str| text.ends_with(suffix);
    any(texts, suffixes, ends, |a, b| {
        a.bytes().rev().cmp(b.bytes().rev())
    })
}

/// Whether one of the texts has one of the affixes. In this order a text comes behind its affixes, and nothing but what
/// has the same affix stands between them.
fn any(
    texts: &[&str],
    mut affixes: Vec<&str>,
    has: impl Fn(&str, &str) -> bool,
    order: impl Fn(&str, &str) -> Ordering,
) -> bool {
    if texts.len() < MANY || affixes.len() < MANY {
        let mut texts = texts.iter();
        return texts.any(|text| affixes.iter().any(|affix| has(text, affix)));
    }
    affixes.sort_unstable_by(|a, b| order(a, b));
    // Without those that have another one as their affix, the last before a text is the only one that it can have.
    affixes.dedup_by(|later, kept| has(later, kept));
    texts.iter().any(|text| {
        let behind = affixes.partition_point(|affix| order(affix, text).is_le());
        let last = behind.checked_sub(1).and_then(|at| affixes.get(at));
        last.is_some_and(|affix| has(text, affix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_texts_are_searched_as_few_are() {
        let mut seed = 3_u64;
        let mut roll = |sides: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % sides
        };
        let mut list = |longest: u64| -> Vec<String> {
            let count = 10 + roll(20);
            let mut text = || -> String {
                let length = 1 + roll(longest);
                let mut letter = || usize::try_from(roll(3)).unwrap_or(0);
                (0..length).map(|_| ["a", "b", "é"][letter()]).collect()
            };
            (0..count).map(|_| text()).collect()
        };
        let mut both = [0, 0];
        for round in 0..2000 {
            let (texts, affixes) = (list(4 + round % 5), list(4 + round % 7));
            let texts: Vec<&str> = texts.iter().map(|text| &text[..]).collect();
            let affixes: Vec<&str> = affixes
                .iter()
                .map(|affix| &affix[..])
                .filter(|affix| affix.len() > 5)
                .collect();
            let begins = texts
                .iter()
                .any(|text| affixes.iter().any(|affix| text.starts_with(affix)));
            let ends = texts
                .iter()
                .any(|text| affixes.iter().any(|affix| text.ends_with(affix)));
            assert_eq!(any_begins(&texts, affixes.clone()), begins);
            assert_eq!(any_ends(&texts, affixes), ends);
            both[usize::from(begins)] += 1;
        }
        assert!(both.iter().all(|count| *count > 100), "{both:?}");
    }
}
