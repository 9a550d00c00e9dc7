//! The difference of two texts, by characters: what is new is green, what goes is red.
//!
//! Which characters stay is a matter of the algorithm: a difference has many shortest forms. This is the one that OPA
//! shows, that of the diff-match-patch family: what both texts begin and end with is set aside, a long common middle
//! splits the problem in two, and the rest is E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986),
//! searched from both ends; then neighbouring edits are merged and moved over equal text.

use std::time::{Duration, Instant};

/// After so long, what is left is shown as replaced.
const PATIENCE: Duration = Duration::from_secs(1);

/// The new text with the differences coloured.
pub fn coloured(old: &str, new: &str) -> String {
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let search = Search {
        deadline: Instant::now() + PATIENCE,
    };
    let mut text = String::new();
    for edit in search.edits(&old, &new) {
        let colour = match edit.change {
            Change::Same => {
                text.extend(&edit.text);
                continue;
            }
            Change::Old => "\u{1b}[31m",
            Change::New => "\u{1b}[32m",
        };
        // A colour never reaches over the end of a line.
        for (number, line) in edit.text.split(|c| *c == '\n').enumerate() {
            if number > 0 {
                text.push('\n');
            }
            text.push_str(colour);
            text.extend(line);
            text.push_str("\u{1b}[0m");
        }
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Same,
    Old,
    New,
}

#[derive(Clone, Debug)]
struct Edit {
    change: Change,
    text: Vec<char>,
}

impl Edit {
    fn new(change: Change, text: &[char]) -> Self {
        Self {
            change,
            text: text.to_vec(),
        }
    }
}

fn common_start(one: &[char], other: &[char]) -> usize {
    let pairs = one.iter().zip(other);
    pairs.take_while(|(one, other)| one == other).count()
}

fn common_end(one: &[char], other: &[char]) -> usize {
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs.take_while(|(one, other)| one == other).count()
}

/// Where `part` begins in `text`, at `from` or later.
fn position(text: &[char], part: &[char], from: usize) -> Option<usize> {
    let last = text.len().checked_sub(part.len())?;
    (from..=last).find(|at| text[*at..].starts_with(part))
}

/// A common middle: what is before and behind it in both texts.
struct Halves<'t> {
    old: (&'t [char], &'t [char]),
    new: (&'t [char], &'t [char]),
    middle: Vec<char>,
}

struct Search {
    deadline: Instant,
}

impl Search {
    fn edits(&self, old: &[char], new: &[char]) -> Vec<Edit> {
        if old == new {
            return if old.is_empty() {
                Vec::new()
            } else {
                vec![Edit::new(Change::Same, old)]
            };
        }
        let start = common_start(old, new);
        let (prefix, old) = old.split_at(start);
        let new = &new[start..];
        let end = common_end(old, new);
        let (old, suffix) = old.split_at(old.len() - end);
        let new = &new[..new.len() - end];
        let mut edits = Vec::new();
        if !prefix.is_empty() {
            edits.push(Edit::new(Change::Same, prefix));
        }
        edits.extend(self.between(old, new));
        if !suffix.is_empty() {
            edits.push(Edit::new(Change::Same, suffix));
        }
        merged(edits)
    }

    /// The edits of texts that begin and end with different characters.
    fn between(&self, old: &[char], new: &[char]) -> Vec<Edit> {
        if old.is_empty() {
            return vec![Edit::new(Change::New, new)];
        }
        if new.is_empty() {
            return vec![Edit::new(Change::Old, old)];
        }
        let (long, short, change) = if old.len() > new.len() {
            (old, new, Change::Old)
        } else {
            (new, old, Change::New)
        };
        if let Some(at) = position(long, short, 0) {
            return vec![
                Edit::new(change, &long[..at]),
                Edit::new(Change::Same, short),
                Edit::new(change, &long[at + short.len()..]),
            ];
        }
        if short.len() == 1 {
            return vec![Edit::new(Change::Old, old), Edit::new(Change::New, new)];
        }
        if let Some(halves) = halves(old, new) {
            let mut edits = self.edits(halves.old.0, halves.new.0);
            edits.push(Edit::new(Change::Same, &halves.middle));
            edits.extend(self.edits(halves.old.1, halves.new.1));
            return edits;
        }
        match self.middle(old, new) {
            Some((x, y)) => {
                let mut edits = self.edits(&old[..x], &new[..y]);
                edits.extend(self.edits(&old[x..], &new[y..]));
                edits
            }
            None => vec![Edit::new(Change::Old, old), Edit::new(Change::New, new)],
        }
    }

