//! Running the tests of a policy.
//!
//! A test is a rule whose name starts with `test_`; it passes when it is true. `test_x[case]` holds cases: one that is
//! begun and not true has failed. To know which cases were begun, a call that notes them is put into the rule, as early
//! as its variables allow.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use precinct_interpreter::coverage::Coverage;
use precinct_interpreter::engine::{Hooks, NoHooks};
use precinct_interpreter::policy::Policy;
use precinct_rego::ast::{Expr, ExprKind, Module, Rule, Term, TermValue};
use precinct_rego::source::Sources;
use precinct_runtime::builtins::internals::TestCases;
use precinct_runtime::context::Bounds;
use precinct_runtime::{Arena, Document, Value};

use super::result::{CaseResult, TestResult};
use crate::host;

/// One test, before it is run.
#[derive(Clone, Debug)]
pub struct Test {
    /// The file of the first rule.
    pub file: String,
    /// Its row.
    pub row: u32,
    /// Its column.
    pub col: u32,
    /// The package, with its leading `data`.
    pub package: String,
    /// The rule's name.
    pub name: String,
    /// How many parts of the rule's path name cases.
    pub case_depth: usize,
    /// The path of the rule's document.
    path: String,
}

/// How tests are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one test may take.
    pub timeout: Duration,
    /// How many run at once.
    pub threads: usize,
    /// Whether to note what was evaluated.
    pub coverage: bool,
}

/// The tests of these modules, by file and row.
pub fn tests(modules: &[Module], sources: &Sources) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for module in modules {
        let package = module
            .package
            .path
            .iter()
            .skip(1)
            .filter_map(text)
            .collect::<Vec<_>>();
        for rule in module
            .rules
            .iter()
            .filter(|rule| rule.head.args.is_empty() && !rule.default)
        {
            let names: Vec<&str> = std::iter::once(rule.head.reference.first())
                .flatten()
                .filter_map(|head| match &head.value {
                    TermValue::Var(name) => Some(name.as_ref()),
                    _ => None,
                })
                .chain(rule.head.reference.iter().skip(1).map_while(text))
                .collect();
            let Some(name) = names.iter().find(|name| is_test(name)) else {
                continue;
            };
            let position = names
                .iter()
                .position(|other| other == name)
                .unwrap_or_default();
            let file = sources
                .get(rule.span.source)
                .map(|source| source.name.to_string());
            let path: Vec<&str> = package
                .iter()
                .copied()
                .chain(names[..=position].iter().copied())
                .collect();
            let test = Test {
                file: file.unwrap_or_default(),
                row: rule.span.row,
                col: rule.span.col,
                package: module
                    .package
                    .path
                    .iter()
                    .fold(String::new(), |path, part| {
                        if path.is_empty() {
                            part.to_string()
                        } else {
                            format!("{path}.{}", text(part).unwrap_or_default())
                        }
                    }),
                name: names[..=position].join("."),
                case_depth: rule.head.reference.len() - position - 1,
                path: path.join("/"),
            };
            if !tests.iter().any(|other| other.path == test.path) {
                tests.push(test);
            }
        }
    }
    tests.sort_by(|one, other| (&one.file, one.row).cmp(&(&other.file, other.row)));
    tests
}

fn text(term: &Term) -> Option<&str> {
    match &term.value {
        TermValue::String(text) => Some(text.as_ref()),
        _ => None,
    }
}

fn is_test(name: &str) -> bool {
    name.starts_with("test_") || name.starts_with("todo_test_")
}

/// Puts the notes of cases into tests that have some.
pub fn note_cases(modules: &mut [Module]) {
    for rule in modules.iter_mut().flat_map(|module| &mut module.rules) {
        let named = matches!(rule.head.reference.first().map(|head| &head.value), Some(TermValue::Var(name)) if is_test(name));
        if named && rule.head.reference.len() > 1 && !rule.generated_body {
            note(rule);
        }
    }
}

fn note(rule: &mut Rule) {
    let cases: Vec<Term> = rule.head.reference[1..].to_vec();
    let mut open: BTreeSet<String> = BTreeSet::new();
    for case in &cases {
        variables(case, &mut open);
    }
    let mut at = 0;
    while at < rule.body.len() && !open.is_empty() {
        let mut seen = BTreeSet::new();
        in_expr(&rule.body[at], &mut seen);
        open.retain(|name| !seen.contains(name));
        at += 1;
    }
    let span = rule.head.span;
    let term = |value| Term { span, value };
    let operator = TermValue::Ref(vec![
        term(TermValue::Var("internal".into())),
        term(TermValue::String("test_case".into())),
    ]);
    let call = ExprKind::Call(vec![term(operator), term(TermValue::Array(cases))]);
    let expr = Expr {
        span,
        kind: call,
        negated: false,
        generated: false,
        with: Vec::new(),
    };
    rule.body.insert(at, expr);
}

fn in_expr(expr: &Expr, seen: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Term(term) => variables(term, seen),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            for term in terms {
                variables(term, seen);
            }
        }
        _ => {}
    }
}

