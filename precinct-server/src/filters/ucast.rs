//! Conditions as UCAST: JSON that adapters of object-relational mappers read.

use super::tree::{Literal, Node, Operand};
use crate::http::text::{ObjectText, list, quoted};

/// The condition as JSON text; always is an empty object.
#[must_use]
pub fn text(condition: Option<&Node>) -> String {
    condition.map_or_else(|| "{}".to_owned(), of_node)
}

fn of_node(node: &Node) -> String {
    let object = ObjectText::default();
    match node {
        Node::Compound(operator, nodes) => object
            .with_string("operator", operator)
            .with_string("type", "compound")
            .with("value", &list(nodes.iter().map(of_node)))
            .finish(),
        Node::Field {
            operator,
            field,
            value,
        } => object
            .with_string("field", field)
            .with_string("operator", operator)
            .with_string("type", "field")
            .with("value", &of_operand(value))
            .finish(),
    }
}

fn of_operand(operand: &Operand) -> String {
    match operand {
        Operand::Field(field) => ObjectText::default().with_string("field", field).finish(),
        Operand::Value(literal) => of_literal(literal),
    }
}

fn of_literal(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(it) => it.to_string(),
        Literal::Number(it) => it.clone(),
        Literal::String(it) => quoted(it),
        Literal::List(items) => list(items.iter().map(of_literal)),
        Literal::Object(entries) => entries
            .iter()
            .fold(ObjectText::default(), |object, (key, value)| {
                object.with(key, &of_literal(value))
            })
            .finish(),
    }
}
