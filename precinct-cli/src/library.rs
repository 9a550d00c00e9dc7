//! Policies as a shared library, for the bundle that carries it.

use std::io::IsTerminal as _;

use precinct_bundle::Digest;
use precinct_bundle::load::LoadedModule;
use precinct_codegen::library::Library;
use precinct_codegen::workshop::Workshop;
use precinct_interpreter::policy::{Policy, PolicyOptions, Text};
use precinct_rego::ast::RegoVersion;
use precinct_runtime::library::Handshake;
use precinct_runtime::library::handshake::TARGET;

/// The files of a bundle that are the library of these modules, which must be those of the bundle: for servers of this
/// version on machines of this kind.
///
/// # Errors
/// When it can't be built.
pub fn files(
    modules: &[LoadedModule],
    options: &PolicyOptions,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    if options.version != RegoVersion::V1 {
        return Err("target native compiles Rego v1 only".to_owned());
    }
    let workshop = Workshop::standard().map_err(|error| error.to_string())?;
    let texts = modules
        .iter()
        .map(|module| Text {
            name: module.name.clone(),
            text: module.text.clone(),
            version: None,
        })
        .collect();
    // A server that shows what policies print interprets them.
    let options = PolicyOptions {
        prints: false,
        ..options.clone()
    };
    let policy = Policy::compile(texts, options).map_err(|failure| failure.to_string())?;
    let texts = modules.iter().map(|module| module.text.as_str());
    let handshake = Handshake::here(&Digest::of_texts(texts).to_string());
    let library = Library {
        program: policy.program(),
        sources: policy.sources(),
        handshake: &handshake,
    };
    if std::io::stderr().is_terminal() {
        eprintln!("building the library…");
    }
    let bytes = library
        .build(&workshop)
        .map_err(|error| error.to_string())?;
    Ok(vec![
        (
            format!("native/{TARGET}/handshake"),
            handshake.to_string().into_bytes(),
        ),
        (format!("native/{TARGET}/policies.so"), bytes),
    ])
}
