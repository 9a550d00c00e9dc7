//! What `#[serde(…)]` and `#[input(…)]` say.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, ExprPath, LitStr, Result};

use crate::names::Rule;

/// What the attributes of a type, variant or field say, as far as it matters to an input.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for an attribute"
)]
pub struct Attributes {
    /// `rename`
    pub rename: Option<String>,
    /// `rename_all`
    pub rename_all: Rule,
    /// `rename_all_fields`
    pub rename_all_fields: Rule,
    /// `skip`, `skip_serializing`
    pub skip: bool,
    /// `skip_serializing_if`
    pub skip_if: Option<ExprPath>,
    /// `flatten`
    pub flatten: bool,
    /// `transparent`
    pub transparent: bool,
    /// `tag`
    pub tag: Option<String>,
    /// `content`
    pub content: Option<String>,
    /// `untagged`
    pub untagged: bool,
}

impl Attributes {
    /// Reads the attributes.
    ///
    /// # Errors
    /// An attribute under which a type is written in a way that an input cannot follow.
    pub fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut out = Self::default();
        for attribute in attributes {
            let own = attribute.path().is_ident("input");
            if own || attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| out.read(&meta, own))?;
            }
        }
        Ok(out)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>, own: bool) -> Result<()> {
        let name = meta
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match name.as_str() {
            "rename" => self.rename = serialized(meta)?,
            "rename_all" => self.rename_all = rule(meta)?,
            "rename_all_fields" => self.rename_all_fields = rule(meta)?,
            "skip" | "skip_serializing" => self.skip = true,
            "skip_serializing_if" | "skip_if" => self.skip_if = Some(text(meta)?.parse()?),
            "flatten" => self.flatten = true,
            "transparent" => self.transparent = true,
            "tag" => self.tag = Some(text(meta)?.value()),
            "content" => self.content = Some(text(meta)?.value()),
            "untagged" => self.untagged = true,
            "with" | "serialize_with" | "into" | "getter" | "remote" => {
                return Err(meta.error(format!(
                    "`{name}` changes how the value is written in a way that an input cannot follow"
                )));
            }
            _ if own => return Err(meta.error("unknown attribute")),
            _ => skip_value(meta)?,
        }
        Ok(())
    }

    /// The name in the input of something that is called this in Rust.
    pub fn name(&self, rust: &str, apply: impl FnOnce(&str) -> String) -> String {
        self.rename
            .clone()
            .unwrap_or_else(|| apply(rust.strip_prefix("r#").unwrap_or(rust)))
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}

/// `= "name"` or `(serialize = "name", deserialize = "other")`.
fn serialized(meta: &ParseNestedMeta<'_>) -> Result<Option<String>> {
    if meta.input.peek(syn::Token![=]) {
        return Ok(Some(text(meta)?.value()));
    }
    let mut out = None;
    meta.parse_nested_meta(|inner| {
        let value = text(&inner)?.value();
        if inner.path.is_ident("serialize") {
            out = Some(value);
        }
        Ok(())
    })?;
    Ok(out)
}

fn rule(meta: &ParseNestedMeta<'_>) -> Result<Rule> {
    match serialized(meta)? {
        Some(name) => Rule::named(&name)
            .ok_or_else(|| Error::new_spanned(&meta.path, format!("unknown rule `{name}`"))),
        None => Ok(Rule::None),
    }
}

/// Goes behind an attribute that does not matter here.
fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        let _: syn::Expr = meta.value()?.parse()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip_value(&inner))?;
    }
    Ok(())
}
