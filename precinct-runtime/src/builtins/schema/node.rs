//! Compiled schemas.

use regex::Regex;

use crate::number::Number;

/// The place of a node in [`Schema::nodes`].
pub type NodeId = usize;

/// A compiled schema; its root is the first node.
#[derive(Default)]
pub struct Schema<'a> {
    pub nodes: Vec<Node<'a>>,
}

/// What `additionalProperties` and `additionalItems` say.
#[derive(Clone, Copy, Default)]
pub enum Additional {
    #[default]
    Allowed,
    Forbidden,
    Matching(NodeId),
}

/// What an object with some property must also fulfil.
pub enum Dependency<'a> {
    Properties(Vec<&'a str>),
    Schema(NodeId),
}

/// What `items` says.
#[derive(Default)]
pub enum Items {
    #[default]
    Any,
    Each(NodeId),
    Positional(Vec<NodeId>),
}

/// The keywords of one schema.
#[derive(Default)]
pub struct Node<'a> {
    /// The schema is `true` or `false`.
    pub constant: Option<bool>,
    /// The schema is a reference to another; nothing else counts.
    pub reference: Option<NodeId>,
    pub types: Vec<&'a str>,
    pub properties: Vec<(&'a str, NodeId)>,
    pub additional_properties: Additional,
    pub pattern_properties: Vec<(Regex, NodeId)>,
    pub property_names: Option<NodeId>,
    pub dependencies: Vec<(&'a str, Dependency<'a>)>,
    pub items: Items,
    pub additional_items: Additional,
    pub multiple_of: Option<Number<'a>>,
    pub minimum: Option<Number<'a>>,
    pub exclusive_minimum: Option<Number<'a>>,
    pub maximum: Option<Number<'a>>,
    pub exclusive_maximum: Option<Number<'a>>,
    pub min_length: Option<i64>,
    pub max_length: Option<i64>,
    /// With its text, which messages show.
    pub pattern: Option<(Regex, &'a str)>,
    pub format: Option<&'a str>,
    pub min_properties: Option<i64>,
    pub max_properties: Option<i64>,
    pub required: Vec<&'a str>,
    pub min_items: Option<i64>,
    pub max_items: Option<i64>,
    pub unique_items: bool,
    pub contains: Option<NodeId>,
    /// Values in the form of [`super::text::canonical`].
    pub constant_value: Option<String>,
    pub allowed: Option<Vec<String>>,
    pub one_of: Vec<NodeId>,
    pub any_of: Vec<NodeId>,
    pub all_of: Vec<NodeId>,
    pub not: Option<NodeId>,
    pub condition: Option<NodeId>,
    pub then: Option<NodeId>,
    pub otherwise: Option<NodeId>,
}