    /// Where paths from both ends of the edit graph meet.
    fn middle(&self, old: &[char], new: &[char]) -> Option<(usize, usize)> {
        let most = (old.len() + new.len()).div_ceil(2);
        let mut forward = Frontier::new(old.len(), new.len(), most);
        let mut backward = Frontier::new(old.len(), new.len(), most);
        let delta = signed(old.len()) - signed(new.len());
        let odd = delta % 2 != 0;
        for depth in 0..signed(most) {
            if depth % 16 == 0 && Instant::now() > self.deadline {
                return None;
            }
            let at = |x: usize, y: usize| old[x] == new[y];
            let met = forward.step(depth, &at, |k, x| {
                let reached = backward.at(delta - k)?;
                (odd && x >= signed(old.len()) - reached).then_some(())
            });
            if let Some((x, y)) = met {
                return Some((unsigned(x), unsigned(y)));
            }
            let at = |x: usize, y: usize| old[old.len() - x - 1] == new[new.len() - y - 1];
            let met = backward.step(depth, &at, |k, x| {
                let reached = forward.at(delta - k)?;
                (!odd && reached >= signed(old.len()) - x).then_some(())
            });
            if let Some((x, y)) = met {
                // Told as a place of the path from the front.
                let k = delta - (x - y);
                let x = forward.at(k)?;
                return Some((unsigned(x), unsigned(x - k)));
            }
        }
        None
    }
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

fn unsigned(number: isize) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// How far the paths of one direction have come, by diagonal.
struct Frontier {
    reached: Vec<isize>,
    middle: isize,
    width: isize,
    height: isize,
    skip_low: isize,
    skip_high: isize,
}

impl Frontier {
    fn new(width: usize, height: usize, most: usize) -> Self {
        let mut reached = vec![-1; (2 * most).max(most + 2)];
        reached[most + 1] = 0;
        Self {
            reached,
            middle: signed(most),
            width: signed(width),
            height: signed(height),
            skip_low: 0,
            skip_high: 0,
        }
    }

    /// How far the path on a diagonal has come, when there is one.
    fn at(&self, diagonal: isize) -> Option<isize> {
        let index = usize::try_from(self.middle + diagonal).ok()?;
        let within = index < 2 * unsigned(self.middle);
        let reached = *self.reached.get(index).filter(|_| within)?;
        (reached != -1).then_some(reached)
    }

    fn raw(&self, diagonal: isize) -> isize {
        let index = usize::try_from(self.middle + diagonal).ok();
        index
            .and_then(|index| self.reached.get(index))
            .copied()
            .unwrap_or(-1)
    }

