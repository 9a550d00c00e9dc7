//! Structs that hold what a function reads of `input`, and how to read them from JSON.
//!
//! ```text
//! input.user.name, input.roles     struct Input0<'a> { f0: Option<Value<'a>>, f1: Option<Value<'a>> }
//! ```

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use precinct_rego::ir::reads::Reads;

/// How an entry point gets its input from JSON.
pub(super) enum Projection {
    /// It needs the whole document.
    Whole,
    /// It needs the fields of this struct of the support module.
    Fields(Ident),
}

/// So many different structs at most: the functions of a policy are compiled once for each.
const MOST: usize = 24;

impl Emitter<'_> {
    /// The projection for a tree of paths.
    pub(super) fn projection(&self, reads: &Reads) -> Projection {
        if reads.whole {
            return Projection::Whole;
        }
        let mut projections = self.projections.borrow_mut();
        let at = match projections.iter().position(|have| have == reads) {
            Some(at) => at,
            None if projections.len() < MOST => {
                projections.push(reads.clone());
                projections.len() - 1
            }
            None => return Projection::Whole,
        };
        Projection::Fields(format_ident!("Input{at}"))
    }

    /// The structs of all projections so far.
    pub(super) fn projection_items(&self) -> Vec<TokenStream> {
        self.projections
            .borrow()
            .iter()
            .enumerate()
            .map(|(at, reads)| projection(&format_ident!("Input{at}"), reads))
            .chain([projection(&format_ident!("Fields"), &self.all_reads())])
            .collect()
    }

    /// What any of the entry points can read.
    fn all_reads(&self) -> Reads {
        let mut all = Reads::default();
        for (_, id) in self.entrypoints() {
            all.merge(&self.reads[id.index()]);
        }
        all
    }
}

/// A path of keys, and the field that holds what is there.
struct Field {
    path: Vec<String>,
    name: Ident,
}

fn projection(name: &Ident, reads: &Reads) -> TokenStream {
    let mut fields = Vec::new();
    collect(reads, &mut Vec::new(), &mut fields);
    let names: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
    let paths: Vec<&Vec<String>> = fields.iter().map(|field| &field.path).collect();
    let scan = if fields.is_empty() {
        quote!(scanner.skip()?;)
    } else if reads.whole {
        quote!(#(this.#names = Some(scanner.value()?);)*)
    } else {
        scan(reads, &mut Vec::new(), &fields)
    };
    // The field of a whole input takes every path.
    let unread = (!reads.whole).then(|| quote!(_ => None,));
    quote! {
        #[doc = " What policies read of an input, from one pass over its JSON."]
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        pub struct #name<'a> {
            #(#names: Option<rt::Value<'a>>,)*
            rest: ::core::marker::PhantomData<&'a ()>,
        }

        impl<'a> #name<'a> {
            #[doc = " Reads JSON; values live in the memory of the evaluator."]
            pub fn parse(
                evaluator: &'a rt::Evaluator,
                text: &'a [::core::primitive::u8],
            ) -> Result<Self, rt::InputError> {
                Self::read(evaluator.arena(), text)
            }

            pub(crate) fn read(
                arena: &'a rt::Arena,
                text: &'a [::core::primitive::u8],
            ) -> Result<Self, rt::InputError> {
                rt::Scanner::run(
                    arena,
                    text,
                    |scanner| {
                        let mut this = Self { #(#names: None,)* rest: ::core::marker::PhantomData };
                        #scan
                        Ok(this)
                    },
                    |value| Self { #(#names: value.path::<&::core::primitive::str>(&[#(#paths),*]),)* rest: ::core::marker::PhantomData },
                )
                .map_err(|error| rt::InputError::new(error, text))
            }
        }

        impl<'a> rt::Input<'a> for &#name<'a> {
            #[inline(always)]
            fn field(
                &self,
                path: &[&::core::primitive::str],
                arena: &'a rt::Arena,
            ) -> Option<rt::Value<'a>> {
                rt::Input::field(*self, path, arena)
            }
        }

        impl<'a> rt::Input<'a> for #name<'a> {
            #[inline(always)]
            fn field(
                &self,
                path: &[&::core::primitive::str],
                _: &'a rt::Arena,
            ) -> Option<rt::Value<'a>> {
                match path {
                    #([#(#paths,)* below @ ..] => rt::below(self.#names, below),)*
                    #unread
                }
            }
        }
    }
}

fn collect(reads: &Reads, path: &mut Vec<String>, fields: &mut Vec<Field>) {
    if reads.whole {
        fields.push(Field {
            path: path.clone(),
            name: format_ident!("f{}", fields.len()),
        });
        return;
    }
    for (key, below) in &reads.children {
        path.push(key.to_string());
        collect(below, path, fields);
        path.pop();
    }
}

/// The statements that read an object.
fn scan(reads: &Reads, path: &mut Vec<String>, fields: &[Field]) -> TokenStream {
    let mut lengths: BTreeMap<usize, Vec<TokenStream>> = BTreeMap::new();
    for (key, below) in &reads.children {
        path.push(key.to_string());
        let own: Vec<&Ident> = fields
            .iter()
            .filter(|field| field.path.starts_with(path))
            .map(|field| &field.name)
            .collect();
        let read = if below.whole {
            quote!(#(this.#own = Some(scanner.value()?);)*)
        } else {
            // Of equal keys the last one counts, with all that is below it.
            let inner = scan(below, path, fields);
            quote!(#(this.#own = None;)* #inner)
        };
        path.pop();
        let key: &str = key;
        let arms = lengths.entry(key.len()).or_default();
        arms.push(quote!(#key => { #read }));
    }
    // By length first: rustc compares strings one after the other.
    let arms = lengths
        .into_iter()
        .map(|(length, arms)| quote!(#length => match key { #(#arms)* _ => scanner.skip()?, },));
    quote! {
        scanner.object(|scanner, key| {
            match key.len() {
                #(#arms)*
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
    }
}
