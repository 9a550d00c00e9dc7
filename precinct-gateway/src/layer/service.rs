//! The service around the inner one.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Limited};
use tower_service::Service;

use super::gate::Passed;
use super::refusal::Code;
use super::usage::{Metered, OnEnd};
use super::{Decisions, Gateway};

/// An inner service behind the policy step.
#[derive(Clone)]
pub struct Guarded<S> {
    gateway: Arc<Gateway>,
    inner: S,
}

impl<S> Guarded<S> {
    pub(super) fn new(gateway: Arc<Gateway>, inner: S) -> Self {
        Self { gateway, inner }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        // The service that was polled is the one that is ready; its clone waits for the next request.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let gateway = Arc::clone(&self.gateway);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let limited = Limited::new(body, gateway.body_limit);
            let body = match limited.collect().await {
                Ok(collected) => collected.to_bytes(),
                Err(error) => {
                    let (code, reason) = if error.is::<http_body_util::LengthLimitError>() {
                        (Code::RequestTooLarge, "the body is too large")
                    } else {
                        (Code::RequestInvalid, "the body broke off")
                    };
                    return Ok(gateway.refuse_body(code, reason).into_response());
                }
            };
            let passed = match gateway.judge(&parts, &body).await {
                Ok(passed) => passed,
                Err(refusal) => return Ok(refusal.into_response()),
            };
            parts
                .extensions
                .insert(Decisions(passed.decisions.clone().into()));
            let request = Request::from_parts(parts, Body::from(body));
            let response = inner.call(request).await?;
            Ok(after(&gateway, passed, response).await)
        })
    }
}

/// Remembers what the request did.
async fn after(gateway: &Gateway, passed: Passed, response: Response<Body>) -> Response<Body> {
    for tool in &passed.tools {
        // The call has been made: an answer that is withheld would only make the caller try again.
        let _ = gateway.state.tool_called(&passed.session, tool, None).await;
    }
    let Some(capability) = passed.metered else {
        return response;
    };
    let on_end = OnEnd {
        state: Arc::clone(&gateway.state),
        caller: passed.caller.as_str().to_owned(),
        capability,
    };
    response.map(|body| Body::new(Metered::new(body, on_end)))
}
