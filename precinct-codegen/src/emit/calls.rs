//! Calls of functions, builtins and what replaces them.

use precinct_rego::ir::{BuiltinId, CallTarget, FunctionId, Label, Local, MockId, Operand, Stmt};
use precinct_runtime::matcher::needle;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::body::Body;
use crate::natives::{Native, delimiters};

impl Body<'_, '_> {
    pub(super) fn call(
        &mut self,
        target: Local,
        function: CallTarget,
        args: &[Operand],
        otherwise: Label,
        stmt: &Stmt,
    ) -> TokenStream {
        match function {
            CallTarget::Function(id) => self.answer(target, id, args, otherwise),
            CallTarget::Builtin(id) => {
                if let Some(native) = self.emitter.natives.of(id, args) {
                    return self.native(target, &native, args, otherwise);
                }
                let values: Vec<TokenStream> = args.iter().map(|arg| self.operand(*arg)).collect();
                let call = match self.matcher(id, args) {
                    Some(matcher) => {
                        let support = self.support();
                        let slot = self.emitter.builtin(id);
                        let place = self.place(stmt.span);
                        quote!(rt::matched(cx, &#matcher, &#support #slot, &[#(#values),*], #place))
                    }
                    None => self.builtin_call(id, &values, stmt),
                };
                self.set_or(target, &quote!(#call?), otherwise)
            }
        }
    }

    /// Calls a function of the program.
    fn answer(
        &mut self,
        target: Local,
        id: FunctionId,
        args: &[Operand],
        otherwise: Label,
    ) -> TokenStream {
        let values: Vec<TokenStream> = args.iter().map(|arg| self.operand(*arg)).collect();
        let call = self.function_call(id, &values);
        if self.emitter.shapes[id.index()].total {
            let value = self.emitter.wrapped(id, &call);
            return self.set(target, &value);
        }
        let value = self.emitter.wrapped(id, &quote!(found));
        let leave = self.leave(otherwise);
        let set = self.set(target, &value);
        quote! {
            let Some(found) = #call else { #leave };
            #set
        }
    }

    /// Asks a whole document, and where it fails the rules that fit some keys.
    pub(super) fn lookup(
        &mut self,
        target: Local,
        (whole, keyed): (FunctionId, FunctionId),
        keys: &[Operand],
        otherwise: Label,
    ) -> TokenStream {
        let effects = self.emitter.effects[whole.index()];
        if !effects.fails {
            return self.answer(target, whole, &[], otherwise);
        }
        let keys: Vec<TokenStream> = keys.iter().map(|key| self.operand(*key)).collect();
        let whole_call = self.fallible_call(whole, &[]);
        let keyed_call = self.fallible_call(keyed, &keys);
        if !effects.context {
            let found = quote!((match #whole_call { Ok(found) => found, Err(_) => #keyed_call? }));
            return self.set_or(target, &found, otherwise);
        }
        let slot = match self.emitter.program.functions[whole.index()].memo {
            Some(slot) if effects.memo => {
                let slot = slot.0;
                quote!(Some(#slot))
            }
            _ => quote!(None),
        };
        let found = quote!(rt::lookup(cx, #slot, |cx| #whole_call, |cx| #keyed_call)?);
        self.set_or(target, &found, otherwise)
    }

    /// Asks the rules that fit some keys, and the whole document if it is known.
    pub(super) fn lookup_keys(
        &mut self,
        target: Local,
        (whole, keyed): (FunctionId, FunctionId),
        keys: &[Operand],
        otherwise: Label,
    ) -> TokenStream {
        let remembers = self.emitter.effects[whole.index()].memo;
        let slot = self.emitter.program.functions[whole.index()].memo;
        let Some(slot) = slot.filter(|_| remembers) else {
            return self.answer(target, keyed, keys, otherwise);
        };
        let (slot, number) = (slot.0, keyed.0);
        let keys: Vec<TokenStream> = keys.iter().map(|key| self.operand(*key)).collect();
        let names: Vec<Ident> = (0..keys.len())
            .map(|at| format_ident!("key_{at}"))
            .collect();
        let whole_call = self.fallible_call(whole, &[]);
        let values: Vec<TokenStream> = names.iter().map(|name| quote!(#name)).collect();
        let keyed_call = self.fallible_call(keyed, &values);
        let found = quote!(({
            #(let #names = #keys;)*
            rt::lookup_keys(cx, #slot, #number, &[#(#names),*], |cx| #whole_call, |cx| #keyed_call)?
        }));
        self.set_or(target, &found, otherwise)
    }

    /// A call of a function that gives a `Result<Option<Value>, EvalError>`.
    fn fallible_call(&self, id: FunctionId, args: &[TokenStream]) -> TokenStream {
        let call = self.bare_call(id, args);
        let found = if self.emitter.shapes[id.index()].total {
            let value = self.emitter.wrapped(id, &quote!(found));
            quote!(Some(#value))
        } else {
            let value = self.emitter.wrapped(id, &quote!(found));
            quote!(match found { Some(found) => Some(#value), None => None })
        };
        if self.emitter.effects[id.index()].fails {
            quote!(match #call { Ok(found) => Ok::<Option<rt::Value<'_>>, rt::EvalError>(#found), Err(error) => Err(error) })
        } else {
            quote!({ let found = #call; Ok::<Option<rt::Value<'_>>, rt::EvalError>(#found) })
        }
    }

    /// A call of a function: gives the unwrapped result.
    fn function_call(&self, id: FunctionId, args: &[TokenStream]) -> TokenStream {
        let call = self.bare_call(id, args);
        let question = self.emitter.effects[id.index()].fails.then(|| quote!(?));
        quote!(#call #question)
    }

    /// A call of a function as it stands, with what the function takes.
    fn bare_call(&self, id: FunctionId, args: &[TokenStream]) -> TokenStream {
        let path = self.emitter.names.path_from(self.module, id);
        let state = if self.emitter.effects[id.index()].context {
            quote!(cx)
        } else {
            quote!(arena)
        };
        quote!(#path(#state, input, #(#args),*))
    }

    /// The static of the constant pattern that is matched.
    fn matcher(&self, id: BuiltinId, args: &[Operand]) -> Option<TokenStream> {
        let name: &str = &self.emitter.program.builtins.get(id.index())?.name;
        let text = |at: usize| {
            args.get(at)
                .and_then(|operand| self.constant_operand(*operand))
        };
        let definition = match (name, args) {
            ("regex.match", [_, _]) => {
                let pattern = text(0)?.as_str()?;
                let prepared = self.prepared(pattern, None);
                quote!(rt::Matcher::regex(#pattern) #prepared)
            }
            ("glob.match", [_, _, _]) => {
                let pattern = text(0)?.as_str()?;
                let delimiters = delimiters(text(1)?)?;
                let delimiters: String = delimiters.into_iter().collect();
                let prepared = self.prepared(pattern, Some(&delimiters));
                quote!(rt::Matcher::glob(#pattern, #delimiters) #prepared)
            }
            _ => return None,
        };
        Some(self.static_cell(&quote!(rt::Matcher), definition))
    }

    /// What makes a matcher one whose pattern is compiled already.
    fn prepared(&self, pattern: &str, delimiters: Option<&str>) -> Option<TokenStream> {
        let automaton = self.emitter.automata.of(pattern, delimiters)?;
        let needle = needle(pattern, delimiters.is_some());
        Some(quote!(.prepared(#automaton, #needle)))
    }

    /// A call through the table of builtins: gives a `Result<Option<Value>, EvalError>`.
    fn builtin_call(&self, id: BuiltinId, args: &[TokenStream], stmt: &Stmt) -> TokenStream {
        let support = self.support();
        let slot = self.emitter.builtin(id);
        let place = self.place(stmt.span);
        quote!(#support #slot.call(cx, &[#(#args),*], #place))
    }

    fn native(
        &mut self,
        target: Local,
        native: &Native,
        args: &[Operand],
        otherwise: Label,
    ) -> TokenStream {
        let values: Vec<TokenStream> = match native {
            // The pattern is taken apart already.
            Native::GlobExact { .. } | Native::GlobBetween { .. } => args
                .iter()
                .enumerate()
                .map(|(at, arg)| match at {
                    2 => self.operand(*arg),
                    _ => TokenStream::new(),
                })
                .collect(),
            _ => args.iter().map(|arg| self.operand(*arg)).collect(),
        };
        let value = match (native, &values[..]) {
            (Native::StartsWith, [text, part]) => quote!(rt::starts_with(#text, #part)),
            (Native::EndsWith, [text, part]) => quote!(rt::ends_with(#text, #part)),
            (Native::Contains, [text, part]) => quote!(rt::contains(#text, #part)),
            (Native::Count, [text]) if let Some(separator) = self.split_of(args) => {
                quote!(rt::count_parts(#text, #separator))
            }
            (Native::Count, [collection]) => quote!(rt::count(#collection)),
            (Native::Split { separator: _ }, [text, _]) if self.splits.contains_key(&target) => {
                quote!(rt::text(#text))
            }
            (Native::Split { separator }, [text, _]) => {
                quote!(rt::split(arena, #text, #separator))
            }
            (Native::GlobExact { text }, [_, _, value]) => {
                let text = self.text(text);
                quote!(rt::glob_exact(#value, #text))
            }
            (
                Native::GlobBetween {
                    before,
                    after,
                    delimiters,
                },
                [_, _, value],
            ) => {
                let (before, after) = (self.text(before), self.text(after));
                quote!(rt::glob_between(#value, #before, #after, &[#(#delimiters),*]))
            }
            // The natives of a builtin are only found for its number of arguments.
            _ => quote!(Option::<rt::Value<'_>>::None),
        };
        self.set_or(target, &value, otherwise)
    }

    /// The separator of the `split` whose parts are counted, where the local holds the text.
    fn split_of(&self, args: &[Operand]) -> Option<&str> {
        match args {
            [Operand::Local(local)] => self.splits.get(local).map(String::as_str),
            _ => None,
        }
    }

    pub(super) fn call_replacement(
        &mut self,
        target: Local,
        mock: MockId,
        candidates: &[CallTarget],
        args: &[Operand],
        otherwise: Label,
        stmt: &Stmt,
    ) -> TokenStream {
        let values: Vec<TokenStream> = args.iter().map(|arg| self.operand(*arg)).collect();
        let mut candidates = candidates.to_vec();
        candidates.sort_by_key(|candidate| match candidate {
            CallTarget::Function(id) => (0, id.0),
            CallTarget::Builtin(id) => (1, id.0),
        });
        candidates.dedup();
        let arms: Vec<TokenStream> = candidates
            .iter()
            .map(|candidate| match candidate {
                CallTarget::Function(id) => {
                    let number = id.0;
                    let call = self.function_call(*id, &values);
                    let result = if self.emitter.shapes[id.index()].total {
                        let value = self.emitter.wrapped(*id, &call);
                        quote!(Ok(Some(#value)))
                    } else {
                        let value = self.emitter.wrapped(*id, &quote!(found));
                        quote!(match #call { Some(found) => Ok(Some(#value)), None => Ok(None) })
                    };
                    quote!(rt::Mock::Function(#number) => { #result })
                }
                CallTarget::Builtin(id) => {
                    let number = id.0;
                    let call = self.builtin_call(*id, &values, stmt);
                    quote!(rt::Mock::Builtin(#number) => { #call })
                }
            })
            .collect();
        let mock = mock.0;
        let call = quote! {
            rt::replaced(cx, #mock, |cx, by| match by {
                rt::Mock::Value(value) => Ok(Some(value)),
                #(#arms)*
                _ => Err(rt::not_replaced()),
            })?
        };
        self.set_or(target, &call, otherwise)
    }
}
