//! The constants of a program as Rust.
//!
//! Scalars are written where they are used; collections become statics of the support module, in the order in which
//! the runtime keeps them, so that nothing is built when a program starts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use precinct_runtime::{Number, Value};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The statics that were needed so far, by their definition.
#[derive(Default)]
pub(crate) struct Statics {
    names: RefCell<BTreeMap<String, Ident>>,
    items: RefCell<Vec<TokenStream>>,
}

impl Statics {
    /// Writes a value; `support` leads to the support module from where it is used.
    pub(crate) fn value(&self, value: Value<'_>, support: &TokenStream) -> TokenStream {
        match value {
            Value::Null => quote!(rt::Value::Null),
            Value::Bool(b) => quote!(rt::Value::Bool(#b)),
            Value::Number(Number::Int(int)) => {
                let int = Literal::i64_suffixed(int);
                quote!(rt::Value::int(#int))
            }
            Value::Number(Number::Literal(text)) => {
                quote!(rt::Value::Number(rt::Number::Literal(#text)))
            }
            Value::String(text) => quote!(rt::Value::String(#text)),
            Value::Array(items) if items.is_empty() => quote!(rt::Value::EMPTY_ARRAY),
            Value::Array(items) => {
                let items = self.items(&items.to_vec());
                quote!(rt::Value::Array(rt::Array::new(&#support #items)))
            }
            Value::Object(object) if object.is_empty() => quote!(rt::Value::EMPTY_OBJECT),
            Value::Object(object) => {
                let keys = self.items(&object.keys().collect::<Vec<_>>());
                let keys = self.name(
                    &quote!(rt::Keys<'static>),
                    &quote!(rt::Keys::constant(&#keys)),
                );
                let values = self.items(&object.values().collect::<Vec<_>>());
                let name = self.name(
                    &quote!(rt::Members<'static>),
                    &quote!(rt::Members::constant(&#keys, &#values)),
                );
                quote!(rt::Value::Object(rt::Object::new(&#support #name)))
            }
            Value::Set(set) if set.is_empty() => quote!(rt::Value::EMPTY_SET),
            Value::Set(set) => {
                let items = self.items(set.items());
                let name = self.name(
                    &quote!(rt::Set<'static>),
                    &quote!(rt::Set::constant(&#items)),
                );
                quote!(rt::Value::Set(&#support #name))
            }
        }
    }

    fn items(&self, items: &[Value<'_>]) -> Ident {
        let count = items.len();
        let items: Vec<TokenStream> = items
            .iter()
            .map(|item| self.value(*item, &quote!()))
            .collect();
        self.name(
            &quote!([rt::Value<'static>; #count]),
            &quote!([#(#items),*]),
        )
    }

    /// The name of the static of this definition.
    pub(crate) fn name(&self, kind: &TokenStream, definition: &TokenStream) -> Ident {
        let key = definition.to_string();
        if let Some(name) = self.names.borrow().get(&key) {
            return name.clone();
        }
        let mut items = self.items.borrow_mut();
        let name = format_ident!("K{}", items.len());
        items.push(quote!(pub(crate) static #name: #kind = #definition;));
        self.names.borrow_mut().insert(key, name.clone());
        name
    }

    /// A hash table of strings, which must differ.
    pub(crate) fn table(&self, keys: &[&str]) -> Ident {
        let slots = precinct_runtime::generated::Table::slots(keys);
        let slots = slots.iter().map(|slot| Literal::u32_unsuffixed(*slot));
        self.name(
            &quote!(rt::Table),
            &quote!(rt::Table { slots: &[#(#slots),*], keys: &[#(#keys),*] }),
        )
    }

    /// All definitions.
    pub(crate) fn finish(&self) -> Vec<TokenStream> {
        self.items.borrow().clone()
    }
}
