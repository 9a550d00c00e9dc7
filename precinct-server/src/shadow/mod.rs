//! Candidates for activation, asked what was asked before: shadow mode.
//!
//! ```text
//! request ──> active state ──> answer ──> client
//!                   │ question, answer (bounded queue; what finds no room is counted)
//!                   v
//!             one thread ──> candidate state ──> the same, or not: counted and logged
//! ```
//!
//! Nothing that a candidate does reaches an answer: it is evaluated on a thread of its own, after the active state has
//! answered, at the time and with the randomness of the first evaluation.
//!
//! * [`beside`]: the candidates of a server, and who asks them
//! * [`question`]: what was asked and answered, and how a candidate's answer compares
//! * `queue`: questions that wait, no more than there is room for

pub mod beside;
pub mod question;
mod queue;

pub use beside::Shadow;
pub use question::{Answer, Comparison, Question};
