//! The parser's behaviour on inputs that are large, deep or broken: linear time, errors instead of overflows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::print_stderr,
    missing_docs,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use precinct_rego::ast::RegoVersion;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};

/// The first error's message, if there is an error.
fn parse(text: &str, version: RegoVersion) -> Option<String> {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", text);
    let options = ParseOptions::new(version).with_annotations();
    let errors = parse_module(&sources, id, &options).err()?;
    errors.first().map(|error| error.message.clone())
}

#[test]
fn deep_nesting_is_an_error() {
    let depth = 10_000;
    let cases = [
        ("[".repeat(depth), "]".repeat(depth)),
        ("{".repeat(depth), "}".repeat(depth)),
        ("(".repeat(depth), ")".repeat(depth)),
        ("{1: ".repeat(depth), "}".repeat(depth)),
        ("f(".repeat(depth), ")".repeat(depth)),
        ("a[".repeat(depth), "]".repeat(depth)),
        ("[x | ".repeat(depth), "]".repeat(depth)),
        ("$\"{".repeat(depth), "}\"".repeat(depth)),
    ];
    for (open, close) in cases {
        for version in [RegoVersion::V1, RegoVersion::V2] {
            let text = format!("package p\n\nx := {open}1{close}\n");
            let message = parse(&text, version).unwrap();
            assert_eq!(
                message, "max parsing recursion depth exceeded",
                "{open:.10}"
            );
            let text = format!("package p\n\nx if {{ {open}1{close} }}\n");
            assert!(parse(&text, version).is_some(), "{open:.10}");
            assert!(parse(&format!("package p\n\nx if {open}"), version).is_some());
        }
    }
    for (operator, version) in [
        ("+", RegoVersion::V1),
        ("in", RegoVersion::V1),
        ("and", RegoVersion::V2),
    ] {
        let text = format!(
            "package p\n\nx if a {}\n",
            format!("{operator} a ").repeat(depth)
        );
        let message = parse(&text, version).unwrap();
        assert_eq!(
            message, "max parsing recursion depth exceeded",
            "{operator}"
        );
    }
    let branches = "else := 1 if { false }\n".repeat(depth);
    let text = format!("package p\n\nx := 1 if {{ false }} {branches}");
    assert!(parse(&text, RegoVersion::V1).is_some());
}

#[test]
fn nesting_within_the_limit_is_accepted() {
    let depth = 150;
    for (open, close) in [
        ("[", "]"),
        ("{1: ", "}"),
        ("(", ")"),
        ("f(", ")"),
        ("[x | x := ", "]"),
    ] {
        let text = format!(
            "package p\n\nx := {}1{}\n",
            open.repeat(depth),
            close.repeat(depth)
        );
        assert_eq!(parse(&text, RegoVersion::V1), None, "{open}");
    }
}

#[test]
fn pieces_that_are_read_twice_are_not_read_exponentially() {
    let depth = 60;
    let cases = [
        format!("x if {{{}1{}}}", "{{1: ".repeat(depth), "}}".repeat(depth)),
        format!("x := {}1{}", "{".repeat(depth), "}".repeat(depth)),
        format!("x if {}1{}", "{[".repeat(depth), "]}".repeat(depth)),
        format!("x if {}1 | 2{}", "{{".repeat(depth), "} | 3}".repeat(depth)),
        format!(
            "x if {}y{}",
            "every y in [1] { ".repeat(depth),
            " }".repeat(depth)
        ),
        format!("x if some {}y in z{}", "[".repeat(depth), "]".repeat(depth)),
        format!("x if {}a and b{}", "(".repeat(depth), ")".repeat(depth)),
        format!("x if {}a{}", "({".repeat(depth), "})".repeat(depth)),
        format!("x if {}a", "not (".repeat(depth)),
        format!("x if {}a", "{ not ".repeat(depth)),
        format!("x if {}", "{a, b in ".repeat(depth)),
    ];
    for case in cases {
        for version in [RegoVersion::V0, RegoVersion::V1, RegoVersion::V2] {
            let start = Instant::now();
            let _ = parse(&format!("package p\n\n{case}\n"), version);
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "{version:?} {case:.40}"
            );
        }
    }
}

/// Rules with templates, comprehensions and comments, of about this many bytes.
fn rules(bytes: usize) -> String {
    let mut text = "package big\n\n".to_owned();
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        let _ = write!(
            text,
            "# rule {number}\nallow_{number} if {{\n\tinput.user.roles[_] == \"role{number}\"\n\tnames := {{n | some n in data.names[{number}]; n != \"x\"}}\n\tcount(names) > {number} + 1\n\tmessage := $\"rule {{input.id}} of {{names}}\"\n\tinput.attributes == {{\"a\": [1, 2, {number}], \"b\": {{\"c\": true}}}}\n}}\n\n",
        );
    }
    text
}

#[test]
fn time_grows_linearly() {
    let time = |bytes| {
        let text = rules(bytes);
        let start = Instant::now();
        assert_eq!(parse(&text, RegoVersion::V1), None);
        start.elapsed()
    };
    // Without optimisation, 5 MB would take half a minute.
    let size = if cfg!(debug_assertions) {
        1_000_000
    } else {
        5_000_000
    };
    time(100_000);
    let (small, large) = (time(size / 10), time(size));
    eprintln!("{} bytes: {small:?}, {size} bytes: {large:?}", size / 10);
    // Ten times the text: allow twice that, as other work shares the machine.
    assert!(large < small * 20 + Duration::from_millis(500));
}
