//! Text to formatted text.

use crate::ast::RegoVersion;
use crate::error::Diagnostic;
use crate::source::Sources;
use crate::syntax::{ParseOptions, parse_module};

use super::check;
use super::module::format_module;
use super::options::FormatOptions;

/// Formats a text.
///
/// # Errors
/// Syntax errors; what keeps the module from being valid under the target's versions; what can't be written.
pub fn format_source(
    name: &str,
    text: &str,
    options: &FormatOptions,
) -> Result<String, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let id = sources.add(name, text);
    let module = parse_module(&sources, id, &ParseOptions::new(options.source_version))?;
    if options.target.max != RegoVersion::V0 {
        let errors = check::check(&module, options.target.max);
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    format_module(&module, &sources, options)
}
