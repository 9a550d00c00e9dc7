//! What a schema says about the kind and the parts of a value.

use std::fmt;

/// The kinds of values that `type` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `array`
    Array,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `null`
    Null,
    /// `number`
    Number,
    /// `object`
    Object,
    /// `string`
    String,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Array,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::Null,
        Self::Object,
        Self::String,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// A schema's place in [`Schemas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SchemaId(pub(super) usize);

/// One schema or subschema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// `type`, in the order of the text.
    pub kinds: Vec<Kind>,
    /// `properties`
    pub properties: Vec<(String, SchemaId)>,
    /// `items`
    pub items: Vec<SchemaId>,
    /// `items` is one schema, for items at any position.
    pub items_are_alike: bool,
    /// `anyOf`
    pub any_of: Vec<SchemaId>,
    /// `allOf`
    pub all_of: Vec<SchemaId>,
    /// `$ref`: its resolved address and what is there. Nothing else counts then.
    pub reference: Option<(String, SchemaId)>,
}

impl Schema {
    /// Whether `type` names this kind.
    #[must_use]
    pub fn is(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Notes that the value is of this kind.
    pub fn assume(&mut self, kind: Kind) {
        if !self.is(kind) {
            self.kinds.push(kind);
        }
    }
}

/// The kinds of a schema as messages show them.
pub(super) struct Kinds<'a>(pub(super) &'a [Kind]);

impl fmt::Display for Kinds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("Undefined"),
            [one] => f.write_str(one.name()),
            many => {
                let names: Vec<&str> = many.iter().map(|kind| kind.name()).collect();
                write!(f, "[{}]", names.join(","))
            }
        }
    }
}

/// A schema with all its subschemas and all that they refer to.
#[derive(Clone, Debug)]
pub struct Schemas {
    pub(super) list: Vec<Schema>,
}

impl Schemas {
    /// The schema of the whole document.
    pub const ROOT: SchemaId = SchemaId(0);

    /// The schema with this identifier, which must be of this set.
    #[must_use]
    pub fn get(&self, id: SchemaId) -> Option<&Schema> {
        self.list.get(id.0)
    }

    /// The schema at the end of a chain of references; `None` if the chain never ends.
    #[must_use]
    pub fn resolved(&self, mut id: SchemaId) -> Option<&Schema> {
        for _ in 0..=self.list.len() {
            let schema = self.get(id)?;
            match &schema.reference {
                Some((_, target)) => id = *target,
                None => return Some(schema),
            }
        }
        None
    }
}
