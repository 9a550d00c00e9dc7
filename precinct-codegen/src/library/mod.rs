//! Policies as a shared library, which a bundle carries and a server loads.
//!
//! ```text
//! texts ──> policies.rs ─┐
//! handshake ─────────────┼─> crate (cdylib) ── cargo ──> bytes
//! boundary.rs ───────────┘
//! ```
//!
//! What a server may call is in [`precinct_runtime::library`]; `boundary.rs`, which is a text here and compiled there, is the
//! only place where pointers become references.

use std::fs;
use std::io;
use std::path::Path;

use precinct_rego::ir::Program;
use precinct_rego::source::Sources;
use precinct_runtime::library::Handshake;
use quote::quote;
use sha2::{Digest, Sha256};

use crate::builder::roomy;
use crate::emit::{GenerateError, Options, generate};
use crate::question::{asks_hosts, linked};
use crate::workshop::{Built, Product, Workshop, WorkshopError, hex, manifest};

const BOUNDARY: &str = include_str!("boundary.rs");

/// Policies that are to become a library.
#[derive(Clone, Copy, Debug)]
pub struct Library<'l> {
    /// The program.
    pub program: &'l Program,
    /// The texts that it comes from.
    pub sources: &'l Sources,
    /// What the library says of itself.
    pub handshake: &'l Handshake,
}

impl Library<'_> {
    /// Builds the library, and reads it. Every document of the policies can be asked for.
    ///
    /// # Errors
    /// When it can't be generated, written or built.
    pub fn build(self, workshop: &Workshop) -> Result<Vec<u8>, WorkshopError> {
        let policies = self.policies()?;
        let crates = linked(self.program);
        let root = self.root()?;
        let mut digest = Sha256::new();
        digest.update(workshop.digest(crates)?);
        for text in [&policies, &root, BOUNDARY] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        let name = format!("policies-{}", &hex(&digest.finalize())[..12]);
        let folder = workshop.cache.join("crates").join(&name);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| WorkshopError::File(path, error)
        };
        let source = folder.join("src");
        fs::create_dir_all(&source).map_err(at(&source))?;
        let manifest =
            manifest(&name, &workshop.called(crates)) + "\n[lib]\ncrate-type = [\"cdylib\"]\n";
        for (path, text) in [
            (folder.join("Cargo.toml"), manifest.as_str()),
            (source.join("policies.rs"), &policies),
            (source.join("boundary.rs"), BOUNDARY),
            (source.join("lib.rs"), &root),
        ] {
            fs::write(&path, text).map_err(at(&path))?;
        }
        let built = match workshop.build(&folder, &name, Product::Library)? {
            Built::Program(built) => built,
            Built::Refused(text) => return Err(WorkshopError::Refused(text)),
        };
        let bytes = fs::read(&built).map_err(at(&built))?;
        // Neither is needed again: what was built is in the bundle.
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::remove_file(&built);
        Ok(bytes)
    }

    fn policies(self) -> Result<String, GenerateError> {
        let options = Options {
            sources: Some(self.sources),
            data: None,
            digest: &self.handshake.sources,
            served: true,
            strict_builtin_errors: false,
            entrypoints: None,
        };
        roomy(|| generate(self.program, options))
    }

    fn root(self) -> Result<String, GenerateError> {
        let handshake = self.handshake.to_string();
        let functions = if asks_hosts(self.program) {
            quote!(Some(precinct_interpreter::hosts()))
        } else {
            quote!(None)
        };
        let root = quote! {
            mod boundary;
            #[allow(dead_code)]
            mod policies;

            const HANDSHAKE: &str = #handshake;

            fn functions() -> Option<&'static precinct_runtime::context::HostFunctions> {
                #functions
            }
        };
        let root: syn::File =
            syn::parse2(root).map_err(|error| GenerateError::Malformed(error.to_string()))?;
        Ok(prettyplease::unparse(&root))
    }
}
