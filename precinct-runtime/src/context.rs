//! Everything that one evaluation carries.
//!
//! Nothing below the context reads a clock, the environment or a random source: what may differ from one run to the
//! next is a field here, so that a recorded evaluation can be replayed.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use bumpalo::collections::Vec as ArenaVec;

use crate::arena::{Arena, Document, check_limit};
use crate::calls::{Calls, Given};
use crate::error::{EvalError, Location};
use crate::generated::entered;
use crate::joins::passing::Lists;
use crate::json::to_string;
use crate::value::Value;

/// Bounds on one evaluation. The defaults suit decisions that somebody waits for.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Steps (rule bodies, loop turns, calls); `None` means no bound.
    pub fuel: Option<u64>,
    /// The time after which the evaluation is cancelled.
    pub deadline: Option<Instant>,
    /// Set by whoever wants the evaluation to stop.
    pub cancel: Option<Arc<AtomicBool>>,
    /// Bytes of the arena.
    pub memory: usize,
    /// Calls inside calls.
    pub depth: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            fuel: None,
            deadline: None,
            cancel: None,
            memory: 4 << 30,
            depth: 2_000,
        }
    }
}

/// What a `with` put in the place of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mock<'a> {
    /// A value, whatever the arguments.
    Value(Value<'a>),
    /// Another function, by the number that the engine knows it under.
    Function(u32),
    /// A builtin, by the number that the engine knows it under.
    Builtin(u32),
}

/// What a memo slot knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memo<'a> {
    /// Nothing yet.
    Empty,
    /// The rule is undefined.
    Undefined,
    /// The rule's value.
    Value(Value<'a>),
    /// The rule has no value, because working it out fails.
    Failed,
    /// What it gave for some keys or arguments is kept: for how many, and how often that was of use.
    Calls {
        /// How many calls are kept.
        kept: u32,
        /// How often one of them was found again.
        found: u32,
    },
}

/// A rule is asked for so many keys alone; then the whole is worked out. After so many calls of a function it has to be
/// seen that some of them come again.
const MANY: u32 = 64;

/// What an evaluation is like before something is tried, see [`Context::attempt`].
#[derive(Debug)]
pub struct Attempt<'a> {
    input: Option<Value<'a>>,
    data: Value<'a>,
    masks: &'a [u32],
    mocks: &'a [Option<Mock<'a>>],
    memos: usize,
    depth: u32,
    builtin_errors: usize,
}

/// What an evaluation did, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rule bodies that were entered and counted here; [`Context::rules_evaluated`] knows all.
    pub rules: u64,
    /// Calls of builtins.
    pub builtin_calls: u64,
    /// Memo slots that had the answer.
    pub memo_hits: u64,
}

/// One answer of a nondeterministic builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The builtin's name.
    pub builtin: &'a str,
    /// Its arguments, as an array.
    pub args: Value<'a>,
    /// What it gave; `None` means undefined.
    pub result: Option<Value<'a>>,
}

/// Answers as [`Context::with_replay`] takes them, and as OPA's decision logs have them: an object of builtin names to
/// objects of argument arrays, as JSON texts, to results.
#[must_use]
pub fn replayable<'a>(answers: &[Answer<'_>], arena: &'a Arena) -> Value<'a> {
    let mut builtins: BTreeMap<&str, Vec<(Value<'a>, Value<'a>)>> = BTreeMap::new();
    for answer in answers {
        let args = Value::string(arena, &to_string(answer.args));
        let result = answer.result.unwrap_or(Value::Null).copy_into(arena);
        builtins
            .entry(answer.builtin)
            .or_default()
            .push((args, result));
    }
    let builtins = builtins
        .into_iter()
        .map(|(name, calls)| (Value::string(arena, name), Value::object(arena, calls)));
    Value::object(arena, builtins)
}

