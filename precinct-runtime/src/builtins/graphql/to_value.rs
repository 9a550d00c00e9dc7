//! Syntax trees as values: what OPA shows is its parser's structures with empty lists, objects and places left out.

use super::ast::{
    Argument, ArgumentDefinition, ChildValue, Comments, Definition, DefinitionComments, Directive,
    DirectiveDefinition, EnumValueDefinition, Field, FieldDefinition, Fragment, FragmentSpread,
    InlineFragment, Operation, OperationType, QueryDocument, SchemaDefinition, SchemaDocument,
    Selection, Type, Value, VariableDefinition,
};
use crate::arena::Arena;
use crate::value::Value as Rego;

/// Makes the values of one document.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    arena: &'a Arena,
}

type Entry<'a> = (&'static str, Option<Rego<'a>>);

impl<'a> Writer<'a> {
    pub const fn new(arena: &'a Arena) -> Self {
        Self { arena }
    }

    pub fn query(self, document: &QueryDocument) -> Rego<'a> {
        self.object([
            (
                "Operations",
                self.list(&document.operations, Self::operation),
            ),
            ("Fragments", self.list(&document.fragments, Self::fragment)),
        ])
    }

    pub fn schema(self, document: &SchemaDocument) -> Rego<'a> {
        self.object([
            (
                "Schema",
                self.list(&document.schemas, Self::schema_definition),
            ),
            (
                "SchemaExtension",
                self.list(&document.schema_extensions, Self::schema_definition),
            ),
            (
                "Directives",
                self.list(&document.directives, Self::directive_definition),
            ),
            (
                "Definitions",
                self.list(&document.definitions, Self::definition),
            ),
            (
                "Extensions",
                self.list(&document.extensions, Self::definition),
            ),
            ("Comment", self.comments(&document.comment)),
        ])
    }

    fn text(self, text: &str) -> Option<Rego<'a>> {
        Some(Rego::string(self.arena, text))
    }

    fn object<const N: usize>(self, entries: [Entry<'a>; N]) -> Rego<'a> {
        self.object_with(entries, [])
    }

    fn object_with<const N: usize, const M: usize>(
        self,
        entries: [Entry<'a>; N],
        more: [Entry<'a>; M],
    ) -> Rego<'a> {
        let present = entries
            .into_iter()
            .chain(more)
            .filter_map(|(name, value)| Some((Rego::String(name), value?)));
        Rego::object(self.arena, present)
    }

    /// A list, unless it is empty. Empty elements are left out.
    fn list<T>(self, items: &[T], write: impl Fn(Self, &T) -> Rego<'a>) -> Option<Rego<'a>> {
        let values: Vec<_> = items
            .iter()
            .map(|item| write(self, item))
            .filter(|value| value.collection_len() != Some(0))
            .collect();
        (!values.is_empty()).then(|| Rego::array(self.arena, &values))
    }

    fn texts<'t>(self, items: impl Iterator<Item = &'t str>) -> Option<Rego<'a>> {
        let values: Vec<_> = items.map(|item| Rego::string(self.arena, item)).collect();
        (!values.is_empty()).then(|| Rego::array(self.arena, &values))
    }

    fn comments(self, comments: &Comments) -> Option<Rego<'a>> {
        let list = self.list(comments, |writer, comment| {
            writer.object([("Value", writer.text(comment))])
        })?;
        Some(self.object([("List", Some(list))]))
    }

    fn definition_comments(self, comments: &DefinitionComments) -> [Entry<'a>; 2] {
        [
            (
                "BeforeDescriptionComment",
                self.comments(&comments.before_description),
            ),
            (
                "AfterDescriptionComment",
                self.comments(&comments.after_description),
            ),
        ]
    }

    fn operation(self, operation: &Operation) -> Rego<'a> {
        self.object([
            ("Operation", self.text(&operation.kind)),
            ("Name", self.text(&operation.name)),
            (
                "VariableDefinitions",
                self.list(&operation.variables, Self::variable),
            ),
            (
                "Directives",
                self.list(&operation.directives, Self::directive),
            ),
            (
                "SelectionSet",
                self.list(&operation.selections, Self::selection),
            ),
            ("Comment", self.comments(&operation.comment)),
        ])
    }

    fn variable(self, variable: &VariableDefinition) -> Rego<'a> {
        self.object([
            ("Variable", self.text(&variable.name)),
            ("Type", Some(self.kind(&variable.kind))),
            (
                "DefaultValue",
                variable.default.as_ref().map(|value| self.value(value)),
            ),
            (
                "Directives",
                self.list(&variable.directives, Self::directive),
            ),
            ("Comment", self.comments(&variable.comment)),
            ("Used", Some(Rego::FALSE)),
        ])
    }

    fn selection(self, selection: &Selection) -> Rego<'a> {
        match selection {
            Selection::Field(field) => self.field(field),
            Selection::Spread(spread) => self.spread(spread),
            Selection::Inline(inline) => self.inline(inline),
        }
    }

    fn field(self, field: &Field) -> Rego<'a> {
        self.object([
            ("Alias", self.text(&field.alias)),
            ("Name", self.text(&field.name)),
            ("Arguments", self.list(&field.arguments, Self::argument)),
            ("Directives", self.list(&field.directives, Self::directive)),
            (
                "SelectionSet",
                self.list(&field.selections, Self::selection),
            ),
            ("Comment", self.comments(&field.comment)),
        ])
    }

    fn spread(self, spread: &FragmentSpread) -> Rego<'a> {
        self.object([
            ("Name", self.text(&spread.name)),
            ("Directives", self.list(&spread.directives, Self::directive)),
            ("Comment", self.comments(&spread.comment)),
        ])
    }

    fn inline(self, inline: &InlineFragment) -> Rego<'a> {
        self.object([
            ("TypeCondition", self.text(&inline.type_condition)),
            ("Directives", self.list(&inline.directives, Self::directive)),
            (
                "SelectionSet",
                self.list(&inline.selections, Self::selection),
            ),
            ("Comment", self.comments(&inline.comment)),
        ])
    }

    fn fragment(self, fragment: &Fragment) -> Rego<'a> {
        self.object([
            ("Name", self.text(&fragment.name)),
            (
                "VariableDefinition",
                self.list(&fragment.variables, Self::variable),
            ),
            ("TypeCondition", self.text(&fragment.type_condition)),
            (
                "Directives",
                self.list(&fragment.directives, Self::directive),
            ),
            (
                "SelectionSet",
                self.list(&fragment.selections, Self::selection),
            ),
            ("Comment", self.comments(&fragment.comment)),
        ])
    }

    fn argument(self, argument: &Argument) -> Rego<'a> {
        self.object([
            ("Name", self.text(&argument.name)),
            ("Value", Some(self.value(&argument.value))),
            ("Comment", self.comments(&argument.comment)),
        ])
    }

    fn directive(self, directive: &Directive) -> Rego<'a> {
        self.object([
            ("Name", self.text(&directive.name)),
            ("Arguments", self.list(&directive.arguments, Self::argument)),
            // Filled in by validation, which comes later than this.
            ("Location", self.text("")),
        ])
    }

    fn value(self, value: &Value) -> Rego<'a> {
        self.object([
            ("Raw", self.text(&value.raw)),
            ("Children", self.list(&value.children, Self::child)),
            ("Kind", Some(Rego::int(value.kind as i64))),
            ("Comment", self.comments(&value.comment)),
            ("ExpectedTypeHasDefault", Some(Rego::FALSE)),
        ])
    }

    fn child(self, child: &ChildValue) -> Rego<'a> {
        self.object([
            ("Name", self.text(&child.name)),
            ("Value", Some(self.value(&child.value))),
            ("Comment", self.comments(&child.comment)),
        ])
    }

    fn kind(self, kind: &Type) -> Rego<'a> {
        self.object([
            ("NamedType", self.text(&kind.named)),
            (
                "Elem",
                kind.element.as_ref().map(|element| self.kind(element)),
            ),
            ("NonNull", Some(Rego::Bool(kind.non_null))),
        ])
    }

    fn schema_definition(self, definition: &SchemaDefinition) -> Rego<'a> {
        self.object_with(
            [
                ("Description", self.text(&definition.description)),
                (
                    "Directives",
                    self.list(&definition.directives, Self::directive),
                ),
                (
                    "OperationTypes",
                    self.list(&definition.operations, Self::operation_type),
                ),
                (
                    "EndOfDefinitionComment",
                    self.comments(&definition.comments.end),
                ),
            ],
            self.definition_comments(&definition.comments),
        )
    }

    fn operation_type(self, operation: &OperationType) -> Rego<'a> {
        self.object([
            ("Operation", self.text(&operation.operation)),
            ("Type", self.text(&operation.named)),
            ("Comment", self.comments(&operation.comment)),
        ])
    }

    fn definition(self, definition: &Definition) -> Rego<'a> {
        self.object_with(
            [
                ("Kind", self.text(definition.kind.name())),
                ("Description", self.text(&definition.description)),
                ("Name", self.text(&definition.name)),
                (
                    "Directives",
                    self.list(&definition.directives, Self::directive),
                ),
                (
                    "Interfaces",
                    self.texts(definition.interfaces.iter().map(String::as_str)),
                ),
                (
                    "Fields",
                    self.list(&definition.fields, Self::field_definition),
                ),
                (
                    "Types",
                    self.texts(definition.types.iter().map(|(name, _)| name.as_str())),
                ),
                (
                    "EnumValues",
                    self.list(&definition.enum_values, Self::enum_value),
                ),
                ("BuiltIn", Some(Rego::Bool(definition.built_in))),
                (
                    "EndOfDefinitionComment",
                    self.comments(&definition.comments.end),
                ),
            ],
            self.definition_comments(&definition.comments),
        )
    }

    fn field_definition(self, field: &FieldDefinition) -> Rego<'a> {
        self.object_with(
            [
                ("Description", self.text(&field.description)),
                ("Name", self.text(&field.name)),
                (
                    "Arguments",
                    self.list(&field.arguments, Self::argument_definition),
                ),
                (
                    "DefaultValue",
                    field.default.as_ref().map(|value| self.value(value)),
                ),
                ("Type", Some(self.kind(&field.kind))),
                ("Directives", self.list(&field.directives, Self::directive)),
            ],
            self.definition_comments(&field.comments),
        )
    }

    fn argument_definition(self, argument: &ArgumentDefinition) -> Rego<'a> {
        self.object_with(
            [
                ("Description", self.text(&argument.description)),
                ("Name", self.text(&argument.name)),
                (
                    "DefaultValue",
                    argument.default.as_ref().map(|value| self.value(value)),
                ),
                ("Type", Some(self.kind(&argument.kind))),
                (
                    "Directives",
                    self.list(&argument.directives, Self::directive),
                ),
            ],
            self.definition_comments(&argument.comments),
        )
    }

    fn enum_value(self, value: &EnumValueDefinition) -> Rego<'a> {
        self.object_with(
            [
                ("Description", self.text(&value.description)),
                ("Name", self.text(&value.name)),
                ("Directives", self.list(&value.directives, Self::directive)),
            ],
            self.definition_comments(&value.comments),
        )
    }

    fn directive_definition(self, definition: &DirectiveDefinition) -> Rego<'a> {
        self.object_with(
            [
                ("Description", self.text(&definition.description)),
                ("Name", self.text(&definition.name)),
                (
                    "Arguments",
                    self.list(&definition.arguments, Self::argument_definition),
                ),
                (
                    "Locations",
                    self.texts(definition.locations.iter().map(String::as_str)),
                ),
                ("IsRepeatable", Some(Rego::Bool(definition.repeatable))),
            ],
            self.definition_comments(&definition.comments),
        )
    }
}
