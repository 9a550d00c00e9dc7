//! Statements.

use std::sync::Arc;

use super::{Arm, BuiltinId, ConstantId, FunctionId, MaskId, MockId, RuleId, Subject};
use crate::ast::Span;

/// A local variable of the function at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local(pub u32);

/// The name of a block or loop, unique in its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

/// A value that a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A local of kind `Value`, or an `Optional` that is known to be set.
    Local(Local),
    /// A constant of the program.
    Constant(ConstantId),
}

/// A statement and the place in the policy that it comes from.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// The expression or head that the statement serves.
    pub span: Span,
    /// What it does.
    pub kind: StmtKind,
}

/// What a statement can do. Where a statement has `otherwise`, it leaves through that label when it is undefined:
/// behind the block of that name, or on to the next entry of the loop of that name.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// Runs the statements; leaving through the label goes on behind them.
    Block {
        /// The block's name.
        label: Label,
        /// Its statements.
        body: Vec<Stmt>,
    },
    /// Leaves through the label of an enclosing block or loop.
    Break {
        /// Which.
        label: Label,
    },
    /// Runs the body for each entry: of an array (index, element), an object (key, value) or a set (member, member),
    /// in Rego's order. Other values have no entries. Leaving through the label goes on to the next entry.
    Scan {
        /// The loop's name.
        label: Label,
        /// What is iterated.
        source: Operand,
        /// Receives the index, key or member.
        key: Option<Local>,
        /// Receives the element, value or member.
        value: Option<Local>,
        /// Which entries can be left out.
        join: Option<Box<Join>>,
        /// The statements for each entry.
        body: Vec<Stmt>,
    },
    /// Runs the case of the constant that equals the operand, or the default.
    Switch {
        /// What is compared.
        on: Operand,
        /// Cases with pairwise different constants.
        cases: Vec<Case>,
        /// What runs if no case fits.
        default: Vec<Stmt>,
    },
    /// Runs the arms in their order, except those that the subjects rule out.
    Select {
        /// What the arms' keys are about; those that are not there are undefined.
        subjects: Vec<Subject>,
        /// The alternatives; several can apply.
        arms: Vec<Arm>,
    },
    /// Copies a value; into an `Optional` it sets it.
    Assign {
        /// Receives.
        target: Local,
        /// Gives.
        source: Operand,
    },
    /// Makes an `Optional` hold nothing again.
    Clear {
        /// Which.
        target: Local,
    },
    /// Reads a path of `input`; the empty path reads all of it.
    Input {
        /// Receives.
        target: Local,
        /// Object keys from the root.
        path: Vec<Arc<str>>,
        /// If there is no such value.
        otherwise: Label,
    },
    /// Reads a path of the base documents (rules play no part); the empty path reads all of them.
    Data {
        /// Receives.
        target: Local,
        /// Object keys from the root.
        path: Vec<Arc<str>>,
        /// If there is no such value.
        otherwise: Label,
    },
    /// `source[key]`: an element by its index, an object's value, or a set's member (gives the member).
    Get {
        /// Receives.
        target: Local,
        /// A collection; anything else is undefined.
        source: Operand,
        /// Index, key or member.
        key: Operand,
        /// If there is none.
        otherwise: Label,
    },
    /// Calls a function of the program or a builtin.
    Call {
        /// Receives the result.
        target: Local,
        /// What is called.
        function: CallTarget,
        /// The arguments.
        args: Vec<Operand>,
        /// If the result is undefined (a builtin's error too, unless builtin errors are strict).
        otherwise: Label,
    },
    /// Asks a document for what it holds at some keys. Either the whole document is asked, because it may be remembered,
    /// and where it can't be had because of what stands at other keys, the rules that fit these keys are asked. Or
    /// these rules are asked at once, until the whole document is known, or many keys were asked for.
    Lookup {
        /// Receives the document, which is only good for these keys.
        target: Local,
        /// The whole document.
        whole: FunctionId,
        /// The document of the rules that fit the keys, of kind [`FunctionKind::Keyed`](super::FunctionKind::Keyed).
        keyed: FunctionId,
        /// The keys.
        keys: Vec<Operand>,
        /// The rules that fit the keys are asked first.
        keys_first: bool,
        /// If there is no document.
        otherwise: Label,
    },
    /// Calls what a `with` put in the place of a function; must stand under a passed [`Test::Mocked`].
    CallReplacement {
        /// Receives the result.
        target: Local,
        /// Which replaced function.
        mock: MockId,
        /// The functions that some `with` of the program puts there; values need no mention.
        candidates: Vec<CallTarget>,
        /// The arguments.
        args: Vec<Operand>,
        /// If the result is undefined.
        otherwise: Label,
    },
    /// Goes on only if the test holds.
    Test {
        /// What must hold.
        test: Test,
        /// If it does not.
        otherwise: Label,
    },
    /// Makes an array.
    Array {
        /// Receives.
        target: Local,
        /// Its elements.
        items: Vec<Operand>,
    },
    /// Makes an object; of two values for one key the later one counts, as it does in OPA.
    Object {
        /// Receives.
        target: Local,
        /// Its entries.
        entries: Vec<(Operand, Operand)>,
    },
    /// Makes a set.
    Set {
        /// Receives.
        target: Local,
        /// Its members.
        items: Vec<Operand>,
    },
    /// Starts a builder afresh, of the local's kind.
    Begin {
        /// A builder local.
        builder: Local,
    },
    /// Appends to an `ArrayBuilder` or adds to a `SetBuilder`.
    Push {
        /// The builder.
        builder: Local,
        /// What is added.
        value: Operand,
    },
    /// Adds to the group of a key: `DocumentBuilder` becomes an object of arrays or sets.
    Group {
        /// The builder.
        builder: Local,
        /// The group's key.
        key: Operand,
        /// What is added.
        value: Operand,
        /// The groups are sets.
        is_set: bool,
    },
    /// Sets a key of an `ObjectBuilder`.
    Insert {
        /// The builder.
        builder: Local,
        /// The key.
        key: Operand,
        /// The value.
        value: Operand,
        /// What to do when the key is there with a different value.
        conflict: Conflict,
    },
    /// Lays an object over an `ObjectBuilder`: its entries replace those of the same keys; where both are objects, they
    /// are merged in the same way. Not an object: nothing happens.
    Extend {
        /// The builder.
        builder: Local,
        /// The object.
        source: Operand,
    },
    /// Puts a value below a path of a `DocumentBuilder`; a different value, or a non-object on the way, is a conflict.
    PutAt {
        /// The builder.
        builder: Local,
        /// Keys from the document's root; not empty.
        path: Vec<Operand>,
        /// The leaf.
        value: Operand,
    },
    /// Adds a member to the set below a path of a `DocumentBuilder`, which it makes if need be.
    AddAt {
        /// The builder.
        builder: Local,
        /// Keys from the document's root; empty when the document itself is a set.
        path: Vec<Operand>,
        /// The member; `None` only makes sure of the place, an empty object while nothing is put there.
        value: Option<Operand>,
    },
    /// Turns a builder into its value.
    Finish {
        /// Receives.
        target: Local,
        /// The builder, which must be begun again before its next use.
        builder: Local,
    },
    /// Sets an `Optional` to a rule's value; it is an error if it holds a different one.
    AssignOnce {
        /// An `Optional`.
        target: Local,
        /// The value.
        source: Operand,
        /// Which error.
        conflict: Conflict,
    },
    /// Returns a value from the function.
    Return {
        /// The value.
        value: Operand,
    },
    /// Runs the body with parts of the world replaced; what it assigned to locals stays. Leaving the body in any way
    /// ends the replacement.
    With {
        /// The replacements, in the order of the source: a later one sees those before it.
        patches: Vec<Patch>,
        /// The statements under the replacement.
        body: Vec<Stmt>,
    },
    /// A rule's body begins: counts it, feeds coverage and traces, and spends fuel.
    Enter {
        /// The rule.
        rule: RuleId,
    },
    /// OPA's index lets a rule through: feeds traces. Only programs that are watched say so, for all rules of a document
    /// before the first of them is entered.
    Indexed {
        /// The rule.
        rule: RuleId,
    },
    /// An expression of the policy begins: feeds coverage and traces; engines that need neither skip it.
    Mark,
    /// Ends the evaluation with an error of OPA's code and message.
    Fail {
        /// OPA's code, `eval_conflict_error` for example.
        code: Arc<str>,
        /// The message.
        message: Arc<str>,
    },
}

