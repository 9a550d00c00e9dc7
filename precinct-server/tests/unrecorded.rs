//! A decision that can't be put on record is not given out, and what is noted about the request says so.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use precinct_interpreter::policy::PolicyOptions;
use precinct_runtime::Document;
use precinct_server::app::{App, Settings};
use precinct_server::decision::{Event, Recorder};
use precinct_server::log::{Level, Logger};
use precinct_server::routes::dispatch::{Surface, handle};
use precinct_server::routes::request::Client;
use precinct_server::state::policies::{Policies, Text, Texts};
use precinct_server::state::{Snapshot, Store};

/// A disk that is full.
struct Full;

impl Recorder for Full {
    fn next_id(&self) -> Option<String> {
        Some("1".to_owned())
    }

    fn takes_all(&self) -> bool {
        true
    }

    fn settle(&self) -> Result<(), String> {
        Err("no space left".to_owned())
    }

    fn record(&self, _event: &Event<'_>) -> Result<(), String> {
        Ok(())
    }
}

fn app() -> Arc<App> {
    let text = Text {
        file: "p.rego".into(),
        text: "package p\n\nallow := true\n".into(),
        version: None,
        bundle: None,
    };
    let texts = Texts::from([("p.rego".to_owned(), text)]);
    let policies = Policies::compile(texts, PolicyOptions::default()).unwrap();
    let data = Arc::new(Document::empty());
    let first = Snapshot::new(Arc::new(policies), data, Arc::default());
    let logger = Logger {
        level: Level::Error,
        ..Logger::default()
    };
    let mut app = App::new(Store::new(first), Settings::default(), logger);
    app.recorder = Arc::new(Full);
    Arc::new(app)
}

#[tokio::test]
async fn what_cannot_be_recorded_is_an_error_in_the_answer_and_in_the_numbers() {
    let app = app();
    let request = Request::get("/v1/data/p/allow").body(Body::empty());
    let answer = handle(
        Arc::clone(&app),
        Surface::All,
        Client::default(),
        request.unwrap(),
    )
    .await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("no space left"), "{body}");
    assert!(!body.contains("result"), "{body}");
    let numbers = String::from_utf8(app.registry.text()).unwrap();
    let requests: Vec<&str> = numbers
        .lines()
        .filter(|line| line.starts_with("http_request_duration_seconds_count"))
        .collect();
    let [request] = requests[..] else {
        panic!("one request: {requests:?}");
    };
    assert!(request.contains(r#"code="500""#), "{request}");
}
