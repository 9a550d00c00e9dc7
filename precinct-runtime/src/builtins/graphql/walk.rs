//! Validation of a query against a schema: one walk through the document, on which every rule is asked at every node
//! that concerns it, in the order of the rules' names.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::ast::{
    Argument, ArgumentDefinition, Definition, Directive, DirectiveDefinition, Field,
    FieldDefinition, Fragment, FragmentSpread, InlineFragment, Operation, Position, QueryDocument,
    Selection, Type, Value, ValueKind, VariableDefinition,
};
use super::error::GraphqlError;
use super::rules;
use super::schema::Schema;

/// So deep may fragments and selections lead into each other.
const MAX_DEPTH: u32 = 500;

/// `__typename`, which every composite type has.
static TYPENAME: LazyLock<FieldDefinition> = LazyLock::new(|| FieldDefinition {
    name: "__typename".to_owned(),
    kind: Type::of("String", false),
    ..FieldDefinition::default()
});

/// What the walk found out about a field.
#[derive(Clone, Copy, Default)]
pub struct FieldInfo<'s> {
    pub definition: Option<&'s FieldDefinition>,
    /// The type that the field is selected on.
    pub parent: Option<&'s Definition>,
}

/// What the walk found out about a value.
#[derive(Clone, Copy, Default)]
pub struct ValueInfo<'s> {
    pub definition: Option<&'s Definition>,
    pub expected: Option<&'s Type>,
    /// Where the value stands, something else stands if it is left out.
    pub has_default: bool,
    pub variable: Option<&'s VariableDefinition>,
}

/// What the walk found out about a directive.
#[derive(Clone, Copy)]
pub struct DirectiveInfo<'s> {
    pub definition: Option<&'s DirectiveDefinition>,
    pub location: &'static str,
}

/// A node's identity: nodes do not move during a walk.
pub fn identity<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}

/// The walk, with what the rules remember on the way.
pub struct Walk<'s> {
    pub schema: &'s Schema,
    pub document: &'s QueryDocument,
    pub operation: Option<&'s Operation>,
    pub errors: Vec<GraphqlError>,
    pub state: rules::State<'s>,
    fields: HashMap<usize, FieldInfo<'s>>,
    values: HashMap<usize, ValueInfo<'s>>,
    used_variables: HashSet<usize>,
    walked_fragments: HashSet<&'s str>,
    depth: u32,
}

/// Everything that is wrong with a query.
pub fn validate<'s>(schema: &'s Schema, document: &'s QueryDocument) -> Vec<GraphqlError> {
    let mut walk = Walk {
        schema,
        document,
        operation: None,
        errors: Vec::new(),
        state: rules::State::default(),
        fields: HashMap::new(),
        values: HashMap::new(),
        used_variables: HashSet::new(),
        walked_fragments: HashSet::new(),
        depth: 0,
    };
    for operation in &document.operations {
        walk.walked_fragments.clear();
        walk.operation(operation);
    }
    for fragment in &document.fragments {
        walk.walked_fragments.clear();
        walk.fragment(fragment);
    }
    walk.errors
}

impl<'s> Walk<'s> {
    pub fn error(&mut self, position: Position, message: String) {
        self.errors.push(GraphqlError::new(position, message));
    }

