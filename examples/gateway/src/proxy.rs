//! From the gateway to the tools: what passed the policy step is sent on, with the names of its decisions.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use precinct_gateway::layer::Decisions;

/// Headers of one connection, which are not sent on; and the step-up token, which is for the gateway alone.
const KEPT_BACK: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Clone)]
struct Proxy {
    client: Client<HttpConnector, Body>,
    upstream: Authority,
}

/// Sends every request to `http://host:port`.
pub fn router(upstream: &str) -> Result<Router> {
    let upstream: Uri = upstream.parse().context("read the upstream's address")?;
    let proxy = Proxy {
        client: Client::builder(TokioExecutor::new()).build_http(),
        upstream: upstream
            .authority()
            .context("the upstream's address has no host")?
            .clone(),
    };
    Ok(Router::new().fallback(forward).with_state(proxy))
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().cloned();
    let mut uri = axum::http::uri::Parts::default();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(proxy.upstream.clone());
    uri.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let Ok(uri) = Uri::from_parts(uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    parts.uri = uri;
    parts.version = Version::HTTP_11;
    for name in KEPT_BACK {
        parts.headers.remove(name);
    }
    parts.headers.remove("keep-alive");
    if let Some(value) = decisions(parts.extensions.get()) {
        parts.headers.insert("x-decision-id", value);
    }
    parts.extensions.clear();
    match proxy.client.request(Request::from_parts(parts, body)).await {
        Ok(answer) => answer.map(Body::new),
        Err(_) => (StatusCode::BAD_GATEWAY, "the upstream does not answer").into_response(),
    }
}

fn decisions(decisions: Option<&Decisions>) -> Option<HeaderValue> {
    let ids: Vec<_> = decisions?
        .0
        .iter()
        .map(|one| one.decision_id.as_str())
        .collect();
    HeaderValue::from_str(&ids.join(", ")).ok()
}
