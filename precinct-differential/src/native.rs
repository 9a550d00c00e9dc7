//! Some of the cases answered by native code, held against the interpreter.

use std::path::Path;

use precinct_codegen::workshop::Workshop;
use precinct_conformance::engines::native::Native;
use precinct_conformance::{Answer, Case};

/// So many are built into one crate.
const IN_ONE: usize = 120;

/// Cases that wait for native code, and what came of those before.
#[derive(Debug)]
pub struct Natives {
    native: Native,
    every: u64,
    waiting: Vec<(Case, Answer)>,
    /// How many native code has answered.
    pub asked: usize,
    /// Where the engines differ: the case, the interpreter's answer, native code's.
    pub differ: Vec<(Case, Answer, Answer)>,
}

impl Natives {
    /// One case of `every`, by its seed, is built below `folder`; none if it is 0.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path, every: u64) -> anyhow::Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let cache = std::path::absolute(folder)?.join("native");
        let workshop = Workshop::new(&std::path::absolute(workspace)?, cache)?;
        Ok(Self {
            native: Native::new(workshop),
            every,
            waiting: Vec::new(),
            asked: 0,
            differ: Vec::new(),
        })
    }

    /// Remembers a case, if its turn has come, with the interpreter's answer.
    ///
    /// # Errors
    /// Cargo cannot be run.
    pub fn take(&mut self, seed: u64, case: &Case, interpreted: &Answer) -> anyhow::Result<()> {
        if self.every == 0 || !seed.is_multiple_of(self.every) {
            return Ok(());
        }
        self.waiting.push((case.clone(), interpreted.clone()));
        if self.waiting.len() >= IN_ONE {
            self.finish()?;
        }
        Ok(())
    }

    /// Has those that wait answered.
    ///
    /// # Errors
    /// Cargo cannot be run.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let cases: Vec<&Case> = waiting.iter().map(|(case, _)| case).collect();
        let answers = self.native.answers(&cases, |_| ())?;
        self.asked += answers.len();
        for ((case, interpreted), native) in waiting.into_iter().zip(answers) {
            if differ(&interpreted, &native) {
                self.differ.push((case, interpreted, native));
            }
        }
        Ok(())
    }
}

/// Of several errors either may come first.
fn differ(one: &Answer, other: &Answer) -> bool {
    match (one, other) {
        (Answer::Error { code: one, .. }, Answer::Error { code: other, .. }) => one != other,
        (one, other) => one != other,
    }
}
