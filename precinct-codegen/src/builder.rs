//! What a build script calls.
//!
//! ```no_run
//! # fn main() -> Result<(), precinct_codegen::BuildError> {
//! precinct_codegen::Builder::new()
//!     .policies("policies")
//!     .entrypoint("precinct/authz/allow")
//!     .compile()
//! # }
//! ```
//!
//! The crate then includes what was generated, in a module of its choice:
//!
//! ```ignore
//! include!(concat!(env!("OUT_DIR"), "/policies.rs"));
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use precinct_interpreter::capabilities::{capabilities, declared};
use precinct_interpreter::{Policy, PolicyOptions};
use precinct_rego::ast::RegoVersion;
use precinct_rego::capabilities::Capabilities;

use crate::emit::{GenerateError, Options, generate};
use crate::error::BuildError;
use crate::folder::Folder;
use crate::shape;
use crate::shape::schemas::{self, Schemas};

/// Compiles policies in a build script.
#[derive(Clone, Debug)]
pub struct Builder {
    paths: Vec<PathBuf>,
    entrypoints: Vec<String>,
    file: String,
    out_dir: Option<PathBuf>,
    strict: bool,
    v0: bool,
    tests: bool,
    served: bool,
    /// Functions of the host program: names and signatures.
    functions: Vec<(String, String)>,
    capabilities: Option<PathBuf>,
    schemas: Option<PathBuf>,
    /// The name of the struct that is made of the schema of `input`.
    input_struct: Option<String>,
    /// Types of the program that serve as input: source files and names.
    input_types: Vec<(PathBuf, String)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// The statements of a policy can be nested as deep as the parser allows; each level takes stack here.
const STACK: usize = 512 << 20;

impl Builder {
    /// Nothing to compile yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            paths: Vec::new(),
            entrypoints: Vec::new(),
            file: "policies.rs".to_owned(),
            out_dir: None,
            strict: false,
            v0: false,
            tests: false,
            served: false,
            functions: Vec::new(),
            capabilities: None,
            schemas: None,
            input_struct: None,
            input_types: Vec::new(),
        }
    }

    /// Adds a policy file, or a folder with its policies and base documents, relative to the package.
    #[must_use]
    pub fn policies(mut self, path: impl AsRef<Path>) -> Self {
        self.paths.push(path.as_ref().to_owned());
        self
    }

    /// Adds a path that can be asked for, like `precinct/authz/allow`. Without any, every document can be asked for;
    /// with some, only what they need is compiled.
    #[must_use]
    pub fn entrypoint(mut self, path: impl Into<String>) -> Self {
        self.entrypoints.push(path.into());
        self
    }

    /// Refuses what OPA's strict mode refuses: unused variables and imports, deprecated builtins.
    #[must_use]
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Reads the policies as Rego v0.
    #[must_use]
    pub const fn v0_compatible(mut self, v0: bool) -> Self {
        self.v0 = v0;
        self
    }

    /// Lets policies call a function that the program registers with `Evaluator::with_functions`, of this signature in
    /// OPA's notation: `(user: string, resource: string) => boolean`.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, signature: impl Into<String>) -> Self {
        self.functions.push((name.into(), signature.into()));
        self
    }

    /// Lets policies use what this `capabilities.json` lists and nothing else. Builtins that only the file has are
    /// functions that the program has to register.
    #[must_use]
    pub fn capabilities(mut self, path: impl AsRef<Path>) -> Self {
        self.capabilities = Some(path.as_ref().to_owned());
        self
    }

    /// Checks policies against JSON Schemas, as OPA's `--schema` does: a file describes `input` everywhere, the files of a
    /// folder are named by annotations (`schema.request` is `request.json`).
    #[must_use]
    pub fn schemas(mut self, path: impl AsRef<Path>) -> Self {
        self.schemas = Some(path.as_ref().to_owned());
        self
    }

    /// Writes a struct of this name for the schema of `input`, with `#[derive(Input)]`: a typed input for gateways that
    /// have a schema and no type. The schema is the file given to [`Builder::schemas`], or what annotations give `input`.
    ///
    /// A property that is not required is an `Option`, which is undefined when it is `None`; what a Rust type cannot say is a
    /// `Value`. New fields come with new properties: build it with `..Request::default()`.
    #[must_use]
    pub fn input_struct(mut self, name: impl Into<String>) -> Self {
        self.input_struct = Some(name.into());
        self
    }

    /// Holds the policies against a type that the program derives `Input` for: `input_type("src/call.rs", "Call")`. A rule
    /// that asks for a field which is not there, or compares one with what it can never be, is a warning of the build; with
    /// [`Builder::strict`], an error.
    ///
    /// Types of the standard library and those of the same file are understood, with `serde`'s attributes; others could be
    /// anything.
    #[must_use]
    pub fn input_type(mut self, source: impl AsRef<Path>, name: impl Into<String>) -> Self {
        self.input_types
            .push((source.as_ref().to_owned(), name.into()));
        self
    }

    /// Compiles the tests (`*_test.rego`) too, so that a Rust test can ask each of them.
    #[must_use]
    pub const fn tests(mut self, tests: bool) -> Self {
        self.tests = tests;
        self
    }

    /// Writes `Compiled` too, by which `precinct_server` serves the policies: it holds their sources, for the part of OPA's
    /// API that shows them.
    #[must_use]
    pub const fn served(mut self, served: bool) -> Self {
        self.served = served;
        self
    }

    /// The name of the generated file, `policies.rs` if not given.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>) -> Self {
        self.file = name.into();
        self
    }

    /// The folder of the generated file, cargo's `OUT_DIR` if not given.
    #[must_use]
    pub fn out_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.out_dir = Some(path.as_ref().to_owned());
        self
    }

    /// Compiles, writes the generated file, and tells cargo what to watch.
    ///
    /// # Errors
    /// What is wrong with the policies, with its place. Nothing is written then.
    pub fn compile(&self) -> Result<(), BuildError> {
        let mut folder = Folder::new(self.tests);
        let read = self.paths.iter().try_for_each(|path| folder.add(path));
        for path in &folder.seen {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        read?;
        let text = self.generated(&folder)?;
        for warning in self.against_types(&folder)? {
            println!("cargo::warning={warning}");
        }
        let out_dir = match &self.out_dir {
            Some(path) => path.clone(),
            None => PathBuf::from(std::env::var_os("OUT_DIR").ok_or(BuildError::NoOutDir)?),
        };
        let path = out_dir.join(&self.file);
        std::fs::write(&path, text).map_err(|error| BuildError::Write(path, error))
    }

    /// The text that [`Builder::compile`] would write.
    ///
    /// # Errors
    /// What is wrong with the policies, with its place.
    pub fn generate(&self) -> Result<String, BuildError> {
        let mut folder = Folder::new(self.tests);
        self.paths.iter().try_for_each(|path| folder.add(path))?;
        self.generated(&folder)
    }

    /// What [`Builder::compile`] would warn of: a line for each rule that can never match the types of the program.
    ///
    /// # Errors
    /// Sources that cannot be read; with [`Builder::strict`], the mismatches themselves.
    pub fn warnings(&self) -> Result<Vec<String>, BuildError> {
        let mut folder = Folder::new(self.tests);
        self.paths.iter().try_for_each(|path| folder.add(path))?;
        self.against_types(&folder)
    }

    fn against_types(&self, folder: &Folder) -> Result<Vec<String>, BuildError> {
        let mut warnings = Vec::new();
        for (path, name) in &self.input_types {
            println!("cargo:rerun-if-changed={}", path.display());
            let source = std::fs::read_to_string(path)
                .map_err(|error| BuildError::Read(path.clone(), error))?;
            let schema = shape::rust::schema(&source, name)
                .map_err(|error| BuildError::Schema(format!("{}: {error}", path.display())))?;
            let mut options = self.options()?;
            options.max_errors = 0;
            options.compile.schemas = Schemas::from([(Vec::new(), schema)]);
            match Policy::compile(folder.texts(), options) {
                Ok(_) => {}
                Err(failure) if self.strict => return Err(BuildError::Rego(Box::new(failure))),
                Err(failure) => warnings.extend(failure.errors.iter().map(|error| {
                    let line = failure.line(error).replace("\n\t", ", ").replace('\n', " ");
                    format!("{line} (input is `{name}` of {})", path.display())
                })),
            }
        }
        Ok(warnings)
    }

    fn options(&self) -> Result<PolicyOptions, BuildError> {
        let mut options = PolicyOptions {
            version: if self.v0 {
                RegoVersion::V0
            } else {
                RegoVersion::V1
            },
            strict: self.strict,
            capabilities: self.known()?,
            ..PolicyOptions::default()
        };
        if let Some(path) = &self.schemas {
            let mut seen = Vec::new();
            options.compile.schemas = schemas::read(path, &mut seen)?;
            for path in seen {
                println!("cargo:rerun-if-changed={}", path.display());
            }
        }
        options.annotations |= self.schemas.is_some() || self.input_struct.is_some();
        Ok(options)
    }

    /// The struct for the schema of `input`, if one is wanted.
    fn input_item(&self, policy: &Policy, schemas: &Schemas) -> Result<String, BuildError> {
        let Some(name) = &self.input_struct else {
            return Ok(String::new());
        };
        if syn::parse_str::<syn::Ident>(name).is_err() {
            return Err(BuildError::Schema(format!(
                "expected the name of a struct, found `{name}`"
            )));
        }
        let schema = schemas::of_input(schemas, policy.modules())?;
        let items = shape::structs::structs(&schema, name).map_err(BuildError::Schema)?;
        let file = syn::parse2(items)
            .map_err(|error| BuildError::Generate(GenerateError::Malformed(error.to_string())))?;
        Ok(prettyplease::unparse(&file))
    }

    /// What the policies can call.
    fn known(&self) -> Result<Arc<Capabilities>, BuildError> {
        let mut all = match &self.capabilities {
            None => capabilities().as_ref().clone(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| BuildError::Read(path.clone(), error))?;
                println!("cargo:rerun-if-changed={}", path.display());
                Capabilities::from_json(&text)
                    .map_err(|error| BuildError::Data(path.clone(), error.to_string()))?
            }
        };
        for (name, signature) in &self.functions {
            all.add(declared(name, signature));
        }
        Ok(Arc::new(all))
    }

    fn generated(&self, folder: &Folder) -> Result<String, BuildError> {
        let options = self.options()?;
        let schemas = options.compile.schemas.clone();
        let policy = Policy::compile(folder.texts(), options)
            .map_err(|error| BuildError::Rego(Box::new(error)))?;
        let input = self.input_item(&policy, &schemas)?;
        let data = folder.data.as_ref().map(ToString::to_string);
        let digest = folder.digest();
        let entrypoints = (!self.entrypoints.is_empty()).then_some(&self.entrypoints[..]);
        let options = Options {
            sources: Some(policy.sources()),
            data: data.as_deref(),
            digest: &digest,
            served: self.served,
            strict_builtin_errors: false,
            entrypoints,
        };
        let mut text =
            roomy(|| generate(policy.program(), options)).map_err(BuildError::Generate)?;
        text.push_str(&input);
        Ok(text)
    }
}

/// Runs something on a thread with a large stack.
pub(crate) fn roomy<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, run);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => std::panic::resume_unwind(Box::new(error)),
        }
    })
}
