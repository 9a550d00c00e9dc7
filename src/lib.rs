//! The gateway policies of this repository, compiled to Rust.
//!
//! Each package is a module, each rule a function: of a typed input ([`precinct::authz::allow`]), of JSON
//! (`allow_json`), with the caller's scratch memory (`allow_with`, `allow_json_with`), and by path ([`evaluate`]).
//!
//! ```
//! use precinct_policies as policies;
//!
//! #[derive(precinct_runtime::Input)]
//! struct Request<'r> {
//!     caller_spiffe_id: &'r str,
//!     tool_name: &'r str,
//! }
//!
//! let request = Request {
//!     caller_spiffe_id: "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev",
//!     tool_name: "web_search",
//! };
//! assert!(policies::precinct::authz::allow(&request)?);
//! # Ok::<(), precinct_runtime::EvalError>(())
//! ```

include!(concat!(env!("OUT_DIR"), "/policies.rs"));
