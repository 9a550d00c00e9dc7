//! Tests as Rust conditions.

use precinct_rego::ir::{Comparison, Operand, Test};
use precinct_runtime::Value;
use proc_macro2::TokenStream;
use quote::quote;

use super::body::{Body, name_of};
use super::lookups::texts;

impl<'p> Body<'_, 'p> {
    /// The condition that a test asks for.
    pub(super) fn condition(&self, test: &'p Test) -> TokenStream {
        match test {
            Test::Truthy(value) => {
                let value = self.operand(*value);
                quote!(#value.is_truthy())
            }
            Test::Compare {
                comparison,
                left,
                right,
            } => self.comparison(*comparison, *left, *right),
            Test::ArrayOf { value, length } => {
                let value = self.operand(*value);
                let length = *length as usize;
                quote!(rt::is_array_of(#value, #length))
            }
            Test::ObjectOf { value, length } => {
                let value = self.operand(*value);
                let length = *length as usize;
                quote!(rt::is_object_of(#value, #length))
            }
            Test::Collection(value) => {
                let value = self.operand(*value);
                quote!(rt::is_collection(#value))
            }
            Test::Member { value, collection } => self.member(*value, *collection),
            Test::Set(local) if self.is_held(*local) => quote!(held != 0),
            Test::Set(local) => {
                let name = name_of(*local);
                quote!(#name.is_some())
            }
            Test::Holds { builder, least } => {
                let name = name_of(*builder);
                let least = *least as usize;
                quote!(#name.holds(#least))
            }
            Test::Lenient => quote!(!cx.strict_builtin_errors),
            Test::Unmasked(masks) => {
                let masks = masks.iter().map(|mask| mask.0);
                quote!(!(false #(|| cx.is_masked(#masks))*))
            }
            Test::Mocked(mock) => {
                let mock = mock.0;
                quote!(cx.mock(#mock).is_some())
            }
            Test::Not(inner) => {
                let inner = self.condition(inner);
                quote!(!(#inner))
            }
        }
    }

    fn comparison(&self, comparison: Comparison, left: Operand, right: Operand) -> TokenStream {
        match comparison {
            Comparison::Equal => self.equal(left, right),
            Comparison::NotEqual => {
                let equal = self.equal(left, right);
                quote!(!(#equal))
            }
            Comparison::Less => self.less(left, right),
            Comparison::Greater => self.less(right, left),
            Comparison::LessOrEqual => {
                let greater = self.less(right, left);
                quote!(!(#greater))
            }
            Comparison::GreaterOrEqual => {
                let less = self.less(left, right);
                quote!(!(#less))
            }
        }
    }

    fn less(&self, left: Operand, right: Operand) -> TokenStream {
        let left = self.operand(left);
        let right = self.operand(right);
        quote!(rt::less(#left, #right))
    }

    fn equal(&self, left: Operand, right: Operand) -> TokenStream {
        let (constant, other) = match (self.constant_operand(left), self.constant_operand(right)) {
            (Some(constant), _) => (constant, right),
            (None, Some(constant)) => (constant, left),
            (None, None) => {
                let left = self.operand(left);
                let right = self.operand(right);
                return quote!(rt::equal(#left, #right));
            }
        };
        let other = self.operand(other);
        match constant {
            Value::String(text) => {
                let text = self.text(text);
                quote!(#other.as_str() == Some(#text))
            }
            Value::Bool(b) => {
                let b = self.boolean(b);
                quote!(#other.as_bool() == Some(#b))
            }
            constant => {
                let constant = self.written(constant);
                quote!(rt::equal(#other, #constant))
            }
        }
    }

    fn member(&self, value: Operand, collection: Operand) -> TokenStream {
        let constant = self.constant_operand(collection);
        let value = self.operand(value);
        if let Some(texts) = constant.and_then(texts) {
            return self.among(&quote!(#value.as_str()), texts);
        }
        if let Operand::Local(local) = collection
            && let Some(choices) = self.choices.get(&local)
        {
            let name = name_of(local);
            let places = 0..choices.len();
            let conditions = choices.iter().map(|choice| {
                self.among(&quote!(#value.as_str()), texts(*choice).unwrap_or_default())
            });
            return quote!(match #name { #(#places => #conditions,)* _ => false });
        }
        let collection = self.operand(collection);
        if self.has_context() {
            quote!(rt::member_within(cx, #value, #collection)?)
        } else {
            quote!(rt::member(#value, #collection))
        }
    }
}
