//! The policy step of a gateway for AI agents.
//!
//! ```text
//! certificate ─> identity ─┐
//! request ─> call ─────────┼─> context ─> decision ─> inner service, 403 or challenge
//! registry, session ───────┘
//! ```
//!
//! * [`identity`]: SPIFFE IDs and the certificates that carry them
//! * [`registry`]: capabilities, the names that policies use for tools and models
//! * [`call`]: what a request asks for: MCP and `OpenAI`-compatible bodies
//! * [`session`]: what a session did so far
//! * [`context`]: the input of the decision
//! * [`limits`]: requests and tokens a minute

pub mod call;
pub mod context;
pub mod identity;
pub mod limits;
pub mod registry;
pub mod session;
