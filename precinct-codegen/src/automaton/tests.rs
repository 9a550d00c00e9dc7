//! Automata say what the patterns say that they are made from.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use precinct_runtime::automaton::{Automaton as Packed, FITS};
use precinct_runtime::builtins::{glob, regex};

use super::Automaton;

fn packed(automaton: &Automaton) -> Packed {
    Packed {
        anchored: automaton.anchored,
        prefix: automaton.prefix.clone().leak(),
        columns: Box::leak(Box::<[u8; 256]>::try_from(automaton.columns.clone()).unwrap()),
        rows: automaton.rows.clone().leak(),
        width: automaton.width,
        start: automaton.start,
    }
}

/// All texts of up to five of these characters.
fn texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..5 {
        let until = texts.len();
        for at in from..until {
            for c in ['a', 'b', '_', '.', '\n', 'é'] {
                let longer = format!("{}{c}", texts[at]);
                texts.push(longer);
            }
        }
        from = until;
    }
    texts
}

#[test]
fn automata_of_expressions_fit_what_the_expressions_match() {
    let texts = texts();
    for pattern in [
        "a",
        "^a",
        "a$",
        "^a$",
        "^",
        "$",
        "",
        "a|b",
        "^a|b$",
        "^(a|b)+$",
        "a.b",
        "a.*b",
        "(?s)a.b",
        "(?m)^a$",
        "(?m)^$",
        r"\ba\b",
        r"\Bb",
        r"a\B",
        r"\w+\.\w",
        r"^\W+$",
        r"[^a]b",
        "[aé]{2}",
        "(?i)A_",
        "é",
        "^é*$",
        "a{2,3}b?",
        "(ab)*_",
        "a*?b",
        r"\A_",
        r"b\z",
        r"^[[:alpha:]]+$",
        r"\pL\PL",
        "x",
        "^abab",
        r"^a\.b",
        "(a|ab)(b|_)$",
        "^a?b?$",
        r"^\.",
        r"_\b.",
        "ab|ba|^_$",
    ] {
        let automaton = Automaton::of_expression(pattern);
        let automaton = packed(&automaton.unwrap_or_else(|| panic!("{pattern}")));
        let expression = regex::go::compile(pattern).unwrap();
        for text in &texts {
            let expected = expression.is_match(text);
            assert_eq!(automaton.fits(text), expected, "{pattern} {text:?}");
        }
    }
}

#[test]
fn automata_of_globs_fit_what_the_globs_match() {
    let texts = texts();
    for pattern in [
        "a",
        "*",
        "**",
        "a*",
        "*a",
        "*.*",
        "**.b",
        "a?",
        "?",
        "[ab]",
        "[!a]",
        "[a-b]*",
        "{a,b}*",
        "{a*,*.b,}_",
        "{a,{b,_.}}?",
        "{a}b",
        "a\\*",
        "[!a-b]é",
        "*{.a,_}**",
        "{,a}",
        "{{a,b},_}*é",
    ] {
        for delimiters in ["", ".", "._", "é"] {
            let automaton = packed(&Automaton::of_glob(pattern, delimiters).unwrap());
            let glob = glob::Pattern::new(pattern, delimiters).unwrap();
            for text in &texts {
                let expected = glob.matches(text);
                assert_eq!(
                    automaton.fits(text),
                    expected,
                    "{pattern} {delimiters} {text:?}"
                );
            }
        }
    }
}

#[test]
fn what_all_texts_begin_with_is_compared_at_once() {
    let plain = Automaton::of_expression("^/api/v1").unwrap();
    assert_eq!((&*plain.prefix, plain.start), (&b"/api/v1"[..], FITS));
    assert!(plain.rows.is_empty());
    let further = Automaton::of_expression("^/api/[a-z]+$").unwrap();
    assert_eq!(&*further.prefix, b"/api/");
    // In the segment, and right before it; a letter, anything else, and the end.
    assert_eq!((further.width, further.rows.len()), (3, 2 * 3 * 2));
}

#[test]
fn what_is_too_large_or_not_told_by_bytes_has_no_automaton() {
    for pattern in [
        "(",
        "(a|b)*a(a|b){16}",
        r"\B",
        r"(a|\B)",
        r"(\pL{1,9}){1,50}x",
    ] {
        assert_eq!(Automaton::of_expression(pattern), None, "{pattern}");
    }
    let large = Automaton::of_expression("a(a|b){9}$").unwrap();
    assert_eq!((large.width, large.rows.len()), (4, 2 * 4 * (1 << 10)));
    assert_eq!(Automaton::of_glob("[a", "."), None);
}
