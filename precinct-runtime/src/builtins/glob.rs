//! Glob patterns, as OPA's library reads them: `*` stops at delimiters, `**` does not, `?`, `[a-c]`, `[!a]`, `{a,b}`.

use std::borrow::Cow;
use std::ops::Range;

use crate::builtin::{Builtin, Outcome, operand};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::octets;
use crate::patterns::Patterns;
use crate::value::Value;

/// Glob patterns.
pub const FAMILY: &[Builtin] = &[
    Builtin::new("glob.match", "(pattern: string, delimiters: any<null, array[string]>, match: string) => result: boolean", "Parses and matches strings against the glob notation. Not to be confused with `regex.globs_match`.", glob_match).documented(&["glob pattern", "glob pattern delimiters, e.g. `[\".\", \":\"]`, defaults to `[\".\"]` if unset. If `delimiters` is `null`, glob match without delimiter.", "string to match against `pattern`"], "true if `match` can be found in `pattern` which is separated by `delimiters`"),
    Builtin::new("glob.quote_meta", "(pattern: string) => output: string", "Returns a string which represents a version of the pattern where all asterisks have been escaped.", glob_quote_meta).documented(&["glob pattern"], "the escaped string of `pattern`"),
];

fn glob_match<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let pattern = operand::string(args, 1)?;
    let delimiters = match operand::at(args, 2) {
        Value::Null => Cow::Borrowed(""),
        Value::Array(items) if items.is_empty() => Cow::Borrowed("."),
        Value::Array(items)
            if let (1, Some(Value::String(one))) = (items.len(), items.first())
                && one.chars().count() == 1 =>
        {
            Cow::Borrowed(one)
        }
        Value::Array(items) => {
            let mut all = String::new();
            for item in items {
                match item.as_str() {
                    Some(one) if one.chars().count() == 1 => all.push_str(one),
                    Some(_) => {
                        let all = operand::at(args, 2);
                        return Err(operand::wrong_element(2, all, item, &["rune"]));
                    }
                    None => {
                        return Err(operand::wrong_element(
                            2,
                            operand::at(args, 2),
                            item,
                            &["string"],
                        ));
                    }
                }
            }
            Cow::Owned(all)
        }
        other => return Err(operand::wrong_type(2, other, &["array", "null"])),
    };
    let text = operand::string(args, 3)?;
    // Delimiters first, and how many: no two pairs give the same key.
    let length = delimiters.len() + pattern.len() + 24;
    let mut key = bumpalo::collections::String::with_capacity_in(length, context.arena());
    key.push_str(itoa::Buffer::new().format(delimiters.len()));
    for part in [":", &delimiters, pattern] {
        key.push_str(part);
    }
    let compiled = context
        .shared::<Patterns<Pattern>>()
        .get(&key, || Pattern::new(pattern, &delimiters))?;
    context.spend(1 + text.len() as u64 / 16)?;
    Ok(Some(Value::Bool(compiled.matches(text))))
}

