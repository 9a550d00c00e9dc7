//! What is given back of the program's memory, in a process of its own.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::Document;
use precinct_server::pages;
use precinct_server::state::policies::{Policies, Text, Texts};
use precinct_server::state::{Snapshot, Store};

/// Addresses, which the loader writes when the program starts.
static NAMES: [&str; 3] = ["allow", "deny", "step_up"];
static WRITTEN: std::sync::Mutex<u64> = std::sync::Mutex::new(1);

/// KiB of this program's code that are in memory.
fn resident() -> u64 {
    let program = std::env::current_exe().unwrap();
    let program = program.to_string_lossy();
    let (mut is_code, mut sum) = (false, 0);
    for line in std::fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let mut words = line.split_whitespace();
        let (first, second) = (words.next().unwrap(), words.next());
        if !first.ends_with(':') {
            is_code = line.ends_with(&*program) && second.is_some_and(|it| it.contains('x'));
        } else if first == "Rss:" && is_code {
            sum += second.unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

fn compiled(number: usize) -> Arc<Policies> {
    let text = Text {
        file: "p.rego".into(),
        text: format!("package p\n\nallow if input.number == {number}\n").into(),
        version: None,
        bundle: None,
    };
    let texts: Texts = [("p.rego".to_owned(), text)].into();
    Arc::new(Policies::compile(texts, PolicyOptions::default()).unwrap())
}

fn state(policies: Arc<Policies>) -> Snapshot {
    Snapshot::new(
        policies,
        Arc::new(Document::default()),
        Arc::new(BTreeMap::new()),
    )
}

// One test, since what others run at the same time would come back.
#[test]
fn code_is_given_back_after_a_compilation_and_nothing_that_was_written_is_lost() {
    *WRITTEN.lock().unwrap() = 7;
    let policies = compiled(1);
    let before = resident();
    pages::give_back();
    let after = resident();
    assert!(after < before / 2, "{before} KiB, then {after} KiB");
    assert_eq!(black_box(&NAMES).concat(), "allowdenystep_up");
    assert_eq!(*WRITTEN.lock().unwrap(), 7);

    let store = Store::new(state(Arc::clone(&policies)));
    let next = compiled(2);
    let before = resident();
    store.replace(state(Arc::clone(&policies))).unwrap();
    assert!(resident() >= before, "only documents were exchanged");
    store.replace(state(next)).unwrap();
    let after = resident();
    assert!(after < before / 2, "{before} KiB, then {after} KiB");
}
