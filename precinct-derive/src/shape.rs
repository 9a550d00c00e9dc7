//! Structs and enums as code.
//!
//! Each piece of code gives an `Option<Value>` for the variable `path`. Names are absolute, so that the code compiles
//! wherever the type stands.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Generics, Result, parse_quote};

use precinct_shape::{Attributes, Rule};

/// The implementation for a type.
pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let attributes = Attributes::of(&item.attrs)?;
    let body = match &item.data {
        Data::Struct(data) => {
            let (pattern, content) = content(&data.fields, attributes.rename_all, &attributes)?;
            quote! {
                let Self #pattern = self;
                #content
            }
        }
        Data::Enum(data) => variants(data, &attributes)?,
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &item.ident,
                "a union cannot be an input",
            ));
        }
    };
    let name = &item.ident;
    let generics = bounded(&item.generics);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic, unused_variables, unreachable_patterns)]
        impl #impl_generics ::precinct_runtime::generated::TypedInput for #name #type_generics #where_clause {
            #[inline(always)]
            fn at<'precinct>(
                &'precinct self,
                path: &[&::core::primitive::str],
                arena: &'precinct ::precinct_runtime::generated::Arena,
            ) -> ::core::option::Option<::precinct_runtime::generated::Value<'precinct>> {
                #body
            }
        }
    })
}

/// Type parameters stand in the input themselves.
fn bounded(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in generics.type_params_mut() {
        parameter
            .bounds
            .push(parse_quote!(::precinct_runtime::generated::TypedInput));
    }
    generics
}