/// State that builtins keep from one evaluation to the next: compiled patterns, HTTP responses, parsed keys. One
/// value for each type, made when first asked for.
#[derive(Default)]
pub struct SharedState {
    values: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl SharedState {
    /// The state of a type.
    pub fn get<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let known = {
            let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
            values.get(&TypeId::of::<T>()).map(Arc::clone)
        };
        let value = known.unwrap_or_else(|| {
            let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
            let value = values
                .entry(TypeId::of::<T>())
                .or_insert_with(|| Arc::new(T::default()));
            Arc::clone(value)
        });
        value.downcast().unwrap_or_default()
    }

    /// Puts a value in the place of the state of its type.
    pub fn set<T: Any + Send + Sync>(&self, value: Arc<T>) {
        self.values
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(TypeId::of::<T>(), value);
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").finish_non_exhaustive()
    }
}

/// A function that a host program adds to the builtins.
pub trait HostFunction: Send + Sync {
    /// Calls the function, under the conventions of [`crate::builtins`].
    fn call<'a>(
        &self,
        context: &mut Context<'a>,
        args: &[Value<'a>],
    ) -> crate::builtin::Outcome<'a>;
}

/// The host program's functions by name.
pub type HostFunctions = HashMap<String, Arc<dyn HostFunction>>;

/// A function that is told each printed line and the place of its `print`, if the engine says it.
pub type PrintEach<'a> = dyn FnMut(&str, Option<&Location>) + 'a;

/// What `print` writes to.
pub enum Printer<'a> {
    /// To this function, which takes no memory to remember.
    Lines(fn(&str)),
    /// To this one, with the places.
    Each(Box<PrintEach<'a>>),
}

impl<'a> Printer<'a> {
    /// A function that is told each line and the place of its `print`.
    pub fn each(print: impl FnMut(&str, Option<&Location>) + 'a) -> Self {
        Self::Each(Box::new(print))
    }
}

/// The context of one evaluation.
pub struct Context<'a> {
    arena: &'a Arena,
    /// The input as the rules see it now; `None` is undefined.
    pub input: Option<Value<'a>>,
    /// The base documents as the rules see them now.
    pub data: Value<'a>,
    /// The base documents as they were before any replacement, where their indexes are known.
    documents: Option<&'a Document>,
    /// Other lists that loops look through.
    lists: Lists<'a>,
    /// What functions gave for their arguments.
    calls: Calls<'a>,
    memo: &'a mut [Memo<'a>],
    /// Memo slots of outer replacements, in use while an inner one is in force, or kept for the next.
    outer_memos: ArenaVec<'a, (&'a mut [Memo<'a>], u64)>,
    spare_memos: ArenaVec<'a, &'a mut [Memo<'a>]>,
    masks: &'a mut [u32],
    mocks: &'a mut [Option<Mock<'a>>],
    /// Steps until somebody looks at the clock.
    slice: u64,
    fuel_left: u64,
    bounds: Bounds,
    depth: u32,
    /// `time.now_ns()`: nanoseconds since 1970-01-01 UTC, one value for the whole evaluation.
    pub time_ns: i64,
    random: u64,
    /// Builtin errors end the evaluation instead of being undefined.
    pub strict_builtin_errors: bool,
    /// The errors of builtins so far.
    pub builtin_errors: Vec<EvalError>,
    /// What `print` writes to; nobody listens if there is none.
    pub printer: Option<Printer<'a>>,
    /// Where the `print` stands that is called; engines set it before they call.
    pub print_place: Option<Location>,
    /// What `opa.runtime()` gives; an empty object if there is none.
    pub runtime: Option<Value<'a>>,
    /// What the evaluation did so far.
    pub counters: Counters,
    /// What the thread had counted when the evaluation began.
    entered_before: u64,
    /// The host program's functions.
    pub host: Option<&'a HostFunctions>,
    slots: HashMap<TypeId, Box<dyn Any>>,
    shared: OnceLock<Arc<SharedState>>,
    /// What its owner keeps for longer than this context; goes first.
    lent: Option<&'a SharedState>,
    recording: Option<Vec<Answer<'a>>>,
    replay: Option<Value<'a>>,
}

