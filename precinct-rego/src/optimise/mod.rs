//! Passes over the IR that keep its meaning and make it quicker to run.
//!
//! ```text
//! block 'r1                                l3 = input["role"]  else 'b
//!   l0 = input["role"]  else 'r1           switch l3
//!   test l0 == "admin"  else 'r1     ==>     case "admin": …
//!   …                                        case "owner": …
//! block 'r2
//!   l1 = input["role"]  else 'r2
//!   test l1 == "owner"  else 'r2
//! ```
//!
//! * [`copies`]: locals that only stand for another operand disappear
//! * [`fold`]: tests with a known outcome, statements that are never reached, blocks that nobody leaves early
//! * [`reads`]: what was read already is not read again
//! * [`unread`]: locals that nobody reads
//! * [`index`]: rules that differ in a constant become a `switch`

mod copies;
mod fold;
mod index;
mod reads;
mod unread;

use crate::ir::Program;

/// Runs all passes on every function.
pub fn optimise(program: &mut Program) {
    let constants = &program.constants;
    for function in &mut program.functions {
        copies::run(function);
        fold::run(function, constants);
        index::run(function, constants);
        reads::run(function);
        copies::run(function);
        fold::run(function, constants);
        unread::run(function);
    }
}
