//! Replacements: `with input.user as …`, `with data.roles as …`, `with http.send as …`.
//!
//! A replaced input is a local variable of the generated function, of another type than the input outside: the
//! functions that are called under the `with` are compiled for it once more. Replaced data and functions are noted in
//! the context.

use precinct_rego::ir::{CallTarget, Patch, Replacement, Stmt};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::body::{Around, Body};

impl<'p> Body<'_, 'p> {
    pub(super) fn with(
        &mut self,
        patches: &'p [Patch],
        body: &'p [Stmt],
        _stmt: &'p Stmt,
    ) -> TokenStream {
        let number = self.withs;
        self.withs += 1;
        let mut begin = Vec::new();
        let mut end = Vec::new();
        let mut input_is_replaced = false;
        for (at, patch) in patches.iter().enumerate() {
            let undo = format_ident!("undo_{number}_{at}");
            match patch {
                Patch::Input { path, value } => {
                    let before = if input_is_replaced {
                        quote!(patched_input)
                    } else {
                        quote!(rt::Input::value(input, arena))
                    };
                    input_is_replaced = true;
                    let path = path.iter().map(|name| &**name);
                    let value = self.operand(*value);
                    begin.push(quote! {
                        let patched_input = rt::patched(arena, #before, &[#(#path),*], #value);
                    });
                }
                Patch::Data { path, value, mask } => {
                    let path: Vec<&str> = path.iter().map(|name| &**name).collect();
                    let value = self.operand(*value);
                    let mask = mask.0;
                    let count = path.len();
                    begin.push(quote! {
                        let #undo = rt::put_data::<&::core::primitive::str>(
                            cx,
                            &[#(#path),*] as &[&::core::primitive::str; #count],
                            #value,
                            #mask,
                        );
                    });
                    end.push(quote!(rt::undo(cx, #undo);));
                }
                Patch::Function { mock, by } => {
                    let mock = mock.0;
                    let by = match by {
                        Replacement::Value(value) => {
                            let value = self.operand(*value);
                            quote!(rt::Mock::Value(#value))
                        }
                        Replacement::Call(CallTarget::Function(id)) => {
                            let id = id.0;
                            quote!(rt::Mock::Function(#id))
                        }
                        Replacement::Call(CallTarget::Builtin(id)) => {
                            let id = id.0;
                            quote!(rt::Mock::Builtin(#id))
                        }
                    };
                    begin.push(quote!(let #undo = rt::put_function(cx, #mock, #by);));
                    end.push(quote!(rt::undo(cx, #undo);));
                }
            }
        }
        end.reverse();
        let input = input_is_replaced.then(|| quote!(let input = &patched_input;));
        self.around.push(Around::With {
            number,
            exits: Vec::new(),
        });
        let stmts = self.stmts(body);
        let exits = match self.around.pop() {
            Some(Around::With { exits, .. }) => exits,
            _ => Vec::new(),
        };
        let arms: Vec<TokenStream> = exits
            .into_iter()
            .enumerate()
            .map(|(at, label)| {
                let at = Literal::usize_unsuffixed(at);
                let leave = self.leave(label);
                quote!(rt::Flow::Exit(#at) => { #leave })
            })
            .collect();
        let result = self.give(&quote!(result));
        let kind = self.emitter.ok_type(self.id, &quote!('a));
        let label = Self::with_label(number);
        quote! {
            #(#begin)*
            cx.push_memos();
            let flow: rt::Flow<#kind> = #label: {
                #input
                #stmts
                rt::Flow::Next
            };
            cx.pop_memos();
            #(#end)*
            match flow {
                rt::Flow::Next => {}
                rt::Flow::Return(result) => { #result }
                #(#arms)*
                rt::Flow::Exit(_) => {}
            }
        }
    }
}
