//! What a gateway calls.
//!
//! For the document `data.p.allow`: `p::allow` for a typed input, `p::allow_json` for JSON, both with the thread's own
//! scratch memory and an owned result; `p::allow_with` and `p::allow_json_with` with the caller's [`Evaluator`], from
//! which results are borrowed. By path: `entrypoints`, `evaluate`, `evaluate_with`.
//!
//! [`Evaluator`]: precinct_runtime::Evaluator

use precinct_rego::ir::{FunctionId, FunctionKind};
use precinct_rego::source::Sources;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Emitter;
use super::projection::Projection;
use crate::kinds::{Kind, Shape};
use crate::names::{Names, ident};

impl Emitter<'_> {
    /// The public functions of a document.
    pub(super) fn outer(&self, id: FunctionId) -> Option<TokenStream> {
        let place = self.names.place(id);
        let outer = place.outer.as_ref()?;
        let function = &self.program.functions[id.index()];
        let name = ident(outer);
        let plain = outer.strip_prefix("r#").unwrap_or(outer);
        let with = format_ident!("{plain}_with");
        let json = format_ident!("{plain}_json");
        let json_with = format_ident!("{plain}_json_with");
        let inner = ident(&place.inner);
        let owned = self.owned_type(id);
        let borrowed = self.ok_type(id, &quote!('e));
        let support = self.names.support_path(&place.module);
        let call = self.run(id, &inner, &quote!(#support ::NEEDS));
        let doc = format!(" `{}` for a typed input.", function.name);
        let doc_with = format!(" [`{plain}`] with the caller's memory, for any input.");
        let doc_json = format!(" [`{plain}`] for an input in JSON.");
        let doc_json_with = format!(" [`{plain}`] with the caller's memory, for an input in JSON.");
        let read = self.read(id, &quote!(#support ::));
        let to_owned = self.to_owned(id);
        Some(quote! {
            #[doc = #doc]
            pub fn #name<I: rt::TypedInput + ?::core::marker::Sized>(input: &I) -> Result<#owned, rt::EvalError> {
                rt::scratch(|evaluator| #with(evaluator, input).map(#to_owned))
            }

            #[doc = #doc_with]
            #[inline]
            pub fn #with<'e, I: rt::Input<'e>>(
                evaluator: &'e rt::Evaluator,
                input: I,
            ) -> Result<#borrowed, rt::EvalError> {
                let input = &input;
                #call
            }

            #[doc = #doc_json]
            pub fn #json(input: &[::core::primitive::u8]) -> Result<#owned, rt::DecisionError> {
                rt::scratch(|evaluator| #json_with(evaluator, input).map(#to_owned))
            }

            #[doc = #doc_json_with]
            pub fn #json_with<'e>(
                evaluator: &'e rt::Evaluator,
                input: &'e [::core::primitive::u8],
            ) -> Result<#borrowed, rt::DecisionError> {
                let input = #read;
                Ok(#with(evaluator, input)?)
            }
        })
    }

    /// Reads what a function can read of `input` from JSON, which becomes the input; the path leads to the support module.
    fn read(&self, id: FunctionId, support: &TokenStream) -> TokenStream {
        match self.projection(&self.reads[id.index()]) {
            Projection::Whole => quote! {
                evaluator
                    .parse(input)
                    .map_err(|error| rt::InputError::new(error, input))?
            },
            Projection::Fields(name) => quote!(#support #name::read(evaluator.arena(), input)?),
        }
    }

    /// Calls an inner function: gives a `Result`.
    fn run(&self, id: FunctionId, inner: &Ident, needs: &TokenStream) -> TokenStream {
        let effects = self.effects[id.index()];
        match (effects.context, effects.fails) {
            (true, _) => quote! {
                let mut cx = evaluator.context(&#needs);
                let result = #inner(&mut cx, input);
                cx.finish(result)
            },
            (false, true) => quote!(#inner(evaluator.arena(), input)),
            (false, false) => quote!(Ok(#inner(evaluator.arena(), input))),
        }
    }

    fn owned_type(&self, id: FunctionId) -> TokenStream {
        let Shape { kind, total } = self.shapes[id.index()];
        let kind = match kind {
            Kind::Boolean => quote!(::core::primitive::bool),
            Kind::Text => quote!(&'static ::core::primitive::str),
            Kind::String => quote!(rt::String),
            Kind::Nothing | Kind::Any => quote!(rt::Document),
        };
        if total { kind } else { quote!(Option<#kind>) }
    }

    /// The function from a borrowed result to an owned one.
    fn to_owned(&self, id: FunctionId) -> TokenStream {
        let Shape { kind, total } = self.shapes[id.index()];
        let convert = match kind {
            Kind::Boolean | Kind::Text => return quote!(|result| result),
            Kind::String => quote!(rt::String::from),
            Kind::Nothing | Kind::Any => quote!(rt::Document::copy_of),
        };
        if total {
            convert
        } else {
            quote!(|result| result.map(#convert))
        }
    }

    /// The functions that reach every document by its path, and what contexts must hold.
    pub(super) fn by_path(&self) -> TokenStream {
        let module = std::slice::from_ref(&self.names.support);
        let mut paths = Vec::new();
        let mut calls = Vec::new();
        for (path, id) in self.entrypoints() {
            let place = self.names.place(id);
            let Some(outer) = &place.outer else { continue };
            let plain = outer.strip_prefix("r#").unwrap_or(outer);
            let with = Names::path_to(module, &place.module, &format!("{plain}_json_with"));
            let value = self.wrapped(id, &quote!(value));
            paths.push(path);
            calls.push(if self.shapes[id.index()].total {
                quote!({ let value = #with(evaluator, input)?; Some(#value) })
            } else {
                quote!(match #with(evaluator, input)? { Some(value) => Some(#value), None => None })
            });
        }
        let needs = self.needs();
        let queries = self.queries();
        let served = self.options.served.then(|| self.served());
        quote! {
            #needs
            #queries
            #served

            static ENTRYPOINTS: &[&::core::primitive::str] = &[#(#paths),*];

            #[doc = " The paths that [`evaluate`] knows, sorted."]
            pub fn entrypoints() -> &'static [&'static ::core::primitive::str] {
                ENTRYPOINTS
            }

            #[doc = " The document at a path (`precinct/authz/allow`) for an input in JSON; `None` is undefined."]
            pub fn evaluate(
                path: &::core::primitive::str,
                input: &[::core::primitive::u8],
            ) -> Result<Option<rt::Document>, rt::DecisionError> {
                rt::scratch(|evaluator| {
                    evaluate_with(evaluator, path, input).map(|result| result.map(rt::Document::copy_of))
                })
            }

            #[doc = " [`evaluate`] with the caller's memory."]
            pub fn evaluate_with<'e>(
                evaluator: &'e rt::Evaluator,
                path: &::core::primitive::str,
                input: &'e [::core::primitive::u8],
            ) -> Result<Option<rt::Value<'e>>, rt::DecisionError> {
                Ok(match path {
                    #(#paths => #calls,)*
                    _ => None,
                })
            }
        }
    }

    /// What a server asks.
    fn served(&self) -> TokenStream {
        let module = std::slice::from_ref(&self.names.support);
        let mut paths = Vec::new();
        let mut calls = Vec::new();
        for (path, id) in self.entrypoints() {
            paths.push(path);
            calls.push(self.answer(module, id, &quote!(cx), &quote!(cx.arena())));
        }
        let sources = self.options.sources.into_iter().flat_map(Sources::iter);
        let sources = sources.map(|(_, source)| {
            let (name, text): (&str, &str) = (&source.name, &source.text);
            quote!((#name, #text))
        });
        let data = match self.options.data {
            Some(text) => quote!(Some(#text)),
            None => quote!(None),
        };
        let digest = self.options.digest;
        quote! {
            #[doc = " The policies, for a server."]
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            pub struct Compiled;

            impl rt::Compiled for Compiled {
                #[inline]
                fn sources(&self) -> &'static [(&'static ::core::primitive::str, &'static ::core::primitive::str)] {
                    &[#(#sources),*]
                }

                #[inline]
                fn data(&self) -> Option<&'static ::core::primitive::str> {
                    #data
                }

                #[inline]
                fn digest(&self) -> &'static ::core::primitive::str {
                    #digest
                }

                #[inline]
                fn needs(&self) -> &'static rt::Needs {
                    &NEEDS
                }

                // Inlined where it is called, so that programs that do not serve the policies are not compiled with it.
                #[inline]
                fn evaluate<'a>(
                    &self,
                    cx: &mut rt::Context<'a>,
                    path: &::core::primitive::str,
                ) -> Option<Result<Option<rt::Value<'a>>, rt::EvalError>> {
                    let input = cx.input;
                    let result = match path {
                        #(#paths => #calls,)*
                        _ => return None,
                    };
                    Some(cx.finish(result))
                }
            }
        }
    }

    /// Calls a function for `input`: gives a `Result` of an optional value.
    fn answer(
        &self,
        module: &[String],
        id: FunctionId,
        context: &TokenStream,
        arena: &TokenStream,
    ) -> TokenStream {
        let path = self.names.path_from(module, id);
        let effects = self.effects[id.index()];
        let state = if effects.context { context } else { arena };
        let call = quote!(#path(#state, &input));
        let value = self.wrapped(id, &quote!(value));
        match (effects.fails, self.shapes[id.index()].total) {
            (true, true) => quote!(#call.map(|value| Some(#value))),
            (true, false) => quote!(#call.map(|value| value.map(|value| #value))),
            (false, true) => quote!({ let value = #call; Ok(Some(#value)) }),
            (false, false) => quote!(Ok(#call.map(|value| #value))),
        }
    }

    /// What a context must hold, and the base documents.
    fn needs(&self) -> TokenStream {
        let version = precinct_runtime::generated::VERSION;
        let memo_slots = self.program.memo_slots as usize;
        let masks = self.program.masks.len();
        let mocks = self.program.mocks.len();
        let strict = self.options.strict_builtin_errors;
        let clock = self.program.builtins.iter().any(|builtin| {
            builtin.nondeterministic
                || [
                    "time.",
                    "io.jwt.",
                    "crypto.x509.",
                    "http.",
                    "rand.",
                    "uuid.",
                ]
                .iter()
                .any(|family| builtin.name.starts_with(family))
        });
        let (data_item, data) = match self.options.data {
            Some(text) => (
                quote! {
                    static DATA: rt::Base = rt::Base::new(#text);
                    fn data() -> &'static rt::Document { DATA.document() }
                },
                quote!(Some(data)),
            ),
            None => (quote!(), quote!(None)),
        };
        quote! {
            #data_item
            pub(crate) static NEEDS: rt::Needs = rt::Needs {
                memo_slots: #memo_slots,
                masks: #masks,
                mocks: #mocks,
                clock: #clock,
                strict: #strict,
                data: #data,
            };
            const _: () = if rt::VERSION != #version {
                ::core::panic!("the policies were compiled for another version of precinct-runtime");
            };
        }
    }

    /// The program has queries.
    pub(super) fn has_queries(&self) -> bool {
        self.program
            .functions
            .iter()
            .any(|function| function.kind == FunctionKind::Query)
    }

    /// The queries of the program, for whoever compiled them: `query_with(evaluator, number, input)`, and
    /// `query_json_with` for an input in JSON.
    fn queries(&self) -> TokenStream {
        let module = std::slice::from_ref(&self.names.support);
        let mut numbers = Vec::new();
        let mut calls = Vec::new();
        let mut reads = Vec::new();
        for (index, function) in (0_u32..).zip(&self.program.functions) {
            if function.kind != FunctionKind::Query {
                continue;
            }
            let id = FunctionId(index);
            numbers.push(index);
            calls.push(self.answer(module, id, &quote!(&mut cx), &quote!(evaluator.arena())));
            reads.push(self.read(id, &quote!()));
        }
        if numbers.is_empty() {
            return quote!();
        }
        quote! {
            #[doc = " The result of a query of this number."]
            pub(crate) fn query_with<'e>(
                evaluator: &'e rt::Evaluator,
                query: ::core::primitive::u32,
                input: Option<rt::Value<'e>>,
                runtime: Option<rt::Value<'e>>,
            ) -> Result<Option<rt::Value<'e>>, rt::EvalError> {
                let mut cx = evaluator.context(&NEEDS);
                cx.runtime = runtime;
                let result = match query {
                    #(#numbers => #calls,)*
                    _ => Ok(None),
                };
                cx.finish(result)
            }

            #[doc = " The result of a query of this number, for an input in JSON."]
            pub(crate) fn query_json_with<'e>(
                evaluator: &'e rt::Evaluator,
                query: ::core::primitive::u32,
                input: &'e [::core::primitive::u8],
                runtime: Option<rt::Value<'e>>,
            ) -> Result<Option<rt::Value<'e>>, rt::DecisionError> {
                let mut cx = evaluator.context(&NEEDS);
                cx.runtime = runtime;
                let result = match query {
                    #(#numbers => {
                        let input = #reads;
                        #calls
                    })*
                    _ => Ok(None),
                };
                Ok(cx.finish(result)?)
            }
        }
    }
}
