//! Names that look alike.

/// The longest name that is compared, in characters.
const LONGEST: usize = 128;

/// The candidate that is most like the word, if one is alike at all: a third of its letters may differ. Of several
/// that are equally alike, the first in alphabetical order.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count() / 3;
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter_map(|candidate| Some((distance(word, candidate, allowed)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, replaced or swapped with their neighbour; `None` when it is more than
/// allowed.
fn distance(one: &str, other: &str, allowed: usize) -> Option<usize> {
    let one: Vec<char> = one.chars().take(LONGEST + 1).collect();
    let other: Vec<char> = other.chars().take(LONGEST + 1).collect();
    if one.len().abs_diff(other.len()) > allowed || one.len().max(other.len()) > LONGEST {
        return None;
    }
    // Rows of the table of distances between beginnings: the one before the last, the last, and the one being filled.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, there) in other.iter().enumerate() {
            let cost = usize::from(letter != there);
            let mut best = (last[column] + cost)
                .min(last[column + 1] + 1)
                .min(current[column] + 1);
            if row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *there {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().filter(|found| *found <= allowed)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_most_alike_name_is_found() {
        let names = ["user", "users", "roles", "startswith"];
        assert_eq!(nearest("usre", names), Some("user"));
        assert_eq!(nearest("starts_with", names), Some("startswith"));
        assert_eq!(nearest("role", names), Some("roles"));
    }

    #[test]
    fn names_that_are_not_alike_are_not_named() {
        assert_eq!(nearest("x", ["y_is_another"]), None);
        assert_eq!(nearest("tools", ["destination", "tools"]), None);
        assert_eq!(nearest(&"a".repeat(1000), ["a"]), None);
    }
}
