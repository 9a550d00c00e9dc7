//! What a gateway remembers between requests: sessions, the use of capabilities, and step-up tokens that were spent.
//!
//! * [`session`]: what a session did so far
//! * [`limits`]: requests and tokens a minute
//! * [`memory`]: all of it in the memory of one gateway
//! * `redis`: all of it in Redis or Valkey, for several gateways (feature `redis`)

pub mod limits;
pub mod memory;
#[cfg(feature = "redis")]
pub mod redis;
pub mod session;

use std::pin::Pin;
use std::time::Duration;

pub use limits::Exceeded;
pub use memory::Memory;
pub use session::Session;

use crate::registry::RateLimit;

/// What a [`State`] will answer.
pub type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 's>>;

/// The state can't be read or written; the request must then be denied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gateway's state is not available: {0}")]
pub struct Unavailable(pub String);

/// A place that remembers. Each method is one atomic step, so that two requests at once never see the same count and
/// no token is spent twice.
pub trait State: Send + Sync {
    /// Counts a request of a session and gives the session as it was before.
    fn begin<'s>(&'s self, session: &'s str) -> Answer<'s, Session>;

    /// Remembers that a tool was called, and the risk after the call (0 to 1) if there is a new estimate.
    fn tool_called<'s>(
        &'s self,
        session: &'s str,
        tool: &'s str,
        risk: Option<f64>,
    ) -> Answer<'s, ()>;

    /// Counts a request of a caller to a capability if that is within the limit.
    fn request<'s>(
        &'s self,
        caller: &'s str,
        capability: &'s str,
        limit: RateLimit,
    ) -> Answer<'s, Result<(), Exceeded>>;

    /// Adds the tokens that an answer used.
    fn used<'s>(&'s self, caller: &'s str, capability: &'s str, tokens: u64) -> Answer<'s, ()>;

    /// Spends a token that is valid for `lifetime` from now on; false when it was spent before.
    fn spend<'s>(&'s self, token: &'s str, lifetime: Duration) -> Answer<'s, bool>;
}
