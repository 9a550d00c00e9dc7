//! Rules behind an index give what they give without one: values, conflicts, `else`, `default`, order.
//! The index knows equalities, parts of texts, what collections hold, and intervals of numbers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use std::fmt::Write;

use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_runtime::Arena;
use precinct_runtime::json::Decoder;

/// Numbers that look random and are the same each time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const TEXTS: [&str; 7] = ["a", "ab", "a/b", "a/b/c", "b/c", "a/x/c", ""];

const PATTERNS: [&str; 8] = ["a/*", "*/b", "a/*/c", "**/c", "a/{b,x}/c", "?/b", "a", "["];

const EXPRESSIONS: [&str; 7] = ["^a/b", "^ab?/", "c$", "^(a|b)/", "^a|c", "b+", "("];

fn condition(draws: &mut Draws) -> String {
    let subject = draws.of(&["input.x", "input.y", "input.z.w"]);
    let text = draws.of(&TEXTS);
    let number = draws.below(40);
    // Variables of one body need names of their own.
    let own = draws.0 >> 33;
    match draws.below(23) {
        0 => format!("{subject} == \"{text}\""),
        1 => format!("{subject} == {}", draws.below(3)),
        2 => format!("{subject} in {{\"{text}\", \"{}\"}}", draws.of(&TEXTS)),
        3 => format!("startswith({subject}, \"{text}\")"),
        4 => format!("endswith({subject}, \"{text}\")"),
        5 => format!(
            "glob.match(\"{}\", [\"/\"], {subject})",
            draws.of(&PATTERNS)
        ),
        6 => format!("regex.match(\"{}\", {subject})", draws.of(&EXPRESSIONS)),
        7 => format!("{subject} != \"{text}\""),
        8 => format!("{{\"a\", \"{text}\"}}[{subject}]"),
        9 => format!(
            "{subject} >= {number}; {subject} < {}",
            number + draws.below(9)
        ),
        10 => format!(
            "{number} < {subject}; {}.5 >= {subject}",
            number + draws.below(4)
        ),
        11 => format!("{subject} {} {number}", draws.of(&["<", "<=", ">", ">="])),
        12 => format!("\"{text}\" in {subject}"),
        13 => format!("{subject}[_] == \"{text}\""),
        14 => format!("some e{own} in {subject}; e{own} == {}", draws.below(3)),
        15 => format!("some w{own} in {subject}; w{own}.w == \"{text}\""),
        16 => format!("some k{own}, \"{text}\" in {subject}; k{own} != \"w\""),
        17 => format!("not {subject} == \"{text}\""),
        18 => format!("not \"{text}\" in {subject}"),
        19 => format!("every a{own} in {subject} {{ a{own} != \"{text}\" }}"),
        20 => format!(
            "strings.any_prefix_match({subject}, [\"{text}\", \"{}\"])",
            draws.of(&TEXTS)
        ),
        21 => format!("strings.any_suffix_match({subject}, {{\"{text}\"}})"),
        _ => format!("count([1 | some part in split({subject}, \"/\"); part == \"{text}\"]) > 0"),
    }
}

fn body(draws: &mut Draws) -> String {
    let conditions: Vec<String> = (0..=draws.below(3)).map(|_| condition(draws)).collect();
    conditions.join("; ")
}

/// Sets, objects, complete rules, functions and chains of `else`, each of many rules.
fn policy(draws: &mut Draws) -> String {
    let mut text = String::from("package p\n\ndefault d := 9\n");
    for n in 0..9 + draws.below(80) {
        let value = draws.below(2);
        let _ = writeln!(text, "s contains {n} if {{ {} }}", body(draws));
        let _ = writeln!(text, "o[\"{n}\"] := {value} if {{ {} }}", body(draws));
        let _ = writeln!(text, "d := {value} if {{ {} }}", body(draws));
        let _ = writeln!(text, "t if {{ {} }}", body(draws));
        let _ = writeln!(
            text,
            "e := 1 if {{ {} }} else := {value} if {{ {} }}",
            body(draws),
            body(draws)
        );
        let first = condition(draws).replace("input.x", "v");
        let _ = writeln!(text, "f(v) := 1 if {{ {first}; {} }}", body(draws));
    }
    text.push_str("g := f(input.x)\n");
    text
}

fn input(draws: &mut Draws) -> String {
    let mut value = || match draws.below(16) {
        0 => "1".to_owned(),
        1 => format!("[\"{}\", {}]", draws.of(&TEXTS), draws.below(3)),
        12 => format!(
            "[\"{}\", \"{}\", {{\"w\": \"{}\"}}]",
            draws.of(&TEXTS),
            draws.of(&TEXTS),
            draws.of(&TEXTS)
        ),
        13 => format!(
            "{{\"v\": \"{}\", \"w\": {{\"w\": \"{}\"}}}}",
            draws.of(&TEXTS),
            draws.of(&TEXTS)
        ),
        2 => "null".to_owned(),
        3 | 4 => draws.below(45).to_string(),
        5 => format!("{}.{}", draws.below(45), draws.below(10)),
        _ => format!("\"{}\"", draws.of(&TEXTS)),
    };
    let (x, y, w) = (value(), value(), value());
    match draws.below(6) {
        0 => format!("{{\"x\": {x}}}"),
        1 => format!("{{\"x\": {x}, \"y\": {y}, \"z\": {w}}}"),
        _ => format!("{{\"x\": {x}, \"y\": {y}, \"z\": {{\"w\": {w}}}}}"),
    }
}

fn compiled(text: &str, unoptimised: bool) -> Policy {
    let options = PolicyOptions {
        unoptimised,
        ..PolicyOptions::default()
    };
    let text = Text {
        name: "p.rego".to_owned(),
        text: text.to_owned(),
        version: None,
    };
    Policy::compile(vec![text], options).unwrap()
}

fn answer(policy: &Policy, path: &str, json: &str) -> String {
    let arena = Arena::new();
    let input = Decoder::new(&arena).decode(json.as_bytes()).unwrap();
    let engine = policy.engine();
    let mut context = engine.context(&arena).with_input(Some(input));
    let entry = engine.entrypoint(path).unwrap();
    match engine.evaluate(entry, &mut context) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn rules_behind_an_index_give_what_they_give_without() {
    let mut draws = Draws(7);
    for _ in 0..8 {
        let text = policy(&mut draws);
        let (plain, indexed) = (compiled(&text, true), compiled(&text, false));
        for _ in 0..60 {
            let json = input(&mut draws);
            for path in ["p/s", "p/o", "p/d", "p/t", "p/e", "p/g"] {
                let (expected, found) =
                    (answer(&plain, path, &json), answer(&indexed, path, &json));
                assert_eq!(found, expected, "{path} of {json}\n{text}");
            }
        }
    }
}
