//! Filters of rules; what is expected was recorded from `POST /v1/compile/{path}` of OPA 1.22.2, but for what is refused
//! here alone.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use precinct_interpreter::partial::PartialQuery;
use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_runtime::Document;

use super::mappings::{Mappings, short_unknowns};
use super::target::Target;
use super::{Fault, checks, sql, tree, ucast};

const POLICY: &str = r#"package f

more if { input.fruits.price > 3; input.fruits.price <= input.max }
less if 3 < input.fruits.price
other if not input.fruits.name == "apple"
starts if startswith(input.fruits.name, "a_b%c\\d")
within if input.fruits.name in ["apple", null, true, 3]
nobody if input.fruits.name in []
same if input.fruits.owner != input.baskets.owner
there if _ = input.fruits.name
gone if input.fruits.deleted == null
either if { input.fruits.name == "a"; input.fruits.price == 1 }
either if input.fruits.ok == true
key if input.fruits[input.column] == 1
number if input.fruits[0] == 1
sum_of if input.fruits.price + 1 == 3
elsewhere if { input.fruits.name < "m" with input.user as "v" }
default off := false
off if input.fruits.name == "a"
default on := true
on := false if input.fruits.name == "a"
always if true
never if false
"#;

fn filter(rule: &str, target: Target) -> Result<Option<String>, Vec<Fault>> {
    let text = Text {
        name: "f.rego".to_owned(),
        text: POLICY.to_owned(),
        version: None,
    };
    let policy = Policy::compile(vec![text], PolicyOptions::default()).unwrap();
    let data = Document::from_json(b"{}").unwrap();
    let input = Document::from_json(br#"{"max": 9, "column": "co l"}"#).unwrap();
    let partial = policy
        .partial(&PartialQuery {
            query: &format!("data.f.{rule}"),
            package: None,
            imports: &[],
            unknowns: &["input.fruits".to_owned(), "input.baskets".to_owned()],
            disable_inlining: &[],
            shallow_inlining: false,
            truths: true,
            nondeterministic_builtins: true,
            data: &data,
            input: Some(&input),
            prepare: &|context| context,
        })
        .unwrap();
    let faults = checks::check(&partial, &[target], &short_unknowns(None));
    if !faults.is_empty() {
        return Err(faults);
    }
    if partial.queries.is_empty() {
        return Ok(None);
    }
    let one = |fault| vec![fault];
    let condition = tree::condition(&partial.queries, Mappings::default()).map_err(one)?;
    if target.is_sql() {
        sql::text(condition.as_ref(), target).map(Some).map_err(one)
    } else {
        Ok(Some(ucast::text(condition.as_ref())))
    }
}

fn messages(rule: &str, target: Target) -> Vec<String> {
    let faults = filter(rule, target).unwrap_err();
    faults.into_iter().map(|fault| fault.message).collect()
}

#[test]
fn conditions_are_clauses() {
    for (rule, clause) in [
        (
            "more",
            "WHERE (fruits.price > E'3' AND fruits.price <= E'9')",
        ),
        ("less", "WHERE fruits.price > E'3'"),
        ("other", "WHERE NOT fruits.name = E'apple'"),
        ("starts", r"WHERE fruits.name LIKE E'a\\_b\\%c\\\\d%'"),
        (
            "within",
            "WHERE fruits.name IN (E'apple', NULL, TRUE, E'3')",
        ),
        ("nobody", "WHERE 0 = 1"),
        ("same", "WHERE fruits.owner <> baskets.owner"),
        ("there", "WHERE fruits.name IS NOT NULL"),
        ("gone", "WHERE fruits.deleted IS NULL"),
        (
            "either",
            "WHERE ((fruits.name = E'a' AND fruits.price = E'1') OR fruits.ok = TRUE)",
        ),
        ("key", "WHERE fruits.\"co l\" = E'1'"),
        ("off", "WHERE fruits.name = E'a'"),
        ("always", ""),
    ] {
        let found = filter(rule, Target::Postgresql);
        assert_eq!(found, Ok(Some(clause.to_owned())), "{rule}");
    }
    assert_eq!(filter("never", Target::Postgresql), Ok(None));
}

#[test]
fn conditions_are_trees() {
    let name = r#"{"field":"fruits.name","operator":"eq","type":"field","value":"apple"}"#;
    for (rule, text) in [
        (
            "other",
            format!(r#"{{"operator":"not","type":"compound","value":[{name}]}}"#),
        ),
        (
            "same",
            r#"{"field":"fruits.owner","operator":"ne","type":"field","value":{"field":"baskets.owner"}}"#
                .to_owned(),
        ),
        ("always", "{}".to_owned()),
    ] {
        assert_eq!(filter(rule, Target::UcastAll), Ok(Some(text)), "{rule}");
    }
}

#[test]
fn what_a_target_lacks_is_refused() {
    for (rule, target, message) in [
        ("sum_of", Target::Mysql, "invalid builtin `plus`"),
        (
            "starts",
            Target::Sqlite,
            "invalid builtin `startswith`: unsupported for SQL (sqlite)",
        ),
        (
            "same",
            Target::UcastPrisma,
            "reference to field: unsupported feature \"field-ref\" for UCAST (prisma)",
        ),
        (
            "other",
            Target::UcastMinimal,
            "\"not\" not permitted: unsupported feature \"not\" for UCAST",
        ),
        ("on", Target::Mysql, "use of default rule in data.f.on"),
    ] {
        assert_eq!(messages(rule, target), [message], "{rule}");
    }
}

#[test]
fn conditions_that_opa_leaves_out_are_refused() {
    assert_eq!(
        messages("number", Target::Mysql),
        ["eq: invalid ref operand: input.fruits[0]"]
    );
    assert!(messages("elsewhere", Target::Mysql).contains(&"\"with\" not permitted".to_owned()));
}