    pub fn field_info(&self, field: &Field) -> FieldInfo<'s> {
        self.fields
            .get(&identity(field))
            .copied()
            .unwrap_or_default()
    }

    pub fn value_info(&self, value: &Value) -> ValueInfo<'s> {
        self.values
            .get(&identity(value))
            .copied()
            .unwrap_or_default()
    }

    pub fn is_used(&self, variable: &VariableDefinition) -> bool {
        self.used_variables.contains(&identity(variable))
    }

    /// The fragment of a name.
    pub fn find_fragment(&self, name: &str) -> Option<&'s Fragment> {
        self.document
            .fragments
            .iter()
            .find(|fragment| fragment.name == name)
    }

    fn operation(&mut self, operation: &'s Operation) {
        self.operation = Some(operation);
        for variable in &operation.variables {
            rules::on_variable(self, variable);
            if let Some(default) = &variable.default {
                let info = self.values.entry(identity(default)).or_default();
                info.expected = Some(&variable.kind);
                info.definition = self.schema.get(variable.kind.name());
            }
        }
        for variable in &operation.variables {
            if let Some(default) = &variable.default {
                self.value(default);
            }
            self.directives(&variable.directives, "VARIABLE_DEFINITION");
        }
        let location = match operation.kind.as_str() {
            "mutation" => "MUTATION",
            "subscription" => "SUBSCRIPTION",
            _ => "QUERY",
        };
        self.directives(&operation.directives, location);
        self.selections(self.schema.root(&operation.kind), &operation.selections);
        rules::on_operation(self, operation);
        self.operation = None;
    }

    fn fragment(&mut self, fragment: &'s Fragment) {
        let definition = self.schema.get(&fragment.type_condition);
        self.directives(&fragment.directives, "FRAGMENT_DEFINITION");
        self.selections(definition, &fragment.selections);
        rules::on_fragment(self, fragment, definition);
    }

    fn directives(&mut self, directives: &'s [Directive], location: &'static str) {
        for directive in directives {
            let definition = self.schema.directive(directive);
            for argument in &directive.arguments {
                self.argument(
                    definition.and_then(|definition| definition.argument(&argument.name)),
                    argument,
                );
            }
            rules::on_directive(
                self,
                directive,
                DirectiveInfo {
                    definition,
                    location,
                },
            );
        }
        rules::on_directives(self, directives);
    }

    fn argument(&mut self, definition: Option<&'s ArgumentDefinition>, argument: &'s Argument) {
        if let Some(definition) = definition {
            self.expect(
                &argument.value,
                &definition.kind,
                definition.default.as_ref(),
            );
        }
        self.value(&argument.value);
    }

    fn expect(&mut self, value: &'s Value, kind: &'s Type, default: Option<&Value>) {
        let definition = self.schema.get(kind.name());
        let info = self.values.entry(identity(value)).or_default();
        info.expected = Some(kind);
        info.has_default = default.is_some_and(|default| default.kind != ValueKind::Null);
        info.definition = definition;
    }

    fn value(&mut self, value: &'s Value) {
        if value.kind == ValueKind::Variable
            && let Some(operation) = self.operation
        {
            let variable = operation
                .variables
                .iter()
                .find(|variable| variable.name == value.raw);
            self.values.entry(identity(value)).or_default().variable = variable;
            if let Some(variable) = variable {
                self.used_variables.insert(identity(variable));
            }
        }
        let info = self.value_info(value);
        for child in &value.children {
            match value.kind {
                ValueKind::Object => {
                    if let Some(field) = info
                        .definition
                        .and_then(|definition| definition.field(&child.name))
                    {
                        self.expect(&child.value, &field.kind, field.default.as_ref());
                    }
                }
                ValueKind::List => {
                    if let Some(element) = info
                        .expected
                        .and_then(|expected| expected.element.as_deref())
                    {
                        let child = self.values.entry(identity(&child.value)).or_default();
                        child.expected = Some(element);
                        child.definition = info.definition;
                    }
                }
                _ => continue,
            }
            self.value(&child.value);
        }
        rules::on_value(self, value);
    }

    fn selections(&mut self, parent: Option<&'s Definition>, selections: &'s [Selection]) {
        if self.depth >= MAX_DEPTH {
            self.error(None, format!("Query nests more than {MAX_DEPTH} levels."));
            return;
        }
        self.depth += 1;
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(parent, field),
                Selection::Inline(inline) => self.inline(parent, inline),
                Selection::Spread(spread) => self.spread(parent, spread),
            }
        }
        self.depth -= 1;
    }

    fn field(&mut self, parent: Option<&'s Definition>, field: &'s Field) {
        let definition = if field.name == "__typename" {
            Some(&*TYPENAME)
        } else {
            parent.and_then(|parent| parent.field(&field.name))
        };
        self.fields
            .insert(identity(field), FieldInfo { definition, parent });
        let next = definition.and_then(|definition| self.schema.get(definition.kind.name()));
        for argument in &field.arguments {
            self.argument(
                definition.and_then(|definition| definition.argument(&argument.name)),
                argument,
            );
        }
        self.directives(&field.directives, "FIELD");
        self.selections(next, &field.selections);
        rules::on_field(self, field);
    }

    fn inline(&mut self, parent: Option<&'s Definition>, inline: &'s InlineFragment) {
        let next = if inline.type_condition.is_empty() {
            parent
        } else {
            self.schema.get(&inline.type_condition)
        };
        self.directives(&inline.directives, "INLINE_FRAGMENT");
        self.selections(next, &inline.selections);
        rules::on_inline(self, inline, parent);
    }

    fn spread(&mut self, parent: Option<&'s Definition>, spread: &'s FragmentSpread) {
        let fragment = self.find_fragment(&spread.name);
        self.directives(&spread.directives, "FRAGMENT_SPREAD");
        if let Some(fragment) = fragment
            && self.walked_fragments.insert(&fragment.name)
        {
            self.directives(&fragment.directives, "FRAGMENT_DEFINITION");
            self.selections(
                self.schema.get(&fragment.type_condition),
                &fragment.selections,
            );
        }
        rules::on_spread(self, spread, fragment, parent);
    }
}
