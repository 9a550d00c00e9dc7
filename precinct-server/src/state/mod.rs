//! What a server decides by: policies, base documents and bundles, as one whole that never changes and is exchanged
//! at once.
//!
//! * [`activation`]: a bundle takes the place of the one before it
//! * [`trial`]: the state as it would be with other bundles
//! * [`policies`]: modules, compiled
//! * [`document`]: base documents with one part changed
//! * [`ownership`]: what bundles own, and nobody else writes
//! * [`snapshot`]: one state of everything
//! * [`store`]: who holds the newest state, and who may make the next
//! * [`start`]: the first state, from the paths of a command line

pub mod activation;
pub mod document;
pub mod ownership;
pub mod policies;
pub mod snapshot;
pub mod start;
pub mod store;
pub mod trial;

pub use policies::Policies;
pub use snapshot::Snapshot;
pub use store::Store;
