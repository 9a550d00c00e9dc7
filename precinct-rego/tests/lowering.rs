//! What policies become: Rego and the text of their IR.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;

use precinct_rego::capabilities::Capabilities;
use precinct_rego::compile::{CompileOptions, compile};
use precinct_rego::ir::{self, verify};
use precinct_rego::lower::{Signature, Signatures, lower};
use precinct_rego::optimise::optimise;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{ParseOptions, parse_module};

/// The operators, and one builtin of one argument.
struct Table;

fn arity(name: &str) -> Option<u32> {
    match name {
        "count" => Some(1),
        "assign" | "eq" | "equal" | "neq" | "gt" | "plus" | "internal.member_2" => Some(2),
        _ => None,
    }
}

fn capabilities() -> Capabilities {
    let builtins: Vec<String> = [
        "assign",
        "count",
        "eq",
        "equal",
        "gt",
        "internal.member_2",
        "neq",
        "plus",
    ]
    .iter()
    .map(|name| {
        let args = vec![r#"{"type": "any"}"#; arity(name).unwrap_or_default() as usize];
        let args = args.join(", ");
        format!(
            r#"{{"name": "{name}", "decl": {{"args": [{args}], "result": {{"type": "any"}}}}}}"#
        )
    })
    .collect();
    let builtins = builtins.join(", ");
    Capabilities::from_json(&format!(
        r#"{{"builtins": [{builtins}], "features": ["rego_v1"]}}"#
    ))
    .unwrap()
}

impl Signatures for Table {
    fn signature(&self, name: &str) -> Option<Signature> {
        Some(Signature {
            arity: arity(name)?,
            nondeterministic: false,
            relation: false,
        })
    }
}

/// The IR of the function of this name, optimised, without marks.
fn text_of(name: &str, module: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("test.rego", module);
    let module = parse_module(&sources, id, &ParseOptions::default()).unwrap();
    let options = CompileOptions::new(Arc::new(capabilities()));
    let compiled = compile(vec![module], &sources, &options).unwrap();
    let mut program = lower(&compiled.modules, &[], &Table).unwrap().program;
    assert_eq!(verify(&program), Vec::<String>::new());
    optimise(&mut program);
    assert_eq!(verify(&program), Vec::<String>::new());
    let function = program
        .functions
        .iter()
        .find(|function| function.name.as_ref() == name)
        .unwrap();
    ir::print::function(&program, function)
        .lines()
        .filter(|line| line.trim() != "mark")
        .collect::<Vec<_>>()
        .join("\n")
}

#[track_caller]
fn check(name: &str, module: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim_matches('\n').lines().collect();
    let text = text_of(name, module);
    let found: Vec<&str> = text.lines().collect();
    assert_eq!(found, expected, "\n{text}");
}

#[test]
fn an_iterating_rule_with_a_constant_value_returns_at_its_first_success() {
    check(
        "data.p.allow",
        r#"
package p
allow if {
	some role in input.roles
	role == "admin"
}
"#,
        r#"
rule data.p.allow()
  block '1
    enter data.p.allow at 3:1
    l0 = input["roles"] else '1
    scan '2 l0 as _, l2
      test l2 == "admin" else '2
      return true
"#,
    );
}

#[test]
fn rules_that_differ_in_a_constant_become_a_switch() {
    check(
        "data.p.level",
        r#"
package p
default level := 0
level := 1 if input.role == "reader"
level := 2 if input.role == "writer"
level := 3 if input.role == "admin"
"#,
        r#"
rule data.p.level()
  block '8
    l7 = input["role"] else '8
    switch l7
      case "reader"
        enter data.p.level at 4:1
        l0 =once 1 (one output)
      case "writer"
        enter data.p.level at 5:1
        l0 =once 2 (one output)
      case "admin"
        enter data.p.level at 6:1
        l0 =once 3 (one output)
  block '7
    test l0 is set else '7
    return l0
  enter data.p.level at 3:1
  return 0
"#,
    );
}

#[test]
fn arrays_are_taken_apart_along_a_pattern() {
    check(
        "data.p.f",
        r"
package p
f([x, 1]) := x
",
        r"
function data.p.f(l0)
  block '2
    test l0 is array of 2 else '2
    l3 = l0[0] else '2
    l4 = l0[1] else '2
    test l4 == 1 else '2
    enter data.p.f at 3:1
    return l3
",
    );
}

#[test]
fn an_iterating_expression_under_with_collects_rows() {
    check(
        "data.p.q",
        r"
package p
r contains x if some x in input.xs
q contains x if data.p.r[x] with input.xs as [1, 2]
",
        r#"
rule data.p.q()
  begin l0 set
  block '2
    enter data.p.q at 4:1
    with input["xs"] as [1, 2]
      begin l4 array
      l1 = call data.p.r() else '2
      scan '3 l1 as x.2, l3
        test l3 else '3
        l5 = [x.2]
        push l4 l5
    l6 = finish l4
    scan '4 l6 as _, l7
      x.8 = l7[0] else '4
      push l0 x.8
  l9 = finish l0
  return l9
"#,
    );
}

#[test]
fn a_reference_sees_only_the_rules_of_a_general_document_that_it_can_match() {
    check(
        "data.p.q",
        r"
package p
r[x] := 1 if some x in input.xs
r.b := r.a + 1
q := r.a
",
        r#"
rule data.p.q()
  block '2
    enter data.p.q at 5:1
    l2 = lookup in data.p.r#5, or data.p.r#6("a") else '2
    l3 = l2["a"] else '2
    return l3
"#,
    );
}

#[test]
fn an_inner_node_is_chosen_by_a_switch() {
    check(
        "data.p.q",
        r"
package p
roles.ann.level := 1
roles.bob.level := 2
q := roles[input.name].level
",
        r#"
rule data.p.q()
  block '2
    enter data.p.q at 5:1
    l2 = input["name"] else '2
    switch l2
      case "ann"
        l3 = 1
      case "bob"
        l3 = 2
      default
        l6 = base["p"]["roles"] else '2
        l7 = l6[l2] else '2
        l8 = l7["level"] else '2
        l3 = l8
    return l3
"#,
    );
}

#[test]
fn every_leaves_at_the_first_entry_without_success() {
    check(
        "data.p.ok",
        r"
package p
ok if {
	every x in input.xs {
		x > 1
	}
}
",
        r#"
rule data.p.ok()
  block '1
    enter data.p.ok at 3:1
    l0 = input["xs"] else '1
    test l0 is collection else '1
    scan '3 l0 as _, l2
      block '4
        test l2 > 1 else '4
        break '3
      break '1
    return true
"#,
    );
}

#[test]
fn else_branches_are_tried_in_turn() {
    check(
        "data.p.v",
        r"
package p
v := input.a if {
	input.a > 1
} else := 2 if {
	input.b
}
",
        r#"
rule data.p.v()
  block '2
    enter data.p.v at 3:1
    l2 = input["a"] else '2
    test l2 > 1 else '2
    return l2
  block '3
    enter data.p.v at 5:3
    l4 = input["b"] else '3
    test l4 else '3
    return 2
"#,
    );
}

#[test]
fn functions_that_differ_in_a_part_of_a_parameter_become_a_switch() {
    check(
        "data.p.f",
        r#"
package p
f(x) := 1 if x.kind == "a"
f(x) := 2 if x.kind == "b"
f(x) := 3 if {
	x.size > 1
	x.kind == "c"
}
"#,
        r#"
function data.p.f(l0)
  block '8
    l9 = l0["kind"] else '8
    switch l9
      case "a"
        enter data.p.f at 3:1
        l1 =once 1 (one output for same inputs)
      case "b"
        enter data.p.f at 4:1
        l1 =once 2 (one output for same inputs)
      case "c"
        block '6
          enter data.p.f at 5:1
          l7 = l0["size"] else '6
          test l7 > 1 else '6
          l1 =once 3 (one output for same inputs)
  block '7
    test l1 is set else '7
    return l1
"#,
    );
}

#[test]
fn what_is_asked_for_twice_is_remembered_where_it_is_dear() {
    let module = r"
package p
pairs contains x if { some x in input.xs; some y in input.ys; x == y }
name := input.name
a if { count(pairs) > 1; name == input.a }
b if { count(pairs) > 2; name == input.b }
";
    let kept = |name: &str| text_of(name, module).starts_with(&format!("rule {name}() memo "));
    assert!(kept("data.p.pairs"));
    assert!(!kept("data.p.name"), "it is as quick to compute it again");
    assert!(!kept("data.p.a"), "it is asked for once");
}

#[test]
fn a_rule_that_is_a_constant_is_not_called() {
    let module = r#"
package p
names := {"ann", "bob"}
allow if input.name in names
"#;
    let text = text_of("data.p.allow", module);
    assert!(!text.contains("data.p.names"), "{text}");
}

#[test]
fn a_comprehension_that_is_only_tested_is_not_built() {
    for condition in [
        "count([r | some r in input.roles; r == 1]) > 0",
        "count({r | some r in input.roles; r == 1}) == 0",
        "[r | some r in input.roles; r == 1] != []",
        "input.role in {r | some r in input.roles; r != 1}",
        "count([r | some r in input.roles; count([s | some s in r]) > 0]) > 0",
    ] {
        let module = format!("package p\nallow if {condition}\n");
        let text = text_of("data.p.allow", &module);
        assert!(!text.contains("begin"), "{condition}\n{text}");
    }
}

#[test]
fn a_count_that_is_compared_with_more_than_one_is_left_when_it_is_decided() {
    let module = "package p\nallow if count({r | some r in input.roles}) > 2\n";
    let text = text_of("data.p.allow", module);
    assert!(text.contains("holds 3"), "{text}");
}

#[test]
fn a_comprehension_is_built_where_its_end_can_be_noticed() {
    for condition in [
        "xs := [r | some r in input.roles]; count(xs) > 0; xs == input.xs",
        "count([r | some r in input.roles; o := {\"k\": v | some v in r}]) > 0",
        "count([r | some r in input.roles; f(r) == 1]) > 0",
    ] {
        let module = format!(
            "package p\nallow if {{ {condition} }}\nf(x) := 1 if x == 1\nf(x) := 2 if x == input.x\n"
        );
        let text = text_of("data.p.allow", &module);
        assert!(text.contains("begin"), "{condition}\n{text}");
    }
    let module = "package p\nallow if count([r | some r in input.roles; count(r) == 1]) > 0\n";
    let text = text_of("data.p.allow", module);
    assert!(text.contains("lenient"), "{text}");
}

#[test]
fn comprehensions_of_a_loop_are_built_together() {
    let grouped = |body: &str| {
        let module = format!("package p\nall contains found if {{\n{body}\n}}\n");
        text_of("data.p.all", &module).contains("group")
    };
    assert!(grouped(
        "some u in input.users; found := [g.role | some g in input.grants; g.user == u.name]"
    ));
    assert!(grouped(
        "some u in input.users; some n in input.ns; found := {g | some g in input.grants; u == g.user}; n != 1"
    ));
    for apart in [
        // What is gone through is the turn's own.
        "some u in input.users; found := [g | some g in u.grants; g.user == u.name]",
        // Nothing is equal.
        "some u in input.users; found := [g | some g in input.grants; g.user != u.name]",
        // More than what is equal is of the turn.
        "some u in input.users; found := [[g, u] | some g in input.grants; g.user == u.name]",
        // There is no loop.
        "found := [g | some g in input.grants; g.user == input.name]",
        // A builtin could complain of entries that no turn picks.
        "some u in input.users; found := [count(g.role) | some g in input.grants; g.user == u.name]",
    ] {
        assert!(!grouped(apart), "{apart}");
    }
}

#[test]
fn a_loop_that_looks_for_entries_says_so() {
    let joined = |body: &str| {
        let module = format!("package p\nfound contains u if {{\n{body}\n}}\n");
        text_of("data.p.found", &module)
            .lines()
            .find_map(|line| line.split_once(" where ").map(|(_, join)| join.to_owned()))
    };
    let join = joined("some u in data.users; u.org.id == input.id").unwrap();
    assert!(join.starts_with(r#"base["users"] has "#), "{join}");
    assert!(join.ends_with(r#" at ["org"]["id"]"#), "{join}");
    assert!(joined("some w in input.ws; some u in data.users; u.n != 1; w == u.id").is_some());
    let join = joined("some u in data.users; u.id == 7").unwrap();
    assert!(join.starts_with(r#"base["users"] has 7"#), "{join}");
    // A list that is no base document is said by what holds it.
    let join = joined("some u in input.users; u.id == input.id").unwrap();
    assert!(join.starts_with('l'), "{join}");
    for plain in [
        "some u in data.users; u.id != input.id",
        "some u in input.users; u.id == 7",
        "some u in data.users; count(u.name) > 1; u.id == input.id",
        "some u in data.users; u.id == u.name",
        "some i, u in data.users; u.id == i",
    ] {
        assert_eq!(joined(plain), None, "{plain}");
    }
}

#[test]
fn a_loop_that_settles_one_of_several_constants_is_left_where_nobody_can_tell() {
    check(
        "data.p.level",
        r#"
package p
level := 1 if {
	some role in input.roles
	role == "admin"
}
level := 2 if count(input.roles) > 3
"#,
        r#"
rule data.p.level()
  block '2
    enter data.p.level at 3:1
    l2 = input["roles"] else '2
    block '7
      scan '3 l2 as _, l4
        test l4 == "admin" else '3
        l0 =once 1 (one output)
        break '7
  block '5
    enter data.p.level at 7:1
    l6 = input["roles"] else '5
    l7 = call count(l6) else '5
    test l7 > 3 else '5
    l0 =once 2 (one output)
  block '6
    test l0 is set else '6
    return l0
"#,
    );
}

#[test]
fn where_a_builtin_may_complain_it_is_left_unless_that_is_told() {
    check(
        "data.p.level",
        r"
package p
level := 1 if {
	some role in input.roles
	count(role) > 3
}
level := 2 if count(input.roles) > 3
",
        r#"
rule data.p.level()
  block '2
    enter data.p.level at 3:1
    l2 = input["roles"] else '2
    block '7
      scan '3 l2 as _, l4
        l5 = call count(l4) else '3
        test l5 > 3 else '3
        l0 =once 1 (one output)
        block '8
          test lenient else '8
          break '7
  block '5
    enter data.p.level at 7:1
    l7 = input["roles"] else '5
    l8 = call count(l7) else '5
    test l8 > 3 else '5
    l0 =once 2 (one output)
  block '6
    test l0 is set else '6
    return l0
"#,
    );
}
