//! Loops, builtins, replaced functions.

use std::cell::Cell;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::arena::{Arena, Document};
use crate::builtin::Builtin;
use crate::calls::Given;
use crate::context::{Context, Memo, Mock, SharedState};
use crate::error::{EvalError, Location, code};
use crate::evaluator::Evaluator;
use crate::matcher::Matcher;
use crate::number::Number;
use crate::ops;
use crate::value::{Array, ArrayIter, ObjectBuilder, Value};
use crate::words;

/// Base documents that a program was compiled with; read when first asked for.
#[derive(Debug)]
pub struct Base {
    text: &'static str,
    document: OnceLock<Document>,
}

impl Base {
    /// The documents of a text that was read without errors when the program was compiled.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self {
            text,
            document: OnceLock::new(),
        }
    }

    /// The documents.
    pub fn document(&self) -> &Document {
        self.document
            .get_or_init(|| Document::from_json(self.text.as_bytes()).unwrap_or_default())
    }
}

/// How the statements under a `with` ended.
#[derive(Clone, Copy, Debug)]
pub enum Flow<T> {
    /// At their end.
    Next,
    /// Through the label of this number.
    Exit(u32),
    /// With a result for the whole function.
    Return(T),
}

/// A builtin, looked up by name once.
#[derive(Debug)]
pub struct Slot {
    name: &'static str,
    found: OnceLock<Option<&'static Builtin>>,
}

impl Slot {
    /// The builtin of a name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            found: OnceLock::new(),
        }
    }

    /// Calls it; `None` is undefined.
    #[inline]
    pub fn call<'a>(
        &self,
        context: &mut Context<'a>,
        args: &[Value<'a>],
        place: Place,
    ) -> Result<Option<Value<'a>>, EvalError> {
        let errors = context.builtin_errors.len();
        let result = match self.found.get_or_init(|| crate::builtin::lookup(self.name)) {
            Some(builtin) => ops::call_builtin(context, builtin, args),
            None => ops::call_host(context, self.name, args),
        };
        if context.builtin_errors.len() > errors {
            for error in &mut context.builtin_errors[errors..] {
                error.location.get_or_insert_with(|| location(place));
            }
        }
        result.map_err(|error| located(error, place))
    }
}

/// Calls `regex.match` or `glob.match` of a constant pattern; what is wrong the builtin says.
#[inline]
pub fn matched<'a>(
    context: &mut Context<'a>,
    matcher: &Matcher,
    slot: &Slot,
    args: &[Value<'a>],
    place: Place,
) -> Result<Option<Value<'a>>, EvalError> {
    if let Some(text) = args.last()
        && let Some(fits) = matcher
            .matches(context, *text)
            .map_err(|error| located(error, place))?
    {
        return Ok(Some(Value::Bool(fits)));
    }
    slot.call(context, args, place)
}

/// A place in a policy: file, row, column.
pub type Place = (&'static str, u32, u32);

pub(super) fn location((file, row, col): Place) -> Location {
    Location {
        file: Arc::from(file),
        row,
        col,
    }
}

/// The error, with the place where it happened unless it has one.
#[cold]
#[must_use]
pub fn located(error: EvalError, place: Place) -> EvalError {
    error.at(|| location(place))
}

/// The error of an evaluation that took too much, with the path of what ran.
#[cold]
#[must_use]
pub fn running(error: EvalError, path: &str) -> EvalError {
    error.while_running(path)
}

/// An error that the policy's compiler wrote down.
#[cold]
#[must_use]
pub fn fail(code: &'static str, message: &'static str, place: Place) -> EvalError {
    located(EvalError::new(code, message), place)
}

/// A replaced function is called while nothing replaces it.
#[cold]
#[must_use]
pub fn not_replaced() -> EvalError {
    EvalError::new(code::INTERNAL, "nothing replaces the function")
}

/// The entries of a collection: index and element, key and value, member and member.
#[derive(Clone, Debug)]
pub enum Entries<'a> {
    /// Of an array.
    Array(std::iter::Enumerate<ArrayIter<'a>>),
    /// Of an object.
    Object(crate::value::EntriesIter<'a>),
    /// Of a set.
    Set(std::slice::Iter<'a, Value<'a>>),
    /// Of a list, at these positions.
    At(Value<'a>, std::slice::Iter<'a, u32>),
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Value<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Array(items) => {
                let (at, item) = items.next()?;
                Some((Value::int(i64::try_from(at).unwrap_or(i64::MAX)), item))
            }
            Self::Object(entries) => entries.next(),
            Self::Set(items) => items.next().map(|item| (*item, *item)),
            Self::At(source, positions) => source.entry_at(*positions.next()? as usize),
        }
    }
}

