//! The loop that runs instructions.

use bumpalo::collections::Vec as ArenaVec;
use precinct_rego::ast::Span;
use precinct_rego::ir::{FunctionId, RuleId};
use precinct_runtime::context::{Memo, Mock};
use precinct_runtime::error::code as error_code;
use precinct_runtime::index::Candidates;
use precinct_runtime::ops::{self, Noted, Undo};
use precinct_runtime::value::Array;
use precinct_runtime::{Builtin, Context, EvalError, Value};

use super::Engine;
use super::attempts::Tried;
use super::code::{Code, NOWHERE, Op, PatchOp, Pc, Reg, Src, Stretch, SubjectOp};
use super::conflicts::Collected;
use super::constants;
use super::hooks::{Hooks, Place};
use super::inputs::Inputs;
use super::load::BuiltinSlot;
use super::state::{Builder, Gathered, Iter};

/// A function that runs, or waits for one that it called.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) function: FunctionId,
    pub(super) code: &'a Code,
    pub(super) pc: usize,
    /// Where the frame's registers, builders and loops begin on their stacks.
    pub(super) base: usize,
    builders: usize,
    iters: usize,
    selecting: usize,
    /// Where the caller wants the result, and where it goes on without one.
    target: Reg,
    exit: Pc,
    way: Way,
}

/// How a function was called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By a rule.
    Plain,
    /// In the place of another, under which other replacements are not in force.
    Outside,
    /// For some keys of its document; something else can be tried where it fails.
    Tried,
    /// For some keys of its document or arguments, and what it gives is kept for these.
    Kept,
}

pub(super) struct Machine<'m, 'a, H> {
    pub(super) engine: &'a Engine,
    pub(super) context: &'m mut Context<'a>,
    pub(super) hooks: &'m mut H,
    constants: &'a [Value<'a>],
    pub(super) registers: ArenaVec<'a, Option<Value<'a>>>,
    pub(super) inputs: Inputs<'a>,
    pub(super) builders: ArenaVec<'a, Builder<'a>>,
    pub(super) iters: ArenaVec<'a, Iter<'a>>,
    pub(super) selecting: ArenaVec<'a, Candidates<'a>>,
    pub(super) frames: ArenaVec<'a, Frame<'a>>,
    pub(super) undos: ArenaVec<'a, Undo<'a>>,
    /// The documents that are asked and may fail.
    pub(super) attempts: ArenaVec<'a, Tried<'a>>,
    /// The replaced functions around each replacement that runs.
    pub(super) mocks: ArenaVec<'a, &'a mut [Option<Mock<'a>>]>,
    /// Memo frames that were pushed.
    pub(super) memos: usize,
    /// The rules are asked again, for all the values of a document that has too many.
    pub(super) collected: Option<Collected<'a>>,
}

/// Room for the registers of a few calls, so that most evaluations ask for memory once.
const REGISTERS: usize = 64;

