//! The syntax tree of GraphQL documents (October 2021), in the shape that OPA shows to policies.

/// Line and column of a node, from 1; documents that came as objects have none. Block strings of several lines are
/// placed in their last line and may start before it.
pub type Position = Option<(u32, i64)>;

/// Comment lines in front of something, with their number signs.
pub type Comments = Vec<String>;

/// Queries, mutations, subscriptions and fragments.
#[derive(Clone, Debug, Default)]
pub struct QueryDocument {
    pub operations: Vec<Operation>,
    pub fragments: Vec<Fragment>,
}

#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// `query`, `mutation`, `subscription`
    pub kind: String,
    pub name: String,
    pub variables: Vec<VariableDefinition>,
    pub directives: Vec<Directive>,
    pub selections: Vec<Selection>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct VariableDefinition {
    pub name: String,
    pub kind: Type,
    pub default: Option<Value>,
    pub directives: Vec<Directive>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub enum Selection {
    Field(Field),
    Spread(FragmentSpread),
    Inline(InlineFragment),
}

#[derive(Clone, Debug, Default)]
pub struct Field {
    pub alias: String,
    pub name: String,
    pub arguments: Vec<Argument>,
    pub directives: Vec<Directive>,
    pub selections: Vec<Selection>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: String,
    pub value: Value,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct FragmentSpread {
    pub name: String,
    pub directives: Vec<Directive>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct InlineFragment {
    /// Empty when the enclosing type is meant.
    pub type_condition: String,
    pub directives: Vec<Directive>,
    pub selections: Vec<Selection>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug, Default)]
pub struct Fragment {
    pub name: String,
    pub variables: Vec<VariableDefinition>,
    pub type_condition: String,
    pub directives: Vec<Directive>,
    pub selections: Vec<Selection>,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct Directive {
    pub name: String,
    pub arguments: Vec<Argument>,
    pub position: Position,
}

/// The kinds of values; their numbers are part of what policies see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Variable = 0,
    Int,
    Float,
    String,
    Block,
    Boolean,
    Null,
    Enum,
    List,
    Object,
}

#[derive(Clone, Debug)]
pub struct Value {
    pub raw: String,
    /// Elements of a list (without names), fields of an object.
    pub children: Vec<ChildValue>,
    pub kind: ValueKind,
    pub position: Position,
    pub comment: Comments,
}

#[derive(Clone, Debug)]
pub struct ChildValue {
    pub name: String,
    pub value: Value,
    pub position: Position,
    pub comment: Comments,
}

/// A type reference: a name or a list of another type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    pub named: String,
    pub element: Option<Box<Type>>,
    pub non_null: bool,
    pub position: Position,
}

/// What a type system document declares.
#[derive(Clone, Debug, Default)]
pub struct SchemaDocument {
    pub schemas: Vec<SchemaDefinition>,
    pub schema_extensions: Vec<SchemaDefinition>,
    pub directives: Vec<DirectiveDefinition>,
    pub definitions: Vec<Definition>,
    pub extensions: Vec<Definition>,
    pub comment: Comments,
}

#[derive(Clone, Debug, Default)]
pub struct SchemaDefinition {
    pub description: String,
    pub directives: Vec<Directive>,
    pub operations: Vec<OperationType>,
    pub position: Position,
    pub comments: DefinitionComments,
}

#[derive(Clone, Debug)]
pub struct OperationType {
    pub operation: String,
    pub named: String,
    pub position: Position,
    pub comment: Comments,
}

/// The comments around a definition and its description.
#[derive(Clone, Debug, Default)]
pub struct DefinitionComments {
    pub before_description: Comments,
    pub after_description: Comments,
    pub end: Comments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefinitionKind {
    #[default]
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
}

impl DefinitionKind {
    pub const ALL: [Self; 6] = [
        Self::Scalar,
        Self::Object,
        Self::Interface,
        Self::Union,
        Self::Enum,
        Self::InputObject,
    ];

    /// The name in messages and in what policies see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "SCALAR",
            Self::Object => "OBJECT",
            Self::Interface => "INTERFACE",
            Self::Union => "UNION",
            Self::Enum => "ENUM",
            Self::InputObject => "INPUT_OBJECT",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Definition {
    pub kind: DefinitionKind,
    pub description: String,
    pub name: String,
    pub directives: Vec<Directive>,
    pub interfaces: Vec<String>,
    pub fields: Vec<FieldDefinition>,
    /// Members of a union, each with its place.
    pub types: Vec<(String, Position)>,
    pub enum_values: Vec<EnumValueDefinition>,
    pub position: Position,
    /// Part of every schema.
    pub built_in: bool,
    pub comments: DefinitionComments,
}

impl Definition {
    pub const fn is_leaf(&self) -> bool {
        matches!(self.kind, DefinitionKind::Enum | DefinitionKind::Scalar)
    }

    pub const fn is_abstract(&self) -> bool {
        matches!(self.kind, DefinitionKind::Interface | DefinitionKind::Union)
    }

    pub const fn is_composite(&self) -> bool {
        matches!(
            self.kind,
            DefinitionKind::Object | DefinitionKind::Interface | DefinitionKind::Union
        )
    }

    pub const fn is_input(&self) -> bool {
        matches!(
            self.kind,
            DefinitionKind::Scalar | DefinitionKind::Enum | DefinitionKind::InputObject
        )
    }

    pub fn field(&self, name: &str) -> Option<&FieldDefinition> {
        self.fields.iter().find(|field| field.name == name)
    }
}

#[derive(Clone, Debug, Default)]
pub struct FieldDefinition {
    pub description: String,
    pub name: String,
    pub arguments: Vec<ArgumentDefinition>,
    /// Only fields of input objects have one.
    pub default: Option<Value>,
    pub kind: Type,
    pub directives: Vec<Directive>,
    pub position: Position,
    pub comments: DefinitionComments,
}

impl FieldDefinition {
    pub fn argument(&self, name: &str) -> Option<&ArgumentDefinition> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

#[derive(Clone, Debug, Default)]
pub struct ArgumentDefinition {
    pub description: String,
    pub name: String,
    pub default: Option<Value>,
    pub kind: Type,
    pub directives: Vec<Directive>,
    pub position: Position,
    pub comments: DefinitionComments,
}

#[derive(Clone, Debug, Default)]
pub struct EnumValueDefinition {
    pub description: String,
    pub name: String,
    pub directives: Vec<Directive>,
    pub position: Position,
    pub comments: DefinitionComments,
}

#[derive(Clone, Debug, Default)]
pub struct DirectiveDefinition {
    pub description: String,
    pub name: String,
    pub arguments: Vec<ArgumentDefinition>,
    pub locations: Vec<String>,
    pub repeatable: bool,
    pub position: Position,
    pub comments: DefinitionComments,
}

impl DirectiveDefinition {
    pub fn argument(&self, name: &str) -> Option<&ArgumentDefinition> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

impl Type {
    pub fn of(named: &str, non_null: bool) -> Self {
        Self {
            named: named.to_owned(),
            element: None,
            non_null,
            position: None,
        }
    }

    /// The type's name without lists around it.
    pub fn name(&self) -> &str {
        let mut current = self;
        while let Some(element) = &current.element {
            if !current.named.is_empty() {
                break;
            }
            current = element;
        }
        &current.named
    }

    /// A value of this type can stand where `other` is wanted.
    pub fn is_compatible(&self, other: &Self) -> bool {
        if self.named != other.named {
            return false;
        }
        match (&self.element, &other.element) {
            (Some(_), None) => return false,
            (Some(own), Some(element)) if !own.is_compatible(element) => return false,
            _ => {}
        }
        !other.non_null || self.non_null
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.element {
            Some(element) if self.named.is_empty() => write!(f, "[{element}]")?,
            _ => f.write_str(&self.named)?,
        }
        f.write_str(if self.non_null { "!" } else { "" })
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (open, close) = match self.kind {
            ValueKind::Variable => return write!(f, "${}", self.raw),
            ValueKind::String | ValueKind::Block => {
                return crate::json::encode::quote_go(&self.raw, f);
            }
            ValueKind::List => ("[", "]"),
            ValueKind::Object => ("{", "}"),
            _ => return f.write_str(&self.raw),
        };
        f.write_str(open)?;
        for (index, child) in self.children.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            if self.kind == ValueKind::Object {
                write!(f, "{}:", child.name)?;
            }
            write!(f, "{}", child.value)?;
        }
        f.write_str(close)
    }
}
