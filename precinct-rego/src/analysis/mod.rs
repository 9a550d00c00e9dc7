//! Questions about policies that tools ask.
//!
//! * [`annotated`]: the metadata blocks of modules, in one list
//! * [`definition`]: where what stands at a position is defined
//! * [`dependencies`]: the documents that a query depends on
//! * [`optimized`]: modules in whose place others come that were evaluated in part
//! * [`reads`]: the variables that an expression reads
//! * [`relocation`]: packages under other names
//! * [`required`]: the builtins and features that modules need

pub mod annotated;
pub mod definition;
pub mod dependencies;
pub mod optimized;
pub mod reads;
pub mod relocation;
pub mod required;
