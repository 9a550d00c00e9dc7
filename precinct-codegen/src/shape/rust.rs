//! From the source of a Rust type to the JSON Schema of its values, as `serde` and `#[derive(Input)]` write them.
//!
//! Types are looked up by their last name: those of the standard library, then those of the same file. What is not known
//! is left open, so that nothing is said against it.

use precinct_shape::{Attributes, Rule};
use serde_json::{Map, Value, json};
use syn::{Fields, GenericArgument, Item, PathArguments, Type};

/// The schema of the type of this name in a source text.
///
/// # Errors
/// What keeps the type from being read.
pub(crate) fn schema(source: &str, name: &str) -> Result<Value, String> {
    let file = syn::parse_file(source).map_err(|error| error.to_string())?;
    let mut types = Types {
        items: Vec::new(),
        open: Vec::new(),
    };
    collect(&file.items, &mut types.items);
    if types.item(name).is_none() {
        return Err(format!("there is no struct or enum `{name}`"));
    }
    types.named(name).map_err(|error| error.to_string())
}

fn collect(items: &[Item], into: &mut Vec<Item>) {
    for item in items {
        match item {
            Item::Struct(_) | Item::Enum(_) | Item::Type(_) => into.push(item.clone()),
            Item::Mod(module) => {
                if let Some((_, inner)) = &module.content {
                    collect(inner, into);
                }
            }
            _ => {}
        }
    }
}

struct Types {
    items: Vec<Item>,
    /// The types that are being read: one that contains itself is left open there.
    open: Vec<String>,
}

