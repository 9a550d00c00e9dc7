//! What operators ask.

use axum::http::StatusCode;

use super::request::Incoming;
use crate::http::answer::{Answer, Refusal};
use crate::http::text::ObjectText;

/// `GET /`: a page that says what answers here.
pub fn index(_incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>precinct</title></head>\n\
         <body>\n<h1>precinct {}</h1>\n<p>Ask for a decision with <code>POST /v1/data/PATH</code> and \
         <code>{{\"input\": …}}</code>.</p>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    );
    Ok(Answer::text(
        StatusCode::OK,
        "text/html; charset=utf-8",
        page,
    ))
}

/// `GET /v1/config`
pub fn configuration(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let object = ObjectText::default().with("result", &incoming.app.settings().configuration);
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}

/// `GET /v1/status`
pub fn status(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let status = incoming
        .app
        .plugins
        .status()
        .ok_or_else(|| Refusal::internal("status plugin not enabled"))?;
    let object = ObjectText::default().with("result", &status);
    Ok(Answer::json(
        StatusCode::OK,
        object.finish(),
        incoming.is_pretty(),
    ))
}

/// `GET /metrics`
pub fn numbers(incoming: &Incoming<'_>, _rest: &str) -> Result<Answer, Refusal> {
    let text = incoming.app.registry.text();
    let mut answer = Answer::text(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        String::new(),
    );
    answer.body = text;
    Ok(answer)
}
