//! Type system documents (GraphQL specification, section 3).

use super::ast::{
    ArgumentDefinition, Comments, Definition, DefinitionComments, DefinitionKind,
    DirectiveDefinition, EnumValueDefinition, FieldDefinition, OperationType, Position,
    SchemaDefinition, SchemaDocument,
};
use super::lexer::{Kind, Token};
use super::parse::{Parsed, Parser, SyntaxError};

/// The places a directive may be declared for.
const LOCATIONS: &[&str] = &[
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// Reads definitions and extensions.
pub fn parse_schema(text: &str) -> Parsed<SchemaDocument> {
    let mut parser = Parser::new(text);
    let mut document = SchemaDocument::default();
    while parser.kind() != Kind::Eof {
        let description = Description::read(&mut parser);
        if parser.kind() != Kind::Name {
            return parser.unexpected();
        }
        match parser.token().value.as_str() {
            "schema" => document.schemas.push(schema(&mut parser, description)?),
            "directive" => document
                .directives
                .push(directive(&mut parser, description)?),
            "extend" => {
                // An extension may have no description, unless it is an empty one.
                if let Some(token) = description.token.filter(|token| !token.value.is_empty()) {
                    return unexpected(&token);
                }
                extension(&mut parser, &mut document)?;
            }
            word => match kind_of(word) {
                Some(kind) => {
                    document
                        .definitions
                        .push(definition(&mut parser, kind, description)?);
                }
                None => return parser.unexpected(),
            },
        }
    }
    document.comment = std::mem::take(&mut parser.comment);
    Ok(document)
}

fn unexpected<T>(token: &Token) -> Parsed<T> {
    Err(SyntaxError {
        message: format!("Unexpected {token}"),
        position: token.position,
    })
}

/// The kind of definition that a keyword begins.
fn kind_of(word: &str) -> Option<DefinitionKind> {
    match word {
        "scalar" => Some(DefinitionKind::Scalar),
        "type" => Some(DefinitionKind::Object),
        "interface" => Some(DefinitionKind::Interface),
        "union" => Some(DefinitionKind::Union),
        "enum" => Some(DefinitionKind::Enum),
        "input" => Some(DefinitionKind::InputObject),
        _ => None,
    }
}

/// The text in front of a definition, and the comments in front of that.
#[derive(Default)]
struct Description {
    token: Option<Token>,
    comment: Comments,
}

impl Description {
    fn read(parser: &mut Parser<'_>) -> Self {
        if !matches!(parser.kind(), Kind::String | Kind::BlockString) {
            return Self::default();
        }
        let comment = parser.comment.clone();
        Self {
            token: Some(parser.next()),
            comment,
        }
    }

    /// The text, and the comments that are kept if there is text.
    fn member(self) -> (String, Comments) {
        let text = self.token.map(|token| token.value).unwrap_or_default();
        let comment = if text.is_empty() {
            Vec::new()
        } else {
            self.comment
        };
        (text, comment)
    }

    fn text(self) -> (String, Comments) {
        (
            self.token.map(|token| token.value).unwrap_or_default(),
            self.comment,
        )
    }
}

fn schema(parser: &mut Parser<'_>, description: Description) -> Parsed<SchemaDefinition> {
    let after_description = parser.keyword("schema")?;
    let (description, before_description) = description.text();
    let position = parser.position();
    let directives = parser.directives(true)?;
    let (operations, end) = parser.some(Kind::BraceL, Kind::BraceR, operation_type)?;
    let comments = DefinitionComments {
        before_description,
        after_description,
        end,
    };
    Ok(SchemaDefinition {
        description,
        directives,
        operations,
        position,
        comments,
    })
}

fn operation_type(parser: &mut Parser<'_>) -> Parsed<OperationType> {
    let (position, comment) = (parser.position(), parser.comment.clone());
    if parser.kind() == Kind::Invalid {
        return parser.unexpected();
    }
    let token = parser.next();
    if !matches!(token.value.as_str(), "query" | "mutation" | "subscription") {
        return unexpected(&token);
    }
    parser.expect(Kind::Colon)?;
    Ok(OperationType {
        operation: token.value,
        named: parser.name()?,
        position,
        comment,
    })
}

fn definition(
    parser: &mut Parser<'_>,
    kind: DefinitionKind,
    description: Description,
) -> Parsed<Definition> {
    let after_description = parser.comment.clone();
    parser.next();
    let (description, before_description) = description.text();
    let mut definition = Definition {
        kind,
        description,
        ..Definition::default()
    };
    definition.comments.before_description = before_description;
    definition.comments.after_description = after_description;
    body(parser, &mut definition, true)?;
    Ok(definition)
}

/// What follows the keyword of a definition or extension.
fn body(parser: &mut Parser<'_>, definition: &mut Definition, with_interfaces: bool) -> Parsed<()> {
    definition.position = parser.position();
    definition.name = parser.name()?;
    let kind = definition.kind;
    if kind == DefinitionKind::Object || (kind == DefinitionKind::Interface && with_interfaces) {
        definition.interfaces = interfaces(parser)?;
    }
    definition.directives = parser.directives(true)?;
    match kind {
        DefinitionKind::Scalar => {}
        DefinitionKind::Object | DefinitionKind::Interface => {
            (definition.fields, definition.comments.end) =
                parser.some(Kind::BraceL, Kind::BraceR, field)?;
        }
        DefinitionKind::InputObject => {
            (definition.fields, definition.comments.end) =
                parser.some(Kind::BraceL, Kind::BraceR, input_field)?;
        }
        DefinitionKind::Enum => {
            (definition.enum_values, definition.comments.end) =
                parser.some(Kind::BraceL, Kind::BraceR, enum_value)?;
        }
        DefinitionKind::Union => definition.types = union_members(parser)?,
    }
    Ok(())
}

fn interfaces(parser: &mut Parser<'_>) -> Parsed<Vec<String>> {
    let mut names = Vec::new();
    if parser.reads("implements") {
        parser.next();
        parser.skip(Kind::Amp);
        names.push(parser.name()?);
        while parser.skip(Kind::Amp) {
            names.push(parser.name()?);
        }
    }
    Ok(names)
}

fn union_members(parser: &mut Parser<'_>) -> Parsed<Vec<(String, Position)>> {
    let mut members = Vec::new();
    if parser.skip(Kind::Equals) {
        parser.skip(Kind::Pipe);
        loop {
            let position = parser.position();
            members.push((parser.name()?, position));
            if !parser.skip(Kind::Pipe) {
                break;
            }
        }
    }
    Ok(members)
}

fn field(parser: &mut Parser<'_>) -> Parsed<FieldDefinition> {
    let (description, mut field) = (Description::read(parser), FieldDefinition::default());
    (field.description, field.comments.before_description) = description.member();
    field.comments.after_description.clone_from(&parser.comment);
    field.position = parser.position();
    field.name = parser.name()?;
    field.arguments = argument_definitions(parser)?;
    parser.expect(Kind::Colon)?;
    field.kind = parser.type_reference()?;
    field.directives = parser.directives(true)?;
    Ok(field)
}

fn input_field(parser: &mut Parser<'_>) -> Parsed<FieldDefinition> {
    let argument = argument_definition(parser)?;
    Ok(FieldDefinition {
        description: argument.description,
        name: argument.name,
        arguments: Vec::new(),
        default: argument.default,
        kind: argument.kind,
        directives: argument.directives,
        position: argument.position,
        comments: argument.comments,
    })
}

fn argument_definitions(parser: &mut Parser<'_>) -> Parsed<Vec<ArgumentDefinition>> {
    Ok(parser
        .some(Kind::ParenL, Kind::ParenR, argument_definition)?
        .0)
}

fn argument_definition(parser: &mut Parser<'_>) -> Parsed<ArgumentDefinition> {
    let (description, mut argument) = (Description::read(parser), ArgumentDefinition::default());
    (argument.description, argument.comments.before_description) = description.member();
    argument
        .comments
        .after_description
        .clone_from(&parser.comment);
    argument.position = parser.position();
    argument.name = parser.name()?;
    parser.expect(Kind::Colon)?;
    argument.kind = parser.type_reference()?;
    if parser.skip(Kind::Equals) {
        argument.default = Some(parser.value(true)?);
    }
    argument.directives = parser.directives(true)?;
    Ok(argument)
}

fn enum_value(parser: &mut Parser<'_>) -> Parsed<EnumValueDefinition> {
    let (description, mut value) = (Description::read(parser), EnumValueDefinition::default());
    (value.description, value.comments.before_description) = description.member();
    value.comments.after_description.clone_from(&parser.comment);
    value.position = parser.position();
    value.name = parser.name()?;
    value.directives = parser.directives(true)?;
    Ok(value)
}

fn directive(parser: &mut Parser<'_>, description: Description) -> Parsed<DirectiveDefinition> {
    let mut definition = DirectiveDefinition::default();
    definition.comments.after_description = parser.keyword("directive")?;
    parser.expect(Kind::At)?;
    definition.position = parser.position();
    (
        definition.description,
        definition.comments.before_description,
    ) = description.text();
    definition.name = parser.name()?;
    definition.arguments = argument_definitions(parser)?;
    if parser.kind() == Kind::Name && parser.reads("repeatable") {
        definition.repeatable = true;
        parser.next();
    }
    parser.keyword("on")?;
    parser.skip(Kind::Pipe);
    loop {
        let token = parser.expect(Kind::Name)?;
        if !LOCATIONS.contains(&token.value.as_str()) {
            return unexpected(&token);
        }
        definition.locations.push(token.value);
        if !parser.skip(Kind::Pipe) {
            return Ok(definition);
        }
    }
}

fn extension(parser: &mut Parser<'_>, document: &mut SchemaDocument) -> Parsed<()> {
    let after_description = parser.keyword("extend")?;
    if parser.reads("schema") {
        parser.keyword("schema")?;
        let position = parser.position();
        let directives = parser.directives(true)?;
        let (operations, end) = parser.some(Kind::BraceL, Kind::BraceR, operation_type)?;
        if directives.is_empty() && operations.is_empty() {
            return parser.unexpected();
        }
        let comments = DefinitionComments {
            before_description: Vec::new(),
            after_description,
            end,
        };
        let description = String::new();
        document.schema_extensions.push(SchemaDefinition {
            description,
            directives,
            operations,
            position,
            comments,
        });
        return Ok(());
    }
    let Some(kind) = kind_of(&parser.token().value).filter(|_| parser.kind() == Kind::Name) else {
        return parser.unexpected();
    };
    parser.next();
    let mut definition = Definition {
        kind,
        ..Definition::default()
    };
    definition.comments.after_description = after_description;
    body(parser, &mut definition, false)?;
    let is_empty = definition.directives.is_empty()
        && definition.interfaces.is_empty()
        && definition.fields.is_empty()
        && definition.types.is_empty()
        && definition.enum_values.is_empty();
    if is_empty {
        return parser.unexpected();
    }
    document.extensions.push(definition);
    Ok(())
}
