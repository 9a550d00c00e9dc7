//! The instructions.

use std::sync::Arc;

use precinct_rego::ast::Span;
use precinct_rego::ir::FunctionId;
use precinct_runtime::EvalError;
use precinct_runtime::index::Index;
use precinct_runtime::matcher::Matcher;
use precinct_runtime::ops::Conflict;

/// A position in the code of a function.
pub(super) type Pc = u32;

/// A register of the function at hand.
pub(super) type Reg = u32;

/// A register, or with the highest bit set a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Src(pub u32);

impl Src {
    pub(super) const CONSTANT: u32 = 1 << 31;
}

/// No register: the value is not wanted.
pub(super) const NOWHERE: Reg = u32::MAX;

/// A stretch of one of a function's pools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub start: u32,
    pub len: u32,
}

impl Stretch {
    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// One instruction. `exit` is where it goes when it is undefined or does not hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Jump {
        exit: Pc,
    },
    ScanBegin {
        iter: u32,
        source: Src,
        exit: Pc,
    },
    /// A loop over a list of base documents, of which an index may know the entries.
    JoinBegin {
        iter: u32,
        source: Src,
        join: u32,
        exit: Pc,
    },
    ScanNext {
        iter: u32,
        key: Reg,
        value: Reg,
        exit: Pc,
    },
    Switch {
        on: Src,
        table: u32,
    },
    SelectBegin {
        select: u32,
        iter: u32,
    },
    SelectNext {
        select: u32,
        iter: u32,
        exit: Pc,
    },
    Assign {
        target: Reg,
        source: Src,
    },
    Clear {
        target: Reg,
    },
    Input {
        target: Reg,
        path: u32,
        exit: Pc,
    },
    Data {
        target: Reg,
        path: u32,
        exit: Pc,
    },
    Get {
        target: Reg,
        source: Src,
        key: Src,
        exit: Pc,
    },
    Call {
        target: Reg,
        function: FunctionId,
        args: Stretch,
        exit: Pc,
    },
    Lookup {
        target: Reg,
        whole: FunctionId,
        keyed: FunctionId,
        keys: Stretch,
        keys_first: bool,
        exit: Pc,
    },
    CallBuiltin {
        target: Reg,
        builtin: u32,
        args: Stretch,
        exit: Pc,
    },
    /// A builtin that matches a constant pattern.
    Match {
        target: Reg,
        matcher: u32,
        builtin: u32,
        args: Stretch,
        exit: Pc,
    },
    CallReplacement {
        target: Reg,
        mock: u32,
        args: Stretch,
        exit: Pc,
    },
    /// Tests leave when their outcome is `when`.
    Truthy {
        value: Src,
        when: bool,
        exit: Pc,
    },
    Equal {
        left: Src,
        right: Src,
        when: bool,
        exit: Pc,
    },
    Less {
        left: Src,
        right: Src,
        when: bool,
        exit: Pc,
    },
    ArrayOf {
        value: Src,
        length: u32,
        when: bool,
        exit: Pc,
    },
    ObjectOf {
        value: Src,
        length: u32,
        when: bool,
        exit: Pc,
    },
    Collection {
        value: Src,
        when: bool,
        exit: Pc,
    },
    Member {
        value: Src,
        collection: Src,
        when: bool,
        exit: Pc,
    },
    IsSet {
        local: Reg,
        when: bool,
        exit: Pc,
    },
    Holds {
        builder: u32,
        least: u32,
        when: bool,
        exit: Pc,
    },
    Lenient {
        when: bool,
        exit: Pc,
    },
    Unmasked {
        masks: Stretch,
        when: bool,
        exit: Pc,
    },
    Mocked {
        mock: u32,
        when: bool,
        exit: Pc,
    },
    Array {
        target: Reg,
        items: Stretch,
    },
    /// Keys and values alternate.
    Object {
        target: Reg,
        entries: Stretch,
    },
    Set {
        target: Reg,
        items: Stretch,
    },
    Begin {
        builder: u32,
    },
    Push {
        builder: u32,
        value: Src,
    },
    Group {
        builder: u32,
        key: Src,
        value: Src,
        is_set: bool,
    },
    Insert {
        builder: u32,
        key: Src,
        value: Src,
        conflict: Conflict,
    },
    Extend {
        builder: u32,
        source: Src,
    },
    PutAt {
        builder: u32,
        path: Stretch,
        value: Src,
    },
    AddAt {
        builder: u32,
        path: Stretch,
        value: Option<Src>,
    },
    Finish {
        target: Reg,
        builder: u32,
    },
    AssignOnce {
        target: Reg,
        source: Src,
        conflict: Conflict,
    },
    Return {
        value: Src,
    },
    Undefined,
    WithBegin {
        patches: Stretch,
    },
    WithEnd {
        patches: u32,
    },
    Enter {
        rule: u32,
    },
    Indexed {
        rule: u32,
    },
    Mark,
    Fail {
        error: u32,
    },
}

