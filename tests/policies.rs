//! The five gateway policies, compiled: their own tests, every way in against the interpreter, and what a decision
//! takes from the system.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use precinct_interpreter::{Policy, PolicyOptions, Text};
use precinct_policies::precinct::authz;
use precinct_runtime::compiled::Compiled;
use precinct_runtime::{Arena, Context, Document, Evaluator, Input, evaluate_many, json};
use serde::Serialize;

#[allow(dead_code)]
mod with_tests {
    include!(concat!(env!("OUT_DIR"), "/policies_and_tests.rs"));
}

/// Counts what the thread asks of the system.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[expect(
    unsafe_code,
    reason = "the trait asks for it; all work is the system allocator's"
)]
// SAFETY: every call goes to the system allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Clone, Debug, Serialize, Input)]
struct Call {
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_spiffe_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_request_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up_verified: Option<bool>,
}

/// All combinations of what matters to the policies, and of what is missing.
fn calls() -> Vec<Call> {
    let some = |text: &str| Some(text.to_owned());
    let mut calls = Vec::new();
    for caller in [
        some("spiffe://poc.local/agents/mcp-client/researcher-1/dev"),
        some("spiffe://poc.local/agents/mcp-client/a.b/dev"),
        some("spiffe://poc.local/agents/mcp-client/dev"),
        some("spiffe://poc.local/gateways/mcp-security-gateway/dev"),
        some("spiffe://poc.local/agents/researcher/r/dev"),
        some("spiffe://poc.local/agents/analyst/a"),
        some("spiffe://poc.local/agents/monitor"),
        some("////monitor"),
        some(""),
        None,
    ] {
        for tool in [
            some("web_search"),
            some("execute_shell"),
            some("email"),
            None,
        ] {
            for (destination, provider) in [
                (some("api.groq.com"), some("groq")),
                (some("API.groq.com"), some("openai")),
                (None, some("anthropic")),
                (some(""), None),
            ] {
                for count in [Some(0), Some(50), Some(99), Some(100), Some(200), None] {
                    for verified in [Some(true), Some(false), None] {
                        calls.push(Call {
                            caller_spiffe_id: caller.clone(),
                            tool_name: tool.clone(),
                            destination_host: destination.clone(),
                            model_provider: provider.clone(),
                            session_request_count: count,
                            step_up_verified: verified,
                        });
                    }
                }
            }
        }
    }
    calls
}

/// The same policies and base documents, to be interpreted.
fn policy() -> (Policy, Arc<Document>) {
    let options = precinct_bundle::load::Options {
        ignore: vec!["*_test.rego".to_owned()],
        ..Default::default()
    };
    let loaded = precinct_bundle::load::paths(&["policies".to_owned()], &options).unwrap();
    let texts = loaded.modules.into_iter().map(|module| Text {
        name: module.name,
        text: module.text,
        version: None,
    });
    let policy = Policy::compile(texts.collect(), PolicyOptions::default()).unwrap();
    (policy, loaded.data)
}

#[test]
fn every_test_of_the_policies_holds_natively() {
    let evaluator = Evaluator::new();
    let mut tests = 0;
    for path in with_tests::entrypoints() {
        if path.rsplit('/').next().unwrap().starts_with("test_") {
            let result = with_tests::evaluate_with(&evaluator, path, b"{}").unwrap();
            assert_eq!(
                result.map(json::to_string).as_deref(),
                Some("true"),
                "{path}"
            );
            tests += 1;
        }
    }
    assert!(tests >= 80, "{tests} tests");
}

