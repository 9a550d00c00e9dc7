//! JSON text to values and back, with the habits of Go's `encoding/json` where a policy can see them.
//!
//! * [`decode`]: bytes to values in an arena
//! * `keep`: where what is read goes, and how repetition is saved
//! * [`encode`]: values to text

pub mod decode;
pub mod encode;
mod keep;

pub use decode::{Decoder, JsonError, Limits};
pub use encode::{Encoding, quote, quote_go, to_string};

#[cfg(test)]
mod tests;