/// So many steps pass before deadline, cancellation and memory are looked at.
const SLICE: u64 = 1024;

impl<'a> Context<'a> {
    /// A context with default bounds, at the start of 1970, without input and with empty data.
    #[must_use]
    pub fn new(arena: &'a Arena) -> Self {
        Self {
            arena,
            input: None,
            data: Value::EMPTY_OBJECT,
            documents: None,
            lists: Lists::new_in(arena),
            calls: Calls::new_in(arena),
            memo: &mut [],
            outer_memos: ArenaVec::new_in(arena),
            spare_memos: ArenaVec::new_in(arena),
            masks: &mut [],
            mocks: &mut [],
            slice: SLICE,
            fuel_left: u64::MAX,
            bounds: Bounds::default(),
            depth: 0,
            time_ns: 0,
            random: 0,
            strict_builtin_errors: false,
            builtin_errors: Vec::new(),
            printer: None,
            print_place: None,
            runtime: None,
            counters: Counters::default(),
            entered_before: entered::entered(),
            host: None,
            slots: HashMap::new(),
            shared: OnceLock::new(),
            lent: None,
            recording: None,
            replay: None,
        }
    }

    /// How many rule bodies were entered, by either engine. For native code ask on the thread that evaluates, and with no
    /// other evaluation on it in between.
    #[must_use]
    pub fn rules_evaluated(&self) -> u64 {
        self.counters.rules + entered::entered().wrapping_sub(self.entered_before)
    }