#[test]
fn typed_json_and_interpreted_decisions_are_the_same() {
    let (policy, data) = policy();
    let mut evaluator = Evaluator::new();
    for call in calls() {
        let text = serde_json::to_string(&call).unwrap();
        let arena = Arena::new();
        let input = json::Decoder::new(&arena).decode(text.as_bytes()).unwrap();
        for path in precinct_policies::entrypoints() {
            let mut context = policy
                .engine()
                .context(&arena)
                .with_input(Some(input))
                .with_data(data.value());
            let interpreted = policy.document(path, &mut context).unwrap();
            let native =
                precinct_policies::evaluate_with(&evaluator, path, text.as_bytes()).unwrap();
            assert_eq!(native, interpreted, "{path} {text}");
        }
        assert_eq!(
            authz::allow(&call),
            Ok(authz::allow_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::destination::allow(&call),
            Ok(authz::destination::allow_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::destination::deny_reason(&call),
            Ok(authz::destination::deny_reason_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::models::allow(&call),
            Ok(authz::models::allow_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::models::deny_reason(&call),
            Ok(authz::models::deny_reason_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::ratelimit::allow(&call),
            Ok(authz::ratelimit::allow_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::ratelimit::deny_reason(&call),
            Ok(authz::ratelimit::deny_reason_json(text.as_bytes()).unwrap())
        );
        assert_eq!(
            authz::stepup::decision(&call),
            Ok(authz::stepup::decision_json(text.as_bytes()).unwrap())
        );
        evaluator.reset();
    }
}

#[test]
fn both_engines_count_the_same_rules() {
    let (policy, data) = policy();
    let compiled: &dyn Compiled = &precinct_policies::Compiled;
    for call in calls().into_iter().step_by(7) {
        let text = serde_json::to_string(&call).unwrap();
        let arena = Arena::new();
        let input = json::Decoder::new(&arena).decode(text.as_bytes()).unwrap();
        for path in precinct_policies::entrypoints() {
            let mut context = policy
                .engine()
                .context(&arena)
                .with_input(Some(input))
                .with_data(data.value());
            policy.document(path, &mut context).unwrap();
            let interpreted = context.rules_evaluated();
            let mut context = Context::new(&arena)
                .of_compiled(compiled)
                .with_input(Some(input))
                .with_data(data.value());
            compiled.evaluate(&mut context, path).unwrap().unwrap();
            assert_eq!(context.rules_evaluated(), interpreted, "{path} {text}");
        }
    }
}

/// The five decisions of a call, with the caller's memory.
fn decide<'e, I: Input<'e> + Copy>(evaluator: &'e Evaluator, input: I) -> usize {
    usize::from(authz::allow_with(evaluator, input).unwrap())
        + usize::from(authz::destination::allow_with(evaluator, input).unwrap())
        + usize::from(authz::models::allow_with(evaluator, input).unwrap())
        + usize::from(authz::ratelimit::allow_with(evaluator, input).unwrap())
        + usize::from(authz::stepup::decision_with(evaluator, input).unwrap() == Some("allow"))
}

fn decide_json(evaluator: &Evaluator, input: &[u8]) -> usize {
    usize::from(authz::allow_json_with(evaluator, input).unwrap())
        + usize::from(authz::destination::allow_json_with(evaluator, input).unwrap())
        + usize::from(authz::models::allow_json_with(evaluator, input).unwrap())
        + usize::from(authz::ratelimit::allow_json_with(evaluator, input).unwrap())
        + usize::from(authz::stepup::decision_json_with(evaluator, input).unwrap() == Some("allow"))
}

#[test]
fn decisions_take_no_memory_from_the_system() {
    let calls = calls();
    let texts: Vec<String> = calls
        .iter()
        .map(|call| serde_json::to_string(call).unwrap())
        .collect();
    // The same with escapes, and with much that no policy asks for.
    let escaped: Vec<String> = texts
        .iter()
        .map(|text| {
            let escaped = text
                .replace('/', "\\u002f")
                .replace("search", "\\u0073earch");
            let more = r#"{"unread":{"a":[1,{"b":["x\n\u00e9",null,1.5e3]}],"ключ":"значение"},"#;
            escaped.replacen('{', more, 1)
        })
        .collect();
    let mut evaluator = Evaluator::new();
    for warm in [false, true] {
        let all = calls.iter().chain(&calls).zip(texts.iter().chain(&escaped));
        for (call, text) in all {
            let before = COUNT.get();
            let typed = decide(&evaluator, call);
            let parsed = decide_json(&evaluator, text.as_bytes());
            evaluator.reset();
            let taken = COUNT.get() - before;
            assert_eq!(typed, parsed);
            assert!(!warm || taken == 0, "{taken} allocations for {text}");
        }
    }
}

#[test]
fn many_calls_are_decided_as_each_of_them() {
    let calls: Vec<Call> = calls().into_iter().cycle().take(1000).collect();
    let texts: Vec<String> = calls
        .iter()
        .map(|call| serde_json::to_string(call).unwrap())
        .collect();
    let each: Vec<usize> = calls
        .iter()
        .map(|call| decide(&Evaluator::new(), call))
        .collect();
    let threads = 3.try_into().unwrap();
    let typed = evaluate_many(&calls, threads, |evaluator, call| decide(evaluator, call));
    let from_json = evaluate_many(&texts, threads, |evaluator, text| {
        decide_json(evaluator, text.as_bytes())
    });
    assert_eq!(typed, each);
    assert_eq!(from_json, each);
}

#[test]
fn decisions_name_their_policy() {
    assert_eq!(precinct_policies::DIGEST.len(), 64);
    assert!(
        precinct_policies::DIGEST
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
    );
}