/// What a loop goes over; nothing for what is no collection.
#[inline]
#[must_use]
pub fn entries(source: Value<'_>) -> Entries<'_> {
    match source {
        Value::Array(items) => Entries::Array(items.iter().enumerate()),
        Value::Object(object) => Entries::Object(object.entries().iter()),
        Value::Set(set) => Entries::Set(set.items().iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Entries::Set([].iter())
        }
    }
}

/// What a loop goes over that looks for entries of a list of base documents with a value at a path.
#[must_use]
pub fn joined<'a>(
    context: &mut Context<'a>,
    source: Value<'a>,
    list: Option<&[&str]>,
    path: &'static [&'static str],
    wanted: Option<Value<'a>>,
) -> Entries<'a> {
    match context.joined(source, list, path, wanted) {
        Some(positions) => Entries::At(source, positions.iter()),
        None => entries(source),
    }
}

/// What a loop goes over that asks for no keys.
#[inline]
pub fn elements(source: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    match source {
        Value::Array(items) => items.iter(),
        Value::Object(object) => object.values(),
        Value::Set(set) => Array::new(set.items()).iter(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Array::EMPTY.iter(),
    }
}

/// `left == right`
#[inline]
#[must_use]
pub fn equal(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Number(Number::Int(left)), Value::Number(Number::Int(right))) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (left, right) => left.equals(right),
    }
}

/// `left < right`
#[inline]
#[must_use]
pub fn less(left: Value<'_>, right: Value<'_>) -> bool {
    match (left, right) {
        (Value::Number(Number::Int(left)), Value::Number(Number::Int(right))) => left < right,
        (left, right) => left.compare(right).is_lt(),
    }
}

/// An object of these entries; of two values for one key the later one counts.
#[must_use]
pub fn literal_object<'a>(arena: &'a Arena, entries: &mut [(Value<'a>, Value<'a>)]) -> Value<'a> {
    entries.sort_by(|left, right| left.0.compare(right.0));
    if entries.is_sorted_by(|left, right| left.0 < right.0) {
        return crate::value::Object::from_sorted(arena, entries);
    }
    ops::object(arena, entries.iter().copied())
}

/// A struct as an object: the fields that are there, and below them those of flattened parts.
#[must_use]
pub fn fields<'a>(
    arena: &'a Arena,
    own: &[(&'static str, Option<Value<'a>>)],
    flattened: &[Option<Value<'a>>],
) -> Value<'a> {
    let mut entries = bumpalo::collections::Vec::new_in(arena);
    for (name, value) in own {
        if let Some(value) = value {
            entries.push((Value::String(name), *value));
        }
    }
    for part in flattened {
        if let Some(Value::Object(object)) = part {
            entries.extend(object.entries());
        }
    }
    // Stable, so that of equal keys the struct's own stays.
    entries.sort_by(|left, right| left.0.compare(right.0));
    entries.dedup_by(|later, kept| later.0.equals(kept.0));
    crate::value::Object::from_sorted(arena, &entries)
}

/// The input with the value at a path: `with input.a.b as value`.
#[must_use]
pub fn patched<'a>(
    arena: &'a Arena,
    input: Option<Value<'a>>,
    path: &[&str],
    value: Value<'a>,
) -> Option<Value<'a>> {
    let Some((name, rest)) = path.split_first() else {
        return Some(value);
    };
    let below = patched(
        arena,
        input.and_then(|input| input.field(name)),
        rest,
        value,
    )?;
    let mut builder = ObjectBuilder::new(arena);
    if let Some(Value::Object(object)) = input {
        for (key, value) in object.entries() {
            builder.replace(key, value);
        }
    }
    builder.replace(Value::string(arena, name), below);
    Some(builder.finish())
}

