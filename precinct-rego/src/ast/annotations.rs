//! `# METADATA` blocks.

use super::{Ref, Span};

/// One metadata block. See OPA's documentation of annotations for the meaning of the fields.
#[derive(Clone, Debug, Default)]
pub struct Annotations {
    /// Where the block's comments stand.
    pub span: Span,
    /// `rule`, `document`, `package` or `subpackages`.
    pub scope: String,
    /// `title`
    pub title: String,
    /// `description`
    pub description: String,
    /// `entrypoint`
    pub entrypoint: bool,
    /// `organizations`
    pub organizations: Vec<String>,
    /// `related_resources`
    pub related_resources: Vec<RelatedResource>,
    /// `authors`
    pub authors: Vec<Author>,
    /// `schemas`
    pub schemas: Vec<SchemaAnnotation>,
    /// `compile`
    pub compile: Option<CompileAnnotation>,
    /// `custom`
    pub custom: serde_json::Map<String, serde_json::Value>,
    /// `labels`
    pub labels: serde_json::Map<String, serde_json::Value>,
}

/// A link to further reading.
#[derive(Clone, Debug)]
pub struct RelatedResource {
    /// The address, as written.
    pub reference: String,
    /// What it is.
    pub description: String,
}

/// A person.
#[derive(Clone, Debug)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The electronic address, without the angle brackets.
    pub email: String,
}

/// The schema of a document.
#[derive(Clone, Debug)]
pub struct SchemaAnnotation {
    /// The document: a reference into `input` or `data`.
    pub path: Ref,
    /// A reference into the loaded schemas (`schema.a.b`).
    pub schema: Option<Ref>,
    /// That reference as it was written.
    pub schema_text: String,
    /// A schema written in place.
    pub definition: Option<serde_json::Value>,
}

/// Options for partial evaluation to data filters.
#[derive(Clone, Debug)]
pub struct CompileAnnotation {
    /// The references that are unknown.
    pub unknowns: Vec<Ref>,
    /// The rule that gives the masks.
    pub mask_rule: Option<Ref>,
}
