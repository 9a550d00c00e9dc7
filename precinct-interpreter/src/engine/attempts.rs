//! Documents that are asked as a whole, and what is asked in their place when they fail.
//!
//! The function of the whole document is called like any other, but what the machine was like before is noted. If the
//! function fails, everything that runs above the caller is dropped, and the caller calls the rules that fit its keys.

use precinct_rego::ir::FunctionId;
use precinct_runtime::EvalError;
use precinct_runtime::context::Attempt;
use precinct_runtime::error::code;

use super::code::{Op, Pc, Reg, Stretch};
use super::hooks::Hooks;
use super::inputs::Inputs;
use super::machine::{Frame, Machine, Way};

/// What the machine was like before a document was asked.
pub(super) struct Tried<'a> {
    attempt: Attempt<'a>,
    slot: Option<u32>,
    /// The frames around the caller.
    frames: usize,
    registers: usize,
    builders: usize,
    iters: usize,
    selecting: usize,
    undos: usize,
    mocks: usize,
    memos: usize,
}

impl<'a, H: Hooks<'a>> Machine<'_, 'a, H> {
    /// Asks the whole document.
    pub(super) fn attempt(
        &mut self,
        frame: &mut Frame<'a>,
        whole: FunctionId,
        slot: Option<u32>,
        result: (Reg, Pc),
    ) -> Result<(), EvalError> {
        self.attempts.push(Tried {
            attempt: self.context.attempt(),
            slot,
            frames: self.frames.len(),
            registers: self.registers.len(),
            builders: self.builders.len(),
            iters: self.iters.len(),
            selecting: self.selecting.len(),
            undos: self.undos.len(),
            mocks: self.mocks.len(),
            memos: self.memos,
        });
        self.call(
            frame,
            whole,
            Stretch { start: 0, len: 0 },
            result,
            Way::Tried,
        )
    }

    /// The latest document that was asked has an answer, but builtins failed on the way to it.
    pub(super) fn was_in_vain(&self) -> bool {
        let tried = self.attempts.last();
        tried.is_some_and(|tried| self.context.noted_since(&tried.attempt))
    }

    /// The latest document that was asked has failed: its caller asks for the keys alone.
    #[cold]
    pub(super) fn instead(&mut self, frame: &mut Frame<'a>) -> Result<(), EvalError> {
        let Some(tried) = self.attempts.pop() else {
            return Err(EvalError::new(code::INTERNAL, "nothing was tried"));
        };
        // The caller itself runs if its callee could not even begin.
        while self.frames.len() > tried.frames {
            self.hooks.leave(frame.function, None);
            if let Some(caller) = self.frames.pop() {
                *frame = caller;
            }
        }
        self.registers.truncate(tried.registers);
        self.builders.truncate(tried.builders);
        self.iters.truncate(tried.iters);
        self.selecting.truncate(tried.selecting);
        self.undos.truncate(tried.undos);
        if let Some(mocks) = self.mocks.drain(tried.mocks..).next() {
            self.context.restore_mocks(mocks);
        }
        self.memos = tried.memos;
        self.inputs = Inputs::default();
        self.context.give_up(&tried.attempt, tried.slot);
        match frame.code.ops.get(frame.pc.wrapping_sub(1)) {
            Some(Op::Lookup {
                target,
                keyed,
                keys,
                exit,
                ..
            }) => self.call(frame, *keyed, *keys, (*target, *exit), Way::Plain),
            _ => Err(EvalError::new(code::INTERNAL, "no lookup was running")),
        }
    }
}