    /// The same with these bounds.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        let fuel = bounds.fuel.unwrap_or(u64::MAX);
        self.slice = fuel.min(SLICE);
        self.fuel_left = fuel - self.slice;
        self.bounds = bounds;
        self
    }

    /// The same with this input.
    #[must_use]
    pub fn with_input(mut self, input: Option<Value<'a>>) -> Self {
        self.input = input;
        self
    }

    /// The same with these base documents.
    #[must_use]
    pub fn with_data(mut self, data: Value<'a>) -> Self {
        self.data = data;
        self
    }

    /// The same with these base documents, and the indexes over them that evaluations have made.
    #[must_use]
    pub fn with_documents(mut self, documents: &'a Document) -> Self {
        self.data = documents.value();
        self.documents = Some(documents);
        self
    }

    /// The positions of those entries of a list that may have a value at a path; `None` if all may. The list was read at
    /// the path `list` of the base documents, if there is one.
    #[must_use]
    pub fn joined<L: AsRef<str>, P: AsRef<str>>(
        &mut self,
        source: Value<'a>,
        list: Option<&[L]>,
        path: &'a [P],
        wanted: Option<Value<'a>>,
    ) -> Option<&'a [u32]> {
        match (wanted, list, self.documents) {
            (Some(wanted), Some(list), Some(documents)) => {
                documents.joined(list, source, path, wanted)
            }
            (Some(wanted), ..) => self.lists.find(self.arena, source, path, wanted),
            // The loop leaves each entry when it asks for what is not there.
            (None, ..) => Some(&[]),
        }
    }

    /// The same with room for a program's memo slots, masks and mocks.
    #[must_use]
    pub fn with_sizes(mut self, memo_slots: usize, masks: usize, mocks: usize) -> Self {
        if memo_slots > 0 {
            self.memo = self.arena.alloc_slice_fill_copy(memo_slots, Memo::Empty);
        }
        if masks > 0 {
            self.masks = self.arena.alloc_slice_fill_copy(masks, 0);
        }
        if mocks > 0 {
            self.mocks = self.arena.alloc_slice_fill_copy(mocks, None);
        }
        self
    }

    /// The same with state that outlives the evaluation.
    #[must_use]
    pub fn with_shared(mut self, shared: Arc<SharedState>) -> Self {
        self.shared = OnceLock::from(shared);
        self.lent = None;
        self
    }

    /// The same with a seed for everything random; equal seeds give equal answers.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.random = seed;
        self
    }

    /// The same with a recording of nondeterministic answers, see [`Context::answers`].
    #[must_use]
    pub fn with_recording(mut self) -> Self {
        self.recording = Some(Vec::new());
        self
    }

    /// The same with recorded answers, which take the place of calls: an object of builtin names to objects of
    /// argument arrays (or their JSON texts) to results, the `nd_builtin_cache` of OPA's decision logs.
    #[must_use]
    pub const fn with_replay(mut self, answers: Value<'a>) -> Self {
        self.replay = Some(answers);
        self
    }

    /// Where values go.
    #[must_use]
    #[inline]
    pub const fn arena(&self) -> &'a Arena {
        self.arena
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Takes steps off the fuel; an error if it is used up, the deadline has passed, somebody cancelled or the arena
    /// is full.
    #[inline]
    pub fn spend(&mut self, steps: u64) -> Result<(), EvalError> {
        match self.slice.checked_sub(steps) {
            Some(left) => {
                self.slice = left;
                Ok(())
            }
            None => self.next_slice(steps),
        }
    }

    #[cold]
    fn next_slice(&mut self, steps: u64) -> Result<(), EvalError> {
        let unlimited = self.bounds.fuel.is_none();
        let available = if unlimited {
            u64::MAX
        } else {
            self.fuel_left.saturating_add(self.slice)
        };
        let Some(left) = available.checked_sub(steps) else {
            self.slice = 0;
            self.fuel_left = 0;
            return Err(EvalError::out_of_fuel(self.bounds.fuel.unwrap_or(u64::MAX)));
        };
        self.slice = left.min(SLICE);
        self.fuel_left = left - self.slice;
        let cancelled = self
            .bounds
            .cancel
            .as_ref()
            .is_some_and(|cancel| cancel.load(Ordering::Relaxed));
        let late = self
            .bounds
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        if cancelled || late {
            return Err(EvalError::cancelled());
        }
        check_limit(self.arena, self.bounds.memory)
    }

    /// A call begins. Each success needs a [`Context::leave`].
    #[inline]
    pub fn enter(&mut self) -> Result<(), EvalError> {
        if self.depth >= self.bounds.depth {
            return Err(EvalError::too_deep(self.bounds.depth));
        }
        self.depth += 1;
        Ok(())
    }

    /// A call ends.
    #[inline]
    pub const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// What a memo slot knows.
    #[must_use]
    #[inline]
    pub fn memo(&self, slot: u32) -> Memo<'a> {
        self.memo.get(slot as usize).copied().unwrap_or(Memo::Empty)
    }

    /// Keeps a rule's result.
    #[inline]
    pub fn remember(&mut self, slot: u32, result: Option<Value<'a>>) {
        if let Some(memo) = self.memo.get_mut(slot as usize) {
            *memo = result.map_or(Memo::Undefined, Memo::Value);
        }
    }

    /// The rule may be asked for more keys alone.
    #[must_use]
    pub fn asks_for_keys(&self, slot: u32) -> bool {
        match self.memo(slot) {
            Memo::Empty => true,
            Memo::Calls { kept, .. } => kept < MANY,
            Memo::Undefined | Memo::Value(_) | Memo::Failed => false,
        }
    }

    /// It pays to keep what calls of the function give.
    #[must_use]
    pub fn keeps_calls(&self, slot: u32) -> bool {
        match self.memo(slot) {
            Memo::Calls { kept, found } => kept < MANY || found >= kept / 4,
            _ => true,
        }
    }

    /// What a function gave for these arguments, if that is known.
    pub fn known_call(
        &mut self,
        slot: u32,
        function: u32,
        args: &[Value<'a>],
    ) -> Option<Given<'a>> {
        let result = self.calls.find(function, args)?;
        self.counters.memo_hits += 1;
        if let Some(Memo::Calls { found, .. }) = self.memo.get_mut(slot as usize) {
            *found = found.saturating_add(1);
        }
        Some(result)
    }

    /// Keeps what a function gave for these arguments. What is undefined because a builtin failed is not kept, so that
    /// each call is told of it.
    pub fn keep_call(
        &mut self,
        slot: u32,
        function: u32,
        args: &[Value<'a>],
        result: Option<Value<'a>>,
    ) {
        if result.is_none() && !self.builtin_errors.is_empty() {
            return;
        }
        match self.memo.get_mut(slot as usize) {
            Some(memo @ Memo::Empty) => *memo = Memo::Calls { kept: 1, found: 0 },
            Some(Memo::Calls { kept, .. }) => *kept = kept.saturating_add(1),
            // More is known by now.
            _ => return,
        }
        self.calls.keep(function, args, result);
    }

    /// A replacement comes into force: results so far do not count for what is under it.
    pub fn push_memos(&mut self) {
        let fresh = if let Some(spare) = self.spare_memos.pop() {
            spare.fill(Memo::Empty);
            spare
        } else {
            self.arena
                .alloc_slice_fill_copy(self.memo.len(), Memo::Empty)
        };
        self.outer_memos.push((
            std::mem::replace(&mut self.memo, fresh),
            self.calls.begin_world(),
        ));
    }

    /// The latest replacement ends: results from before count again.
    pub fn pop_memos(&mut self) {
        if let Some((outer, world)) = self.outer_memos.pop() {
            self.calls.back_to_world(world);
            self.spare_memos
                .push(std::mem::replace(&mut self.memo, outer));
        }
    }

    /// Something begins that may fail without ending the evaluation.
    #[must_use]
    pub fn attempt(&self) -> Attempt<'a> {
        Attempt {
            input: self.input,
            data: self.data,
            masks: self.arena.alloc_slice_copy(&*self.masks),
            mocks: self.arena.alloc_slice_copy(&*self.mocks),
            memos: self.outer_memos.len(),
            depth: self.depth,
            builtin_errors: self.builtin_errors.len(),
        }
    }

    /// A builtin failed since then, and such errors end the evaluation.
    #[must_use]
    #[inline]
    pub const fn noted_since(&self, attempt: &Attempt<'a>) -> bool {
        self.strict_builtin_errors && self.builtin_errors.len() > attempt.builtin_errors
    }

    /// What was tried has failed, and counts for nothing: replacements that it left behind end, what it noted is
    /// forgotten, and so are results, since builtins may have failed on the way to them. What the memo slot stands for is
    /// known to fail.
    #[cold]
    pub fn give_up(&mut self, attempt: &Attempt<'a>, slot: Option<u32>) {
        self.input = attempt.input;
        self.data = attempt.data;
        self.masks.copy_from_slice(attempt.masks);
        self.mocks.copy_from_slice(attempt.mocks);
        while self.outer_memos.len() > attempt.memos {
            self.pop_memos();
        }
        self.depth = attempt.depth;
        self.builtin_errors.truncate(attempt.builtin_errors);
        self.calls.begin_world();
        for memo in self.memo.iter_mut() {
            if *memo != Memo::Failed {
                *memo = Memo::Empty;
            }
        }
        if let Some(memo) = slot.and_then(|slot| self.memo.get_mut(slot as usize)) {
            *memo = Memo::Failed;
        }
    }

    /// A replacement of `data` is in force.
    #[must_use]
    #[inline]
    pub fn is_masked(&self, mask: u32) -> bool {
        self.masks
            .get(mask as usize)
            .is_some_and(|count| *count > 0)
    }

    /// A replacement of `data` comes into force.
    pub fn mask(&mut self, mask: u32) {
        if let Some(count) = self.masks.get_mut(mask as usize) {
            *count += 1;
        }
    }

    /// A replacement of `data` ends.
    pub fn unmask(&mut self, mask: u32) {
        if let Some(count) = self.masks.get_mut(mask as usize) {
            *count = count.saturating_sub(1);
        }
    }

    /// What is in the place of a function now.
    #[must_use]
    #[inline]
    pub fn mock(&self, mock: u32) -> Option<Mock<'a>> {
        self.mocks.get(mock as usize).copied().flatten()
    }

    /// Puts something in the place of a function and gives what was there.
    pub fn set_mock(&mut self, mock: u32, by: Option<Mock<'a>>) -> Option<Mock<'a>> {
        self.mocks
            .get_mut(mock as usize)
            .and_then(|place| std::mem::replace(place, by))
    }

    /// Ends all replacements of functions for a while: what replaces a function runs outside of them.
    #[must_use]
    pub fn take_mocks(&mut self) -> &'a mut [Option<Mock<'a>>] {
        let empty = self.arena.alloc_slice_fill_copy(self.mocks.len(), None);
        std::mem::replace(&mut self.mocks, empty)
    }

    /// Puts back what [`Context::take_mocks`] took.
    pub fn restore_mocks(&mut self, mocks: &'a mut [Option<Mock<'a>>]) {
        self.mocks = mocks;
    }

    /// A builtin's state for this evaluation: one value for each type, made when first asked for.
    pub fn slot<T: Any + Default>(&mut self) -> &mut T {
        let slot = self
            .slots
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(T::default()));
        if !slot.is::<T>() {
            *slot = Box::new(T::default());
        }
        match slot.downcast_mut() {
            Some(value) => value,
            None => unreachable!("the slot was just filled with this type"),
        }
    }

    /// A builtin's state that outlives the evaluation, see [`SharedState`].
    pub fn shared<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        match self.lent {
            Some(lent) => lent.get(),
            None => self.shared.get_or_init(Arc::default).get(),
        }
    }

    /// The same with state that the caller keeps, and need not be counted for each evaluation.
    #[must_use]
    pub const fn with_lent(mut self, state: &'a SharedState) -> Self {
        self.lent = Some(state);
        self
    }

    /// The next random number, from the evaluation's seed (`SplitMix64`).
    pub const fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Writes a line of `print`.
    pub fn print(&mut self, line: &str) {
        if let Some(printer) = &mut self.printer {
            match printer {
                Printer::Lines(print) => print(line),
                Printer::Each(print) => print(line, self.print_place.as_ref()),
            }
        }
    }

    /// A recorded answer.
    pub(crate) fn recorded(&self, builtin: &str, args: Value<'a>) -> Option<Value<'a>> {
        let answers = self.replay?.field(builtin)?;
        // JSON has no lists as keys; there they are texts.
        answers
            .get(args)
            .or_else(|| answers.field(&to_string(args)))
    }

    pub(crate) fn record(&mut self, answer: Answer<'a>) {
        if let Some(answers) = &mut self.recording {
            answers.push(answer);
        }
    }

    pub(crate) const fn keeps_answers(&self) -> bool {
        self.recording.is_some() || self.replay.is_some()
    }

    /// The nondeterministic answers that were recorded.
    #[must_use]
    pub fn answers(&self) -> &[Answer<'a>] {
        self.recording.as_deref().unwrap_or_default()
    }

    /// The end of an evaluation: the first builtin error, if builtin errors are strict, whatever else went wrong.
    pub fn finish<T>(&mut self, result: Result<T, EvalError>) -> Result<T, EvalError> {
        match self.builtin_errors.first() {
            Some(error) if self.strict_builtin_errors => Err(error.clone()),
            _ => result,
        }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("input", &self.input)
            .field("bounds", &self.bounds)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
