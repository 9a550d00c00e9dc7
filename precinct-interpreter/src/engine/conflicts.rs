//! Which values are in conflict. The first two are known when it is found; for the error, the rules are asked again and
//! all their values are listed, so that nothing need be kept for it while there is no conflict.

use precinct_runtime::ops::{Conflict, Conflicts, Noted, conflict};
use precinct_runtime::{EvalError, Value};

use super::hooks::{Hooks, NoHooks};
use super::machine::{Frame, Machine, span};

/// What the rules said so far.
#[derive(Debug, Default)]
pub(super) struct Collected<'a> {
    conflicts: Conflicts<'a>,
    /// The rules, by their instruction, whose conflict is known.
    known: Vec<usize>,
}

impl<'a, H: Hooks<'a>> Machine<'_, 'a, H> {
    /// Notes a value of the document whose rules are asked again.
    pub(super) fn collect(&mut self, frame: &Frame<'a>, value: Value<'a>) -> Noted {
        let location = self.engine.location(span(frame));
        let Some(collected) = &mut self.collected else {
            return Noted::Fine;
        };
        if collected.known.contains(&frame.pc) {
            return Noted::Fine;
        }
        let noted = collected.conflicts.note(location, value);
        if noted == Noted::Conflict {
            collected.known.push(frame.pc);
        }
        noted
    }

    /// The error for a document or function with two values.
    #[cold]
    pub(super) fn conflict(&mut self, frame: &Frame<'a>, kind: Conflict) -> EvalError {
        let error = conflict(kind, &frame.code.name);
        if self.collected.is_some() {
            return error;
        }
        let args: Vec<Value<'a>> = self
            .registers
            .iter()
            .skip(frame.base)
            .take(frame.code.params as usize)
            .map(|register| register.unwrap_or_default())
            .collect();
        let builtin_errors = self.context.builtin_errors.len();
        let mut hooks = NoHooks;
        let mut machine = Machine::new(self.engine, self.context, &mut hooks);
        machine.collected = Some(Collected::default());
        if machine.start(frame.function, &args).is_err() {
            // Whatever else goes wrong is not what ended the evaluation.
            machine.unwind();
        }
        let collected = machine.collected.take().unwrap_or_default();
        self.context.builtin_errors.truncate(builtin_errors);
        collected.conflicts.explain(error)
    }
}
