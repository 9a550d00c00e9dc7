//! An input as a decision sees that reads it from JSON: only what its function can read is there.
//!
//! Generated code has a decoder for each tree of paths; here one walks the tree, with the same scanner. So what must be
//! true of a projection can be asked of every case, without building any.

use std::collections::BTreeMap;
use std::sync::Arc;

use precinct_interpreter::policy::Query;
use precinct_rego::ir::reads::{self, Reads};
use precinct_runtime::generated::Scanner;
use precinct_runtime::generated::scan::Scanned;
use precinct_runtime::json::JsonError;
use precinct_runtime::{Arena, Value};

/// What a query can read of its input.
#[must_use]
pub fn reads_of(query: &Query) -> Reads {
    let mut all = reads::of_all(query.program());
    all.swap_remove(query.function().index())
}

/// The input in a JSON text, as far as it is read.
///
/// # Errors
/// The text is not JSON, or larger or deeper than inputs can be.
pub fn read<'a>(arena: &'a Arena, reads: &Reads, text: &'a [u8]) -> Result<Value<'a>, JsonError> {
    Scanner::run(
        arena,
        text,
        |scanner| scan(arena, reads, scanner),
        |whole| within(arena, reads, whole),
    )
}

fn scan<'a>(arena: &'a Arena, reads: &Reads, scanner: &mut Scanner<'a>) -> Scanned<Value<'a>> {
    if reads.whole {
        return scanner.value();
    }
    if reads.children.is_empty() {
        scanner.skip()?;
        return Ok(Value::Null);
    }
    let mut found = BTreeMap::new();
    let is_object = scanner.object(|scanner, key| {
        match reads.children.get(key) {
            // Of equal keys the last one counts, with all that is below it.
            Some(below) => {
                found.insert(key, scan(arena, below, scanner)?);
            }
            None => scanner.skip()?,
        }
        Ok(())
    })?;
    Ok(if is_object {
        object(arena, found)
    } else {
        Value::Null
    })
}

/// A value without what is not read. What is read below something that is no object is not there: `null` stands for it.
#[must_use]
pub fn within<'a>(arena: &'a Arena, reads: &Reads, value: Value<'a>) -> Value<'a> {
    if reads.whole {
        return value;
    }
    if reads.children.is_empty() || value.as_object().is_none() {
        return Value::Null;
    }
    let found = reads.children.iter().filter_map(|(key, below)| {
        let key: &Arc<str> = key;
        let value = value.field(key)?;
        Some((key, within(arena, below, value)))
    });
    object(arena, found)
}

fn object<'a, K: AsRef<str>>(
    arena: &'a Arena,
    entries: impl IntoIterator<Item = (K, Value<'a>)>,
) -> Value<'a> {
    let entries = entries
        .into_iter()
        .map(|(key, value)| (Value::string(arena, key.as_ref()), value));
    Value::object(arena, entries)
}