impl<'m, 'a, H: Hooks<'a>> Machine<'m, 'a, H> {
    pub(super) fn new(engine: &'a Engine, context: &'m mut Context<'a>, hooks: &'m mut H) -> Self {
        let arena = context.arena();
        Self {
            engine,
            context,
            hooks,
            constants: constants::values(&engine.constants),
            registers: ArenaVec::with_capacity_in(REGISTERS, arena),
            inputs: Inputs::default(),
            builders: ArenaVec::new_in(arena),
            iters: ArenaVec::with_capacity_in(4, arena),
            selecting: ArenaVec::new_in(arena),
            frames: ArenaVec::with_capacity_in(8, arena),
            undos: ArenaVec::new_in(arena),
            attempts: ArenaVec::new_in(arena),
            mocks: ArenaVec::new_in(arena),
            memos: 0,
            collected: None,
        }
    }

    pub(super) fn run(
        mut self,
        function: FunctionId,
        args: &[Value<'a>],
    ) -> Result<Option<Value<'a>>, EvalError> {
        let result = self.start(function, args);
        if result.is_err() {
            self.unwind();
        }
        result
    }

    /// Takes every replacement back, so that the context can be used again.
    pub(super) fn unwind(&mut self) {
        self.inputs = Inputs::default();
        while let Some(undo) = self.undos.pop() {
            ops::undo(self.context, undo);
        }
        if let Some(outermost) = self.mocks.drain(..).next() {
            self.context.restore_mocks(outermost);
        }
        for _ in 0..self.memos {
            self.context.pop_memos();
        }
        for _ in &self.frames {
            self.context.leave();
        }
    }

    pub(super) fn start(
        &mut self,
        function: FunctionId,
        args: &[Value<'a>],
    ) -> Result<Option<Value<'a>>, EvalError> {
        let Some(code) = self.engine.functions.get(function.index()) else {
            return Err(EvalError::new(error_code::INTERNAL, "no such function"));
        };
        if args.len() != code.params as usize {
            return Err(EvalError::new(
                error_code::INTERNAL,
                format!(
                    "the function takes {} arguments, not {}",
                    code.params,
                    args.len()
                ),
            ));
        }
        if let Some(slot) = code.memo
            && code.params == 0
        {
            match self.context.memo(slot) {
                Memo::Empty | Memo::Failed | Memo::Calls { .. } => {}
                Memo::Undefined => return Ok(None),
                Memo::Value(value) => return Ok(Some(value)),
            }
        }
        let mut frame = self.enter(function, code, (NOWHERE, 0), Way::Plain)?;
        for (register, arg) in self.registers.iter_mut().zip(args) {
            *register = Some(*arg);
        }
        loop {
            let result = match self.execute(&mut frame) {
                Ok(result) => result,
                Err(error) => {
                    self.recover(&mut frame, error)?;
                    continue;
                }
            };
            if frame.way == Way::Tried && self.was_in_vain() {
                self.instead(&mut frame)?;
            } else if !self.finish(&mut frame, result) {
                return Ok(result);
            }
        }
    }

    /// What to do about an error.
    #[cold]
    fn recover(&mut self, frame: &mut Frame<'a>, error: EvalError) -> Result<(), EvalError> {
        if !error.is_final() && !self.attempts.is_empty() {
            return self.instead(frame);
        }
        let running = running(&self.frames, &self.registers, frame);
        self.hooks.failed(&running);
        Err(self.locate(error, frame))
    }

    /// Makes room for a function's locals. The frame itself is not on the stack: the running one never is.
    fn enter(
        &mut self,
        function: FunctionId,
        code: &'a Code,
        (target, exit): (Reg, Pc),
        way: Way,
    ) -> Result<Frame<'a>, EvalError> {
        self.context.enter()?;
        let frame = Frame {
            function,
            code,
            pc: 0,
            base: self.registers.len(),
            builders: self.builders.len(),
            iters: self.iters.len(),
            selecting: self.selecting.len(),
            target,
            exit,
            way,
        };
        self.registers
            .resize(frame.base + code.registers as usize, None);
        let arena = self.context.arena();
        self.builders
            .extend(code.builders.iter().map(|kind| Builder::of(*kind, arena)));
        self.iters.resize(
            frame.iters + code.iters as usize,
            Iter::Array(Array::EMPTY, 0),
        );
        for _ in 0..code.selecting {
            self.selecting.push(Candidates::default());
        }
        Ok(frame)
    }

    /// A function has returned: its caller goes on, unless there is none.
    fn finish(&mut self, frame: &mut Frame<'a>, result: Option<Value<'a>>) -> bool {
        self.context.leave();
        self.hooks.leave(frame.function, result);
        self.registers.truncate(frame.base);
        self.builders.truncate(frame.builders);
        self.iters.truncate(frame.iters);
        self.selecting.truncate(frame.selecting);
        if frame.way == Way::Outside {
            self.context.pop_memos();
            self.memos -= 1;
            if let Some(mocks) = self.mocks.pop() {
                self.context.restore_mocks(mocks);
            }
        } else if let Some(slot) = frame.code.memo
            && frame.code.params == 0
        {
            self.context.remember(slot, result);
        }
        if frame.way == Way::Tried {
            self.attempts.pop();
        }
        let (target, exit) = (frame.target, frame.exit);
        let Some(caller) = self.frames.pop() else {
            return false;
        };
        let is_kept = frame.way == Way::Kept;
        *frame = caller;
        if is_kept {
            self.keep(frame, result);
        }
        match result {
            Some(value) => self.set(frame, target, value),
            None => frame.pc = exit as usize,
        }
        true
    }

    #[cold]
    fn locate(&self, error: EvalError, frame: &Frame<'a>) -> EvalError {
        let error = error.while_running(&frame.code.name);
        match self.engine.location(span(frame)) {
            Some(location) => error.at(|| location),
            None => error,
        }
    }

    #[inline]
    fn value(&self, frame: &Frame<'a>, source: Src) -> Value<'a> {
        if source.0 & Src::CONSTANT == 0 {
            self.registers[frame.base + source.0 as usize].unwrap_or_default()
        } else {
            self.constants[(source.0 ^ Src::CONSTANT) as usize]
        }
    }

    #[inline]
    fn set(&mut self, frame: &Frame<'a>, target: Reg, value: Value<'a>) {
        self.registers[frame.base + target as usize] = Some(value);
    }

    /// Sets the target, or leaves.
    #[inline]
    pub(super) fn set_or(
        &mut self,
        frame: &mut Frame<'a>,
        target: Reg,
        value: Option<Value<'a>>,
        exit: Pc,
    ) {
        match value {
            Some(value) => self.set(frame, target, value),
            None => frame.pc = exit as usize,
        }
    }

    /// What is at a path of the input. Many rules read the same, one after the other.
    #[inline]
    fn input(&mut self, path: u32) -> Option<Value<'a>> {
        if let Some(known) = self.inputs.get(path) {
            return known;
        }
        let input = self.context.input;
        let value = input.and_then(|input| input.path(self.path(path)));
        self.inputs.put(path, value);
        value
    }

    fn path(&self, path: u32) -> &'a [Box<str>] {
        &self.engine.paths[path as usize]
    }

    pub(super) fn values(
        &self,
        frame: &Frame<'a>,
        operands: Stretch,
    ) -> impl Iterator<Item = Value<'a>> {
        frame.code.operands[operands.range()]
            .iter()
            .map(|source| self.value(frame, *source))
    }

    /// Runs the frame until its function returns. A call puts the frame on the stack and goes on in the callee.
    #[expect(clippy::too_many_lines, reason = "one arm for each instruction")]
    fn execute(&mut self, frame: &mut Frame<'a>) -> Result<Option<Value<'a>>, EvalError> {
        loop {
            let code = frame.code;
            let op = &code.ops[frame.pc];
            frame.pc += 1;
            match *op {
                Op::Jump { exit } => frame.pc = exit as usize,
                Op::ScanBegin { iter, source, exit } => {
                    match Iter::over(self.value(frame, source)) {
                        Some(over) => self.iters[frame.iters + iter as usize] = over,
                        None => frame.pc = exit as usize,
                    }
                }
                Op::JoinBegin {
                    iter,
                    source,
                    join,
                    exit,
                } => match self.join(frame, source, join) {
                    Some(over) => self.iters[frame.iters + iter as usize] = over,
                    None => frame.pc = exit as usize,
                },
                Op::ScanNext {
                    iter,
                    key,
                    value,
                    exit,
                } => {
                    let Some((at, item)) = self.iters[frame.iters + iter as usize].next() else {
                        frame.pc = exit as usize;
                        continue;
                    };
                    self.context.spend(1)?;
                    if key != NOWHERE {
                        self.set(frame, key, at);
                    }
                    if value != NOWHERE {
                        self.set(frame, value, item);
                    }
                }
                Op::Switch { on, table } => {
                    let on = self.value(frame, on);
                    frame.pc = self.case(code, on, table) as usize;
                }
                Op::SelectBegin { select, iter } => {
                    self.select(frame, select, iter);
                }
                Op::SelectNext { select, iter, exit } => {
                    let next = self.selecting[frame.selecting + iter as usize].next();
                    frame.pc = match next {
                        Some(arm) => code.selects[select as usize].arms[arm as usize] as usize,
                        None => exit as usize,
                    };
                }
                Op::Assign { target, source } => {
                    let value = self.value(frame, source);
                    self.set(frame, target, value);
                }
                Op::Clear { target } => self.registers[frame.base + target as usize] = None,
                Op::Input { target, path, exit } => {
                    let value = self.input(path);
                    self.set_or(frame, target, value, exit);
                }
                Op::Data { target, path, exit } => {
                    let value = self.context.data.path(self.path(path));
                    self.set_or(frame, target, value, exit);
                }
                Op::Get {
                    target,
                    source,
                    key,
                    exit,
                } => {
                    let value = self.value(frame, source).get(self.value(frame, key));
                    self.set_or(frame, target, value, exit);
                }
                Op::Call {
                    target,
                    function,
                    args,
                    exit,
                } => {
                    let callee = &self.engine.functions[function.index()];
                    if let Some(slot) = callee.memo {
                        if callee.params > 0 {
                            self.known(frame, slot, (function, args), (target, exit))?;
                            continue;
                        }
                        match self.context.memo(slot) {
                            Memo::Empty | Memo::Failed | Memo::Calls { .. } => {}
                            Memo::Undefined => {
                                self.context.counters.memo_hits += 1;
                                frame.pc = exit as usize;
                                continue;
                            }
                            Memo::Value(value) => {
                                self.context.counters.memo_hits += 1;
                                self.set(frame, target, value);
                                continue;
                            }
                        }
                    }
                    self.call(frame, function, args, (target, exit), Way::Plain)?;
                }
                Op::Lookup {
                    target,
                    whole,
                    keyed,
                    keys,
                    keys_first,
                    exit,
                } => {
                    let slot = self.engine.functions[whole.index()].memo;
                    if keys_first && self.keyed(frame, slot, (keyed, keys), (target, exit))? {
                        continue;
                    }
                    match slot.map_or(Memo::Empty, |slot| self.context.memo(slot)) {
                        Memo::Empty | Memo::Calls { .. } => {
                            self.attempt(frame, whole, slot, (target, exit))?;
                        }
                        Memo::Failed => {
                            self.call(frame, keyed, keys, (target, exit), Way::Plain)?;
                        }
                        Memo::Undefined => {
                            self.context.counters.memo_hits += 1;
                            frame.pc = exit as usize;
                        }
                        Memo::Value(value) => {
                            self.context.counters.memo_hits += 1;
                            self.set(frame, target, value);
                        }
                    }
                }
                Op::CallBuiltin {
                    target,
                    builtin,
                    args,
                    exit,
                } => {
                    let value = self.call_builtin(frame, builtin, args)?;
                    self.set_or(frame, target, value, exit);
                }
                Op::Match {
                    target,
                    matcher,
                    builtin,
                    args,
                    exit,
                } => {
                    let text = code.operands[args.range()]
                        .last()
                        .map_or(Value::Null, |source| self.value(frame, *source));
                    let matcher = &code.matchers[matcher as usize];
                    let value = match matcher.matches(self.context, text)? {
                        Some(fits) => Some(Value::Bool(fits)),
                        None => self.call_builtin(frame, builtin, args)?,
                    };
                    self.set_or(frame, target, value, exit);
                }
                Op::CallReplacement {
                    target,
                    mock,
                    args,
                    exit,
                } => match self.context.mock(mock) {
                    Some(Mock::Value(value)) => self.set(frame, target, value),
                    Some(Mock::Builtin(builtin)) => {
                        let value = self.call_builtin(frame, builtin, args)?;
                        self.set_or(frame, target, value, exit);
                    }
                    Some(Mock::Function(function)) => {
                        self.call(
                            frame,
                            FunctionId(function),
                            args,
                            (target, exit),
                            Way::Outside,
                        )?;
                    }
                    None => {
                        return Err(EvalError::new(
                            error_code::INTERNAL,
                            "nothing replaces the function",
                        ));
                    }
                },
                Op::Truthy { value, when, exit } => {
                    if self.value(frame, value).is_truthy() == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Equal {
                    left,
                    right,
                    when,
                    exit,
                } => {
                    if self.value(frame, left).equals(self.value(frame, right)) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Less {
                    left,
                    right,
                    when,
                    exit,
                } => {
                    if self.value(frame, left).is_less(self.value(frame, right)) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::ArrayOf {
                    value,
                    length,
                    when,
                    exit,
                } => {
                    if ops::is_array_of(self.value(frame, value), length as usize) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::ObjectOf {
                    value,
                    length,
                    when,
                    exit,
                } => {
                    if ops::is_object_of(self.value(frame, value), length as usize) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Collection { value, when, exit } => {
                    if ops::is_collection(self.value(frame, value)) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Member {
                    value,
                    collection,
                    when,
                    exit,
                } => {
                    let (value, collection) =
                        (self.value(frame, value), self.value(frame, collection));
                    if let Value::Array(items) = collection {
                        self.context.spend(items.len() as u64 / 8)?;
                    }
                    if ops::member(value, collection) == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::IsSet { local, when, exit } => {
                    if self.registers[frame.base + local as usize].is_some() == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Holds {
                    builder,
                    least,
                    when,
                    exit,
                } => {
                    let holds = match self.builder(frame, builder) {
                        Builder::Array(array) => array.holds(least as usize),
                        Builder::Set(set) => set.holds(least as usize),
                        Builder::Object(_) | Builder::Document(_) => return Err(wrong_builder()),
                    };
                    if holds == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Lenient { when, exit } => {
                    if self.context.strict_builtin_errors != when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Unmasked { masks, when, exit } => {
                    let masked = code.masks[masks.range()]
                        .iter()
                        .any(|mask| self.context.is_masked(*mask));
                    if masked != when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Mocked { mock, when, exit } => {
                    if self.context.mock(mock).is_some() == when {
                        frame.pc = exit as usize;
                    }
                }
                Op::Array { target, items } => {
                    let arena = self.context.arena();
                    let len = items.len as usize;
                    let mut values = self.values(frame, items);
                    let array =
                        arena.alloc_slice_fill_with(len, |_| values.next().unwrap_or_default());
                    drop(values);
                    self.set(frame, target, Value::Array(Array::new(array)));
                }
                Op::Object { target, entries } => {
                    let mut flat = self.values(frame, entries);
                    let pairs = std::iter::from_fn(|| Some((flat.next()?, flat.next()?)));
                    let object = ops::object(self.context.arena(), pairs);
                    drop(flat);
                    self.set(frame, target, object);
                }
                Op::Set { target, items } => {
                    let set = Value::set(self.context.arena(), self.values(frame, items));
                    self.set(frame, target, set);
                }
                Op::Begin { builder } => self.builder(frame, builder).begin(),
                Op::Push { builder, value } => {
                    let value = self.value(frame, value);
                    match self.builder(frame, builder) {
                        Builder::Array(array) => array.push(value),
                        Builder::Set(set) => set.add(value),
                        Builder::Object(_) | Builder::Document(_) => return Err(wrong_builder()),
                    }
                }
                Op::Group {
                    builder,
                    key,
                    value,
                    is_set,
                } => {
                    let (key, value) = (self.value(frame, key), self.value(frame, value));
                    let Builder::Document(groups) = self.builder(frame, builder) else {
                        return Err(wrong_builder());
                    };
                    groups.group(key, value, is_set);
                }
                Op::Insert {
                    builder,
                    key,
                    value,
                    conflict,
                } => {
                    let (key, value) = (self.value(frame, key), self.value(frame, value));
                    let Builder::Object(object) = self.builder(frame, builder) else {
                        return Err(wrong_builder());
                    };
                    ops::insert(object, key, value, conflict)?;
                }
                Op::Extend { builder, source } => {
                    let source = self.value(frame, source);
                    self.context
                        .spend(source.collection_len().unwrap_or(0) as u64)?;
                    let arena = self.context.arena();
                    let Builder::Object(object) = self.builder(frame, builder) else {
                        return Err(wrong_builder());
                    };
                    ops::extend(arena, object, source);
                }
                Op::PutAt {
                    builder,
                    path,
                    value,
                } => {
                    let path = self.values(frame, path).collect::<Gathered>();
                    let value = self.value(frame, value);
                    let Builder::Document(document) = self.builder(frame, builder) else {
                        return Err(wrong_builder());
                    };
                    ops::put_at(document, &path, value)?;
                }
                Op::AddAt {
                    builder,
                    path,
                    value,
                } => {
                    let path = self.values(frame, path).collect::<Gathered>();
                    let value = value.map(|value| self.value(frame, value));
                    let Builder::Document(document) = self.builder(frame, builder) else {
                        return Err(wrong_builder());
                    };
                    ops::add_at(document, &path, value)?;
                }
                Op::Finish { target, builder } => {
                    let at = frame.builders + builder as usize;
                    let value = self.builders[at].finish();
                    self.set(frame, target, value);
                }
                Op::AssignOnce {
                    target,
                    source,
                    conflict,
                } => {
                    let value = self.value(frame, source);
                    let kept = &mut self.registers[frame.base + target as usize];
                    let agrees = ops::assign_once(kept, value);
                    if self.collected.is_some() && self.frames.is_empty() {
                        if self.collect(frame, value) == Noted::Full {
                            return Ok(None);
                        }
                    } else if !agrees {
                        return Err(self.conflict(frame, conflict));
                    }
                }
                Op::Return { value } => return Ok(Some(self.value(frame, value))),
                Op::Undefined => return Ok(None),
                Op::WithBegin { patches } => self.replace(frame, patches),
                Op::WithEnd { patches } => {
                    self.inputs = Inputs::default();
                    for _ in 0..patches {
                        if let Some(undo) = self.undos.pop() {
                            ops::undo(self.context, undo);
                        }
                    }
                    self.context.pop_memos();
                    self.memos -= 1;
                }
                Op::Enter { rule } => {
                    self.context.counters.rules += 1;
                    self.context.spend(1)?;
                    let place = place(&self.registers, frame, self.frames.len());
                    self.hooks.rule(RuleId(rule), place);
                }
                Op::Indexed { rule } => self.hooks.indexed(RuleId(rule)),
                Op::Mark => {
                    let place = place(&self.registers, frame, self.frames.len());
                    self.hooks.mark(place);
                }
                Op::Fail { error } => return Err(code.errors[error as usize].clone()),
            }
        }
    }

    fn builder(&mut self, frame: &Frame<'a>, builder: u32) -> &mut Builder<'a> {
        &mut self.builders[frame.builders + builder as usize]
    }

    /// Where a switch goes.
    fn case(&self, code: &Code, on: Value<'a>, table: u32) -> Pc {
        let table = &code.switches[table as usize];
        let hash = on.hash64();
        let from = table.cases.partition_point(|(have, _, _)| *have < hash);
        table.cases[from..]
            .iter()
            .take_while(|(have, _, _)| *have == hash)
            .find(|(_, constant, _)| self.constants[*constant as usize].equals(on))
            .map_or(table.default, |(_, _, target)| *target)
    }

    /// Finds the arms that can apply.
    fn select(&mut self, frame: &Frame<'a>, select: u32, iter: u32) {
        let table = &frame.code.selects[select as usize];
        let subjects = table.subjects.iter();
        let subjects = subjects.map(|subject| self.subject(frame, *subject));
        let arena = self.context.arena();
        let found = table.index.candidates(arena, subjects);
        self.selecting[frame.selecting + iter as usize] = found;
    }

    fn subject(&self, frame: &Frame<'a>, subject: SubjectOp) -> Option<Value<'a>> {
        match subject {
            SubjectOp::Value(value) => Some(self.value(frame, value)),
            SubjectOp::Input(path) => self
                .context
                .input
                .and_then(|input| input.path(self.path(path))),
            SubjectOp::Data(path) => self.context.data.path(self.path(path)),
            SubjectOp::Get { source, key } => {
                let source = *frame.code.subjects.get(source as usize)?;
                self.subject(frame, source)?.get(self.value(frame, key))
            }
        }
    }

    /// The entries that a loop has to look at.
    fn join(&mut self, frame: &Frame<'a>, source: Src, join: u32) -> Option<Iter<'a>> {
        let join = &frame.code.joins[join as usize];
        let source = self.value(frame, source);
        let wanted = self.subject(frame, join.wanted);
        let (list, path) = (join.list.map(|list| self.path(list)), self.path(join.path));
        match self.context.joined(source, list, path, wanted) {
            Some([]) => None,
            Some(positions) => Some(Iter::At(source, positions, 0)),
            None => Iter::over(source),
        }
    }

    /// Goes on in another function.
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'a>,
        function: FunctionId,
        args: Stretch,
        result: (Reg, Pc),
        way: Way,
    ) -> Result<(), EvalError> {
        self.context.spend(1)?;
        let engine = self.engine;
        let Some(code) = engine.functions.get(function.index()) else {
            return Err(EvalError::new(error_code::INTERNAL, "no such function"));
        };
        let callee = self.enter(function, code, result, way)?;
        for (at, source) in frame.code.operands[args.range()].iter().enumerate() {
            let arg = self.value(frame, *source);
            self.registers[callee.base + at] = Some(arg);
        }
        if way == Way::Outside {
            self.mocks.push(self.context.take_mocks());
            self.context.push_memos();
            self.memos += 1;
        }
        self.frames.push(*frame);
        *frame = callee;
        let place = place(&self.registers, frame, self.frames.len());
        self.hooks.call(place);
        Ok(())
    }

    #[inline]
    fn call_builtin(
        &mut self,
        frame: &Frame<'a>,
        builtin: u32,
        args: Stretch,
    ) -> Result<Option<Value<'a>>, EvalError> {
        let errors = self.context.builtin_errors.len();
        let slot = &self.engine.builtins[builtin as usize];
        let args = self.values(frame, args).collect::<Gathered>();
        if matches!(slot, BuiltinSlot::Located(_)) {
            self.context.print_place = self.engine.location(span(frame));
        }
        let result = self.run_builtin(slot, &args)?;
        if self.context.builtin_errors.len() > errors {
            self.locate_builtin_errors(frame, errors);
        }
        Ok(result)
    }

    #[inline]
    fn run_builtin(
        &mut self,
        slot: &'a BuiltinSlot,
        args: &[Value<'a>],
    ) -> Result<Option<Value<'a>>, EvalError> {
        match slot {
            BuiltinSlot::Known(builtin) | BuiltinSlot::Located(builtin) => {
                let builtin: &'static Builtin = builtin;
                ops::call_builtin(self.context, builtin, args)
            }
            BuiltinSlot::Host(name) => ops::call_host(self.context, name, args),
        }
    }

    #[cold]
    fn locate_builtin_errors(&mut self, frame: &Frame<'a>, from: usize) {
        let running = running(&self.frames, &self.registers, frame);
        self.hooks.builtin_failed(&running);
        let location = self.engine.location(span(frame));
        for error in &mut self.context.builtin_errors[from..] {
            if error.location.is_none() {
                error.location.clone_from(&location);
            }
        }
    }

    /// Replacements come into force.
    fn replace(&mut self, frame: &Frame<'a>, patches: Stretch) {
        self.inputs = Inputs::default();
        self.context.push_memos();
        self.memos += 1;
        for patch in &frame.code.patches[patches.range()] {
            let undo = match *patch {
                PatchOp::Input { path, value } => {
                    let value = self.value(frame, value);
                    ops::put_input(self.context, self.path(path), value)
                }
                PatchOp::Data { path, value, mask } => {
                    let value = self.value(frame, value);
                    ops::put_data(self.context, self.path(path), value, mask)
                }
                PatchOp::MockValue { mock, value } => {
                    let value = self.value(frame, value);
                    ops::put_function(self.context, mock, Mock::Value(value))
                }
                PatchOp::MockFunction { mock, function } => {
                    ops::put_function(self.context, mock, Mock::Function(function.0))
                }
                PatchOp::MockBuiltin { mock, builtin } => {
                    ops::put_function(self.context, mock, Mock::Builtin(builtin))
                }
            };
            self.undos.push(undo);
        }
    }
}

/// The place in the policy of the instruction that runs.
pub(super) fn span(frame: &Frame<'_>) -> Span {
    frame
        .code
        .spans
        .get(frame.pc.wrapping_sub(1))
        .copied()
        .unwrap_or(frame.code.span)
}

/// The running functions, outermost first, with their place.
#[cold]
fn running<'p, 'a>(
    frames: &'p [Frame<'a>],
    registers: &'p [Option<Value<'a>>],
    frame: &'p Frame<'a>,
) -> Vec<Place<'p, 'a>> {
    let frames = frames.iter().chain(std::iter::once(frame));
    (0..)
        .zip(frames)
        .map(|(depth, one)| place(registers, one, depth))
        .collect()
}

fn place<'p, 'a>(
    registers: &'p [Option<Value<'a>>],
    frame: &'p Frame<'a>,
    depth: usize,
) -> Place<'p, 'a> {
    let end = frame.base + frame.code.registers as usize;
    Place {
        function: frame.function,
        span: span(frame),
        depth,
        registers: registers.get(frame.base..end).unwrap_or_default(),
        homes: &frame.code.homes,
    }
}

#[cold]
fn wrong_builder() -> EvalError {
    EvalError::new(error_code::INTERNAL, "a builder of another kind")
}
