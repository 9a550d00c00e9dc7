//! Constant patterns: compiled together with the policy, or at their first use and then kept as long as the policy.
//!
//! A text that fits has to contain what stands plain in the pattern. Where there is such a needle, a text without it is
//! turned away before anything is compiled, so that thousands of patterns cost neither the time nor the memory.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use regex::Regex;
use regex_syntax::hir::HirKind;

use crate::automaton::Automaton;
use crate::builtins::{glob, regex as expressions};
use crate::context::Context;
use crate::error::EvalError;
use crate::value::Value;

/// Longer expressions are not looked into for a needle.
const LONG: usize = 400;
/// An automaton takes a byte at a time. In longer texts what can begin anywhere is looked for many bytes at a time.
const SHORT: usize = 32;

/// The pattern of one `regex.match` or `glob.match`.
pub struct Matcher {
    pattern: Cow<'static, str>,
    /// What a `*` of a glob stops at; `None` is a regular expression.
    delimiters: Option<Cow<'static, str>>,
    /// What the compiler of the policy has made of it already.
    prepared: Option<Prepared>,
    needle: OnceLock<Box<str>>,
    /// `None` if the pattern is wrong.
    compiled: OnceLock<Option<Compiled>>,
}

struct Prepared {
    automaton: Automaton,
    needle: &'static str,
}

enum Compiled {
    Expression(Regex),
    Glob(glob::Pattern),
}

impl Matcher {
    /// A regular expression of the policy.
    #[must_use]
    pub const fn regex(pattern: &'static str) -> Self {
        Self::new(Cow::Borrowed(pattern), None)
    }

    /// A glob of the policy, with the characters that a `*` stops at.
    #[must_use]
    pub const fn glob(pattern: &'static str, delimiters: &'static str) -> Self {
        Self::new(Cow::Borrowed(pattern), Some(Cow::Borrowed(delimiters)))
    }

    /// A pattern; without delimiters it is a regular expression.
    #[must_use]
    pub const fn new(pattern: Cow<'static, str>, delimiters: Option<Cow<'static, str>>) -> Self {
        Self {
            pattern,
            delimiters,
            prepared: None,
            needle: OnceLock::new(),
            compiled: OnceLock::new(),
        }
    }

    /// The same pattern, which the compiler of the policy made an automaton of, and found the [`needle`] of.
    #[must_use]
    pub const fn prepared(mut self, automaton: Automaton, needle: &'static str) -> Self {
        self.prepared = Some(Prepared { automaton, needle });
        self
    }

    /// Whether a text fits; `None` if only the builtin itself can say what is wrong.
    ///
    /// # Errors
    /// When the evaluation is out of steps or time.
    #[inline]
    pub fn matches(
        &self,
        context: &mut Context<'_>,
        text: Value<'_>,
    ) -> Result<Option<bool>, EvalError> {
        let Value::String(text) = text else {
            return Ok(None);
        };
        context.spend(2 + text.len() as u64 / 16)?;
        context.counters.builtin_calls += 1;
        let needle = match &self.prepared {
            Some(Prepared { automaton, .. }) if !automaton.prefix.is_empty() => {
                return Ok(Some(automaton.fits(text)));
            }
            Some(prepared) => prepared.needle,
            None => self.needle.get_or_init(|| self.needle()),
        };
        if let Some(Some(Compiled::Glob(glob))) = self.compiled.get() {
            return Ok(Some(glob.matches(text)));
        }
        if !needle.is_empty() && !text.contains(needle) {
            return Ok(Some(false));
        }
        if let Some(Prepared { automaton, .. }) = &self.prepared
            && (automaton.anchored || text.len() <= SHORT)
        {
            return Ok(Some(automaton.fits(text)));
        }
        Ok(match self.compiled.get_or_init(|| self.compile()) {
            Some(Compiled::Expression(expression)) => Some(expression.is_match(text)),
            Some(Compiled::Glob(glob)) => Some(glob.matches(text)),
            None => None,
        })
    }

    #[cold]
    fn compile(&self) -> Option<Compiled> {
        match &self.delimiters {
            None => expressions::go::compile(&self.pattern)
                .ok()
                .map(Compiled::Expression),
            Some(delimiters) => {
                let glob = glob::Pattern::new(&self.pattern, delimiters).ok()?;
                if glob.is_plain() {
                    return Some(Compiled::Glob(glob));
                }
                // A pattern that is too large for an expression is still a glob.
                Some(match expressions::go::build(&glob.expression()) {
                    Ok(expression) => Compiled::Expression(expression),
                    Err(_) => Compiled::Glob(glob),
                })
            }
        }
    }

