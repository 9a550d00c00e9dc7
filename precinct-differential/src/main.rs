//! Runs random policies on precinct and on a real OPA, and writes down what differs, cut to small cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use precinct_conformance::{Answer, Case, Expected, judge};
use precinct_differential::engine::{interpret, interpret_unoptimised};
use precinct_differential::generate::{Draft, draft};
use precinct_differential::native::Natives;
use precinct_differential::oracle::{self, Oracle, request};
use precinct_differential::shrink::shrink;
use serde_json::{Value, json};

/// Random policies, evaluated by precinct and, where Go is installed, by a real OPA.
#[derive(Debug, Parser)]
struct Args {
    /// How many cases.
    #[arg(long, default_value_t = 1_000)]
    cases: u64,
    /// The seed of the first case; each case has the next one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the oracle is built and differing cases are written.
    #[arg(long, default_value = "target/differential")]
    out: PathBuf,
    /// Stop after so many differences.
    #[arg(long, default_value_t = 20)]
    differences: usize,
    /// So many attempts to make a differing case smaller.
    #[arg(long, default_value_t = 3_000)]
    tries: usize,
    /// Every so-manieth case is answered by native code too; 0: none. A crate of 120 cases takes cargo about a minute.
    #[arg(long, default_value_t = 0)]
    native: u64,
    /// Hold the texts of errors against each other, too.
    #[arg(long)]
    texts: bool,
    /// Print the case of the first seed and OPA's answer to it, and nothing else.
    #[arg(long)]
    show: bool,
}

/// So many cases are sent to OPA at once.
const BATCH: u64 = 500;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug, Default)]
struct Totals {
    asked: u64,
    unanswered: u64,
    broken: u64,
    kinds: BTreeMap<String, u64>,
    found: Vec<Value>,
}

fn run(args: &Args) -> anyhow::Result<usize> {
    fs::create_dir_all(&args.out)?;
    let mut oracle = if oracle::available() {
        Some(Oracle::start(&oracle::build(&args.out)?)?)
    } else {
        eprintln!(
            "go is not installed: only the two ways to compile are compared, OPA is not asked"
        );
        None
    };
    if args.show {
        let case = draft(args.seed).case();
        println!("{}", serde_json::to_string_pretty(&request(&case))?);
        for (number, module) in case.modules.iter().enumerate() {
            println!("# test-{number}.rego\n{module}");
        }
        println!("precinct: {:?}", interpret(&case));
        println!("OPA: {:?}", reference(&mut oracle, &case)?);
        return Ok(0);
    }
    let mut totals = Totals::default();
    let mut natives = Natives::new(&args.out, args.native)?;
    let end = args.seed.saturating_add(args.cases);
    let mut first = args.seed;
    while first < end && totals.found.len() < args.differences {
        let last = first.saturating_add(BATCH).min(end);
        let drafts: Vec<Draft> = (first..last).map(draft).collect();
        batch(args, &drafts, &mut oracle, &mut natives, &mut totals)?;
        first = last;
    }
    natives.finish()?;
    for (case, interpreted, native) in &natives.differ {
        println!(
            "--- {}, natively\ninterpreted: {interpreted:?}\nnative: {native:?}",
            case.id
        );
        totals.found.push(record(case, interpreted));
    }
    println!(
        "{} cases, {} of them natively too, {} without an answer of OPA, {} that cannot be compared, {} differ",
        totals.asked,
        natives.asked,
        totals.unanswered,
        totals.broken,
        totals.found.len()
    );
    for (kind, count) in &totals.kinds {
        println!("{count:>8} {kind}");
    }
    write(&args.out.join("differences.json"), &totals.found)?;
    Ok(totals.found.len())
}

fn write(path: &Path, cases: &[Value]) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&json!({ "cases": cases }))?;
    fs::write(path, text + "\n")?;
    Ok(())
}

