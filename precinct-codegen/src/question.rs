//! A query and its policies as a program of their own, which is asked as often as one likes.
//!
//! ```text
//! {"input": …, "data": …, "count": 1, "timeout_ns": …}  ─> program ─>  {"rows": […], "times": […], "memory": […]}
//! ```
//!
//! Input and base documents are read when it runs, so that only another policy or another query is another program.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use precinct_interpreter::hosts;
use precinct_rego::ir::{FunctionId, Program};
use precinct_rego::source::Sources;
use proc_macro2::Literal;
use quote::quote;
use sha2::{Digest, Sha256};

use crate::builder::roomy;
use crate::emit::{GenerateError, Options, generate};
use crate::workshop::{Built, Product, Workshop, WorkshopError, hex, manifest};

/// So many programs are kept; each takes a few megabytes.
const KEPT: usize = 32;

/// A query that is to be asked natively.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The program that the query is a part of.
    pub program: &'q Program,
    /// The query's function.
    pub query: FunctionId,
    /// The texts that the program comes from.
    pub sources: &'q Sources,
    /// Errors of builtins end the evaluation.
    pub strict_builtin_errors: bool,
    /// It is asked for what it costs: the program is built to be fast, and counts what it allocates.
    pub measured: bool,
}

impl Question<'_> {
    /// Builds the program, unless it was built before.
    ///
    /// # Errors
    /// When it can't be generated, written or built.
    pub fn build(self, workshop: &Workshop) -> Result<PathBuf, WorkshopError> {
        let policies = self.policies()?;
        let main = self.main()?;
        let crates = linked(self.program);
        let mut digest = Sha256::new();
        digest.update(workshop.digest(crates)?);
        for text in [&policies, &main] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        let digest = hex(&digest.finalize());
        let programs = workshop.cache.join("programs");
        let kept = programs.join(format!("{digest}{}", std::env::consts::EXE_SUFFIX));
        if kept.is_file() {
            return Ok(kept);
        }
        let name = format!("question-{}", &digest[..12]);
        let folder = workshop.cache.join("crates").join(&name);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| WorkshopError::File(path, error)
        };
        let source = folder.join("src");
        fs::create_dir_all(&source).map_err(at(&source))?;
        for (path, text) in [
            (
                folder.join("Cargo.toml"),
                &manifest(&name, &workshop.called(crates)),
            ),
            (source.join("policies.rs"), &policies),
            (source.join("main.rs"), &main),
        ] {
            fs::write(&path, text).map_err(at(&path))?;
        }
        let product = if self.measured {
            Product::Measured
        } else {
            Product::Program
        };
        let built = match workshop.build(&folder, &name, product)? {
            Built::Program(built) => built,
            Built::Refused(text) => return Err(WorkshopError::Refused(text)),
        };
        fs::create_dir_all(&programs).map_err(at(&programs))?;
        forget_oldest(&programs);
        fs::rename(&built, &kept).map_err(at(&kept))?;
        // Sources of a program that is kept are not needed again.
        let _ = fs::remove_dir_all(&folder);
        Ok(kept)
    }

    fn policies(self) -> Result<String, GenerateError> {
        let options = Options {
            sources: Some(self.sources),
            data: None,
            digest: "",
            served: false,
            strict_builtin_errors: self.strict_builtin_errors,
            entrypoints: Some(&[]),
        };
        roomy(|| generate(self.program, options))
    }

    fn main(self) -> Result<String, GenerateError> {
        let query = Literal::u32_unsuffixed(self.query.0);
        let functions = if asks_hosts(self.program) {
            quote!(Some(std::sync::Arc::new(
                precinct_interpreter::hosts().clone()
            )))
        } else {
            quote!(None)
        };
        let allocator = self.measured.then(|| {
            quote! {
                #[global_allocator]
                static ALLOCATOR: precinct_runtime::counting::Counting =
                    precinct_runtime::counting::Counting;
            }
        });
        let main = quote! {
            #[allow(dead_code)]
            mod policies;

            #allocator

            fn main() -> std::io::Result<()> {
                use precinct_runtime::generated::{Asked, answer};
                answer(#functions, |evaluator, asked| match asked {
                    Asked::Value(input) => Ok(policies::query_with(evaluator, #query, input, None)?),
                    Asked::Text(text) => policies::query_json_with(evaluator, #query, text, None),
                })
            }
        };
        let main: syn::File =
            syn::parse2(main).map_err(|error| GenerateError::Malformed(error.to_string()))?;
        Ok(prettyplease::unparse(&main))
    }
}

/// A builtin is called that only the interpreter has.
pub(crate) fn asks_hosts(program: &Program) -> bool {
    let mut builtins = program.builtins.iter();
    builtins.any(|builtin| hosts().contains_key(&*builtin.name))
}

/// The crates of the workspace that a compiled program links.
pub(crate) fn linked(program: &Program) -> &'static [&'static str] {
    if asks_hosts(program) {
        &[
            "precinct-runtime",
            "precinct-derive",
            "precinct-jose",
            "precinct-interpreter",
            "precinct-rego",
        ]
    } else {
        &["precinct-runtime", "precinct-derive", "precinct-jose"]
    }
}

/// Removes the programs that were built first, where there are many.
fn forget_oldest(programs: &Path) {
    let Ok(entries) = fs::read_dir(programs) else {
        return;
    };
    let mut all: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    all.sort();
    for (_, path) in all.iter().take((all.len() + 1).saturating_sub(KEPT)) {
        // One that is running, or that another process removed, does no harm.
        let _ = fs::remove_file(path);
    }
}