impl Op {
    /// Sets the place that the instruction leaves to.
    pub(super) fn set_exit(&mut self, to: Pc) {
        match self {
            Op::Jump { exit }
            | Op::ScanBegin { exit, .. }
            | Op::JoinBegin { exit, .. }
            | Op::ScanNext { exit, .. }
            | Op::SelectNext { exit, .. }
            | Op::Input { exit, .. }
            | Op::Data { exit, .. }
            | Op::Get { exit, .. }
            | Op::Call { exit, .. }
            | Op::Lookup { exit, .. }
            | Op::CallBuiltin { exit, .. }
            | Op::Match { exit, .. }
            | Op::CallReplacement { exit, .. }
            | Op::Truthy { exit, .. }
            | Op::Equal { exit, .. }
            | Op::Less { exit, .. }
            | Op::ArrayOf { exit, .. }
            | Op::ObjectOf { exit, .. }
            | Op::Collection { exit, .. }
            | Op::Member { exit, .. }
            | Op::IsSet { exit, .. }
            | Op::Holds { exit, .. }
            | Op::Lenient { exit, .. }
            | Op::Unmasked { exit, .. }
            | Op::Mocked { exit, .. } => *exit = to,
            Op::Switch { .. }
            | Op::SelectBegin { .. }
            | Op::Assign { .. }
            | Op::Clear { .. }
            | Op::Array { .. }
            | Op::Object { .. }
            | Op::Set { .. }
            | Op::Begin { .. }
            | Op::Push { .. }
            | Op::Group { .. }
            | Op::Insert { .. }
            | Op::Extend { .. }
            | Op::PutAt { .. }
            | Op::AddAt { .. }
            | Op::Finish { .. }
            | Op::AssignOnce { .. }
            | Op::Return { .. }
            | Op::Undefined
            | Op::WithBegin { .. }
            | Op::WithEnd { .. }
            | Op::Enter { .. }
            | Op::Indexed { .. }
            | Op::Mark
            | Op::Fail { .. } => {}
        }
    }
}

/// One replacement of a `with`.
#[derive(Clone, Copy, Debug)]
pub(super) enum PatchOp {
    Input { path: u32, value: Src },
    Data { path: u32, value: Src, mask: u32 },
    MockValue { mock: u32, value: Src },
    MockFunction { mock: u32, function: FunctionId },
    MockBuiltin { mock: u32, builtin: u32 },
}

/// The cases of a switch.
#[derive(Debug, Default)]
pub(super) struct SwitchTable {
    /// Hash, constant, target; by hash.
    pub cases: Vec<(u64, u32, Pc)>,
    pub default: Pc,
}

/// What the index of a select is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum SubjectOp {
    Value(Src),
    Input(u32),
    Data(u32),
    /// What the subject of this number has at a key.
    Get {
        source: u32,
        key: Src,
    },
}

/// What a loop looks for: the numbers of the paths of the list and within an entry, and what must be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct JoinOp {
    pub list: Option<u32>,
    pub path: u32,
    pub wanted: SubjectOp,
}

/// The arms of a select.
#[derive(Debug)]
pub(super) struct SelectTable {
    pub subjects: Vec<SubjectOp>,
    pub index: Index,
    pub arms: Vec<Pc>,
}

/// What a builder register builds.
#[derive(Clone, Copy, Debug)]
pub(super) enum BuilderKind {
    Array,
    Set,
    Object,
    Document,
}

/// The code of one function.
#[derive(Debug)]
pub(super) struct Code {
    /// The path of the document or function.
    pub name: Arc<str>,
    pub ops: Vec<Op>,
    /// The place in the policy of each instruction.
    pub spans: Vec<Span>,
    pub params: u32,
    pub registers: u32,
    /// The register of each local; builders have none, nor has what shares one with other locals.
    pub homes: Vec<Option<Reg>>,
    pub builders: Vec<BuilderKind>,
    pub iters: u32,
    /// The most selects that run at the same time.
    pub selecting: u32,
    pub memo: Option<u32>,
    pub span: Span,
    /// Operands of calls and literals.
    pub operands: Vec<Src>,
    pub masks: Vec<u32>,
    pub patches: Vec<PatchOp>,
    pub switches: Vec<SwitchTable>,
    pub selects: Vec<SelectTable>,
    pub joins: Vec<JoinOp>,
    /// Of which others are a part.
    pub subjects: Vec<SubjectOp>,
    pub matchers: Vec<Matcher>,
    pub errors: Vec<EvalError>,
}
