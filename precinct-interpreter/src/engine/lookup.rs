//! Functions and documents that are asked for arguments or keys, and what is known of them already.

use precinct_rego::ir::FunctionId;
use precinct_runtime::calls::Given;
use precinct_runtime::{EvalError, Value};

use super::code::{Op, Pc, Reg, Stretch};
use super::hooks::Hooks;
use super::machine::{Frame, Machine, Way};
use super::state::Gathered;

impl<'a, H: Hooks<'a>> Machine<'_, 'a, H> {
    /// Asks the rules that fit some keys, where nothing is known of the whole document; tells whether it did, or knew.
    pub(super) fn keyed(
        &mut self,
        frame: &mut Frame<'a>,
        slot: Option<u32>,
        (keyed, keys): (FunctionId, Stretch),
        (target, exit): (Reg, Pc),
    ) -> Result<bool, EvalError> {
        let Some(slot) = slot else {
            self.call(frame, keyed, keys, (target, exit), Way::Plain)?;
            return Ok(true);
        };
        if !self.context.asks_for_keys(slot) {
            return Ok(false);
        }
        self.known(frame, slot, (keyed, keys), (target, exit))?;
        Ok(true)
    }

    /// Gives what a function is known to give for its arguments, or calls it and keeps that.
    pub(super) fn known(
        &mut self,
        frame: &mut Frame<'a>,
        slot: u32,
        (function, args): (FunctionId, Stretch),
        (target, exit): (Reg, Pc),
    ) -> Result<(), EvalError> {
        if !self.context.keeps_calls(slot) {
            return self.call(frame, function, args, (target, exit), Way::Plain);
        }
        let values = self.values(frame, args).collect::<Gathered>();
        match self.context.known_call(slot, function.0, &values) {
            None => self.call(frame, function, args, (target, exit), Way::Kept)?,
            Some(Given(found)) => self.set_or(frame, target, found, exit),
        }
        Ok(())
    }

    /// Keeps what the call that the frame stands at has given.
    pub(super) fn keep(&mut self, frame: &Frame<'a>, found: Option<Value<'a>>) {
        let at = frame.pc.wrapping_sub(1);
        let (asked, function, args) = match frame.code.ops.get(at) {
            Some(Op::Lookup {
                whole, keyed, keys, ..
            }) => (*whole, *keyed, *keys),
            Some(Op::Call { function, args, .. }) => (*function, *function, *args),
            _ => return,
        };
        if let Some(slot) = self.engine.functions[asked.index()].memo {
            let values = self.values(frame, args).collect::<Gathered>();
            self.context.keep_call(slot, function.0, &values, found);
        }
    }
}
