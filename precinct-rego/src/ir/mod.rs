//! The IR: what a policy means, written down once for both engines.
//!
//! A [`Program`] is a set of functions. Each virtual document (the rules of one path), each Rego function, each inner
//! node of the document tree and each query is one [`Function`]. A function's body is a list of statements with loops
//! and labelled exits. Unification, safety and rule selection are gone: variables are [`Local`]s with one known
//! binding site on each path, and a statement that can be undefined names the label to leave through.
//!
//! ```text
//! allow if { some x in input.xs; x > 1 }
//!
//! fn data.p.allow (memo 0)
//!   block 'rule
//!     l0 = input["xs"]            else 'rule
//!     scan 'next l0 as _, l1
//!       test l1 > 1               else 'next
//!       return true
//! ```
//!
//! * [`calls`]: which functions call which
//! * [`program`]: functions, the document tree, constants, entry points
//! * [`stmt`]: statements, operands, tests
//! * [`mod@print`]: the IR as text
//! * [`reads`]: which paths of `input` a function can read
//! * [`select`]: indexes over rules
//! * [`verify`]: what must be true of every program
//! * [`visit`]: what statements read, write and hold

pub mod calls;
pub mod print;
pub mod program;
pub mod reads;
pub mod select;
pub mod stmt;
mod verify;
pub mod visit;

pub use program::{
    Arity, Builtin, BuiltinId, CallTargetName, Constant, ConstantId, Function, FunctionId,
    FunctionKind, LocalInfo, LocalKind, MaskId, MemoSlot, MockId, NodeId, Program, Query, RuleId,
    RuleInfo, TreeNode,
};
pub use select::{Arm, Key, Subject, When};
pub use stmt::{
    CallTarget, Case, Comparison, Conflict, Join, Label, Local, Operand, Patch, Replacement, Stmt,
    StmtKind, Test,
};
pub use verify::verify;