/// A pattern that takes fields apart, and the code that reads them.
fn content(
    fields: &Fields,
    rename_all: Rule,
    outer: &Attributes,
) -> Result<(TokenStream, TokenStream)> {
    match fields {
        Fields::Unit => Ok((
            quote!(),
            quote! {
                if path.is_empty() {
                    ::core::option::Option::Some(::precinct_runtime::generated::Value::Null)
                } else {
                    ::core::option::Option::None
                }
            },
        )),
        Fields::Unnamed(fields) => {
            let mut kept = Vec::new();
            let mut patterns = Vec::new();
            for (at, field) in fields.unnamed.iter().enumerate() {
                if Attributes::of(&field.attrs)?.skip {
                    patterns.push(quote!(_));
                } else {
                    let name = format_ident!("field_{at}");
                    patterns.push(quote!(#name));
                    kept.push(name);
                }
            }
            let code = match &kept[..] {
                [only] => at(only),
                many => quote! {
                    if path.is_empty() {
                        ::core::option::Option::Some(::precinct_runtime::generated::Value::array(
                            arena,
                            &[#(::core::option::Option::unwrap_or_default(
                                ::precinct_runtime::generated::TypedInput::at(#many, &[], arena),
                            )),*],
                        ))
                    } else {
                        ::core::option::Option::None
                    }
                },
            };
            Ok((quote!((#(#patterns),*)), code))
        }
        Fields::Named(fields) => named(fields, rename_all, outer),
    }
}

fn at(field: &Ident) -> TokenStream {
    quote!(::precinct_runtime::generated::TypedInput::at(#field, path, arena))
}

fn named(
    fields: &syn::FieldsNamed,
    rename_all: Rule,
    outer: &Attributes,
) -> Result<(TokenStream, TokenStream)> {
    let mut patterns = Vec::new();
    let mut arms = Vec::new();
    let mut entries = Vec::new();
    let mut flattened = Vec::new();
    let mut bindings = Vec::new();
    for (position, field) in fields.named.iter().enumerate() {
        let Some(ident) = &field.ident else { continue };
        let attributes = Attributes::of(&field.attrs)?;
        if attributes.skip {
            continue;
        }
        let binding = format_ident!("field_{position}", span = Span::call_site());
        patterns.push(quote!(#ident: #binding));
        bindings.push(binding.clone());
        if attributes.flatten {
            flattened.push(binding);
            continue;
        }
        let name = attributes.name(&ident.to_string(), |name| rename_all.field(name));
        let read = at(&binding);
        let read = match &attributes.skip_if {
            Some(skip) => quote! {
                if #skip(#binding) { ::core::option::Option::None } else { #read }
            },
            None => read,
        };
        arms.push(quote!(#name => #read,));
        entries.push(quote!((#name, { let path: &[&::core::primitive::str] = &[]; #read })));
    }
    let pattern = quote!({ #(#patterns,)* .. });
    if outer.transparent {
        let [only] = &bindings[..] else {
            return Err(Error::new(
                Span::call_site(),
                "a transparent struct has one field",
            ));
        };
        return Ok((pattern, at(only)));
    }
    let elsewhere = flattened.iter().rev().fold(
        quote!(::core::option::Option::None),
        |otherwise, binding| {
            let read = at(binding);
            quote! {
                match #read {
                    ::core::option::Option::None => #otherwise,
                    found => found,
                }
            }
        },
    );
    let code = quote! {
        match path.split_first() {
            ::core::option::Option::None => ::core::option::Option::Some(
                ::precinct_runtime::generated::fields(
                    arena,
                    &[#(#entries),*],
                    &[#(::precinct_runtime::generated::TypedInput::at(#flattened, &[], arena)),*],
                ),
            ),
            ::core::option::Option::Some((name, rest)) => {
                let whole_path = path;
                let path = rest;
                match *name {
                    #(#arms)*
                    _ => { let path = whole_path; #elsewhere }
                }
            }
        }
    };
    Ok((pattern, code))
}

fn variants(data: &DataEnum, outer: &Attributes) -> Result<TokenStream> {
    let mut arms = Vec::new();
    for variant in &data.variants {
        let attributes = Attributes::of(&variant.attrs)?;
        let ident = &variant.ident;
        if attributes.skip {
            arms.push(quote!(Self::#ident { .. } => ::core::option::Option::None,));
            continue;
        }
        let name = attributes.name(&ident.to_string(), |name| outer.rename_all.variant(name));
        let rename = if attributes.rename_all == Rule::None {
            outer.rename_all_fields
        } else {
            attributes.rename_all
        };
        let (pattern, inner) = content(&variant.fields, rename, &Attributes::default())?;
        let unit = matches!(variant.fields, Fields::Unit);
        let code = match (&outer.tag, &outer.content) {
            _ if outer.untagged || attributes.untagged => inner,
            (Some(tag), Some(content)) => {
                let inner = (!unit).then_some(inner);
                adjacent(tag, content, &name, inner.as_ref())
            }
            (Some(tag), None) => internal(tag, &name, &inner, unit),
            (None, _) if unit => quote! {
                if path.is_empty() {
                    ::core::option::Option::Some(::precinct_runtime::generated::Value::String(#name))
                } else {
                    ::core::option::Option::None
                }
            },
            (None, _) => external(&name, &inner),
        };
        arms.push(quote!(Self::#ident #pattern => { #code }));
    }
    Ok(quote!(match self { #(#arms)* }))
}

/// `{name: inner}`
fn external(name: &str, inner: &TokenStream) -> TokenStream {
    quote! {
        match path.split_first() {
            ::core::option::Option::None => {
                let path: &[&::core::primitive::str] = &[];
                ::core::option::Option::Some(::precinct_runtime::generated::fields(
                    arena,
                    &[(#name, { #inner })],
                    &[],
                ))
            }
            ::core::option::Option::Some((&#name, path)) => { #inner }
            _ => ::core::option::Option::None,
        }
    }
}

/// `{tag: name, …inner}`
fn internal(tag: &str, name: &str, inner: &TokenStream, unit: bool) -> TokenStream {
    let (whole, below) = if unit {
        (
            quote!(::core::option::Option::None),
            quote!(::core::option::Option::None),
        )
    } else {
        (inner.clone(), inner.clone())
    };
    quote! {
        match path {
            [] => {
                let path: &[&::core::primitive::str] = &[];
                ::core::option::Option::Some(::precinct_runtime::generated::fields(
                    arena,
                    &[(
                        #tag,
                        ::core::option::Option::Some(
                            ::precinct_runtime::generated::Value::String(#name),
                        ),
                    )],
                    &[{ #whole }],
                ))
            }
            [#tag] => ::core::option::Option::Some(
                ::precinct_runtime::generated::Value::String(#name),
            ),
            _ => { #below }
        }
    }
}

/// `{tag: name, content: inner}`
fn adjacent(tag: &str, content: &str, name: &str, inner: Option<&TokenStream>) -> TokenStream {
    let none = quote!(::core::option::Option::None);
    let inner = inner.unwrap_or(&none);
    quote! {
        match path {
            [] => {
                let path: &[&::core::primitive::str] = &[];
                ::core::option::Option::Some(::precinct_runtime::generated::fields(
                    arena,
                    &[
                        (
                            #tag,
                            ::core::option::Option::Some(
                                ::precinct_runtime::generated::Value::String(#name),
                            ),
                        ),
                        (#content, { #inner }),
                    ],
                    &[],
                ))
            }
            [#tag] => ::core::option::Option::Some(
                ::precinct_runtime::generated::Value::String(#name),
            ),
            [#content, path @ ..] => { #inner }
            _ => ::core::option::Option::None,
        }
    }
}
