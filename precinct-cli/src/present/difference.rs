//! The difference of two texts, by characters: what is new is green, what goes is red.

/// How much of a table the comparison may fill; beyond it, whole texts are shown.
const LARGEST: usize = 25_000_000;

/// The new text with the differences coloured.
pub fn coloured(old: &str, new: &str) -> String {
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let start = old
        .iter()
        .zip(&new)
        .take_while(|(one, other)| one == other)
        .count();
    let most = old.len().min(new.len()) - start;
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(most)
        .take_while(|(one, other)| one == other)
        .count();
    let (left, right) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut out = Out::default();
    new[..start].iter().for_each(|c| out.push(Change::Same, *c));
    if left.len().saturating_mul(right.len()) > LARGEST {
        for c in left {
            out.push(Change::Old, *c);
        }
        for c in right {
            out.push(Change::New, *c);
        }
    } else {
        between(left, right, &mut out);
    }
    new[new.len() - end..]
        .iter()
        .for_each(|c| out.push(Change::Same, *c));
    out.finish()
}

/// The longest common sequence tells what stays.
fn between(old: &[char], new: &[char], out: &mut Out) {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push(Change::Same, old[i]);
            i += 1;
            j += 1;
        } else if i < old.len()
            && (j == new.len() || longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            out.push(Change::Old, old[i]);
            i += 1;
        } else {
            out.push(Change::New, new[j]);
            j += 1;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Change {
    #[default]
    Same,
    Old,
    New,
}

#[derive(Default)]
struct Out {
    text: String,
    now: Change,
}

impl Out {
    fn push(&mut self, change: Change, c: char) {
        if change != self.now {
            self.close();
            self.text.push_str(match change {
                Change::Same => "",
                Change::Old => "\u{1b}[31m",
                Change::New => "\u{1b}[32m",
            });
            self.now = change;
        }
        self.text.push(c);
    }

    fn close(&mut self) {
        if self.now != Change::Same {
            self.text.push_str("\u{1b}[0m");
        }
    }

    fn finish(mut self) -> String {
        self.close();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn what_is_new_is_green() {
        assert_eq!(
            coloured("p:=1\n", "p := 1\n"),
            "p\u{1b}[32m \u{1b}[0m:=\u{1b}[32m \u{1b}[0m1\n"
        );
        assert_eq!(coloured("a", "a"), "a");
    }
}
