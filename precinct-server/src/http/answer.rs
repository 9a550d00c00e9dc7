//! Answers.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use precinct_rego::ast::json::indented;

use super::text::{ObjectText, list, quoted};

/// The codes of the REST API's errors.
pub mod code {
    /// What the client sent can't be used.
    pub const INVALID_PARAMETER: &str = "invalid_parameter";
    /// What the client asks for is not possible now.
    pub const INVALID_OPERATION: &str = "invalid_operation";
    /// There is nothing of that name.
    pub const RESOURCE_NOT_FOUND: &str = "resource_not_found";
    /// Something else is in the way.
    pub const RESOURCE_CONFLICT: &str = "resource_conflict";
    /// The decision that was asked for is undefined.
    pub const UNDEFINED_DOCUMENT: &str = "undefined_document";
    /// The server could not do it.
    pub const INTERNAL: &str = "internal_error";
    /// The client has not said who it is.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The evaluation of a policy failed.
    pub const EVALUATION: &str = "evaluation_error";
}

/// An answer that has not been sent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// JSON text, indented if `pretty`.
    #[must_use]
    pub fn json(status: StatusCode, text: String, pretty: bool) -> Self {
        let mut text = if pretty { indented(&text) } else { text };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Self {
            status,
            headers: vec![(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )],
            body: text.into_bytes(),
        }
    }

    /// Text of another type.
    #[must_use]
    pub fn text(status: StatusCode, kind: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
            body: text.into().into_bytes(),
        }
    }

    /// The same with one more header; a value that no header can hold is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// As it is sent.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// An error as the REST API writes it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// One of [`code`].
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Errors of a compiler or of an evaluation, as JSON text.
    pub errors: Vec<String>,
}

impl Refusal {
    /// An error of a status and a code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
        }
    }

    /// What the client sent can't be used.
    #[must_use]
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::INVALID_PARAMETER, message)
    }

    /// There is nothing of that name.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code::RESOURCE_NOT_FOUND, message)
    }

    /// The server could not do it.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message)
    }

    /// The same with these errors, each of them JSON text.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<String>) -> Self {
        self.errors = errors;
        self
    }

    /// The body, on one line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut object = ObjectText::default()
            .with("code", &quoted(self.code))
            .with_string("message", &self.message);
        if !self.errors.is_empty() {
            object.put("errors", &list(&self.errors));
        }
        object.finish()
    }
}

impl From<String> for Refusal {
    /// Something went wrong that is not the client's affair.
    fn from(message: String) -> Self {
        Self::internal(message)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, refusal.text(), true)
    }
}