fn glob_quote_meta<'a>(context: &mut Context<'a>, args: &[Value<'a>]) -> Outcome<'a> {
    let mut quoted = String::new();
    for c in operand::string(args, 1)?.chars() {
        if matches!(c, '*' | '?' | '\\' | '[' | ']' | '{' | '}') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    Ok(Some(Value::string(context.arena(), &quoted)))
}

/// A pattern as a small state machine: positions in a list of steps.
#[derive(Debug)]
pub struct Pattern {
    steps: Vec<Step>,
    delimiters: Vec<char>,
    /// What most patterns are: texts with stars of one kind between them.
    texts: Option<Texts>,
}

#[derive(Debug)]
enum Step {
    /// This character.
    One(char),
    /// Any character but a delimiter.
    Single,
    /// Any number of characters but delimiters.
    Any,
    /// Any number of characters.
    Super,
    /// One of these ranges, or none of them.
    Range {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// Go on at each of these steps.
    Split(Vec<usize>),
    /// Go on at this step.
    Jump(usize),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When a bracket or brace does not close, or a byte is no UTF-8.
    pub fn new(pattern: &str, delimiters: &str) -> Result<Self, BuiltinError> {
        if let Some(offset) = octets::first_mark(pattern) {
            return Err(wrong(offset, "invalid UTF-8 sequence"));
        }
        let mut compiler = Compiler {
            rest: pattern.chars().collect(),
            at: 0,
            steps: Vec::new(),
            depth: 0,
        };
        compiler.sequence()?;
        if compiler.at < compiler.rest.len() {
            return Err(BuiltinError::new("unexpected end of input"));
        }
        let delimiters: Vec<char> = delimiters.chars().collect();
        Ok(Self {
            texts: Texts::of(&compiler.steps, !delimiters.is_empty()),
            steps: compiler.steps,
            delimiters,
        })
    }

    /// The regular expression, of the `regex` crate, that the same texts fit.
    #[must_use]
    pub fn expression(&self) -> String {
        let mut out = String::from(r"\A");
        self.write(0..self.steps.len(), &mut out);
        out + r"\z"
    }

    fn write(&self, steps: Range<usize>, out: &mut String) {
        let free = if self.delimiters.is_empty() {
            String::from("(?s:.)")
        } else {
            class(true, self.delimiters.iter().map(|c| (*c, *c)))
        };
        let mut at = steps.start;
        while at < steps.end {
            let mut next = at + 1;
            match &self.steps[at] {
                Step::One(c) => out.push_str(&escaped(*c)),
                Step::Single => out.push_str(&free),
                Step::Any => out.extend([&free, "*"]),
                Step::Super => out.push_str("(?s:.)*"),
                Step::Range { negated, ranges } => {
                    out.push_str(&class(*negated, ranges.iter().copied()));
                }
                Step::Split(starts) => {
                    if let Some(second) = starts.get(1)
                        && let Step::Jump(behind) = self.steps[*second - 1]
                    {
                        // Each but the last ends with the jump behind all of them.
                        let ends = starts[1..].iter().map(|start| start - 1);
                        let mut open = "(?:";
                        for (start, end) in starts.iter().zip(ends.chain([behind])) {
                            out.push_str(open);
                            self.write(*start..end, out);
                            open = "|";
                        }
                        out.push(')');
                        next = behind;
                    }
                }
                Step::Jump(_) => {}
            }
            at = next;
        }
    }

    /// It is texts between stars, so that [`Self::matches`] needs no memory.
    pub(crate) const fn is_plain(&self) -> bool {
        self.texts.is_some()
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        match &self.texts {
            Some(texts) => texts.matches(text, &self.delimiters),
            None => self.walk(text),
        }
    }

    fn walk(&self, text: &str) -> bool {
        let mut now = vec![false; self.steps.len() + 1];
        self.reach(0, &mut now);
        let mut next = vec![false; now.len()];
        for c in text.chars() {
            next.fill(false);
            let free = !self.delimiters.contains(&c);
            for (at, step) in self.steps.iter().enumerate().filter(|(at, _)| now[*at]) {
                let (moves, stays) = match step {
                    Step::One(one) => (*one == c, false),
                    Step::Single => (free, false),
                    Step::Any => (false, free),
                    Step::Super => (false, true),
                    Step::Range { negated, ranges } => {
                        let within = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                        (within != *negated, false)
                    }
                    Step::Split(_) | Step::Jump(_) => (false, false),
                };
                if moves {
                    self.reach(at + 1, &mut next);
                }
                if stays {
                    self.reach(at, &mut next);
                }
            }
            std::mem::swap(&mut now, &mut next);
            if !now.contains(&true) {
                return false;
            }
        }
        now[self.steps.len()]
    }

    /// Marks a step and those that it leads to without a character.
    fn reach(&self, at: usize, marked: &mut [bool]) {
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut marked[at], true) {
                continue;
            }
            match self.steps.get(at) {
                Some(Step::Any | Step::Super) => open.push(at + 1),
                Some(Step::Split(targets)) => open.extend(targets),
                Some(Step::Jump(target)) => open.push(*target),
                _ => {}
            }
        }
    }
}

/// Texts with stars between them that are all of one kind.
///
/// The first place where a text fits is as good as any later one. That is plain where stars pass everything. Where they
/// stop at delimiters, a later place puts the star before the text across all that lies between both, so that nothing
/// there is a delimiter, and the star behind the text can cross it as well.
#[derive(Debug)]
struct Texts {
    first: String,
    /// Those that stand between two stars.
    inner: Vec<String>,
    /// `None` if there is no star at all.
    last: Option<String>,
    /// The stars stop at delimiters.
    stops: bool,
}

impl Texts {
    fn of(steps: &[Step], delimited: bool) -> Option<Self> {
        let mut texts = vec![String::new()];
        let mut kinds = [false; 2];
        for step in steps {
            match step {
                Step::One(c) => texts.last_mut()?.push(*c),
                Step::Any | Step::Super => {
                    kinds[usize::from(delimited && matches!(step, Step::Any))] = true;
                    texts.push(String::new());
                }
                Step::Single | Step::Range { .. } | Step::Split(_) | Step::Jump(_) => return None,
            }
        }
        if kinds == [true; 2] {
            return None;
        }
        let last = if texts.len() > 1 { texts.pop() } else { None };
        let mut texts = texts.into_iter();
        Some(Self {
            first: texts.next()?,
            inner: texts.collect(),
            last,
            stops: kinds[1],
        })
    }

    fn matches(&self, text: &str, delimiters: &[char]) -> bool {
        let Some(last) = &self.last else {
            return text == self.first;
        };
        let crossed = |gap: &str| !self.stops || !gap.contains(delimiters);
        let Some(mut rest) = text
            .strip_prefix(self.first.as_str())
            .and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        for inner in &self.inner {
            match rest.split_once(inner.as_str()) {
                Some((gap, behind)) if crossed(gap) => rest = behind,
                _ => return false,
            }
        }
        crossed(rest)
    }
}

/// A character that stands for itself in a regular expression.
fn escaped(c: char) -> String {
    format!(r"\x{{{:x}}}", u32::from(c))
}

/// A class of a regular expression.
fn class(negated: bool, ranges: impl Iterator<Item = (char, char)>) -> String {
    let mut out = String::from(if negated { "[^" } else { "[" });
    for (low, high) in ranges {
        out.extend([escaped(low), String::from("-"), escaped(high)]);
    }
    out + "]"
}

fn wrong(offset: usize, reason: &str) -> BuiltinError {
    BuiltinError::new(format!("glob: syntax error at {offset}: {reason}"))
}

struct Compiler {
    rest: Vec<char>,
    at: usize,
    steps: Vec<Step>,
    depth: usize,
}

impl Compiler {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn sequence(&mut self) -> Result<(), BuiltinError> {
        while let Some(c) = self.peek() {
            match c {
                ',' | '}' if self.depth > 0 => return Ok(()),
                '*' => {
                    self.at += 1;
                    if self.peek() == Some('*') {
                        while self.peek() == Some('*') {
                            self.at += 1;
                        }
                        self.steps.push(Step::Super);
                    } else {
                        self.steps.push(Step::Any);
                    }
                }
                '?' => {
                    self.at += 1;
                    self.steps.push(Step::Single);
                }
                '\\' => {
                    self.at += 1;
                    let Some(escaped) = self.next() else {
                        return Err(self.wrong("trailing backslash"));
                    };
                    self.steps.push(Step::One(escaped));
                }
                '[' => self.range()?,
                '{' => self.alternatives()?,
                other => {
                    self.at += 1;
                    self.steps.push(Step::One(other));
                }
            }
        }
        Ok(())
    }

    /// An error where the compiler stands, which is told in bytes.
    fn wrong(&self, reason: &str) -> BuiltinError {
        let offset: usize = self.rest.iter().take(self.at).map(|c| c.len_utf8()).sum();
        wrong(offset, reason)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    /// `[a-c]`, or `[abc]` in which a hyphen is a hyphen; both with `!` in front.
    fn range(&mut self) -> Result<(), BuiltinError> {
        const OPEN: &str = "unexpected end of input";
        self.at += 1;
        let negated = self.peek() == Some('!');
        self.at += usize::from(negated);
        let mut ranges = Vec::new();
        if self.rest.get(self.at + 1) == Some(&'-') {
            let low = self.next();
            self.at += 1;
            let high = self.next();
            let (Some(low), Some(high)) = (low, high) else {
                return Err(self.wrong(OPEN));
            };
            match self.next() {
                None => return Err(self.wrong(OPEN)),
                Some(']') => {}
                Some(_) => return Err(self.wrong("expected close range character")),
            }
            if high < low {
                return Err(self.wrong("range hi character is less than lo"));
            }
            ranges.push((low, high));
        } else {
            loop {
                match self.next() {
                    None => return Err(self.wrong(OPEN)),
                    Some(']') => break,
                    Some('\\') => match self.next() {
                        Some(escaped) => ranges.push((escaped, escaped)),
                        None => return Err(self.wrong(OPEN)),
                    },
                    Some(one) => ranges.push((one, one)),
                }
            }
            if ranges.is_empty() {
                return Err(self.wrong("could not parse range"));
            }
        }
        self.steps.push(Step::Range { negated, ranges });
        Ok(())
    }

    fn alternatives(&mut self) -> Result<(), BuiltinError> {
        if self.depth >= 64 {
            return Err(BuiltinError::new("alternatives nest too deeply"));
        }
        self.at += 1;
        self.depth += 1;
        let split = self.steps.len();
        self.steps.push(Step::Split(Vec::new()));
        let mut starts = Vec::new();
        let mut ends = Vec::new();
        loop {
            starts.push(self.steps.len());
            self.sequence()?;
            match self.peek() {
                Some(',') => {
                    self.at += 1;
                    ends.push(self.steps.len());
                    self.steps.push(Step::Jump(0));
                }
                Some(_) => {
                    self.at += 1;
                    break;
                }
                None => return Err(self.wrong("unclosed `{`")),
            }
        }
        self.depth -= 1;
        let behind = self.steps.len();
        self.steps[split] = Step::Split(starts);
        for end in ends {
            self.steps[end] = Step::Jump(behind);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Pattern;

    fn fits(pattern: &str, delimiters: &str, text: &str) -> bool {
        Pattern::new(pattern, delimiters).unwrap().matches(text)
    }

    #[test]
    fn a_star_stops_at_delimiters_and_two_do_not() {
        assert!(fits("*.github.com", ".", "api.github.com"));
        assert!(!fits("*.github.com", ".", "api.cdn.github.com"));
        assert!(fits("**.github.com", ".", "api.cdn.github.com"));
        assert!(fits("*", "", "a.b"));
        assert!(!fits("a:?", ":", "a::"));
    }

    #[test]
    fn texts_between_stars_match_as_the_machine_does() {
        let alphabet = ['a', 'b', '.'];
        let texts: Vec<String> = (0..3_usize.pow(7))
            .map(|mut n| {
                let mut text = String::new();
                while n > 0 {
                    text.push(alphabet[n % 3]);
                    n /= 3;
                }
                text
            })
            .collect();
        for pattern in [
            "", "ab", "*", "**", "*a", "a*", "*a*", "*ab*", "a*b*a", "*a.a*", "*.a*b", "**ab**a",
            "*a**", "*aa*a*", "**a.a**", "a.*.b",
        ] {
            for delimiters in ["", ".", "b."] {
                let pattern = Pattern::new(pattern, delimiters).unwrap();
                for text in &texts {
                    assert_eq!(
                        pattern.matches(text),
                        pattern.walk(text),
                        "{pattern:?} {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn ranges_and_alternatives() {
        assert!(fits("[a-c]at", "", "bat"));
        assert!(!fits("[!a-c]at", "", "bat"));
        assert!(fits("{cat,bat,[fr]at}", "", "rat"));
        assert!(fits("x{a,*b{c,d}}y", "", "xzzbdy"));
        assert!(!fits("{cat,bat}", "", "ca"));
        assert!(fits(r"\*", "", "*"));
    }

    #[test]
    fn what_does_not_close_is_an_error() {
        for pattern in ["[", "[a", "{a", "[]"] {
            assert!(Pattern::new(pattern, "").is_err(), "{pattern}");
        }
    }
}