/// The body of a loop over a list does nothing for entries that have another value at a path, or none: an engine that
/// knows them can leave them out.
#[derive(Clone, Debug)]
pub struct Join {
    /// Where the list lies in the base documents, if it is one of them.
    pub list: Option<Vec<Arc<str>>>,
    /// Object keys from the entry.
    pub path: Vec<Arc<str>>,
    /// What must be there; if it is undefined, all entries can be left out.
    pub wanted: Subject,
}

/// One case of a switch.
#[derive(Clone, Debug)]
pub struct Case {
    /// The constant.
    pub constant: ConstantId,
    /// What runs when the operand equals it.
    pub body: Vec<Stmt>,
}

/// What a call names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallTarget {
    /// A function of the program.
    Function(FunctionId),
    /// A builtin.
    Builtin(BuiltinId),
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Test {
    /// The value is not `false`.
    Truthy(Operand),
    /// The comparison holds, by Rego's order of values.
    Compare {
        /// Which comparison.
        comparison: Comparison,
        /// Left.
        left: Operand,
        /// Right.
        right: Operand,
    },
    /// The value is an array of this length.
    ArrayOf {
        /// The value.
        value: Operand,
        /// The length.
        length: u32,
    },
    /// The value is an object of this many keys.
    ObjectOf {
        /// The value.
        value: Operand,
        /// The number of keys.
        length: u32,
    },
    /// The value is an array, object or set: `every` and `some … in` have something to iterate.
    Collection(Operand),
    /// The collection holds the value (as element, object value or member): `x in xs`.
    Member {
        /// What is looked for.
        value: Operand,
        /// Where.
        collection: Operand,
    },
    /// The `Optional` holds a value.
    Set(Local),
    /// The array or set that is being built has at least so many members.
    Holds {
        /// An `ArrayBuilder` or a `SetBuilder`.
        builder: Local,
        /// How many.
        least: u32,
    },
    /// Errors of builtins do not end the evaluation.
    Lenient,
    /// None of these replacements of `data` is in force.
    Unmasked(Vec<MaskId>),
    /// A `with` replaces this function now.
    Mocked(MockId),
    /// The opposite.
    Not(Box<Test>),
}

/// Comparisons of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What two different values for one place mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// `rule data.p.q produced conflicting values`
    CompleteRule,
    /// `function data.p.f produced conflicting values for the same inputs`
    Function,
    /// `object keys must be unique`
    ObjectKey,
    /// The later value replaces the earlier one.
    Replace,
}

/// One replacement of a `with`.
#[derive(Clone, Debug)]
pub enum Patch {
    /// `with input.a.b as value`; the empty path replaces all of `input`.
    Input {
        /// Object keys from the root.
        path: Vec<Arc<str>>,
        /// The new value.
        value: Operand,
    },
    /// `with data.a.b as value`
    Data {
        /// Object keys from the root.
        path: Vec<Arc<str>>,
        /// The new value.
        value: Operand,
        /// Comes into force with it.
        mask: MaskId,
    },
    /// `with f as g`, `with f as value`
    Function {
        /// What is replaced.
        mock: MockId,
        /// By what.
        by: Replacement,
    },
}

/// What takes a function's place.
#[derive(Clone, Copy, Debug)]
pub enum Replacement {
    /// A value, whatever the arguments.
    Value(Operand),
    /// Another function or builtin of the same arity.
    Call(CallTarget),
}
