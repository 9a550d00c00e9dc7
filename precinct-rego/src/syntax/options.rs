//! What the parser is told: version of the language, capabilities, and what to leave out.

use crate::ast::RegoVersion;
use crate::capabilities::Capabilities;

use super::token::Keywords;

/// Options of a parse.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    /// The version of the language.
    pub version: RegoVersion,
    /// What the policy may use. `None`: all that this version of the language has.
    pub capabilities: Option<ParseCapabilities>,
    /// Read `# METADATA` blocks, and report what is wrong with them.
    pub process_annotations: bool,
    /// Read statements as queries, never as rules.
    pub skip_rules: bool,
    /// Keywords that are enabled without an import.
    pub future_keywords: Vec<String>,
    /// All keywords are enabled without an import.
    pub all_future_keywords: bool,
}

/// The part of OPA's capabilities that the parser heeds.
#[derive(Clone, Debug, Default)]
pub struct ParseCapabilities {
    /// Keywords that may be imported from `future.keywords`.
    pub future_keywords: Vec<String>,
    /// Features: `rego_v1`, `keywords_in_refs`, `template_strings`, …
    pub features: Vec<String>,
}

impl From<&Capabilities> for ParseCapabilities {
    fn from(capabilities: &Capabilities) -> Self {
        Self {
            future_keywords: capabilities.future_keywords.clone(),
            features: capabilities.features.clone(),
        }
    }
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self::new(RegoVersion::V1)
    }
}

impl ParseOptions {
    /// Options for modules of this version, with all capabilities, annotations left unread.
    pub fn new(version: RegoVersion) -> Self {
        Self {
            version,
            capabilities: None,
            process_annotations: false,
            skip_rules: false,
            future_keywords: Vec::new(),
            all_future_keywords: false,
        }
    }

    /// The same options, with annotations read.
    #[must_use]
    pub fn with_annotations(mut self) -> Self {
        self.process_annotations = true;
        self
    }
}

impl ParseCapabilities {
    /// All that OPA 1.22.2 has for modules of this version.
    pub fn of_version(version: RegoVersion) -> Self {
        let (keywords, features): (&[&str], &[&str]) = match version {
            RegoVersion::V0 | RegoVersion::V0CompatV1 => (
                &["and", "contains", "every", "if", "in", "not", "or"],
                &[
                    "keywords_in_refs",
                    "rego_v1",
                    "rego_v1_import",
                    "rego_v2",
                    "rego_v2_import",
                    "rule_head_ref_string_prefixes",
                    "rule_head_refs",
                ],
            ),
            RegoVersion::V1 => (
                &["and", "not", "or"],
                &[
                    "keywords_in_refs",
                    "rego_v1",
                    "rego_v2",
                    "rego_v2_import",
                    "template_strings",
                ],
            ),
            RegoVersion::V2 => (
                &[],
                &[
                    "keywords_in_refs",
                    "rego_v1",
                    "rego_v1_import",
                    "rego_v2",
                    "rego_v2_import",
                    "template_strings",
                ],
            ),
        };
        let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Self {
            future_keywords: owned(keywords),
            features: owned(features),
        }
    }

    /// Whether policies of this version may use keywords in references (`data.if`).
    pub fn keywords_in_refs(&self, version: RegoVersion) -> bool {
        version == RegoVersion::V2 && self.feature("rego_v2") || self.feature("keywords_in_refs")
    }

    pub(super) fn feature(&self, name: &str) -> bool {
        self.features.iter().any(|f| f == name)
    }
}

/// What the options come down to.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) version: RegoVersion,
    pub(super) capabilities: ParseCapabilities,
    /// Keywords that are enabled from the start, those of every version included.
    pub(super) keywords: Keywords,
    /// Keywords that may be imported.
    pub(super) importable: Keywords,
    /// References may contain keywords (`data.if.not`).
    pub(super) keywords_in_refs: bool,
    pub(super) template_strings: bool,
}

impl Language {
    /// Works out the language, or says what is wrong with the capabilities.
    pub(super) fn new(options: &ParseOptions) -> Result<Self, String> {
        let version = options.version;
        let capabilities = options
            .capabilities
            .clone()
            .unwrap_or_else(|| ParseCapabilities::of_version(version));
        let importable = importable(version, &capabilities)?;
        let mut selected = match version {
            _ if options.all_future_keywords => importable,
            RegoVersion::V0 | RegoVersion::V0CompatV1 => Keywords::default(),
            RegoVersion::V1 => Keywords::FUTURE_V0,
            RegoVersion::V2 => Keywords::FUTURE,
        };
        for word in &options.future_keywords {
            let keyword = Keywords::one(word);
            if !importable.has(keyword) {
                return Err(format!("unknown future keyword: {word}"));
            }
            selected = selected.import(keyword);
        }
        let at_v2 = version == RegoVersion::V2 && capabilities.feature("rego_v2");
        Ok(Self {
            version,
            keywords: selected,
            importable,
            keywords_in_refs: capabilities.keywords_in_refs(version),
            template_strings: at_v2 || capabilities.feature("template_strings"),
            capabilities,
        })
    }
}

fn importable(version: RegoVersion, capabilities: &ParseCapabilities) -> Result<Keywords, String> {
    let unknown = |word: &str| format!("illegal capabilities: unknown keyword: {word}");
    let newer = match version {
        RegoVersion::V1 => Some(("rego_v1", "v1")),
        RegoVersion::V2 => Some(("rego_v2", "v2")),
        RegoVersion::V0 | RegoVersion::V0CompatV1 => None,
    };
    let mut importable = Keywords::default();
    let Some((feature, name)) = newer else {
        for word in &capabilities.future_keywords {
            let keyword = Keywords::one(word);
            if !Keywords::FUTURE.has(keyword) {
                return Err(unknown(word));
            }
            importable = importable.with(keyword);
        }
        if capabilities.feature("rego_v1") {
            importable = importable.with(Keywords::FUTURE_V0);
        }
        return Ok(importable);
    };
    if !capabilities.feature(feature) {
        return Err(format!(
            "illegal capabilities: {feature} feature required for parsing {name} Rego"
        ));
    }
    importable = importable.with(Keywords::FUTURE_V0);
    if version == RegoVersion::V2 {
        importable = importable.with(Keywords::FUTURE_V1);
    }
    for word in &capabilities.future_keywords {
        let keyword = Keywords::one(word);
        if Keywords::FUTURE_V1.has(keyword) {
            importable = importable.with(keyword);
        } else if !Keywords::FUTURE_V0.has(keyword) {
            return Err(unknown(word));
        }
    }
    Ok(importable)
}
