//! Conditions, independent of a target.

use precinct_rego::ast::order::{sorted_entries, sorted_terms};
use precinct_rego::ast::{Body, Expr, ExprKind, Term, TermValue};

use super::Fault;
use super::mappings::Mappings;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Conditions under `and`, `or` or `not`.
    Compound(&'static str, Vec<Node>),
    /// A field compared with something.
    Field {
        /// `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `startswith`, `endswith`, `contains`
        operator: &'static str,
        /// The field (`fruits.name`), mapped.
        field: String,
        /// What it is compared with.
        value: Operand,
    },
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Another field.
    Field(String),
    /// A value.
    Value(Literal),
}

/// A value as JSON has it; numbers as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(String),
    /// A string.
    String(String),
    /// A list; a set's members are in order.
    List(Vec<Literal>),
    /// An object, ordered by key.
    Object(Vec<(String, Literal)>),
}

/// The condition that one of these bodies holds; `None` is always.
///
/// # Errors
/// What can't be translated.
pub fn condition(bodies: &[Body], mappings: Mappings<'_>) -> Result<Option<Node>, Fault> {
    let mut nodes = Vec::with_capacity(bodies.len());
    for body in bodies {
        let parts = body.iter().map(|expr| of_expr(expr, mappings));
        match joined("and", parts.collect::<Result<_, _>>()?) {
            Some(node) => nodes.push(node),
            None => return Ok(None),
        }
    }
    Ok(joined("or", nodes))
}

fn joined(operator: &'static str, mut nodes: Vec<Node>) -> Option<Node> {
    if nodes.len() > 1 {
        return Some(Node::Compound(operator, nodes));
    }
    nodes.pop()
}

fn of_expr(expr: &Expr, mappings: Mappings<'_>) -> Result<Node, Fault> {
    let untranslatable = || Fault::at(expr.span, "the expression can't be translated");
    let ExprKind::Call(terms) = &expr.kind else {
        return Err(untranslatable());
    };
    let [operator, left, right] = terms.as_slice() else {
        return Err(untranslatable());
    };
    let mut name = match operator.to_string().as_str() {
        "eq" => "eq",
        "neq" => "ne",
        "lt" => "lt",
        "lte" => "lte",
        "gt" => "gt",
        "gte" => "gte",
        "startswith" => "startswith",
        "endswith" => "endswith",
        "contains" => "contains",
        "internal.member_2" => "in",
        _ => return Err(untranslatable()),
    };
    let (reference, other) = match (&left.value, &right.value) {
        (TermValue::Ref(parts), _) => (parts, right),
        (_, TermValue::Ref(parts)) => {
            name = mirrored(name);
            (parts, left)
        }
        _ => return Err(untranslatable()),
    };
    let compares = !matches!(name, "startswith" | "endswith" | "contains" | "in");
    let value = match &other.value {
        TermValue::Ref(parts) if compares => {
            Operand::Field(field(parts, mappings).ok_or_else(untranslatable)?)
        }
        // OPA asks for null where text or a list is expected, which the targets refuse or never find.
        TermValue::Ref(_) => Operand::Value(Literal::Null),
        TermValue::Var(_) if name == "eq" => {
            name = "ne";
            Operand::Value(Literal::Null)
        }
        _ => Operand::Value(literal(other).ok_or_else(untranslatable)?),
    };
    let node = Node::Field {
        operator: name,
        field: field(reference, mappings).ok_or_else(untranslatable)?,
        value,
    };
    Ok(if expr.negated {
        Node::Compound("not", vec![node])
    } else {
        node
    })
}

/// The comparison that holds with its operands exchanged.
fn mirrored(name: &'static str) -> &'static str {
    match name {
        "lt" => "gt",
        "lte" => "gte",
        "gt" => "lt",
        "gte" => "lte",
        other => other,
    }
}

fn field(parts: &[Term], mappings: Mappings<'_>) -> Option<String> {
    let names = parts.iter().skip(1).map(|part| match &part.value {
        TermValue::Var(name) | TermValue::String(name) => Some(name.as_ref()),
        _ => None,
    });
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    Some(mappings.column(&names.join(".")))
}

fn literal(term: &Term) -> Option<Literal> {
    let list = |terms: &mut dyn Iterator<Item = &Term>| -> Option<Literal> {
        terms.map(literal).collect::<Option<_>>().map(Literal::List)
    };
    match &term.value {
        TermValue::Null => Some(Literal::Null),
        TermValue::Boolean(it) => Some(Literal::Bool(*it)),
        TermValue::Number(it) => Some(Literal::Number(it.to_string())),
        TermValue::String(it) => Some(Literal::String(it.to_string())),
        TermValue::Array(items) => list(&mut items.iter()),
        TermValue::Set(items) => list(&mut sorted_terms(items).into_iter()),
        TermValue::Object(entries) => {
            let entries = sorted_entries(entries).into_iter().map(|(key, value)| {
                let key = match &key.value {
                    TermValue::String(it) => it.to_string(),
                    _ => key.to_string(),
                };
                Some((key, literal(value)?))
            });
            entries.collect::<Option<_>>().map(Literal::Object)
        }
        _ => None,
    }
}
