//! Requests as they are read and answers as they are written.
//!
//! * [`answer`]: status, headers and body of an answer; errors in the REST API's form
//! * [`body`]: bodies under their limits, compressed or not
//! * [`compression`]: answers compressed where the client takes that
//! * [`parameters`]: what stands after `?` in a path
//! * [`path`]: paths, their segments, and where odd ones are sent
//! * [`text`]: JSON objects from members that are text already

pub mod answer;
pub mod body;
pub mod compression;
pub mod parameters;
pub mod path;
pub mod text;
