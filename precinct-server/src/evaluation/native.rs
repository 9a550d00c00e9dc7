//! Documents of a state whose policies are compiled into this program.

use std::time::Instant;

use precinct_runtime::{Arena, Value};

use super::ask::{Outcome, World, prepared};
use crate::state::Snapshot;

/// Evaluates the document at a path of keys by compiled code. `None` where that cannot answer, or failed: then the
/// interpreter is to be asked, which gives the same document, or says where the error came from.
pub(super) fn document<'a>(
    snapshot: &'a Snapshot,
    keys: &[String],
    world: World<'a>,
    arena: &'a Arena,
) -> Option<Outcome<'a, Option<Value<'a>>>> {
    let compiled = world.compiled?;
    // A call that others notice must not be made a second time for the place of an error.
    if world.traced
        || snapshot.policies.has_effects()
        || !snapshot.policies.are_compiled_in(compiled)
    {
        return None;
    }
    // The names of entry points have slashes between keys, and none within.
    if keys.iter().any(|key| key.contains('/')) {
        return None;
    }
    let path = keys.join("/");
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