    /// One edit further on each diagonal, until `meets` says that the other direction is reached.
    fn step(
        &mut self,
        depth: isize,
        equal: &dyn Fn(usize, usize) -> bool,
        meets: impl Fn(isize, isize) -> Option<()>,
    ) -> Option<(isize, isize)> {
        let mut k = -depth + self.skip_low;
        while k <= depth - self.skip_high {
            let (left, right) = (self.raw(k - 1), self.raw(k + 1));
            let mut x = if k == -depth || (k != depth && left < right) {
                right
            } else {
                left + 1
            };
            let mut y = x - k;
            while x < self.width && y < self.height && equal(unsigned(x), unsigned(y)) {
                x += 1;
                y += 1;
            }
            if let Some(place) = self.reached.get_mut(unsigned(self.middle + k)) {
                *place = x;
            }
            if x > self.width {
                self.skip_high += 2;
            } else if y > self.height {
                self.skip_low += 2;
            } else if meets(k, x).is_some() {
                return Some((x, y));
            }
            k += 2;
        }
        None
    }
}

/// A common middle that is at least half as long as the longer text.
fn halves<'t>(old: &'t [char], new: &'t [char]) -> Option<Halves<'t>> {
    let swapped = old.len() <= new.len();
    let (long, short) = if swapped { (new, old) } else { (old, new) };
    if long.len() < 4 || short.len() * 2 < long.len() {
        return None;
    }
    let second = half(long, short, long.len().div_ceil(4));
    let third = half(long, short, long.len().div_ceil(2));
    let found = match (second, third) {
        (Some(one), Some(other)) if one.middle.len() > other.middle.len() => one,
        (one, None) => one?,
        (_, Some(other)) => other,
    };
    Some(if swapped {
        Halves {
            old: found.new,
            new: found.old,
            middle: found.middle,
        }
    } else {
        found
    })
}

/// A common middle around a quarter of the longer text, which begins here.
fn half<'t>(long: &'t [char], short: &'t [char], at: usize) -> Option<Halves<'t>> {
    let seed = long.get(at..at + long.len() / 4)?;
    let mut best: Option<Halves<'t>> = None;
    let mut from = 0;
    while let Some(found) = position(short, seed, from) {
        let after = common_start(&long[at..], &short[found..]);
        let before = common_end(&long[..at], &short[..found]);
        if best.as_ref().map_or(0, |best| best.middle.len()) < before + after {
            best = Some(Halves {
                old: (&long[..at - before], &long[at + after..]),
                new: (&short[..found - before], &short[found + after..]),
                middle: short[found - before..found + after].to_vec(),
            });
        }
        from = found + 1;
    }
    best.filter(|best| best.middle.len() * 2 >= long.len())
}

/// Joins neighbouring edits, then moves single edits over equal text where that saves one.
fn merged(edits: Vec<Edit>) -> Vec<Edit> {
    let mut edits = joined(edits);
    let mut moved = false;
    let mut at = 1;
    while at + 1 < edits.len() {
        let around = (edits[at - 1].change, edits[at + 1].change);
        if around == (Change::Same, Change::Same) {
            let before = edits[at - 1].text.clone();
            let after = edits[at + 1].text.clone();
            let edit = &mut edits[at].text;
            if edit.ends_with(&before) {
                edit.truncate(edit.len() - before.len());
                edit.splice(0..0, before.iter().copied());
                edits[at + 1].text.splice(0..0, before);
                edits.remove(at - 1);
                moved = true;
            } else if edit.starts_with(&after) {
                edit.drain(..after.len());
                edit.extend(&after);
                edits[at - 1].text.extend(after);
                edits.remove(at + 1);
                moved = true;
            }
        }
        at += 1;
    }
    if moved { merged(edits) } else { edits }
}

/// Of neighbouring edits at most one goes and one comes, and they begin and end differently.
fn joined(edits: Vec<Edit>) -> Vec<Edit> {
    let mut out: Vec<Edit> = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut gone_edits, mut come_edits) = (0, 0);
    let end = Edit::new(Change::Same, &[]);
    for mut edit in edits.into_iter().chain([end]) {
        match edit.change {
            Change::Old => {
                gone.extend(edit.text);
                gone_edits += 1;
                continue;
            }
            Change::New => {
                come.extend(edit.text);
                come_edits += 1;
                continue;
            }
            Change::Same => {}
        }
        if gone_edits > 0 && come_edits > 0 {
            let start = common_start(&come, &gone);
            same(&mut out, &come[..start]);
            come.drain(..start);
            gone.drain(..start);
            let end = common_end(&come, &gone);
            let kept = come.split_off(come.len() - end);
            gone.truncate(gone.len() - end);
            edit.text.splice(0..0, kept);
        }
        // An edit whose text was common stays, as an empty one.
        for (change, edits, text) in [
            (Change::Old, &mut gone_edits, &mut gone),
            (Change::New, &mut come_edits, &mut come),
        ] {
            if std::mem::take(edits) > 0 {
                out.push(Edit {
                    change,
                    text: std::mem::take(text),
                });
            }
        }
        same(&mut out, &edit.text);
    }
    out
}

fn same(out: &mut Vec<Edit>, text: &[char]) {
    if text.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(last) if last.change == Change::Same => last.text.extend(text),
        _ => out.push(Edit::new(Change::Same, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::coloured;

    fn marked(old: &str, new: &str) -> String {
        coloured(old, new)
            .replace("\u{1b}[31m", "-<")
            .replace("\u{1b}[32m", "+<")
            .replace("\u{1b}[0m", ">")
    }

    #[test]
    fn what_is_new_is_green() {
        assert_eq!(
            coloured("p:=1\n", "p := 1\n"),
            "p\u{1b}[32m \u{1b}[0m:=\u{1b}[32m \u{1b}[0m1\n"
        );
        assert_eq!(coloured("a", "a"), "a");
    }

    #[test]
    fn edits_stand_where_opa_puts_them() {
        for (old, new, want) in [
            (
                "package a\n\np if { input.x }\n\nq if { input.y }\n",
                "package a\n\np if input.x\n\nq if input.y\n",
                "package a\n\np if -<{ >input.x-< }>\n\nq if -<{ >input.y-< }>\n",
            ),
            (
                "package a\n\nimport rego.v1\nimport data.b\n",
                "package a\n\nimport data.b\nimport rego.v1\n",
                "package a\n\nimport -<rego>+<data>.-<v1>+<b>\nimport -<data>+<rego>.-<b>+<v1>\n",
            ),
        ] {
            assert_eq!(marked(old, new), want);
        }
    }
}