impl Types {
    fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| match item {
            Item::Struct(it) => it.ident == name,
            Item::Enum(it) => it.ident == name,
            Item::Type(it) => it.ident == name,
            _ => false,
        })
    }

    fn named(&mut self, name: &str) -> syn::Result<Value> {
        let Some(item) = self.item(name).cloned() else {
            return Ok(json!({}));
        };
        if self.open.iter().any(|open| open == name) {
            return Ok(json!({}));
        }
        self.open.push(name.to_owned());
        let schema = match &item {
            Item::Struct(it) => {
                let attributes = Attributes::of(&it.attrs)?;
                self.fields(&it.fields, attributes.rename_all, attributes.transparent)
            }
            Item::Enum(it) => self.variants(it),
            Item::Type(it) => self.of(&it.ty),
            _ => Ok(json!({})),
        };
        self.open.pop();
        schema
    }

    fn fields(&mut self, fields: &Fields, rename: Rule, transparent: bool) -> syn::Result<Value> {
        match fields {
            Fields::Unit => Ok(json!({"type": "null"})),
            Fields::Unnamed(fields) => {
                let mut items = Vec::new();
                for field in &fields.unnamed {
                    if !Attributes::of(&field.attrs)?.skip {
                        items.push(self.of(&field.ty)?);
                    }
                }
                Ok(match <[Value; 1]>::try_from(items) {
                    Ok([only]) => only,
                    Err(items) => json!({"type": "array", "items": items}),
                })
            }
            Fields::Named(fields) => {
                let mut properties = Map::new();
                let mut is_open = false;
                for field in &fields.named {
                    let attributes = Attributes::of(&field.attrs)?;
                    let Some(ident) = field.ident.as_ref().filter(|_| !attributes.skip) else {
                        continue;
                    };
                    let schema = self.of(&field.ty)?;
                    if transparent {
                        return Ok(schema);
                    }
                    if !attributes.flatten {
                        let name = attributes.name(&ident.to_string(), |name| rename.field(name));
                        properties.insert(name, schema);
                        continue;
                    }
                    match schema.get("properties").and_then(Value::as_object) {
                        Some(inner) => properties.extend(inner.clone()),
                        None => is_open = true,
                    }
                }
                // What a flattened map or enum adds is not known by name.
                Ok(if is_open {
                    json!({})
                } else {
                    object(properties)
                })
            }
        }
    }

    fn variants(&mut self, item: &syn::ItemEnum) -> syn::Result<Value> {
        let outer = Attributes::of(&item.attrs)?;
        let mut schemas: Vec<Value> = Vec::new();
        for variant in &item.variants {
            let attributes = Attributes::of(&variant.attrs)?;
            if attributes.skip {
                continue;
            }
            let name = attributes.name(&variant.ident.to_string(), |name| {
                outer.rename_all.variant(name)
            });
            let rename = match attributes.rename_all {
                Rule::None => outer.rename_all_fields,
                own => own,
            };
            let is_unit = matches!(variant.fields, Fields::Unit);
            let inner = self.fields(&variant.fields, rename, false)?;
            let text = json!({"type": "string"});
            let schema = match (&outer.tag, &outer.content) {
                _ if outer.untagged || attributes.untagged => inner,
                (Some(tag), Some(_)) if is_unit => object(Map::from_iter([(tag.clone(), text)])),
                (Some(tag), Some(content)) => object(Map::from_iter([
                    (tag.clone(), text),
                    (content.clone(), inner),
                ])),
                (Some(tag), None) => {
                    let mut properties = match inner.get("properties") {
                        Some(Value::Object(inner)) => inner.clone(),
                        _ if is_unit => Map::new(),
                        _ => return Ok(json!({})),
                    };
                    properties.insert(tag.clone(), text);
                    object(properties)
                }
                (None, _) if is_unit => text,
                (None, _) => object(Map::from_iter([(name, inner)])),
            };
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        Ok(match <[Value; 1]>::try_from(schemas) {
            Ok([only]) => only,
            Err(schemas) if schemas.is_empty() => json!({}),
            Err(schemas) => json!({"anyOf": schemas}),
        })
    }

    fn of(&mut self, kind: &Type) -> syn::Result<Value> {
        match kind {
            Type::Reference(it) => self.of(&it.elem),
            Type::Paren(it) => self.of(&it.elem),
            Type::Group(it) => self.of(&it.elem),
            Type::Slice(it) => Ok(json!({"type": "array", "items": self.of(&it.elem)?})),
            Type::Array(it) => Ok(json!({"type": "array", "items": self.of(&it.elem)?})),
            Type::Tuple(it) if it.elems.is_empty() => Ok(json!({"type": "null"})),
            Type::Tuple(it) => {
                let items: Vec<Value> = it
                    .elems
                    .iter()
                    .map(|item| self.of(item))
                    .collect::<syn::Result<_>>()?;
                Ok(json!({"type": "array", "items": items}))
            }
            Type::Path(it) => match it.path.segments.last() {
                Some(last) => self.path(&last.ident.to_string(), &last.arguments),
                None => Ok(json!({})),
            },
            _ => Ok(json!({})),
        }
    }

    fn path(&mut self, name: &str, arguments: &PathArguments) -> syn::Result<Value> {
        let arguments: Vec<&Type> = match arguments {
            PathArguments::AngleBracketed(it) => it
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(it) => Some(it),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        if self.item(name).is_some() {
            return self.named(name);
        }
        Ok(match (name, &arguments[..]) {
            ("str" | "String" | "char", []) => json!({"type": "string"}),
            ("bool", []) => json!({"type": "boolean"}),
            (
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64"
                | "u128" | "usize",
                [],
            ) => json!({"type": "integer"}),
            // What is no number in JSON is written as null.
            ("f32" | "f64", []) => json!({"type": ["number", "null"]}),
            ("Option" | "Box" | "Rc" | "Arc" | "Cow", [of]) => self.of(of)?,
            ("Vec" | "VecDeque" | "BTreeSet", [of]) | ("HashSet", [of, ..]) => {
                json!({"type": "array", "items": self.of(of)?})
            }
            ("BTreeMap", [_, of]) | ("HashMap", [_, of, ..]) => {
                json!({"type": "object", "additionalProperties": self.of(of)?})
            }
            _ => json!({}),
        })
    }
}

/// An object of these properties and no others.
fn object(properties: Map<String, Value>) -> Value {
    Value::Object(Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(properties)),
        ("additionalProperties".to_owned(), json!(false)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(properties: Value) -> Value {
        match properties {
            Value::Object(properties) => object(properties),
            other => other,
        }
    }

    #[test]
    fn fields_have_the_names_and_types_that_serde_writes() {
        let source = r#"
            #[derive(Serialize)]
            #[serde(rename_all = "camelCase")]
            pub struct Call<'r> {
                user_name: &'r str,
                #[serde(rename = "n")]
                count: Option<u64>,
                scopes: Vec<Cow<'r, str>>,
                labels: std::collections::BTreeMap<String, bool>,
                #[serde(skip)]
                secret: String,
                #[serde(flatten)]
                session: Session,
                other: elsewhere::Unknown,
            }
            mod inner { struct Session { risk: f64, pair: (i32, String) } }
        "#;
        let expected = closed(json!({
            "userName": {"type": "string"},
            "n": {"type": "integer"},
            "scopes": {"type": "array", "items": {"type": "string"}},
            "labels": {"type": "object", "additionalProperties": {"type": "boolean"}},
            "risk": {"type": ["number", "null"]},
            "pair": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]},
            "other": {},
        }));
        assert_eq!(schema(source, "Call"), Ok(expected));
    }

    #[test]
    fn enums_are_tagged_as_serde_tags_them() {
        let of = |attributes: &str| {
            let source = format!("{attributes} enum Action {{ Call {{ tool: String }}, Stop }}");
            schema(&source, "Action").unwrap_or_default()
        };
        let fields = closed(json!({"tool": {"type": "string"}}));
        assert_eq!(
            of(""),
            json!({"anyOf": [closed(json!({"Call": fields})), {"type": "string"}]})
        );
        assert_eq!(
            of(r#"#[serde(tag = "kind")]"#),
            json!({"anyOf": [
                closed(json!({"kind": {"type": "string"}, "tool": {"type": "string"}})),
                closed(json!({"kind": {"type": "string"}})),
            ]})
        );
        assert_eq!(
            of(r#"#[serde(tag = "kind", content = "of")]"#),
            json!({"anyOf": [
                closed(json!({"kind": {"type": "string"}, "of": fields})),
                closed(json!({"kind": {"type": "string"}})),
            ]})
        );
        assert_eq!(
            of("#[serde(untagged)]"),
            json!({"anyOf": [fields, {"type": "null"}]})
        );
    }

    #[test]
    fn a_type_that_contains_itself_is_left_open_there() {
        let source = "struct Node { value: i64, next: Option<Box<Node>> }";
        let expected = closed(json!({"value": {"type": "integer"}, "next": {}}));
        assert_eq!(schema(source, "Node"), Ok(expected));
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(
            schema("struct A;", "B"),
            Err("there is no struct or enum `B`".to_owned())
        );
    }
}
