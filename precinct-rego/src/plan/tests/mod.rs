//! What a plan looks like. That plans are OPA's is tested over the recorded ones in `tests/plans`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::{Entrypoint, Options, Policy, plan};
use crate::capabilities::Capabilities;
use crate::compile::{CompileOptions, compile};
use crate::error::Diagnostic;
use crate::source::Sources;
use crate::syntax::{ParseOptions, parse_module};

const CAPABILITIES: &str = r#"{"features": ["rego_v1"], "builtins": [
  {"name": "eq", "decl": {"type": "function", "args": [{"type": "any"}, {"type": "any"}], "result": {"type": "boolean"}}}
]}"#;

fn planned(module: &str, path: &[&str], options: Options) -> Result<Policy, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let id = sources.add("a.rego", module);
    let module = parse_module(&sources, id, &ParseOptions::default()).unwrap();
    let capabilities = Arc::new(Capabilities::from_json(CAPABILITIES).unwrap());
    let options_of_compiler = CompileOptions::new(capabilities);
    let compiled = compile(vec![module], &sources, &options_of_compiler).unwrap();
    let entrypoint = Entrypoint::at(path.iter().copied());
    plan(&compiled, &sources, &[entrypoint], options)
}

fn names(policy: &Policy) -> (Vec<&str>, Vec<&str>) {
    let plans = policy.plans.iter().map(|plan| plan.name.as_str());
    let functions = policy.functions.iter().map(|it| it.name.as_str());
    (plans.collect(), functions.collect())
}

const CHAIN: &str = "package p\na := 1\nb := a\nc if b\nd := 4";

#[test]
fn rules_that_read_an_entry_point_are_entry_points_too() {
    let policy = planned(CHAIN, &["p", "a"], Options::default()).unwrap();
    assert_eq!(
        names(&policy),
        (
            vec!["p/a", "p/b", "p/c"],
            vec!["g0.data.p.a", "g0.data.p.b", "g0.data.p.c"]
        )
    );
}

#[test]
fn pruned_plans_leave_them_out() {
    let options = Options {
        prune_unused: true,
        unplanned_rules: true,
    };
    let policy = planned(CHAIN, &["p", "a"], options).unwrap();
    assert_eq!(names(&policy), (vec!["p/a"], vec!["g0.data.p.a"]));
    let unplanned: Vec<_> = policy.unplanned.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(unplanned, ["data.p.b", "data.p.c", "data.p.d"]);
}

#[test]
fn what_nobody_has_put_anything_into_is_null() {
    assert_eq!(
        Policy::default().to_json(),
        r#"{"static":{},"plans":{"plans":null},"funcs":{"funcs":null}}"#
    );
}

#[test]
fn names_of_entry_points_are_escaped() {
    let entrypoint = Entrypoint::at(["a", "b/c ü"].into_iter());
    assert_eq!(entrypoint.name, "a/b%2Fc%20%C3%BC");
}

#[test]
fn a_function_that_needs_itself_is_refused_with_its_place() {
    let module = "package p\na[x].b := 1 if x := input.x\na.c.d := a.e.b";
    let errors = planned(module, &["p", "a"], Options::default()).unwrap_err();
    let found: Vec<_> = errors
        .iter()
        .map(|it| (it.span.row, &*it.message))
        .collect();
    assert_eq!(
        found,
        [(
            3,
            "reference to data.p.a is not supported: rules sharing that path prefix are planned as a single function"
        )]
    );
}

#[test]
fn an_entry_point_has_rules() {
    let errors = planned("package p\na := 1", &["p", "b"], Options::default()).unwrap_err();
    let found: Vec<_> = errors.iter().map(|it| &*it.message).collect();
    assert_eq!(
        found,
        ["entrypoint \"p/b\" does not refer to a rule or policy decision"]
    );
}
