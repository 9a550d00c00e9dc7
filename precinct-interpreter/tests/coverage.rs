//! Coverage of policies, line by line.
#![allow(clippy::unwrap_used)]

use precinct_interpreter::coverage::{Coverage, Range};
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};
use precinct_runtime::{Arena, Document};

const POLICY: &str = r"package p

default allow := false

allow if {
	input.x == 1
	some y in [1, 2]
	y > 5
}

allow if {
	q == 2
	f(3)
}

q := 2

f(x) if x > 1
f(x) if {
	x > 100
}

unused if {
	true
	false
}

s contains x if {
	x := 1
	z := [y |
		some y in [1]
		y > 5
	]
	count(z) == 0
}

e if {
	every v in [1, 2] {
		v > 0
		v < 2
	}
} else := 7 if {
	true
} else := 8
";

fn rows(ranges: &[Range]) -> Vec<u32> {
    let mut rows: Vec<u32> = ranges
        .iter()
        .flat_map(|r| r.start.row..=r.end.row)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// OPA 1.22.2 covers and misses the same rows with the same queries as tests.
#[test]
fn rows_are_covered_as_opa_covers_them() {
    let text = Text {
        name: "p.rego".into(),
        text: POLICY.into(),
        version: None,
    };
    let options = PolicyOptions {
        marks: true,
        ..PolicyOptions::default()
    };
    let policy = Policy::compile(vec![text], options).unwrap();
    let mut coverage = Coverage::default();
    let input = Document::from_json(br#"{"x": 1}"#).unwrap();
    for query in ["data.p.allow", "data.p.s; data.p.e == 7"] {
        let query = policy.query(query, None, &[]).unwrap();
        let arena = Arena::new();
        let mut context = query.context(&arena).with_input(Some(input.value()));
        let answers = query.answers_with(&mut context, &mut coverage).unwrap();
        assert_eq!(answers.len(), 1);
    }
    let mut sources = Sources::default();
    let id = sources.add("p.rego", POLICY);
    let options = ParseOptions {
        version: RegoVersion::V1,
        ..ParseOptions::default()
    };
    let module = parse_module(&sources, id, &options).unwrap();
    let report = coverage.report(&[module], policy.sources());
    let file = &report.files["p.rego"];
    assert_eq!(
        rows(&file.covered),
        [
            6, 7, 8, 11, 12, 13, 16, 18, 28, 29, 30, 31, 32, 33, 34, 38, 39, 40, 41, 42, 43
        ]
    );
    assert_eq!(rows(&file.not_covered), [3, 5, 19, 20, 23, 24, 25, 37, 44]);
}