/// What is held against the interpreter: OPA's answer, or that of the unoptimised program.
fn reference(oracle: &mut Option<Oracle>, case: &Case) -> anyhow::Result<Option<Answer>> {
    match oracle {
        Some(oracle) => Ok(oracle.ask(std::slice::from_ref(case))?.pop().flatten()),
        None => Ok(Some(interpret_unoptimised(case))),
    }
}

fn batch(
    args: &Args,
    drafts: &[Draft],
    oracle: &mut Option<Oracle>,
    natives: &mut Natives,
    totals: &mut Totals,
) -> anyhow::Result<()> {
    let cases: Vec<Case> = drafts.iter().map(Draft::case).collect();
    let answers = match oracle {
        Some(oracle) => oracle.ask(&cases)?,
        None => cases
            .iter()
            .map(|case| Some(interpret_unoptimised(case)))
            .collect(),
    };
    for ((draft, case), answer) in drafts.iter().zip(&cases).zip(answers) {
        totals.asked += 1;
        let Some(wanted) = answer else {
            totals.unanswered += 1;
            continue;
        };
        if broken(&wanted) {
            totals.broken += 1;
            continue;
        }
        *totals.kinds.entry(kind(&wanted)).or_default() += 1;
        let got = interpret(case);
        natives.take(draft.seed, case, &got)?;
        if agree(&wanted, &got, case, args.texts) {
            continue;
        }
        // A smaller case must differ in the same way, so that one difference does not hide behind another.
        let way = (kind(&wanted), kind(&got));
        let small = shrink(draft, args.tries, |case| {
            let Ok(Some(wanted)) = reference(oracle, case) else {
                return false;
            };
            let got = interpret(case);
            (kind(&wanted), kind(&got)) == way
                && !broken(&wanted)
                && !agree(&wanted, &got, case, args.texts)
        });
        let case = small.case();
        let wanted = reference(oracle, &case)?.unwrap_or(wanted);
        report(&case, &wanted, totals);
        if totals.found.len() >= args.differences {
            break;
        }
    }
    Ok(())
}

/// Nothing to compare with: a fault of OPA's own.
fn broken(answer: &Answer) -> bool {
    matches!(answer, Answer::Error { code, .. } if code == "eval_internal_error")
}

fn kind(answer: &Answer) -> String {
    match answer {
        Answer::Rows(rows) if rows.is_empty() => "undefined".to_owned(),
        Answer::Rows(_) => "result".to_owned(),
        Answer::Error { code, .. } => code.clone(),
    }
}

fn expected(wanted: &Answer, texts: bool) -> Expected {
    match wanted {
        Answer::Rows(rows) => Expected::Rows(rows.clone()),
        // Of several errors either may come first; the code says of what kind it is.
        Answer::Error { code, text } => Expected::Error {
            code: Some(code.clone()),
            text: texts.then(|| text.clone()),
        },
    }
}

fn agree(wanted: &Answer, got: &Answer, case: &Case, texts: bool) -> bool {
    let case = Case {
        expected: expected(wanted, texts),
        ..case.clone()
    };
    judge(&case, got).is_ok()
}

fn report(case: &Case, wanted: &Answer, totals: &mut Totals) {
    let got = interpret(case);
    println!("--- {} ({})", case.id, case.query);
    for module in &case.modules {
        println!("{module}");
    }
    if let Some(input) = &case.input {
        println!("input: {input}");
    }
    println!("data: {}", Value::Object(case.data.clone()));
    println!("OPA: {wanted:?}\nprecinct: {got:?}");
    totals.found.push(record(case, wanted));
}

/// The case with the right answer, as files of cases have it.
fn record(case: &Case, wanted: &Answer) -> Value {
    let mut record = request(case);
    record["note"] = json!(case.id);
    match wanted {
        Answer::Rows(rows) => record["want_result"] = json!(rows),
        Answer::Error { code, text } => {
            record["want_error_code"] = json!(code);
            record["want_error"] = json!(text);
        }
    }
    record
}
