//! What a caller is told when its request does not pass.

use axum_core::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// Why a request does not pass, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The policy denied it.
    Denied,
    /// The policy demands a step-up.
    StepUpRequired,
    /// A bound of the registry was reached.
    RateLimited,
    /// No valid identity.
    IdentityInvalid,
    /// No capability has this tool or this destination.
    CapabilityUnknown,
    /// The request can't be understood.
    RequestInvalid,
    /// The request is too large.
    RequestTooLarge,
    /// State or records are not available.
    Unavailable,
}

impl Code {
    /// The word that callers and records see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::StepUpRequired => "step_up_required",
            Self::RateLimited => "rate_limited",
            Self::IdentityInvalid => "identity_invalid",
            Self::CapabilityUnknown => "capability_unknown",
            Self::RequestInvalid => "request_invalid",
            Self::RequestTooLarge => "request_too_large",
            Self::Unavailable => "unavailable",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Denied | Self::IdentityInvalid | Self::CapabilityUnknown => StatusCode::FORBIDDEN,
            Self::StepUpRequired => StatusCode::UNAUTHORIZED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::RequestInvalid => StatusCode::BAD_REQUEST,
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The answer to a request that does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub code: Code,
    /// The policy's reason, or what is wrong with the request.
    pub reason: String,
    /// The record of the decision.
    pub decision_id: String,
    /// The value of `WWW-Authenticate`, for a step-up.
    #[serde(skip)]
    pub challenge: Option<String>,
}

impl Refusal {
    /// As a response with a JSON body.
    pub fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.code == Code::RateLimited {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if let Some(challenge) = self.challenge
            && let Ok(value) = HeaderValue::from_str(&challenge)
        {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        response
    }
}
