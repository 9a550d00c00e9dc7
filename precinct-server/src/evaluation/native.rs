//! Documents of a state whose policies are compiled: into this program, or into a library that their bundle carries.
//!
//! `None` where compiled code cannot answer, or failed: then the interpreter is to be asked, which gives the same document,
//! or says where the error came from.

use std::time::Instant;

use precinct_runtime::json::{Decoder, to_string};
use precinct_runtime::{Arena, Value};

use super::ask::{Moment, Outcome, World, prepared};
use crate::native::library::Asked;
use crate::state::Snapshot;

/// Evaluates the document at a path of keys by code that is compiled in.
pub(super) fn document<'a>(
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Option<Outcome<'a, Option<Value<'a>>>> {
    let compiled = world.compiled?;
    let path = path(snapshot, keys, &world)?;
    if !snapshot.policies.are_compiled_in(compiled) {
        return None;
    }
    let started = Instant::now();
    let context = snapshot.policies.policy().context(arena);
    let mut context = prepared(context.of_compiled(compiled), snapshot, world, None);
    let answer = compiled.evaluate(&mut context, &path)?.ok()?;
    let elapsed = started.elapsed();
    Some(Outcome {
        answer: Ok(answer),
        engine: "native",
        prints: Vec::new(),
        recorded: context.answers().to_vec(),
        steps: None,
        rules: context.rules_evaluated(),
        elapsed,
    })
}

/// Evaluates the document at a path of keys by the library of the state's bundle, if it is loaded.
pub(super) fn of_library<'a>(
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Option<Outcome<'a, Option<Value<'a>>>> {
    let session = snapshot.library.get()?;
    // Answers of nondeterministic builtins stay in the library.
    if !world.takes_library || world.records {
        return None;
    }
    let path = path(snapshot, keys, &world)?;
    let started = Instant::now();
    let moment = world.moment.unwrap_or_else(Moment::now);
    let input = world.input.map(to_string);
    let said = session.ask(&Asked {
        path: &path,
        input: input.as_deref(),
        time_ns: moment.time_ns,
        seed: moment.seed,
        limit: world.limit,
        strict: world.strict_builtin_errors,
    })?;
    let answer = match &said.text {
        Some(text) => Some(Decoder::new(arena).decode_copied(text).ok()?),
        None => None,
    };
    Some(Outcome {
        answer: Ok(answer),
        engine: "library",
        prints: Vec::new(),
        recorded: Vec::new(),
        steps: None,
        rules: said.rules,
        elapsed: started.elapsed(),
    })
}

/// The path under which compiled code knows a document, if it may be asked for it.
fn path(snapshot: &Snapshot, keys: &[String], world: &World<'_>) -> Option<String> {
    // A call that others notice must not be made a second time for the place of an error.
    if world.traced || snapshot.policies.has_effects() {
        return None;
    }
    // The names of entry points have slashes between keys, and none within.
    (!keys.iter().any(|key| key.contains('/'))).then(|| keys.join("/"))
}
