//! The tokens that a model's answer used, read while the answer passes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::Value;

use crate::state::State;

/// How much of an answer without line breaks is kept to look for its usage.
const KEPT: usize = 8 << 20;
/// Bytes for one token, when an answer does not say what it used.
const BYTES_PER_TOKEN: u64 = 4;

/// A body that counts: whole JSON answers and streams of events (`data: {…}`), by their `usage.total_tokens`. An answer
/// that does not name its usage counts with a token for every four bytes.
pub struct Metered {
    inner: Body,
    meter: Meter,
    on_end: Option<OnEnd>,
}

/// To whom tokens are charged.
pub struct OnEnd {
    /// Where they are counted.
    pub state: Arc<dyn State>,
    /// The caller's SPIFFE ID.
    pub caller: String,
    /// The capability's ID.
    pub capability: String,
}

#[derive(Default)]
struct Meter {
    line: Vec<u8>,
    total: Option<u64>,
    bytes: u64,
}

impl Metered {
    /// Counts what passes.
    pub fn new(inner: Body, on_end: OnEnd) -> Self {
        Self {
            inner,
            meter: Meter::default(),
            on_end: Some(on_end),
        }
    }

    fn finish(&mut self) {
        let Some(OnEnd {
            state,
            caller,
            capability,
        }) = self.on_end.take()
        else {
            return;
        };
        let tokens = self.meter.tokens();
        // The body may end outside of an asynchronous task, so that this can only wait where the state is in memory;
        // elsewhere it goes on in the background.
        let mut charge = Box::pin(async move {
            // A charge that can't be made is not a reason to break off an answer that has been given.
            let _ = state.used(&caller, &capability, tokens).await;
        });
        let mut context = Context::from_waker(std::task::Waker::noop());
        if charge.as_mut().poll(&mut context).is_pending()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(charge);
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.finish();
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum_core::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.meter.read(bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Meter {
    fn read(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() <= KEPT {
                self.line.extend_from_slice(part);
            }
            if !part.ends_with(b"\n") {
                continue;
            }
            if self.line.starts_with(b"data:") {
                self.look();
                self.line.clear();
            } else if is_between_events(&self.line) {
                self.line.clear();
            }
        }
    }

    fn look(&mut self) {
        let line = self.line.strip_prefix(b"data:").unwrap_or(&self.line);
        let Ok(value) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        let found = value.pointer("/usage/total_tokens").and_then(Value::as_u64);
        self.total = self.total.max(found);
    }

    fn tokens(&mut self) -> u64 {
        if !self.line.is_empty() {
            self.look();
        }
        self.total.unwrap_or(self.bytes.div_ceil(BYTES_PER_TOKEN))
    }
}

/// Whether a line of an event stream carries no data.
fn is_between_events(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
        || [&b"event:"[..], b"id:", b"retry:", b":"]
            .iter()
            .any(|field| line.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(parts: &[&str]) -> u64 {
        let mut meter = Meter::default();
        for part in parts {
            meter.read(part.as_bytes());
        }
        meter.tokens()
    }

    #[test]
    fn a_whole_answer_names_its_usage() {
        assert_eq!(
            tokens(&["{\n \"usage\": {\"total", "_tokens\": 42}}\n"]),
            42
        );
    }

    #[test]
    fn a_stream_names_its_usage_in_an_event() {
        let events = [
            "event: chunk\ndata: {\"choices\":[]}\n\n",
            "data: {\"usage\":{\"total_tok",
            "ens\":7}}\n\ndata: [DONE]\n\n",
        ];
        assert_eq!(tokens(&events), 7);
    }

    #[test]
    fn what_names_no_usage_counts_by_its_size() {
        assert_eq!(tokens(&["{\"choices\": []}"]), 4);
        assert_eq!(tokens(&[""]), 0);
    }
}
