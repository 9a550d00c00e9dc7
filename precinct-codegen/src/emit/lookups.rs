//! Reads of constants and tests against constants: what is known when the policy is compiled becomes `match` and hash
//! tables.

use std::collections::BTreeMap;

use precinct_rego::ir::{CallTarget, Local, Operand, StmtKind, Test};
use precinct_runtime::{Number, Value};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::body::{Body, name_of};
use crate::locals::Declaration;
use crate::natives::Native;
use crate::visit::{parts, walk};

/// Up to so many strings are compared one by one: a compare is a length and a few words.
const FEW: usize = 8;

impl<'p> Body<'_, 'p> {
    /// An `Option<&str>` is one of these strings.
    pub(super) fn among(&self, text: &TokenStream, mut strings: Vec<&str>) -> TokenStream {
        strings.sort_unstable();
        strings.dedup();
        if strings.is_empty() {
            return quote!(false);
        }
        if self.in_row() {
            let strings = self.texts(&strings);
            return quote!(match #text { Some(text) => rt::among(text, #strings), None => false });
        }
        if strings.len() <= FEW {
            return quote!(match #text { Some(#(#strings)|*) => true, _ => false });
        }
        let support = self.support();
        let table = self.emitter.statics.table(&strings);
        quote!(match #text { Some(text) => #support #table.find(text).is_some(), None => false })
    }

    /// `source[key]`, or its position among the constants that it can be.
    pub(super) fn get(&self, target: Local, source: Operand, key: Operand) -> TokenStream {
        if self.choices.contains_key(&target)
            && let Some(Value::Object(object)) = self.constant_operand(source)
        {
            let keys: Vec<&str> = object.keys().filter_map(Value::as_str).collect();
            let key = self.operand(key);
            let places = 0..keys.len();
            return quote!((match #key.as_str() { #(Some(#keys) => Some(#places),)* _ => None }));
        }
        if let Operand::Local(local) = source
            && let Some(separator) = self.splits.get(&local)
            && let Some(Value::Number(Number::Int(at))) = self.constant_operand(key)
        {
            let name = name_of(local);
            return match usize::try_from(at) {
                Ok(at) => {
                    let at = Literal::usize_suffixed(at);
                    quote!(rt::part(#name, #separator, #at))
                }
                Err(_) => quote!(Option::<rt::Value<'_>>::None),
            };
        }
        if let Some(Value::Object(object)) = self.constant_operand(source)
            && !self.in_row()
        {
            let support = self.support();
            let keys: Option<Vec<&str>> = object.keys().map(Value::as_str).collect();
            if let (Some(keys), Operand::Local(_)) = (keys, key) {
                let key = self.operand(key);
                let values: Vec<TokenStream> = object
                    .values()
                    .map(|value| self.emitter.statics.value(value, &support))
                    .collect();
                if keys.len() <= FEW {
                    return quote!((match #key.as_str() { #(Some(#keys) => Some(#values),)* _ => None }));
                }
                let table = self.emitter.statics.table(&keys);
                let count = values.len();
                let values: Vec<TokenStream> = object
                    .values()
                    .map(|value| self.emitter.statics.value(value, &quote!()))
                    .collect();
                let values = self.emitter.statics.name(
                    &quote!([rt::Value<'static>; #count]),
                    &quote!([#(#values),*]),
                );
                return quote!(rt::in_table(&#support #table, &#support #values, #key));
            }
        }
        let source = self.operand(source);
        let key = self.operand(key);
        quote!(#source.get(#key))
    }

    /// Runs the body of the constant that equals a value, or the default.
    pub(super) fn cases(
        &self,
        on: &TokenStream,
        constants: &[Value<'_>],
        bodies: &[TokenStream],
        default: &TokenStream,
    ) -> TokenStream {
        let texts: Option<Vec<&str>> = constants.iter().map(|value| value.as_str()).collect();
        if let Some(texts) = texts {
            if texts.len() <= FEW {
                return quote!(match #on.as_str() { #(Some(#texts) => { #bodies })* _ => { #default } });
            }
            let support = self.support();
            let table = self.emitter.statics.table(&texts);
            let places = (0..texts.len()).map(Literal::usize_unsuffixed);
            return quote! {
                match rt::position(&#support #table, #on) {
                    #(Some(#places) => { #bodies })*
                    _ => { #default }
                }
            };
        }
        let integers: Option<Vec<i64>> = constants.iter().map(|value| value.as_i64()).collect();
        if let Some(integers) = integers {
            let integers = integers.into_iter().map(Literal::i64_unsuffixed);
            return quote! {
                match rt::integer(#on) {
                    #(Some(#integers) => { #bodies })*
                    _ => { #default }
                }
            };
        }
        let support = self.support();
        let constants = constants
            .iter()
            .map(|value| self.emitter.statics.value(*value, &support));
        quote!(#(if rt::equal(#on, #constants) { #bodies } else)* { #default })
    }

    /// The locals that hold a value of a small constant object, of which only members are ever asked for.
    pub(super) fn choices(&self) -> BTreeMap<Local, Vec<Value<'p>>> {
        let mut choices: BTreeMap<Local, Vec<Value<'p>>> = BTreeMap::new();
        let mut spoiled: Vec<Local> = Vec::new();
        walk(&self.function.body, &mut |stmt| {
            let parts = parts(stmt);
            match &stmt.kind {
                StmtKind::Get {
                    target,
                    source,
                    key: Operand::Local(_),
                    ..
                } if let Some(Value::Object(object)) = self.constant_operand(*source)
                    && object.len() <= FEW
                    && object.keys().all(|key| key.as_str().is_some())
                    && object.values().all(|value| texts(value).is_some()) =>
                {
                    if choices.insert(*target, object.values().collect()).is_some() {
                        spoiled.push(*target);
                    }
                }
                _ => spoiled.extend(&parts.writes),
            }
            let collection = match &stmt.kind {
                StmtKind::Test { test, .. } => collection_of(test),
                _ => None,
            };
            for read in parts.reads.iter().filter(|read| Some(**read) != collection) {
                if let Operand::Local(local) = read {
                    spoiled.push(*local);
                }
            }
            spoiled.extend(&parts.touches);
        });
        for local in spoiled {
            choices.remove(&local);
        }
        choices.retain(|local, _| self.locals.declaration(*local) == Declaration::InPlace);
        choices
    }

    /// The locals that hold the result of a `split`, of which it is only asked for parts at constant places, or how
    /// many they are.
    pub(super) fn lazy_splits(&self) -> BTreeMap<Local, String> {
        let mut splits: BTreeMap<Local, String> = BTreeMap::new();
        let mut spoiled: Vec<Local> = Vec::new();
        walk(&self.function.body, &mut |stmt| {
            let parts = parts(stmt);
            if let StmtKind::Call {
                target,
                function: CallTarget::Builtin(id),
                args,
                ..
            } = &stmt.kind
                && let Some(Native::Split { separator }) = self.emitter.natives.of(*id, args)
            {
                if splits.insert(*target, separator).is_some() {
                    spoiled.push(*target);
                }
            } else {
                spoiled.extend(&parts.writes);
            }
            let part_of = match &stmt.kind {
                StmtKind::Get { source, key, .. }
                    if self
                        .constant_operand(*key)
                        .is_some_and(|key| key.as_i64().is_some()) =>
                {
                    Some(*source)
                }
                StmtKind::Call {
                    function: CallTarget::Builtin(id),
                    args,
                    ..
                } if self.emitter.natives.of(*id, args) == Some(Native::Count) => {
                    args.first().copied()
                }
                _ => None,
            };
            for read in parts.reads.iter().filter(|read| Some(**read) != part_of) {
                if let Operand::Local(local) = read {
                    spoiled.push(*local);
                }
            }
            spoiled.extend(&parts.touches);
        });
        for local in spoiled {
            splits.remove(&local);
        }
        splits.retain(|local, _| self.locals.declaration(*local) == Declaration::InPlace);
        splits
    }
}

/// The members of a constant collection, if they are all strings.
pub(super) fn texts(value: Value<'_>) -> Option<Vec<&str>> {
    let members: Vec<Value<'_>> = match value {
        Value::Array(items) => items.to_vec(),
        Value::Set(set) => set.items().to_vec(),
        Value::Object(object) => object.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    members.into_iter().map(Value::as_str).collect()
}

/// The collection that a test looks for a member in.
fn collection_of(test: &Test) -> Option<Operand> {
    match test {
        Test::Member { value, collection } if value != collection => Some(*collection),
        Test::Not(inner) => collection_of(inner),
        _ => None,
    }
}
