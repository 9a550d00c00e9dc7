//! A request before it is sent: whoever signs it has to see all of it.

use std::io::Read as _;
use std::time::Duration;

use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// Bytes of an answer that is a token or says why there is none.
const ANSWER_LIMIT: u64 = 1 << 20;

/// A request before it is sent.
#[derive(Clone)]
pub struct Outgoing {
    /// The method.
    pub method: &'static str,
    /// Where it goes to.
    pub url: String,
    /// Names and values, in the order that they are sent in.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body; `None` with methods that have none.
    pub body: Option<Vec<u8>>,
}

impl Outgoing {
    /// A request for what is at an address.
    pub fn get(url: String) -> Self {
        Self {
            method: "GET",
            url,
            headers: Vec::new(),
            body: None,
        }
    }

    /// A request that brings something to an address.
    pub fn post(url: String, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            url,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    /// A request that brings nothing to an address.
    pub fn put(url: String) -> Self {
        Self {
            method: "PUT",
            url,
            headers: Vec::new(),
            body: Some(Vec::new()),
        }
    }

    /// Adds a header.
    pub fn header(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }

    /// Sends it. With `wait`, the answer may begin that late.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(&self, agent: &Agent, wait: Option<Duration>) -> Result<Response<Body>, String> {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match &self.body {
            None => {
                let request = request.body(()).map_err(|error| error.to_string())?;
                agent.run(patient(agent, request, wait))
            }
            Some(body) => {
                let request = request.body(body).map_err(|error| error.to_string())?;
                agent.run(patient(agent, request, wait))
            }
        }
        .map_err(|error| error.to_string())
    }

    /// The status and the bytes of the answer, which is a short one.
    ///
    /// # Errors
    /// When there is no answer, or a long one.
    pub fn ask(&self, agent: &Agent) -> Result<(u16, Vec<u8>), String> {
        let answer = self.send(agent, None)?;
        let status = answer.status().as_u16();
        Ok((status, read(answer.into_body(), ANSWER_LIMIT)?))
    }
}

fn patient<B: ureq::AsSendBody>(
    agent: &Agent,
    request: Request<B>,
    wait: Option<Duration>,
) -> Request<B> {
    match wait {
        None => request,
        Some(wait) => agent
            .configure_request(request)
            .timeout_recv_response(Some(wait))
            .build(),
    }
}

/// The bytes of a body, if there are at most so many.
///
/// # Errors
/// When there are more, or the connection breaks.
pub fn read(body: Body, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    body.into_reader()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!("expected at most {limit} bytes, found more"));
    }
    Ok(bytes)
}
