//! Running the tests of a policy.
//!
//! A test is a rule whose name starts with `test_`; it passes when it is true. `test_x[case]` holds cases: one that is
//! begun and not true has failed. To know which cases were begun, a call that notes them is put into the rule, as early
//! as its variables allow.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use precinct_interpreter::coverage::{Coverage, Kind};
use precinct_interpreter::engine::{Hooks, NoHooks};
use precinct_interpreter::policy::Policy;
use precinct_interpreter::stack::Stack;
use precinct_interpreter::trace::{Event, Outline, Tracer};
use precinct_rego::ast::{Expr, ExprKind, Module, Rule, Span, Term, TermValue};
use precinct_rego::source::Sources;
use precinct_runtime::builtins::internals::TestCases;
use precinct_runtime::context::{Bounds, Printer};
use precinct_runtime::{Arena, Document, Value};

use super::result::{Bench, CaseResult, TestResult};
use crate::host;
use crate::present::explain;

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

impl Test {
    /// `data.a.test_b`
    pub fn document(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }
}

/// How tests are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long one test may take.
    pub timeout: Duration,
    /// How many run at once.
    pub threads: usize,
    /// Tell on a terminal how far the run is.
    pub progress: bool,
}

/// How long a run may be silent.
const SILENCE: Duration = Duration::from_secs(1);

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
    // It stands where the cases come from, and nothing else stands exactly there.
    let before = rule.body.get(at.saturating_sub(1)).map(|expr| expr.span);
    let before = before.unwrap_or(rule.head.span);
    let span = Span {
        end: before.start + 1,
        ..before
    };
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

/// What coverage needs.
#[derive(Clone, Copy)]
pub struct Covering<'p> {
    /// Of the policy, which is watched.
    pub outline: &'p Outline,
    /// The same modules, watched in the other ways that may say why something was not evaluated.
    pub runs: &'p [(Kind, Policy)],
}

/// Runs the tests, several at once, and gives the results in the tests' order, and what was evaluated if that is asked for.
pub fn run(
    policy: &Policy,
    data: &Document,
    tests: &[Test],
    options: &Options,
    covering: Option<Covering<'_>>,
) -> (Vec<TestResult>, Coverage) {
    let started = Instant::now();
    let told = options.progress && std::io::stderr().is_terminal();
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
                    let result = match covering {
                        None => one(policy, data, test, options),
                        Some(Covering { outline, runs }) => {
                            let traced =
                                |policy| trace(policy, data, test, options, outline, Kept::Once);
                            let Traced { result, events } = traced(policy);
                            coverage.record(&events, outline);
                            for (kind, policy) in runs.iter().filter(|_| result.error.is_none()) {
                                coverage.record_run(*kind, &traced(policy).events, outline);
                            }
                            result
                        }
                    };
                    let mut done = done
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.push((index, result));
                    if told && started.elapsed() > SILENCE {
                        // A terminal that is gone is no reason to stop.
                        let _ = write!(std::io::stderr(), "\r{}/{} tests", done.len(), tests.len());
                    }
                }
                covered
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .merge(&coverage);
            });
        }
    });
    if told && started.elapsed() > SILENCE {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
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

/// What a trace of a test keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// What ran, not how often.
    Once,
    /// Every step.
    Steps,
    /// Every step, with the variables.
    Variables,
}

/// A test with what happened.
pub struct Traced {
    /// How it went.
    pub result: TestResult,
    /// What happened.
    pub events: Vec<Event>,
}

/// Runs a test of a policy that is watched and tells what happened.
pub fn trace(
    policy: &Policy,
    data: &Document,
    test: &Test,
    options: &Options,
    outline: &Outline,
    kept: Kept,
) -> Traced {
    let name = test.document();
    let query = Outline::document(&name);
    let Some(function) = policy.engine().entrypoint(&test.path) else {
        return Traced {
            result: one(policy, data, test, options),
            events: Vec::new(),
        };
    };
    let arena = Arena::new();
    let tracer = Tracer::new(policy.program(), outline, &query);
    let tracer = match kept {
        Kept::Once => tracer.once(),
        Kept::Steps => tracer,
        Kept::Variables => tracer.with_locals(),
    };
    let mut hooks = (Stack::of_document(), tracer.of_document(function));
    let (result, defined) = watched(policy, data, test, options, &arena, &mut hooks);
    Traced {
        result: shown_with(result, &hooks.0, policy, test),
        events: hooks.1.finish_document(defined),
    }
}

fn one(policy: &Policy, data: &Document, test: &Test, options: &Options) -> TestResult {
    let arena = Arena::new();
    let mut stack = Stack::of_document();
    let (result, _) = watched(policy, data, test, options, &arena, &mut stack);
    shown_with(result, &stack, policy, test)
}

/// Adds to an error where the test was.
fn shown_with(mut result: TestResult, stack: &Stack, policy: &Policy, test: &Test) -> TestResult {
    if let Some(error) = result.error.take() {
        let frames = stack.frames(policy.program(), policy.modules(), &[]);
        let mut error = explain::traced(error, &frames, policy.sources());
        error.trace.push((String::new(), 1, 1, test.document()));
        error.bodies.push(0);
        result.error = Some(error);
    }
    result
}

fn watched<'a, H: Hooks<'a>>(
    policy: &'a Policy,
    data: &'a Document,
    test: &Test,
    options: &Options,
    arena: &'a Arena,
    hooks: &mut H,
) -> (TestResult, bool) {
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
        return (result, false);
    }
    let printed = Arc::new(Mutex::new(String::new()));
    let started = Instant::now();
    let mut context = host::prepare(policy.context(arena))
        .with_data(data.value())
        .with_bounds(Bounds {
            deadline: Some(started + options.timeout),
            ..Bounds::default()
        });
    let lines = Arc::clone(&printed);
    context.printer = Some(Printer::each(move |line, _| {
        let mut lines = lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.push_str(line);
        lines.push('\n');
    }));
    let Some(function) = policy.engine().entrypoint(&test.path) else {
        result.fail = true;
        return (result, false);
    };
    let outcome = policy.engine().call(function, &[], &mut context, hooks);
    result.duration = started.elapsed();
    let defined = matches!(outcome, Ok(Some(_)));
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
    (result, defined)
}

/// Repeats a test for at least this long, after it passed once.
pub fn bench(
    policy: &Policy,
    data: &Document,
    test: &Test,
    options: &Options,
    long: Duration,
) -> TestResult {
    let mut result = one(policy, data, test, options);
    let Some(function) = policy.engine().entrypoint(&test.path) else {
        return result;
    };
    if !result.passed() {
        return result;
    }
    let mut arena = Arena::new();
    let mut bench = Bench::default();
    let begun = Instant::now();
    while bench.took < long {
        let before = arena.allocated_bytes();
        let started = Instant::now();
        let mut context = host::prepare(policy.context(&arena)).with_data(data.value());
        context.printer = None;
        let evaluated = Instant::now();
        let outcome = policy
            .engine()
            .call(function, &[], &mut context, &mut NoHooks);
        bench.evaluated += evaluated.elapsed();
        let failed = outcome.is_err();
        drop(context);
        bench.took += started.elapsed();
        bench.rounds += 1;
        let grown = arena.allocated_bytes().saturating_sub(before);
        bench.bytes += u64::try_from(grown).unwrap_or(u64::MAX);
        bench.allocations += u64::from(grown > 0);
        arena.reset();
        if failed {
            break;
        }
    }
    result.duration = begun.elapsed();
    result.bench = Some(bench);
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
            .map(|(_, value)| value)
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
