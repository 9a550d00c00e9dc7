//! Decision records: what was asked, what was answered, and under which policy.
//!
//! ```text
//! evaluation -> decision -> record (numbered, chained) -> segment file -> query, verify, replay
//! ```
//!
//! * [`decision`]: what one evaluation leaves behind
//! * [`record`]: a decision as it stands in a file: numbered, with the hash of the record before it
//! * [`store`]: appending to segment files, and taking up again after a crash
//! * [`scan`]: reading segments record by record
//! * [`verify`]: whether the records are those that were written
//! * [`query`]: finding decisions
//! * [`table`]: printing them
//! * [`bundles`]: the policies that the decisions name, kept for replay

pub mod bundles;
pub mod decision;
mod error;
pub mod query;
pub mod record;
pub mod scan;
pub mod store;
pub mod table;
pub mod verify;

pub use bundles::Bundles;
pub use decision::{Decision, Metrics, Outcome, Partial};
pub use error::Error;
pub use query::Query;
pub use record::{Hash, Record};
pub use store::{Durability, Options, Store};