/// Runs what a `with` put in the place of a function: outside of all replacements of functions, with results of its
/// own.
pub fn replaced<'a, T>(
    context: &mut Context<'a>,
    mock: u32,
    run: impl FnOnce(&mut Context<'a>, Mock<'a>) -> Result<T, EvalError>,
) -> Result<T, EvalError> {
    let Some(by) = context.mock(mock) else {
        return Err(not_replaced());
    };
    if !matches!(by, Mock::Function(_)) {
        return run(context, by);
    }
    let mocks = context.take_mocks();
    context.push_memos();
    let result = run(context, by);
    context.pop_memos();
    context.restore_mocks(mocks);
    result
}

/// Asks a whole document, and where it fails the rules that fit the keys that are looked up.
pub fn lookup<'a, T>(
    context: &mut Context<'a>,
    slot: Option<u32>,
    whole: impl FnOnce(&mut Context<'a>) -> Result<T, EvalError>,
    keyed: impl FnOnce(&mut Context<'a>) -> Result<T, EvalError>,
) -> Result<T, EvalError> {
    match slot.map(|slot| context.memo(slot)) {
        Some(Memo::Value(_) | Memo::Undefined) => return whole(context),
        Some(Memo::Failed) => return keyed(context),
        Some(Memo::Empty | Memo::Calls { .. }) | None => {}
    }
    let attempt = context.attempt();
    match whole(context) {
        Ok(found) if !context.noted_since(&attempt) => Ok(found),
        Err(error) if error.is_final() => Err(error),
        Ok(_) | Err(_) => {
            context.give_up(&attempt, slot);
            keyed(context)
        }
    }
}

/// Asks the rules that fit the keys that are looked up, and the whole document where it is known or many keys were
/// asked for.
pub fn lookup_keys<'a>(
    context: &mut Context<'a>,
    slot: u32,
    function: u32,
    keys: &[Value<'a>],
    whole: impl FnOnce(&mut Context<'a>) -> Result<Option<Value<'a>>, EvalError>,
    keyed: impl FnOnce(&mut Context<'a>) -> Result<Option<Value<'a>>, EvalError>,
) -> Result<Option<Value<'a>>, EvalError> {
    if !context.asks_for_keys(slot) {
        return lookup(context, Some(slot), whole, keyed);
    }
    if let Some(Given(found)) = context.known_call(slot, function, keys) {
        return Ok(found);
    }
    let found = keyed(context)?;
    context.keep_call(slot, function, keys, found);
    Ok(found)
}

/// The string lies between two others and covers none of the delimiters there: `glob.match("a/*/b", …)`.
#[inline]
#[must_use]
pub fn between(text: &str, before: &str, after: &str, delimiters: &[char]) -> bool {
    let Some(middle) = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
    else {
        return false;
    };
    match delimiters {
        [] => true,
        [only] if let Ok(only @ ..=0x7f) = u8::try_from(*only) => {
            !words::holds(middle.as_bytes(), only)
        }
        several => !middle.contains(several),
    }
}

thread_local! {
    static SPARE: Cell<Option<Evaluator>> = const { Cell::new(None) };
}

/// What the evaluators of all threads know together.
static SHARED: LazyLock<Arc<SharedState>> = LazyLock::new(Arc::default);

/// Lends the thread's evaluator, for callers that have none of their own.
pub fn scratch<T>(run: impl FnOnce(&Evaluator) -> T) -> T {
    let mut evaluator = SPARE
        .take()
        .unwrap_or_else(|| Evaluator::new().with_shared(Arc::clone(&SHARED)));
    let result = run(&evaluator);
    evaluator.reset();
    SPARE.set(Some(evaluator));
    result
}
