//! Conditions as the `WHERE` clause of a query, with the values in it.
//!
//! Values are quoted as each dialect does it. Numbers are quoted too, as by OPA: stores convert them to the type of the
//! column.

use super::Fault;
use super::target::Target;
use super::tree::{Literal, Node, Operand};

/// The clause; always is an empty text.
///
/// # Errors
/// What has no place in a clause, in OPA's words.
pub fn text(condition: Option<&Node>, target: Target) -> Result<String, Fault> {
    let Some(node) = condition else {
        return Ok(String::new());
    };
    Ok(format!("WHERE {}", of_node(node, target)?))
}

fn of_node(node: &Node, target: Target) -> Result<String, Fault> {
    match node {
        Node::Compound("not", nodes) => match nodes.as_slice() {
            [node] => Ok(format!("NOT {}", of_node(node, target)?)),
            _ => Err(Fault::anywhere(
                "compound expression 'not' requires exactly one value",
            )),
        },
        Node::Compound(operator, nodes) => {
            let parts: Vec<String> = nodes
                .iter()
                .map(|node| of_node(node, target))
                .collect::<Result<_, _>>()?;
            let between = if *operator == "and" { " AND " } else { " OR " };
            Ok(format!("({})", parts.join(between)))
        }
        Node::Field {
            operator,
            field,
            value,
        } => of_field(operator, &identifier(field, target), value, target),
    }
}

fn of_field(
    operator: &str,
    field: &str,
    operand: &Operand,
    target: Target,
) -> Result<String, Fault> {
    if let Operand::Value(Literal::Null) = operand {
        return match operator {
            "eq" => Ok(format!("{field} IS NULL")),
            "ne" => Ok(format!("{field} IS NOT NULL")),
            _ => Err(Fault::anywhere(
                "null value can only be used with 'eq' or 'ne' operators",
            )),
        };
    }
    let sign = match operator {
        "eq" => "=",
        "ne" => "<>",
        "gt" => ">",
        "lt" => "<",
        "gte" => ">=",
        "lte" => "<=",
        "in" => return member(field, operand, target),
        _ => return like(operator, field, operand, target),
    };
    let value = match operand {
        Operand::Field(other) => identifier(other, target),
        Operand::Value(literal) => of_literal(literal, target)?,
    };
    Ok(format!("{field} {sign} {value}"))
}

fn member(field: &str, operand: &Operand, target: Target) -> Result<String, Fault> {
    let Operand::Value(Literal::List(items)) = operand else {
        return Err(Fault::anywhere(
            "field operator 'in' requires collection argument",
        ));
    };
    if items.is_empty() {
        return Ok("0 = 1".to_owned());
    }
    let items: Vec<String> = items
        .iter()
        .map(|item| of_literal(item, target))
        .collect::<Result<_, _>>()?;
    Ok(format!("{field} IN ({})", items.join(", ")))
}

fn like(operator: &str, field: &str, operand: &Operand, target: Target) -> Result<String, Fault> {
    let Operand::Value(Literal::String(text)) = operand else {
        return Err(Fault::anywhere(format!(
            "'{operator}' pattern requires string argument"
        )));
    };
    let text = text
        .replace('\\', "\\\\")
        .replace('_', "\\_")
        .replace('%', "\\%");
    let pattern = match operator {
        "startswith" => format!("{text}%"),
        "endswith" => format!("%{text}"),
        _ => format!("%{text}%"),
    };
    Ok(format!("{field} LIKE {}", string(&pattern, target)))
}

fn of_literal(literal: &Literal, target: Target) -> Result<String, Fault> {
    match literal {
        Literal::Null => Ok("NULL".to_owned()),
        Literal::Bool(true) => Ok("TRUE".to_owned()),
        Literal::Bool(false) => Ok("FALSE".to_owned()),
        Literal::Number(text) | Literal::String(text) => Ok(string(text, target)),
        Literal::List(_) => Err(Fault::anywhere(
            "go-sqlbuilder: unsupported args when interpolating: only byte slices are supported",
        )),
        Literal::Object(_) => Err(Fault::anywhere(
            "go-sqlbuilder: unsupported args when interpolating: ",
        )),
    }
}

/// Text in quotes. SQL Server and `SQLite` know one escape, the doubled quote; the others those of C.
fn string(text: &str, target: Target) -> String {
    let mut quoted = String::with_capacity(text.len() + 3);
    match target {
        Target::Postgresql => quoted.push('E'),
        Target::Sqlserver => quoted.push('N'),
        _ => {}
    }
    quoted.push('\'');
    for letter in text.chars() {
        match (target, letter) {
            (Target::Sqlserver | Target::Sqlite, '\'') => quoted.push_str("''"),
            (Target::Sqlite, '\0') => quoted.push_str("'||char(0)||'"),
            (Target::Sqlserver | Target::Sqlite, letter) => quoted.push(letter),
            (_, '\0') => quoted.push_str("\\0"),
            (_, '\u{8}') => quoted.push_str("\\b"),
            (_, '\n') => quoted.push_str("\\n"),
            (_, '\r') => quoted.push_str("\\r"),
            (_, '\t') => quoted.push_str("\\t"),
            (_, '\u{1a}') => quoted.push_str("\\Z"),
            (_, '\'' | '"' | '\\') => {
                quoted.push('\\');
                quoted.push(letter);
            }
            (_, letter) => quoted.push(letter),
        }
    }
    quoted.push('\'');
    quoted
}

/// A field whose parts are quoted where they are not letters, digits and underscores: a part can be a key of the input,
/// any text at all.
fn identifier(field: &str, target: Target) -> String {
    let parts: Vec<String> = field
        .split('.')
        .map(|part| {
            let mut bytes = part.bytes();
            let starts = bytes
                .next()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            if starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return part.to_owned();
            }
            match target {
                Target::Mysql => format!("`{}`", part.replace('`', "``")),
                _ => format!("\"{}\"", part.replace('"', "\"\"")),
            }
        })
        .collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_quotes_in_its_way() {
        let text = "it's \"a\"\\\n\0";
        assert_eq!(
            string(text, Target::Postgresql),
            "E'it\\'s \\\"a\\\"\\\\\\n\\0'"
        );
        assert_eq!(string(text, Target::Mysql), "'it\\'s \\\"a\\\"\\\\\\n\\0'");
        assert_eq!(string(text, Target::Sqlserver), "N'it''s \"a\"\\\n\0'");
        assert_eq!(
            string(text, Target::Sqlite),
            "'it''s \"a\"\\\n'||char(0)||''"
        );
    }

    #[test]
    fn names_that_are_none_are_quoted() {
        assert_eq!(identifier("fruits.name", Target::Mysql), "fruits.name");
        assert_eq!(identifier("fruits.a b`", Target::Mysql), "fruits.`a b```");
        assert_eq!(
            identifier("fruits.x\" = 1 --", Target::Sqlite),
            "fruits.\"x\"\" = 1 --\""
        );
        assert_eq!(identifier("fruits.1", Target::Postgresql), "fruits.\"1\"");
    }

    #[test]
    fn nothing_is_in_an_empty_list() {
        let nobody = Operand::Value(Literal::List(Vec::new()));
        assert_eq!(
            of_field("in", "f.a", &nobody, Target::Mysql),
            Ok("0 = 1".to_owned())
        );
    }
}