fn variables(term: &Term, seen: &mut BTreeSet<String>) {
    match &term.value {
        TermValue::Var(name) => {
            seen.insert(name.to_string());
        }
        TermValue::Ref(parts)
        | TermValue::Array(parts)
        | TermValue::Set(parts)
        | TermValue::Call(parts) => parts.iter().for_each(|part| variables(part, seen)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                variables(key, seen);
                variables(value, seen);
            }
        }
        _ => {}
    }
}

/// Runs the tests, several at once, and gives the results in the tests' order.
pub fn run(
    policy: &Policy,
    data: &Document,
    tests: &[Test],
    options: &Options,
) -> (Vec<TestResult>, Coverage) {
    let next = Mutex::new(0_usize);
    let done: Mutex<Vec<(usize, TestResult)>> = Mutex::new(Vec::new());
    let covered = Mutex::new(Coverage::default());
    let lock = |mutex: &Mutex<usize>| {
        let mut next = mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *next += 1;
        *next - 1
    };
    thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, tests.len().max(1)) {
            scope.spawn(|| {
                let mut coverage = Coverage::default();
                while let Some((index, test)) =
                    Some(lock(&next)).and_then(|index| Some((index, tests.get(index)?)))
                {
                    let result = if options.coverage {
                        one(policy, data, test, options, &mut coverage)
                    } else {
                        one(policy, data, test, options, &mut NoHooks)
                    };
                    done.lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((index, result));
                }
                covered
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .merge(&coverage);
            });
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let covered = covered
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    (
        done.into_iter().map(|(_, result)| result).collect(),
        covered,
    )
}

fn one<H: for<'a> Hooks<'a>>(
    policy: &Policy,
    data: &Document,
    test: &Test,
    options: &Options,
    hooks: &mut H,
) -> TestResult {
    let mut result = TestResult {
        file: test.file.clone(),
        row: test.row,
        col: test.col,
        package: test.package.clone(),
        name: test.name.clone(),
        ..TestResult::default()
    };
    if test
        .name
        .rsplit('.')
        .next()
        .is_some_and(|name| name.starts_with("todo_"))
    {
        result.skip = true;
        return result;
    }
    let printed = Arc::new(Mutex::new(String::new()));
    let arena = Arena::new();
    let started = Instant::now();
    let mut context = host::prepare(policy.engine().context(&arena))
        .with_data(data.value())
        .with_bounds(Bounds {
            deadline: Some(started + options.timeout),
            ..Bounds::default()
        });
    let lines = Arc::clone(&printed);
    context.printer = Some(Box::new(move |line| {
        let mut lines = lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.push_str(line);
        lines.push('\n');
    }));
    let Some(function) = policy.engine().entrypoint(&test.path) else {
        result.fail = true;
        return result;
    };
    let outcome = policy.engine().call(function, &[], &mut context, hooks);
    result.duration = started.elapsed();
    match outcome {
        Ok(value) if test.case_depth > 0 => {
            let begun = std::mem::take(&mut context.slot::<TestCases>().begun);
            let mut cases = Vec::new();
            for path in begun {
                place(&mut cases, &path, value.unwrap_or(Value::EMPTY_OBJECT));
            }
            settle(&mut cases);
            result.fail =
                cases.iter().any(|case| case.fail) || (cases.is_empty() && value.is_none());
            result.cases = cases;
        }
        Ok(value) => result.fail = value.and_then(Value::as_bool) != Some(true),
        Err(error) => result.error = Some(host::eval_shown(&error)),
    }
    drop(context);
    let mut printed = printed
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    result.output = std::mem::take(&mut printed);
    drop(printed);
    result
}

/// Notes a case that was begun: it is true when the document says so.
fn place(cases: &mut Vec<CaseResult>, path: &[String], document: Value<'_>) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let value = member(document, name);
    let index = match cases.iter().position(|case| case.name == *name) {
        Some(index) => index,
        None => {
            cases.push(CaseResult {
                name: name.clone(),
                ..CaseResult::default()
            });
            cases.len() - 1
        }
    };
    if rest.is_empty() {
        cases[index].fail = value.and_then(Value::as_bool) != Some(true);
    } else {
        place(
            &mut cases[index].cases,
            rest,
            value.unwrap_or(Value::EMPTY_OBJECT),
        );
    }
}

/// The value of a case: by its name as text, whatever kind of key it is.
fn member<'a>(document: Value<'a>, name: &str) -> Option<Value<'a>> {
    let object = document.as_object()?;
    object.get_str(name).or_else(|| {
        object
            .entries()
            .iter()
            .find(|(key, _)| key.to_string() == name)
            .map(|(_, value)| *value)
    })
}

/// A case fails when one below it does.
fn settle(cases: &mut [CaseResult]) {
    for case in cases.iter_mut() {
        if !case.cases.is_empty() {
            settle(&mut case.cases);
            case.fail = case.cases.iter().any(|inner| inner.fail);
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
}
