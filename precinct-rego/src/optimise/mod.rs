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
//! * [`constants`]: calls whose result is known
//! * [`copies`]: locals that only stand for another operand disappear
//! * [`fold`]: tests with a known outcome, statements that are never reached, blocks that nobody leaves early
//! * [`reads`]: what was read already is not read again
//! * [`unread`]: locals that nobody reads
//! * [`index`]: rules that differ in a constant become a `switch`
//! * [`select`]: many rules of all kinds of conditions become a `select`
//! * [`conditions`], [`patterns`]: what both know about a rule
//! * [`company`]: how many rules such a condition leaves
//! * [`early`]: loops that are left early
//! * [`groups`]: comprehensions of a loop that are built together
//! * [`existence`]: comprehensions that are only tested
//! * [`comprehensions`], [`quiet`]: what both know
//! * [`joins`]: loops that look for entries with a certain value
//! * [`entries`]: what entries of a loop must have
//! * [`memos`]: results that are not worth keeping
//! * [`marks`]: what passes note about locals and labels

mod company;
mod comprehensions;
mod conditions;
mod constants;
mod copies;
mod early;
mod entries;
mod existence;
mod fold;
mod groups;
mod index;
mod joins;
mod marks;
mod memos;
mod patterns;
mod quiet;
mod reads;
mod select;
mod unread;

use conditions::Finder;
use quiet::Listener;

use crate::ir::Program;

/// Runs all passes on every function.
pub fn optimise(program: &mut Program) {
    optimise_marked(program);
    let changed = constants::run(program);
    each(program, changed);
    comprehensions_of_all(program);
    memos::run(program);
}

/// Runs the passes that need to know what calls of functions can do.
fn comprehensions_of_all(program: &mut Program) {
    let builtins = program.builtins.clone();
    let listener = Listener::new(program, &builtins);
    for function in &mut program.functions {
        groups::run(function, &mut program.constants, &listener);
        // What is no longer built may have been all that kept what is around it from being tested alone.
        while existence::run(function, &program.constants, &builtins, &listener) {}
        fold::run(function, &program.constants);
        unread::run(function);
        joins::run(function, &program.constants);
    }
}

/// Runs the passes that leave every mark in its place: see [`StmtKind::Mark`].
///
/// [`StmtKind::Mark`]: crate::ir::StmtKind::Mark
pub fn optimise_marked(program: &mut Program) {
    early::run(program);
    let all = (0..program.functions.len()).collect();
    each(program, all);
}

/// Runs the passes that look at one function at a time.
fn each(program: &mut Program, functions: Vec<usize>) {
    let (constants, builtins) = (&program.constants, &program.builtins);
    let finder = Finder {
        constants,
        builtins,
    };
    for at in functions {
        let Some(function) = program.functions.get_mut(at) else {
            continue;
        };
        copies::run(function);
        fold::run(function, constants);
        index::run(function, &finder);
        reads::run(function);
        copies::run(function);
        fold::run(function, constants);
        unread::run(function);
        select::run(function, &finder);
    }
}
