//! Many programs in one crate, to be built once and run: how native code is held against recorded answers.
//!
//! The crate's program writes one line of JSON for each case: `{"case": 0, "rows": […]}` with the rows of the query's
//! function, or `{"case": 0, "error": {"code": …, "text": …}}`. A case whose input is JSON is answered twice, the second
//! time from its text; the error's code is `projection` where the two differ.

use std::fs;
use std::io;
use std::path::Path;

use precinct_rego::ir::{FunctionId, Program};
use precinct_rego::source::Sources;
use precinct_runtime::Value;
use proc_macro2::Literal;
use quote::{format_ident, quote};

use crate::builder::roomy;
use crate::constants::Statics;
use crate::emit::{GenerateError, Options, generate};
use crate::workshop::manifest;

/// One case: a query and the world in which it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Case<'c> {
    /// The program that the query is a part of.
    pub program: &'c Program,
    /// The query's function.
    pub query: FunctionId,
    /// The texts that the program comes from.
    pub sources: Option<&'c Sources>,
    /// The input, which may hold sets and keys that are no strings.
    pub input: Option<Value<'c>>,
    /// The input as JSON text, if it can be written so.
    pub json: Option<&'c str>,
    /// The base documents, as JSON text.
    pub data: Option<&'c str>,
    /// What `opa.runtime()` gives, as JSON text.
    pub runtime: Option<&'c str>,
    /// Errors of builtins end the evaluation.
    pub strict_builtin_errors: bool,
}

/// What the crate is built with.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// The crates that it depends on and their folders; `precinct-runtime` is one of them.
    pub crates: &'s [(&'s str, &'s Path)],
    /// A Rust expression for the functions that cases call besides builtins, as `Arc<HostFunctions>`.
    pub functions: Option<&'s str>,
}

/// A crate that is being written.
#[derive(Debug, Default)]
pub struct Batch {
    modules: Vec<String>,
}

/// A case could not be turned into Rust, or not written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The program cannot be turned into Rust.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A file of the crate cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl Batch {
    /// An empty crate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a case and gives its number.
    ///
    /// # Errors
    /// The program cannot be turned into Rust.
    pub fn add(&mut self, case: Case<'_>) -> Result<usize, GenerateError> {
        let options = Options {
            sources: case.sources,
            data: case.data,
            digest: "",
            served: false,
            strict_builtin_errors: case.strict_builtin_errors,
            entrypoints: Some(&[]),
        };
        let text = roomy(|| {
            let policies = generate(case.program, options)?;
            let run = run(case);
            let run: syn::File =
                syn::parse2(run).map_err(|error| GenerateError::Malformed(error.to_string()))?;
            Ok::<_, GenerateError>(format!("{policies}\n{}", prettyplease::unparse(&run)))
        })?;
        self.modules.push(text);
        Ok(self.modules.len() - 1)
    }

    /// The number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// There is no case yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// What the crate consists of, for whoever wants to know whether it was built before.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(String::as_str)
    }

    /// Writes the crate into a folder.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(
        &self,
        folder: &Path,
        name: &str,
        surroundings: &Surroundings<'_>,
    ) -> Result<(), BatchError> {
        let source = folder.join("src");
        fs::create_dir_all(&source)?;
        fs::write(
            folder.join("Cargo.toml"),
            manifest(name, surroundings.crates),
        )?;
        let functions = match surroundings.functions {
            Some(text) => {
                let text: syn::Expr = syn::parse_str(text)
                    .map_err(|error| GenerateError::Malformed(error.to_string()))?;
                quote!(Some(#text))
            }
            None => quote!(None),
        };
        for (number, module) in self.modules.iter().enumerate() {
            fs::write(source.join(format!("case_{number}.rs")), module)?;
        }
        let names: Vec<_> = (0..self.modules.len())
            .map(|number| format_ident!("case_{number}"))
            .collect();
        let main = quote! {
            #(mod #names;)*

            fn main() {
                // Deep values are compared and printed on the stack.
                let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(|| {
                    let wanted: Vec<usize> =
                        std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
                    type Functions = std::sync::Arc<precinct_runtime::context::HostFunctions>;
                    let functions: Option<Functions> = #functions;
                    let cases: &[fn(usize, Option<Functions>)] = &[#(#names::run),*];
                    for (number, run) in cases.iter().enumerate() {
                        if wanted.is_empty() || wanted.contains(&number) {
                            let functions = functions.clone();
                            // A case that panics writes no line, and the next one runs.
                            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                                run(number, functions);
                            }));
                        }
                    }
                });
                thread.expect("a thread").join().expect("no panic");
            }
        };
        let main: syn::File =
            syn::parse2(main).map_err(|error| GenerateError::Malformed(error.to_string()))?;
        fs::write(source.join("main.rs"), prettyplease::unparse(&main))?;
        Ok(())
    }
}

/// The function that evaluates a case and writes its line.
fn run(case: Case<'_>) -> proc_macro2::TokenStream {
    let statics = Statics::default();
    let input = match case.input {
        Some(input) => {
            let input = statics.value(input, &quote!());
            quote!(Some(#input))
        }
        None => quote!(None),
    };
    let items = statics.finish();
    let query = Literal::u32_unsuffixed(case.query.0);
    let runtime = match case.runtime {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    };
    let json = match case.json {
        Some(text) => quote!(Some(#text)),
        None => quote!(None),
    };
    quote! {
        mod case_input {
            use ::precinct_runtime::generated as rt;
            #(#items)*
            pub(crate) static INPUT: ::core::option::Option<rt::Value<'static>> = {
                use ::core::option::Option::{None, Some};
                #input
            };
        }

        pub fn run(
            number: ::core::primitive::usize,
            functions: ::core::option::Option<::std::sync::Arc<::precinct_runtime::context::HostFunctions>>,
        ) {
            ::precinct_runtime::generated::run_case(
                number,
                case_input::INPUT,
                #json,
                #runtime,
                functions,
                |evaluator, input, runtime| query_with(evaluator, #query, input, runtime),
                |evaluator, input, runtime| query_json_with(evaluator, #query, input, runtime),
            );
        }
    }
}
