//! State in a real Redis or Valkey: the one that `PRECINCT_REDIS` names (`redis://127.0.0.1:6379`), which `.ci/run`
//! starts. Without it these tests say that they were skipped, and fail where `CI` is set.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::sync::Arc;
use std::time::Duration;

use precinct_gateway::registry::RateLimit;
use precinct_gateway::state::redis::Redis;
use precinct_gateway::state::{Exceeded, State};

/// A connection with keys of its own.
async fn shared(test: &str) -> Option<Redis> {
    let Ok(address) = std::env::var("PRECINCT_REDIS") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "expected PRECINCT_REDIS to name a Redis server in CI"
        );
        println!("skipped: PRECINCT_REDIS names no server");
        return None;
    };
    let id = precinct_audit::decision::new_id();
    let prefix = format!("{test}:{id}:");
    let lifetime = Duration::from_mins(1);
    Some(Redis::connect(&address, &prefix, lifetime).await.unwrap())
}

#[tokio::test]
async fn a_session_counts_its_requests_and_keeps_its_tools() {
    let Some(state) = shared("session").await else {
        return;
    };
    assert_eq!(state.begin("a").await.unwrap().requests, 0);
    state.tool_called("a", "t", Some(0.5)).await.unwrap();
    state.tool_called("a", "u", None).await.unwrap();
    let session = state.begin("a").await.unwrap();
    assert_eq!((session.requests, session.risk), (1, 0.5));
    assert_eq!(session.tools, ["t", "u"]);
    assert_eq!(state.begin("b").await.unwrap().requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gateways_that_count_at_once_never_see_the_same_count() {
    let Some(state) = shared("count").await else {
        return;
    };
    let state = Arc::new(state);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let state = Arc::clone(&state);
            tokio::spawn(async move { state.begin("a").await.unwrap().requests })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn limits_hold_for_all_gateways_together() {
    let Some(state) = shared("limit").await else {
        return;
    };
    let limit = RateLimit {
        requests_per_minute: Some(2),
        tokens_per_minute: Some(100),
    };
    // Both gateways have their own connection; here both are this one.
    assert_eq!(state.request("a", "c", limit).await, Ok(Ok(())));
    assert_eq!(state.request("a", "c", limit).await, Ok(Ok(())));
    let third = state.request("a", "c", limit).await;
    assert_eq!(third, Ok(Err(Exceeded::Requests)));
    assert_eq!(state.request("b", "c", limit).await, Ok(Ok(())));
    state.used("b", "c", 100).await.unwrap();
    let spent = state.request("b", "c", limit).await;
    assert_eq!(spent, Ok(Err(Exceeded::Tokens)));
}

#[tokio::test]
async fn a_token_is_spent_once() {
    let Some(state) = shared("token").await else {
        return;
    };
    let lifetime = Duration::from_mins(1);
    assert_eq!(state.spend("x", lifetime).await, Ok(true));
    assert_eq!(state.spend("x", lifetime).await, Ok(false));
    assert_eq!(state.spend("y", lifetime).await, Ok(true));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let answer = Redis::connect("redis://127.0.0.1:1", "", Duration::from_mins(1)).await;
    assert!(answer.is_err());
}
