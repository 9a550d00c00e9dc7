//! One schema of several that must all hold.

use super::schema::{Kind, Kinds, Schema, Schemas};

/// One schema of several that must all hold; the first one is what the others are merged into.
///
/// # Errors
/// They contradict each other.
pub fn merge(schemas: &Schemas, mut parts: Vec<Schema>) -> Result<Schema, String> {
    for part in &mut parts {
        if !part.properties.is_empty() {
            part.assume(Kind::Object);
        } else if !part.items.is_empty() {
            part.assume(Kind::Array);
        }
    }
    let mut parts = parts.into_iter();
    let Some(mut merged) = parts.next() else {
        return Ok(Schema::default());
    };
    for part in parts {
        if merged.kinds != part.kinds {
            return Err(format!(
                "unable to merge these schemas: type mismatch: {} and {}",
                Kinds(&merged.kinds),
                Kinds(&part.kinds)
            ));
        }
        if merged.is(Kind::Object) && !merged.properties.is_empty() && !part.properties.is_empty() {
            merged.properties.extend(part.properties);
        } else if merged.is(Kind::Array) && !merged.items.is_empty() {
            for (at, item) in part.items.into_iter().enumerate() {
                let known = if let Some(known) = merged.items.get(at) {
                    *known
                } else {
                    merged.items.push(item);
                    item
                };
                let kinds = |id| schemas.get(id).map(|it| it.kinds.as_slice());
                if kinds(known) != kinds(item) {
                    return Err("unable to merge these schemas".to_owned());
                }
            }
        }
    }
    Ok(merged)
}
