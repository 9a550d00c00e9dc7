//! The parts of a program that are not statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Stmt;
use crate::ast::Span;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the list that the index points into.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// Index into [`Program::functions`].
    FunctionId
);
index!(
    /// Index into [`Program::constants`].
    ConstantId
);
index!(
    /// Index into [`Program::builtins`].
    BuiltinId
);
index!(
    /// Index into [`Program::tree`].
    NodeId
);
index!(
    /// Index into [`Program::rules`].
    RuleId
);
index!(
    /// Index into [`Program::masks`].
    MaskId
);
index!(
    /// Index into [`Program::mocks`].
    MockId
);
index!(
    /// A place that keeps a rule's result for the rest of the evaluation; below [`Program::memo_slots`].
    MemoSlot
);

/// Everything that the engines need to evaluate a set of modules.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Ground values that statements refer to, without duplicates.
    pub constants: Vec<Constant>,
    /// All functions.
    pub functions: Vec<Function>,
    /// The rules as written, for counting, coverage and traces.
    pub rules: Vec<RuleInfo>,
    /// The tree of virtual documents. Node 0 is `data`.
    pub tree: Vec<TreeNode>,
    /// The builtins that are called, without duplicates.
    pub builtins: Vec<Builtin>,
    /// Every `data` path that some `with` replaces, and that hides the rules at or below it while it is in force.
    /// Paths are without the leading `data`.
    pub masks: Vec<Vec<Arc<str>>>,
    /// Every function or builtin that some `with` replaces.
    pub mocks: Vec<CallTargetName>,
    /// How many memo slots one evaluation needs.
    pub memo_slots: u32,
    /// Paths that can be asked for (`precinct/authz/allow`), with the function that answers: each rule that takes no
    /// arguments, and each package.
    pub entrypoints: BTreeMap<String, FunctionId>,
}

/// The name of something that `with` can replace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallTargetName(pub Arc<str>);

/// A ground value. Objects and sets are in the order of the source and can hold equal members: the engine that loads
/// them orders them and drops duplicates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number as written.
    Number(Arc<str>),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Vec<Constant>),
    /// An object.
    Object(Vec<(Constant, Constant)>),
    /// A set.
    Set(Vec<Constant>),
}

/// A builtin that the program calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name, as in `capabilities.json`.
    pub name: Arc<str>,
    /// The number of arguments, the result not counted.
    pub arity: Arity,
    /// Asking twice with the same arguments in one evaluation may give two answers.
    pub nondeterministic: bool,
}

/// A number of arguments.
pub type Arity = u32;

/// A node of the tree of virtual documents.
#[derive(Clone, Debug, Default)]
pub struct TreeNode {
    /// The path from `data`, without `data`.
    pub path: Vec<Arc<str>>,
    /// The nodes below, by name.
    pub children: BTreeMap<Arc<str>, NodeId>,
    /// The function that gives the whole document at this node: rules, base data and children together. `None` for
    /// nodes that hold only functions.
    pub document: Option<FunctionId>,
    /// A Rego function is defined here.
    pub function: Option<FunctionId>,
}

/// A rule as written, `else` branches apart.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// The path with its leading `data`, dynamic parts in brackets (`data.p.q[x]`).
    pub path: Arc<str>,
    /// Where the rule stands.
    pub span: Span,
}

/// One unit of evaluation.
#[derive(Clone, Debug)]
pub struct Function {
    /// Unique and readable: the path of the document, or the purpose of a helper.
    pub name: Arc<str>,
    /// What the function computes.
    pub kind: FunctionKind,
    /// How many of the locals are parameters: locals `0..params`, of kind [`LocalKind::Value`].
    pub params: u32,
    /// All locals, parameters first.
    pub locals: Vec<LocalInfo>,
    /// The statements. Running off the end means undefined.
    pub body: Vec<Stmt>,
    /// Where the result is kept; for functions with parameters, what is known of those that are.
    pub memo: Option<MemoSlot>,
    /// The first rule of the document, or the query.
    pub span: Span,
}

/// What a function computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// The virtual document that the rules of one path define.
    Rule,
    /// What the rules of one path say about the keys that are given.
    Keyed,
    /// A Rego function.
    Function,
    /// A node of the document tree: what base data and rules hold there together.
    Tree(NodeId),
    /// A query: returns an array of rows, see [`Query`].
    Query,
    /// A piece that was moved out of another function.
    Part,
}

/// A local variable of a function.
#[derive(Clone, Debug)]
pub struct LocalInfo {
    /// What it holds.
    pub kind: LocalKind,
    /// The Rego variable or a hint for readers; need not be unique.
    pub name: Option<Arc<str>>,
}

/// What a local can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// A value; always assigned before it is read.
    Value,
    /// A value or nothing; starts as nothing.
    Optional,
    /// An array that is being built.
    ArrayBuilder,
    /// A set that is being built.
    SetBuilder,
    /// An object that is being built.
    ObjectBuilder,
    /// Nested objects whose leaves are values or sets: a document with dynamic parts in its rule heads.
    DocumentBuilder,
}

/// How the rows of a query's result are to be read.
#[derive(Clone, Debug)]
pub struct Query {
    /// The function, of kind [`FunctionKind::Query`]. Its result is an array of rows; a row is an array of the
    /// values of `variables`, then of those of `expressions`.
    pub function: FunctionId,
    /// The named variables of the query, in the order of the row.
    pub variables: Vec<Arc<str>>,
    /// The expressions of the query as written, with their places, in the order of the row.
    pub expressions: Vec<(String, Span)>,
}
