//! Plans as data: what `plan.json` holds, under OPA's names.

use serde_json::Value;

/// Everything that was planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The texts that statements refer to by position: strings, and numbers as they are written.
    pub strings: Vec<String>,
    /// The builtins that are called, by name.
    pub builtins: Vec<BuiltinFunction>,
    /// The names of the sources that places refer to by position.
    pub files: Vec<String>,
    /// One plan for each entry point.
    pub plans: Vec<Plan>,
    /// The rules, each after those that it calls.
    pub functions: Vec<Function>,
    /// With the addon `unplanned_rules`: the rules that no entry point reaches.
    pub unplanned: Vec<UnplannedRule>,
}

/// A builtin that whoever executes the plans has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltinFunction {
    /// Its name.
    pub name: String,
    /// Its type, in the JSON form of OPA's types.
    pub declaration: Value,
}

/// What is executed for one entry point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The path of the entry point, without `data`.
    pub name: String,
    /// Executed in turn.
    pub blocks: Vec<Block>,
}

/// The rules of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name that calls use.
    pub name: String,
    /// Input, data, what replaced functions need, and then the arguments.
    pub parameters: Vec<Local>,
    /// Holds the result.
    pub result: Local,
    /// Executed in turn.
    pub blocks: Vec<Block>,
    /// Where calls of a path that is only known at run time find the function.
    pub path: Vec<String>,
}

/// A rule that no entry point reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnplannedRule {
    /// The whole reference of the rule.
    pub path: String,
    /// Where it stands.
    pub place: Place,
}

/// Statements of which each is executed when those before it were defined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A variable of a plan or function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local(pub u32);

impl Local {
    /// The input document.
    pub const INPUT: Self = Self(0);
    /// The base documents.
    pub const DATA: Self = Self(1);
    /// The first variable that a plan can use.
    pub const FREE: Self = Self(2);
}

/// What a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A variable.
    Local(Local),
    /// A string: its position in [`Policy::strings`].
    Text(usize),
    /// `true` or `false`.
    Boolean(bool),
}

/// From where to where the text of a statement stands; all zero where nobody wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The position of the source in [`Policy::files`].
    pub file: usize,
    /// The column of the first character, from 1.
    pub column: u32,
    /// The row of the first character, from 1.
    pub row: u32,
    /// The column behind the last character.
    pub end_column: u32,
    /// The row of the last character.
    pub end_row: u32,
}

/// An operation and the place it was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The operation.
    pub kind: Kind,
    /// The place.
    pub place: Place,
}

/// The operations. What is said to be undefined ends the block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the members are those of OPA's documentation of its IR"
)]
pub enum Kind {
    /// The function ends with this value.
    ReturnLocal { source: Local },
    /// Calls a function or builtin; undefined if it is.
    Call {
        function: String,
        arguments: Vec<Operand>,
        result: Local,
    },
    /// Calls the function at a path; undefined if there is none.
    CallDynamic {
        arguments: Vec<Local>,
        result: Local,
        path: Vec<Operand>,
    },
    /// Executes blocks in turn, whether or not one is undefined.
    Block { blocks: Vec<Block> },
    /// Leaves this many blocks around the innermost one.
    Break { index: u32 },
    /// The member of a value; undefined if there is none.
    Dot {
        source: Operand,
        key: Operand,
        target: Local,
    },
    /// How many members a value has.
    Length { source: Operand, target: Local },
    /// Executes a block for each member.
    Scan {
        source: Local,
        key: Local,
        value: Local,
        block: Block,
    },
    /// Undefined if the block is defined.
    Not { block: Block },
    /// A whole number.
    AssignInt { value: usize, target: Local },
    /// A copy.
    AssignVar { source: Operand, target: Local },
    /// A copy; an error if there is another value already.
    AssignVarOnce { source: Operand, target: Local },
    /// The variable has no value.
    ResetLocal { target: Local },
    /// `null`
    MakeNull { target: Local },
    /// A whole number.
    MakeNumberInt { value: usize, target: Local },
    /// A number whose text stands in [`Policy::strings`].
    MakeNumberRef { index: usize, target: Local },
    /// An empty array with room for this many.
    MakeArray { capacity: usize, target: Local },
    /// An empty object.
    MakeObject { target: Local },
    /// An empty set.
    MakeSet { target: Local },
    /// Undefined if the values differ.
    Equal { a: Operand, b: Operand },
    /// Undefined if the values are equal.
    NotEqual { a: Operand, b: Operand },
    /// Undefined for all but arrays.
    IsArray { source: Operand },
    /// Undefined for all but objects.
    IsObject { source: Operand },
    /// Undefined for all but sets.
    IsSet { source: Operand },
    /// Undefined if the variable has no value.
    IsDefined { source: Local },
    /// Undefined if the variable has a value.
    IsUndefined { source: Local },
    /// Adds to the end of an array.
    ArrayAppend { value: Operand, array: Local },
    /// Sets a member of an object.
    ObjectInsert {
        key: Operand,
        value: Operand,
        object: Local,
    },
    /// As `ObjectInsert`; an error if the key has another value already.
    ObjectInsertOnce {
        key: Operand,
        value: Operand,
        object: Local,
    },
    /// Both objects in one; where both have something that is no object, the first counts.
    ObjectMerge { a: Local, b: Local, target: Local },
    /// Adds to a set.
    SetAdd { value: Operand, set: Local },
    /// Executes a block with another value at a path of the variable. Without a path, what was replaced comes back.
    With {
        local: Local,
        path: Option<Vec<usize>>,
        value: Operand,
        block: Block,
    },
    /// Adds an answer.
    ResultSetAdd { value: Local },
}
