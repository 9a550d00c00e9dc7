//! Whether two types have a value in common.

use super::kinds::{ArrayType, ObjectType, Type};

/// Whether two types have a value in common. What is unknown has none.
pub(super) fn unifies(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Unknown, _) | (_, Type::Unknown) => false,
        (Type::Recursive(x), Type::Recursive(y)) => {
            // Their parts never end, so that only their kinds can be compared.
            let (x, y) = (x.opened(), y.opened());
            matches!(x, Type::Any(_)) || matches!(y, Type::Any(_)) || x.is_like(&y)
        }
        (Type::Recursive(_), _) | (_, Type::Recursive(_)) => unifies(&a.opened(), &b.opened()),
        (Type::Any(_), _) | (_, Type::Any(_)) => {
            matches!(a, Type::Any(of) if any_unifies(of, b))
                || matches!(b, Type::Any(of) if any_unifies(of, a))
        }
        (Type::Null, Type::Null)
        | (Type::Boolean, Type::Boolean)
        | (Type::Number, Type::Number)
        | (Type::String, Type::String) => true,
        (Type::Array(a), Type::Array(b)) => arrays(a, b),
        (Type::Object(a), Type::Object(b)) => objects(a, b),
        // The empty set is a member of every set type.
        (Type::Set(a), Type::Set(b)) => a.is_unknown() || b.is_unknown() || unifies(a, b),
        (Type::Function(a), Type::Function(b)) => {
            a.args.len() == b.args.len()
                && a.args
                    .iter()
                    .zip(&b.args)
                    .all(|(x, y)| unifies(&x.kind, &y.kind))
        }
        _ => false,
    }
}

fn any_unifies(of: &[Type], other: &Type) -> bool {
    !matches!(other, Type::Function(_)) && (of.is_empty() || of.iter().any(|it| unifies(it, other)))
}

fn arrays(a: &ArrayType, b: &ArrayType) -> bool {
    let covers = |a: &ArrayType, b: &ArrayType| {
        a.items
            .iter()
            .enumerate()
            .all(|(at, item)| unifies(item, &b.item(at)))
    };
    covers(a, b)
        && covers(b, a)
        && match (&a.rest, &b.rest) {
            (Some(a), Some(b)) => unifies(a, b),
            _ => true,
        }
}

fn objects(a: &ObjectType, b: &ObjectType) -> bool {
    let open = rest(a).is_some() || rest(b).is_some();
    let covers = |a: &ObjectType, b: &ObjectType| {
        a.properties.iter().all(|(key, value)| {
            let other = b.property(key);
            if other.is_unknown() {
                open
            } else {
                unifies(value, &other)
            }
        })
    };
    covers(a, b)
        && covers(b, a)
        && match (rest(a), rest(b)) {
            (Some(a), Some(b)) => unifies(a, b),
            _ => true,
        }
}

/// What further members are worth; as good as none when that is unknown.
pub(super) fn rest(of: &ObjectType) -> Option<&Type> {
    let (_, value) = of.rest.as_ref()?;
    Some(value).filter(|value| !value.is_unknown())
}
