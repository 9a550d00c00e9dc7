//! From the JSON Schema of an input to structs for it.
//!
//! ```text
//! {"type": "object",                            pub struct Request<'r> {
//!  "properties": {                                  #[input(rename = "tool-name")]
//!    "tool-name": {"type": "string"},    ==>        pub tool_name: Option<&'r str>,
//!    "count": {"type": "integer"}},                 pub count: i64,
//!  "required": ["count"]}                       }
//! ```
//!
//! A property that is not required is an `Option`, undefined when it is `None`. What a Rust type would say less about than
//! the schema (`null` or a string, one of several types, references to other documents) is a `Value`.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::{Map, Value};

use crate::names::{ident, sanitise};

/// The structs for a schema; the outermost has this name.
///
/// # Errors
/// The schema does not describe an object with named properties.
pub(crate) fn structs(schema: &Value, name: &str) -> Result<TokenStream, String> {
    let mut writer = Writer {
        root: schema,
        items: Vec::new(),
        taken: BTreeSet::new(),
    };
    match writer.resolved(schema) {
        Some(object) if properties(object).is_some() => {
            writer.object(object, name);
        }
        _ => {
            return Err(format!(
                "the schema of `input` is no object with properties: no struct `{name}` can be made of it"
            ));
        }
    }
    let items = writer.items;
    Ok(quote!(#(#items)*))
}

struct Writer<'s> {
    root: &'s Value,
    items: Vec<TokenStream>,
    taken: BTreeSet<String>,
}

/// The field that holds the lifetime, whatever the schema has.
const LIFETIME: &str = "lifetime";

/// References lead this far at the most.
const STEPS: usize = 16;

impl<'s> Writer<'s> {
    /// The schema behind references within the document.
    fn resolved(&self, mut schema: &'s Value) -> Option<&'s Map<String, Value>> {
        for _ in 0..STEPS {
            let object = schema.as_object()?;
            let Some(reference) = object.get("$ref") else {
                return Some(object);
            };
            schema = self.root.pointer(reference.as_str()?.strip_prefix('#')?)?;
        }
        None
    }

    fn object(&mut self, schema: &'s Map<String, Value>, name: &str) -> Ident {
        let mut unique = name.to_owned();
        while !self.taken.insert(unique.clone()) {
            unique.push('_');
        }
        let name = format_ident!("{unique}");
        let required: BTreeSet<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let lifetime = ident(LIFETIME);
        let at = self.items.len();
        let mut fields = Vec::new();
        let mut names = BTreeSet::from([LIFETIME.to_owned()]);
        for (property, schema) in properties(schema).into_iter().flatten() {
            let mut field = field_name(property);
            while !names.insert(field.clone()) {
                field.push('_');
            }
            let kind = self.kind(schema, &format!("{unique}{}", pascal(property)));
            let kind = if required.contains(property.as_str()) {
                kind
            } else {
                quote!(::core::option::Option<#kind>)
            };
            let rename = (property != field.trim_start_matches("r#"))
                .then(|| quote!(#[input(rename = #property)]));
            let doc = schema
                .get("description")
                .and_then(Value::as_str)
                .map_or_else(|| format!("`{property}`"), str::to_owned);
            let doc = format!(" {doc}");
            let field = ident(&field);
            fields.push(quote! {
                #[doc = #doc]
                #rename
                pub #field: #kind,
            });
        }
        let doc = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or("What the schema of `input` describes.");
        let doc = format!(" {doc}");
        let item = quote! {
            #[doc = #doc]
            #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default, ::precinct_runtime::Input)]
            pub struct #name<'r> {
                #(#fields)*
                #[doc(hidden)]
                #[input(skip)]
                pub #lifetime: ::core::marker::PhantomData<&'r ()>,
            }
        };
        // The outer struct stands above those that it is made of.
        self.items.insert(at, item);
        name
    }

    fn kind(&mut self, schema: &'s Value, name: &str) -> TokenStream {
        let any = quote!(::precinct_runtime::Value<'r>);
        let Some(object) = self.resolved(schema).filter(|_| name.len() < LONGEST) else {
            return any;
        };
        if ["anyOf", "allOf", "oneOf", "not", "enum", "const"]
            .iter()
            .any(|keyword| object.contains_key(*keyword))
            && !only_texts(object)
        {
            return any;
        }
        match object.get("type").and_then(Value::as_str) {
            Some("string") => quote!(&'r ::core::primitive::str),
            Some("integer") => quote!(::core::primitive::i64),
            Some("boolean") => quote!(::core::primitive::bool),
            Some("array") => match object.get("items") {
                Some(items @ Value::Object(_)) => {
                    let of = self.kind(items, &format!("{name}Item"));
                    quote!(::std::vec::Vec<#of>)
                }
                _ => any,
            },
            Some("object") if properties(object).is_some() => {
                let name = self.object(object, name);
                quote!(#name<'r>)
            }
            Some("object") => match object.get("additionalProperties") {
                Some(of @ Value::Object(_)) => {
                    let of = self.kind(of, &format!("{name}Value"));
                    quote!(::std::collections::BTreeMap<::std::string::String, #of>)
                }
                _ => any,
            },
            // Numbers keep their digits.
            _ => any,
        }
    }
}

/// Names grow with nesting: a schema that contains itself ends here.
const LONGEST: usize = 120;

/// An object with named properties, which are all that it can have.
fn properties(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .filter(|properties| !properties.is_empty())
}

/// `enum` with texts alone is a text.
fn only_texts(schema: &Map<String, Value>) -> bool {
    let choice = ["anyOf", "allOf", "oneOf", "not"]
        .iter()
        .any(|keyword| schema.contains_key(*keyword));
    let texts = schema
        .get("enum")
        .and_then(Value::as_array)
        .is_none_or(|values| values.iter().all(Value::is_string));
    let text = schema.get("const").is_none_or(Value::is_string);
    !choice && texts && text && schema.get("type").and_then(Value::as_str) == Some("string")
}

/// A property as the name of a field.
fn field_name(property: &str) -> String {
    let mut out = String::new();
    for c in property.chars() {
        if c.is_ascii_uppercase() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    sanitise(&out)
}

/// A property as a part of the name of a type.
fn pascal(property: &str) -> String {
    field_name(property)
        .trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(chars)
                .collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(schema: &Value) -> String {
        let tokens = structs(schema, "Request").unwrap_or_else(|error| panic!("{error}"));
        let file = syn::parse2(tokens).unwrap_or_else(|error| panic!("{error}"));
        prettyplease::unparse(&file)
    }

    #[test]
    fn properties_are_fields_and_objects_are_structs() {
        let text = written(&json!({
            "type": "object",
            "required": ["count", "session"],
            "properties": {
                "tool-name": {"type": "string", "description": "What is called."},
                "count": {"type": "integer"},
                "type": {"enum": ["a", "b"], "type": "string"},
                "risk": {"type": "number"},
                "either": {"type": ["string", "null"]},
                "labels": {"type": "object", "additionalProperties": {"type": "boolean"}},
                "session": {"$ref": "#/definitions/session"},
            },
            "definitions": {"session": {
                "type": "object",
                "properties": {"prior": {"type": "array", "items": {"type": "string"}}},
            }},
        }));
        for line in [
            "pub count: ::core::primitive::i64,",
            "/// What is called.",
            "#[input(rename = \"tool-name\")]",
            "pub tool_name: ::core::option::Option<&'r ::core::primitive::str>,",
            "pub r#type: ::core::option::Option<&'r ::core::primitive::str>,",
            "pub risk: ::core::option::Option<::precinct_runtime::Value<'r>>,",
            "pub either: ::core::option::Option<::precinct_runtime::Value<'r>>,",
            "pub session: RequestSession<'r>,",
            "pub struct RequestSession<'r> {",
            "pub prior: ::core::option::Option<::std::vec::Vec<&'r ::core::primitive::str>>,",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.contains("BTreeMap<::std::string::String, ::core::primitive::bool>"));
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let text = written(&json!({
            "type": "object",
            "properties": {"next": {"$ref": "#"}},
        }));
        assert!(text.contains("::precinct_runtime::Value<'r>"), "{text}");
    }

    #[test]
    fn what_is_no_object_with_properties_is_refused() {
        for schema in [json!(true), json!({"type": "string"}), json!({"$ref": "#"})] {
            assert!(structs(&schema, "Request").is_err(), "{schema}");
        }
    }
}
