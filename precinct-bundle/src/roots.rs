//! The parts of `data` that bundles own, and bundles that own the same.

use std::collections::BTreeSet;

/// Whether a path is a root or below it.
#[must_use]
pub fn is_at_or_below(path: &str, root: &str) -> bool {
    root.is_empty()
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether two roots claim a common path.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    is_at_or_below(one, other) || is_at_or_below(other, one)
}

/// Why bundles, by their names and roots, can't be active together: that some of them claim the same path, in OPA's
/// words. `None` when none do.
#[must_use]
pub fn conflict(bundles: &[(&str, Vec<&str>)]) -> Option<String> {
    let mut names = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for (number, (name, roots)) in bundles.iter().enumerate() {
        for (other_name, others) in bundles.iter().skip(number + 1) {
            for (root, other) in roots
                .iter()
                .flat_map(|root| others.iter().map(move |other| (root, other)))
            {
                let (root, other) = (root.trim_matches('/'), other.trim_matches('/'));
                if !overlap(root, other) {
                    continue;
                }
                names.extend([*name, *other_name]);
                pairs.insert(if root == other {
                    format!("root {root} is in multiple bundles")
                } else {
                    format!("{} overlaps {}", root.min(other), root.max(other))
                });
            }
        }
    }
    if names.is_empty() {
        return None;
    }
    let joined = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    let all = bundles.iter().filter(|(_, roots)| roots.contains(&""));
    let all: BTreeSet<&str> = all.map(|(name, _)| *name).collect();
    let names = joined(names);
    Some(if all.is_empty() {
        let pairs = joined(pairs.iter().map(String::as_str).collect());
        format!("detected overlapping roots in manifests for these bundles: [{names}] ({pairs})")
    } else {
        let all = joined(all);
        format!(
            "bundles [{names}] have overlapping roots and cannot be activated simultaneously because bundle(s) [{all}] specify empty root paths ('') which overlap with any other bundle root"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn of(bundles: &[(&str, &[&str])]) -> Option<String> {
        let bundles: Vec<(&str, Vec<&str>)> = bundles
            .iter()
            .map(|(name, roots)| (*name, roots.to_vec()))
            .collect();
        conflict(&bundles)
    }

    #[test]
    fn bundles_apart_do_not_conflict() {
        assert_eq!(of(&[("x", &["a", "b/c"]), ("y", &["ab", "b/d"])]), None);
        // What one bundle says twice is no matter of two.
        assert_eq!(of(&[("x", &["a", "a/b"])]), None);
    }

    #[test]
    fn all_pairs_of_roots_and_all_their_bundles_are_named() {
        let message = of(&[("z", &["a/b", "c"]), ("x", &["a"]), ("y", &["c", "d"])]);
        assert_eq!(
            message.unwrap(),
            "detected overlapping roots in manifests for these bundles: [x, y, z] (a overlaps a/b, root c is in multiple bundles)"
        );
    }

    #[test]
    fn a_bundle_without_roots_of_its_own_owns_everything() {
        let message = of(&[("x", &[""]), ("y", &["a"])]).unwrap();
        assert!(message.starts_with("bundles [x, y] have overlapping roots"));
        assert!(message.contains("bundle(s) [x] specify empty root paths"));
    }
}
