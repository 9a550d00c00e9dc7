//! "Did you mean": names that are close to one that does not exist.

/// `a`, `a or b`, `a, b, or c`; no more than five.
pub fn or_list(items: &[String]) -> String {
    let items = items.get(..items.len().min(5)).unwrap_or_default();
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} or {two}"),
        [init @ .., last] => format!("{}, or {last}", init.join(", ")),
    }
}

/// The same with each in quotation marks.
pub fn quoted_or_list(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
    or_list(&quoted)
}

/// ` PREFIX "a" or "b"?` if anything is close to what was typed.
pub fn hint<'o>(prefix: &str, typed: &str, options: impl Iterator<Item = &'o str>) -> String {
    let found = close(typed, options);
    if found.is_empty() {
        String::new()
    } else {
        format!(" {prefix} {}?", quoted_or_list(&found))
    }
}

/// What is close to what was typed, closest first.
pub fn close<'o>(typed: &str, options: impl Iterator<Item = &'o str>) -> Vec<String> {
    let threshold = typed.len() * 2 / 5 + 1;
    let mut found: Vec<(usize, &str)> = options
        .map(|option| (distance(typed, option), option))
        .filter(|(far, _)| *far <= threshold)
        .collect();
    found.sort_by_key(|(far, _)| *far);
    found
        .into_iter()
        .map(|(_, option)| option.to_owned())
        .collect()
}

/// The number of edits between two names; another case of all letters counts as one.
fn distance(left: &str, right: &str) -> usize {
    if left == right {
        return 0;
    }
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    if left == right {
        return 1;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, character) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut previous = index + 1;
        if let Some(first) = row.first_mut() {
            *first = previous;
        }
        for (other, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(character != *other);
            diagonal = *cell;
            *cell = substituted.min(*cell + 1).min(previous + 1);
            previous = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}
