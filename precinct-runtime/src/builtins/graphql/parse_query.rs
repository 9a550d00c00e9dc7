//! Executable documents (GraphQL specification, sections 2.2 to 2.12).

use super::ast::{
    Field, Fragment, FragmentSpread, InlineFragment, Operation, QueryDocument, Selection,
    VariableDefinition,
};
use super::lexer::Kind;
use super::parse::{Parsed, Parser};

/// Reads queries, mutations, subscriptions and fragments.
pub fn parse_query(text: &str) -> Parsed<QueryDocument> {
    let mut parser = Parser::new(text);
    let mut document = QueryDocument::default();
    while parser.kind() != Kind::Eof {
        match (parser.kind(), parser.token().value.as_str()) {
            (Kind::BraceL, _) | (Kind::Name, "query" | "mutation" | "subscription") => {
                document.operations.push(operation(&mut parser)?);
            }
            (Kind::Name, "fragment") => document.fragments.push(fragment(&mut parser)?),
            _ => return parser.unexpected(),
        }
    }
    Ok(document)
}

fn operation(parser: &mut Parser<'_>) -> Parsed<Operation> {
    let mut operation = Operation {
        kind: "query".to_owned(),
        position: parser.position(),
        ..Operation::default()
    };
    // OPA's parser forgets the comment in front of an operation without a keyword.
    if parser.kind() != Kind::BraceL {
        operation.comment.clone_from(&parser.comment);
        operation.kind = parser.next().value;
        if parser.kind() == Kind::Name {
            operation.name = parser.next().value;
        }
        operation.variables = variable_definitions(parser)?;
        operation.directives = parser.directives(false)?;
    }
    operation.selections = required_selections(parser)?;
    Ok(operation)
}

fn variable_definitions(parser: &mut Parser<'_>) -> Parsed<Vec<VariableDefinition>> {
    let definition = |parser: &mut Parser<'_>| {
        let (position, comment) = (parser.position(), parser.comment.clone());
        let name = parser.variable()?;
        parser.expect(Kind::Colon)?;
        let kind = parser.type_reference()?;
        let default = if parser.skip(Kind::Equals) {
            Some(parser.value(true)?)
        } else {
            None
        };
        Ok(VariableDefinition {
            name,
            kind,
            default,
            directives: parser.directives(false)?,
            position,
            comment,
        })
    };
    Ok(parser.some(Kind::ParenL, Kind::ParenR, definition)?.0)
}

fn required_selections(parser: &mut Parser<'_>) -> Parsed<Vec<Selection>> {
    if parser.kind() != Kind::BraceL {
        return parser.error(format!("Expected {{, found {}", parser.kind().text()));
    }
    parser.nested(|parser| Ok(parser.some(Kind::BraceL, Kind::BraceR, selection)?.0))
}

fn selection(parser: &mut Parser<'_>) -> Parsed<Selection> {
    if parser.kind() == Kind::Spread {
        spread(parser)
    } else {
        field(parser).map(Selection::Field)
    }
}

fn field(parser: &mut Parser<'_>) -> Parsed<Field> {
    let mut field = Field {
        position: parser.position(),
        comment: parser.comment.clone(),
        alias: parser.name()?,
        ..Field::default()
    };
    field.name = if parser.skip(Kind::Colon) {
        parser.name()?
    } else {
        field.alias.clone()
    };
    field.arguments = parser.arguments(false)?;
    field.directives = parser.directives(false)?;
    if parser.kind() == Kind::BraceL {
        field.selections = required_selections(parser)?;
    }
    Ok(field)
}

fn spread(parser: &mut Parser<'_>) -> Parsed<Selection> {
    let comment = parser.comment.clone();
    parser.expect(Kind::Spread)?;
    let position = parser.position();
    if parser.kind() == Kind::Name && !parser.reads("on") {
        let name = parser.name()?;
        return Ok(Selection::Spread(FragmentSpread {
            name,
            directives: parser.directives(false)?,
            position,
            comment,
        }));
    }
    let mut type_condition = String::new();
    if parser.reads("on") {
        parser.next();
        type_condition = parser.name()?;
    }
    let directives = parser.directives(false)?;
    let selections = required_selections(parser)?;
    Ok(Selection::Inline(InlineFragment {
        type_condition,
        directives,
        selections,
        position,
        comment,
    }))
}

fn fragment(parser: &mut Parser<'_>) -> Parsed<Fragment> {
    let mut fragment = Fragment {
        position: parser.position(),
        comment: parser.comment.clone(),
        ..Fragment::default()
    };
    parser.keyword("fragment")?;
    if parser.reads("on") {
        return parser.unexpected();
    }
    fragment.name = parser.name()?;
    fragment.variables = variable_definitions(parser)?;
    parser.keyword("on")?;
    fragment.type_condition = parser.name()?;
    fragment.directives = parser.directives(false)?;
    fragment.selections = required_selections(parser)?;
    Ok(fragment)
}
