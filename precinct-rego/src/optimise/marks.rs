//! Which locals or labels were come across, and how often locals are set: by number, since these count from 0.

use crate::ir::{Function, visit};

/// A set of small numbers.
#[derive(Default)]
pub(super) struct Marks(Vec<bool>);

impl Marks {
    pub(super) fn insert(&mut self, number: u32) {
        let at = number as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, false);
        }
        if let Some(mark) = self.0.get_mut(at) {
            *mark = true;
        }
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.0.get(number as usize).copied().unwrap_or(false)
    }
}

/// How many statements set each local; the caller sets parameters.
pub(super) fn writes(function: &Function) -> Vec<u32> {
    let mut writes = vec![0; function.locals.len()];
    for write in writes.iter_mut().take(function.params as usize) {
        *write = 1;
    }
    visit::each(&function.body, &mut |stmt| {
        for target in stmt.kind.targets() {
            if let Some(write) = writes.get_mut(target.0 as usize) {
                *write += 1;
            }
        }
    });
    writes
}