    #[cold]
    fn needle(&self) -> Box<str> {
        needle(&self.pattern, self.delimiters.is_some()).into_boxed_str()
    }
}

/// The longest text that all texts contain that fit a glob or a regular expression; nothing where that is not plain, or
/// the pattern is wrong and has to be found wrong whatever the text is.
#[must_use]
pub fn needle(pattern: &str, is_glob: bool) -> String {
    let runs = if is_glob {
        glob_runs(pattern)
    } else {
        plain_runs(pattern)
    };
    let longest = runs.unwrap_or_default().into_iter();
    longest.max_by_key(String::len).unwrap_or_default()
}

/// The texts that stand plain in a glob: not in its alternatives or classes.
fn glob_runs(pattern: &str) -> Option<Vec<String>> {
    if pattern.contains('\\') {
        return None;
    }
    if pattern.contains(['{', '}', '[', ']']) {
        glob::Pattern::new(pattern, "").ok()?;
    }
    let mut runs = vec![String::new()];
    let mut depth = 0_usize;
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            '[' => {
                rest.find(|c| *c == ']')?;
            }
            ']' => return None,
            '*' | '?' => {}
            plain if depth == 0 => {
                runs.last_mut()?.push(plain);
                continue;
            }
            _ => continue,
        }
        runs.push(String::new());
    }
    (depth == 0).then_some(runs)
}

/// The texts that stand plain in a regular expression.
fn plain_runs(pattern: &str) -> Option<Vec<String>> {
    // Repetitions can make an expression too large to be compiled.
    if pattern.len() > LONG || pattern.contains('{') {
        return None;
    }
    let translated = expressions::go::translate(pattern).ok()?;
    let parsed = regex_syntax::parse(&translated).ok()?;
    let mut runs = vec![Vec::new()];
    let parts = match parsed.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(&parsed),
    };
    for part in parts {
        match part.kind() {
            HirKind::Literal(literal) => runs.last_mut()?.extend_from_slice(&literal.0),
            HirKind::Look(_) | HirKind::Empty => {}
            _ => runs.push(Vec::new()),
        }
    }
    let texts = runs.into_iter().map(String::from_utf8);
    texts.collect::<Result<_, _>>().ok()
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher")
            .field("pattern", &self.pattern)
            .field("delimiters", &self.delimiters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::arena::Arena;

    fn asked(matcher: &Matcher, text: &str) -> Option<bool> {
        let arena = Arena::new();
        let mut context = Context::new(&arena);
        matcher.matches(&mut context, Value::String(text)).unwrap()
    }

    #[test]
    fn needles_are_what_stands_plain() {
        for (pattern, needle) in [
            ("[a-z]+-17[xyz]+", "-17"),
            ("^abc", "abc"),
            (r"a\.b\d", "a.b"),
            ("a|b", ""),
            ("(?i)abc", ""),
            ("ab*cd", "cd"),
            ("a{3}b", ""),
            ("(", ""),
        ] {
            assert_eq!(&*Matcher::regex(pattern).needle(), needle, "{pattern}");
        }
        assert_eq!(&*Matcher::glob("*an*-17/r*d", "/").needle(), "-17/r");
        for (pattern, needle) in [
            ("{a,b}*", ""),
            ("{a,bcd}*-17/{x,{y,z}}w", "-17/"),
            ("*-17[0-9]z", "-17"),
            ("a{b", ""),
            ("a]b", ""),
            (r"a\*bcd", ""),
        ] {
            assert_eq!(&*Matcher::glob(pattern, "/").needle(), needle, "{pattern}");
        }
    }

    #[test]
    fn constant_patterns_match_as_the_builtins_do() {
        let regex = Matcher::regex("[a-z]+-17[xyz]+");
        assert_eq!(asked(&regex, "abc-17x"), Some(true));
        assert_eq!(asked(&regex, "abc-17"), Some(false));
        assert_eq!(asked(&regex, "abc"), Some(false));
        assert_eq!(asked(&Matcher::regex("("), "abc"), None);
        let glob = Matcher::glob("a/*-17/*", "/");
        assert_eq!(asked(&glob, "a/b-17/c"), Some(true));
        assert_eq!(asked(&glob, "a/b-17/c/d"), Some(false));
        assert_eq!(asked(&Matcher::glob("[a", "/"), "a"), None);
    }
}
