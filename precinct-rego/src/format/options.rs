//! What a module is formatted for.

use crate::ast::RegoVersion;

/// The versions under which the formatted text must be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The version that the text is parsed as.
    pub min: RegoVersion,
    /// The latest version whose language it may use, by way of an import.
    pub max: RegoVersion,
}

impl Target {
    /// The target of a single version; `V0CompatV1` reaches from v0 to v1.
    pub fn of(version: RegoVersion) -> Self {
        match version {
            RegoVersion::V0CompatV1 => Self {
                min: RegoVersion::V0,
                max: RegoVersion::V1,
            },
            version => Self {
                min: version,
                max: version,
            },
        }
    }
}

/// Options of the formatter.
#[derive(Clone, Copy, Debug)]
pub struct FormatOptions {
    /// What the text is formatted for.
    pub target: Target,
    /// The version as which the text is read.
    pub source_version: RegoVersion,
    /// Leave out imports of `rego.…` and `future.…` that the target makes needless.
    pub drop_redundant_imports: bool,
    /// Lay out as if nothing was known of the original lines. For modules that were made by rewriting.
    pub ignore_locations: bool,
    /// Keywords may stand in references as names (`data.if`); else they are put in brackets.
    pub keywords_in_refs: bool,
}

impl FormatOptions {
    /// Reads and writes the same version.
    pub fn new(version: RegoVersion) -> Self {
        Self {
            target: Target::of(version),
            source_version: version,
            drop_redundant_imports: false,
            ignore_locations: false,
            keywords_in_refs: true,
        }
    }
}
