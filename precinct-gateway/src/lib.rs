//! The policy step of a gateway for AI agents.
//!
//! ```text
//! certificate ─> identity ─┐
//! request ─> call ─────────┼─> context ─> decision ─> inner service, 403 or challenge
//! registry, session ───────┘
//! ```
//!
//! * [`identity`], [`svid`]: SPIFFE IDs, and the certificates that prove them
//! * [`registry`]: capabilities, the names that policies use for tools and models
//! * [`call`]: what a request asks for: MCP and `OpenAI`-compatible bodies
//! * [`state`]: what sessions did so far, requests and tokens a minute, spent tokens
//! * [`context`]: the input of the decision
//! * [`decider`], [`verdict`]: the policy, and what its answer means
//! * [`step_up`]: the challenge and the token that answers it
//! * [`layer`]: all of it as a `tower::Layer`

pub mod call;
pub mod context;
pub mod decider;
pub mod identity;
pub mod layer;
pub mod registry;
pub mod state;
pub mod step_up;
pub mod svid;
pub mod verdict;
