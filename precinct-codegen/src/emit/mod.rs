//! IR as Rust.
//!
//! ```text
//! fn data.p.allow                          fn allow_in<'a, I: rt::Input<'a>>(arena: &'a rt::Arena, input: &I) -> bool {
//!   block 'b0                                  'b0: {
//!     l0 = input["role"]  else 'b0                 let Some(l0) = rt::Input::field(input, &["role"], arena) else { break 'b0; };
//!     test l0 == "admin"  else 'b0     ==>         if l0.as_str() != Some("admin") { break 'b0; }
//!     return true                                  return true;
//!   return false                               }
//!                                              return false;
//!                                          }
//! ```
//!
//! * [`body`], statements
//! * [`calls`], calls of functions, builtins and their replacements
//! * [`conditions`], tests
//! * [`lookups`], reads of and tests against constants
//! * [`projection`], structs that hold what a function reads of `input`, and how to read them from JSON
//! * [`public`], what a gateway calls
//! * [`rows`], what rules that are alike differ in
//! * [`select`], many rules behind an index
//! * [`sites`], rules that give constants
//! * [`withs`], replacements

mod body;
mod calls;
mod conditions;
mod lookups;
mod projection;
mod public;
mod rows;
mod select;
mod sites;
mod withs;

use std::cell::RefCell;
use std::collections::BTreeMap;

use precinct_interpreter::engine::constants;
use precinct_rego::ast::Span;
use precinct_rego::ir::reads::{self, Reads};
use precinct_rego::ir::{
    BuiltinId, CallTarget, ConstantId, Function, FunctionId, FunctionKind, Program,
};
use precinct_rego::source::Sources;
use precinct_runtime::Value;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::automaton::Automata;
use crate::constants::Statics;
use crate::effects::{Effects, effects};
use crate::kinds::{Kind, Shape, shapes};
use crate::names::{Names, ident};
use crate::natives::Natives;
use crate::visit::{parts, walk};

/// How a program is turned into Rust.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// The texts that the program comes from, for places in errors and for the comments above functions.
    pub sources: Option<&'o Sources>,
    /// The base documents, as JSON text.
    pub data: Option<&'o str>,
    /// The SHA-256 digest of everything that the program was made from, in hexadecimal.
    pub digest: &'o str,
    /// The program can be served: the implementation of `precinct_runtime::compiled::Compiled` is written too.
    pub served: bool,
    /// Errors of builtins end the evaluation, instead of being undefined.
    pub strict_builtin_errors: bool,
    /// The paths (`precinct/authz/allow`) that can be asked for; `None` is every path of the program.
    pub entrypoints: Option<&'o [String]>,
}

/// A program that cannot be turned into Rust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerateError {
    /// Rules call each other in a chain that a thread's stack would not hold.
    #[error(
        "rules call each other {depth} deep, which is more than the {limit} that compiled policies can"
    )]
    TooDeep {
        /// The length of the chain.
        depth: usize,
        /// The longest chain that is allowed.
        limit: usize,
    },
    /// There is no such document.
    #[error("there is no document at the entry point {0}")]
    NoEntrypoint(String),
    /// The generated text is not Rust: a fault of the generator.
    #[error("the generated code is not Rust: {0}")]
    Malformed(String),
}

/// The longest chain of calls: a frame takes up to a kilobyte or two, and threads have two megabytes.
const DEEPEST: usize = 500;

/// Turns a program into the text of Rust items, to be included in a module.
///
/// The items are a module for each package, a module for what they share, and the functions `entrypoints`,
/// `evaluate` and `evaluate_with`, which reach everything by path.
pub fn generate(program: &Program, options: Options<'_>) -> Result<String, GenerateError> {
    let constants = constants::document(&program.constants);
    let values = constants::values(&constants);
    let natives = Natives::new(program, values, options.strict_builtin_errors);
    let (effects, depth) = effects(program, &natives);
    if depth > DEEPEST {
        return Err(GenerateError::TooDeep {
            depth,
            limit: DEEPEST,
        });
    }
    for path in options.entrypoints.unwrap_or_default() {
        if !program.entrypoints.contains_key(path) {
            return Err(GenerateError::NoEntrypoint(path.clone()));
        }
    }
    let emitter = Emitter {
        program,
        options,
        constants: values,
        natives,
        shapes: shapes(program, |index| effects[index].memo),
        effects,
        reads: reads::of_all(program),
        live: live(program, options.entrypoints),
        names: Names::new(program),
        statics: Statics::default(),
        builtins: RefCell::default(),
        projections: RefCell::default(),
        automata: Automata::default(),
    };
    emitter.file()
}

/// What is known of the whole program while its functions are written.
struct Emitter<'p> {
    program: &'p Program,
    options: Options<'p>,
    constants: &'p [Value<'p>],
    natives: Natives<'p>,
    effects: Vec<Effects>,
    shapes: Vec<Shape>,
    reads: Vec<Reads>,
    /// The functions that an entry point or a query can reach.
    live: Vec<bool>,
    names: Names,
    statics: Statics,
    builtins: RefCell<BTreeMap<BuiltinId, Ident>>,
    projections: RefCell<Vec<Reads>>,
    automata: Automata,
}

/// A function of so many statements is inlined.
const SMALL: usize = 48;

/// So many rules of a document are quoted above the function that stands for them.
const QUOTED: usize = 16;

/// A module of the generated code.
#[derive(Default)]
struct Module {
    items: Vec<TokenStream>,
    modules: BTreeMap<String, Module>,
}

impl Module {
    fn at(&mut self, path: &[String]) -> &mut Self {
        path.iter().fold(self, |module, name| {
            module.modules.entry(name.clone()).or_default()
        })
    }

    fn tokens(&self, name: &str, support: bool, outermost: bool) -> TokenStream {
        let name_ident = ident(name);
        let items = &self.items;
        let modules = self
            .modules
            .iter()
            .map(|(name, module)| module.tokens(name, false, false));
        let imports = (!items.is_empty()).then(|| {
            quote! {
                use ::core::option::Option::{self, None, Some};
                use ::core::result::Result::{self, Err, Ok};
                use ::precinct_runtime::generated as rt;
            }
        });
        let allow = outermost.then(|| {
            quote! {
                #[allow(
                    dead_code,
                    non_snake_case,
                    non_upper_case_globals,
                    unreachable_code,
                    unused_assignments,
                    unused_imports,
                    unused_labels,
                    unused_mut,
                    unused_parens,
                    unused_variables,
                    unfulfilled_lint_expectations,
                    clippy::all,
                    clippy::pedantic,
                    clippy::nursery
                )]
            }
        });
        let doc = if support {
            "What the policies share: constants, inputs, and the ways in by path."
        } else {
            "Compiled rules."
        };
        let visibility = if support { quote!() } else { quote!(pub) };
        quote! {
            #[doc = #doc]
            #allow
            #visibility mod #name_ident {
                #imports
                #(#items)*
                #(#modules)*
            }
        }
    }
}

impl<'p> Emitter<'p> {
    fn file(&self) -> Result<String, GenerateError> {
        let mut root = Module::default();
        for index in 0..self.program.functions.len() {
            let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
            if !self.live[index] {
                continue;
            }
            let place = self.names.place(id);
            let module = root.at(&place.module);
            module.items.push(self.inner(id));
            if self.is_entrypoint(id) {
                module.items.extend(self.outer(id));
            }
        }
        let support = self.names.support.clone();
        let by_path = self.by_path();
        let module = root.at(std::slice::from_ref(&support));
        module.items.push(by_path);
        module.items.extend(self.projection_items());
        module
            .items
            .extend(self.builtins.borrow().iter().map(|(id, name)| {
                let builtin: &str = &self.program.builtins[id.index()].name;
                quote!(pub(crate) static #name: rt::Slot = rt::Slot::new(#builtin);)
            }));
        module.items.extend(self.needed_features());
        module.items.extend(self.statics.finish());
        let modules = root
            .modules
            .iter()
            .map(|(name, module)| module.tokens(name, *name == support, true));
        let support = ident(&support);
        let digest = self.options.digest;
        let queries = self
            .has_queries()
            .then(|| quote! {
                #[allow(unused_imports, reason = "whoever asks has the input as a value or in JSON")]
                pub(crate) use self::#support::{query_json_with, query_with};
            });
        let served = self
            .options
            .served
            .then(|| quote!(pub use self::#support::Compiled;));
        let file = quote! {
            #(#modules)*
            #[allow(unused_imports, reason = "a file included in a private module need not be asked by path")]
            pub use self::#support::{Fields, entrypoints, evaluate, evaluate_with};
            #queries
            #served
            #[doc = "The SHA-256 digest of the sources that the policies were compiled from."]
            pub const DIGEST: &::core::primitive::str = #digest;
        };
        let file: syn::File =
            syn::parse2(file).map_err(|error| GenerateError::Malformed(error.to_string()))?;
        Ok(prettyplease::unparse(&file))
    }

    /// What stops the build where the runtime lacks a feature that a builtin needs.
    fn needed_features(&self) -> Vec<TokenStream> {
        let mut needed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for id in self.builtins.borrow().keys() {
            let name: &str = &self.program.builtins[id.index()].name;
            if let Some(feature) = precinct_runtime::builtins::feature(name) {
                needed.entry(feature).or_default().push(name);
            }
        }
        needed
            .into_iter()
            .map(|(feature, names)| {
                let check = format_ident!("__needs_{feature}");
                let names = names.join(", ");
                quote!(::precinct_runtime::#check!(#names);)
            })
            .collect()
    }

    /// The entry points that can be asked for.
    fn entrypoints(&self) -> impl Iterator<Item = (&str, FunctionId)> {
        let wanted = self.options.entrypoints;
        self.program
            .entrypoints
            .iter()
            .filter(move |(path, _)| wanted.is_none_or(|wanted| wanted.contains(path)))
            .map(|(path, id)| (path.as_str(), *id))
    }

    fn is_entrypoint(&self, id: FunctionId) -> bool {
        self.options.entrypoints.is_none() || self.entrypoints().any(|(_, entry)| entry == id)
    }

    /// The function that computes a result inside an evaluation.
    fn inner(&self, id: FunctionId) -> TokenStream {
        let function = &self.program.functions[id.index()];
        let effects = self.effects[id.index()];
        let name = ident(&self.names.place(id).inner);
        let state = state(effects);
        let parameters: Vec<TokenStream> = (0..function.params)
            .map(|at| {
                let name = format_ident!("l{at}");
                quote!(#name: rt::Value<'a>)
            })
            .collect();
        let result = self.result(id, &quote!('a));
        let body = self.body(id, function);
        let doc = self.documentation(function);
        let remembered = effects.memo.then_some(function.memo).flatten();
        let Some(slot) = remembered else {
            let inline = self.is_small(id).then(|| quote!(#[inline]));
            return quote! {
                #doc
                #inline
                pub(crate) fn #name<'a, I: rt::Input<'a>>(#state, input: &I, #(#parameters),*) -> #result {
                    #body
                }
            };
        };
        let slot = slot.0;
        let (undefined, defined) = if self.shapes[id.index()].total {
            (quote!(), self.unwrapped(id, &quote!(value)))
        } else {
            let value = self.unwrapped(id, &quote!(value));
            (
                quote!(rt::Memo::Undefined => return Ok(None),),
                quote!(Some(#value)),
            )
        };
        let wrapped = if self.shapes[id.index()].total {
            let value = self.wrapped(id, &quote!(result));
            quote!(Some(#value))
        } else {
            let value = self.wrapped(id, &quote!(value));
            quote!(match result { Some(value) => Some(#value), None => None })
        };
        if function.params > 0 {
            let number = id.0;
            let args: Vec<_> = (0..function.params)
                .map(|at| format_ident!("l{at}"))
                .collect();
            let known = if self.shapes[id.index()].total {
                quote!(Some(rt::Given(Some(value))) => return Ok(#defined),)
            } else {
                quote! {
                    Some(rt::Given(Some(value))) => return Ok(#defined),
                    Some(rt::Given(None)) => return Ok(None),
                }
            };
            return quote! {
                #doc
                pub(crate) fn #name<'a, I: rt::Input<'a>>(#state, input: &I, #(#parameters),*) -> #result {
                    fn compute<'a, I: rt::Input<'a>>(#state, input: &I, #(#parameters),*) -> #result {
                        #body
                    }
                    if !cx.keeps_calls(#slot) {
                        return compute(cx, input, #(#args),*);
                    }
                    match cx.known_call(#slot, #number, &[#(#args),*]) {
                        #known
                        _ => {}
                    }
                    let result = compute(cx, input, #(#args),*)?;
                    cx.keep_call(#slot, #number, &[#(#args),*], #wrapped);
                    Ok(result)
                }
            };
        }
        quote! {
            #doc
            pub(crate) fn #name<'a, I: rt::Input<'a>>(#state, input: &I) -> #result {
                fn compute<'a, I: rt::Input<'a>>(#state, input: &I) -> #result {
                    #body
                }
                match cx.memo(#slot) {
                    rt::Memo::Value(value) => {
                        cx.counters.memo_hits += 1;
                        return Ok(#defined);
                    }
                    #undefined
                    _ => {}
                }
                let result = compute(cx, input)?;
                cx.remember(#slot, #wrapped);
                Ok(result)
            }
        }
    }

    /// The function is so small that a caller had better have its statements: what several decisions of a request read
    /// of the input is then read once.
    fn is_small(&self, id: FunctionId) -> bool {
        let mut statements = 0;
        walk(&self.program.functions[id.index()].body, &mut |_| {
            statements += 1;
        });
        !self.effects[id.index()].context && statements <= SMALL
    }

    /// The type of a function's result.
    fn result(&self, id: FunctionId, lifetime: &TokenStream) -> TokenStream {
        let kind = self.ok_type(id, lifetime);
        if self.effects[id.index()].fails {
            quote!(Result<#kind, rt::EvalError>)
        } else {
            kind
        }
    }

    /// The type of a function's result when nothing fails.
    fn ok_type(&self, id: FunctionId, lifetime: &TokenStream) -> TokenStream {
        let Shape { kind, total } = self.shapes[id.index()];
        let kind = match kind {
            Kind::Boolean => quote!(::core::primitive::bool),
            Kind::Text => quote!(&'static ::core::primitive::str),
            Kind::String => quote!(&#lifetime ::core::primitive::str),
            Kind::Nothing | Kind::Any => quote!(rt::Value<#lifetime>),
        };
        if total { kind } else { quote!(Option<#kind>) }
    }

    /// A function's result as a value.
    fn wrapped(&self, id: FunctionId, result: &TokenStream) -> TokenStream {
        match self.shapes[id.index()].kind {
            Kind::Boolean => quote!(rt::Value::Bool(#result)),
            Kind::Text | Kind::String => quote!(rt::Value::String(#result)),
            Kind::Nothing | Kind::Any => result.clone(),
        }
    }

    /// A value as a function's result.
    fn unwrapped(&self, id: FunctionId, value: &TokenStream) -> TokenStream {
        match self.shapes[id.index()].kind {
            Kind::Boolean => quote!(rt::bool_of(#value)),
            // A text of the policy comes back from its memo slot with the lifetime of the evaluation.
            Kind::Text | Kind::String => quote!(rt::str_of(#value)),
            Kind::Nothing | Kind::Any => value.clone(),
        }
    }

    fn body(&self, id: FunctionId, function: &'p Function) -> TokenStream {
        body::Body::new(self, id, function).tokens()
    }

    /// The rules of a document as they were written.
    fn documentation(&self, function: &Function) -> TokenStream {
        let name = format!(" `{}`", function.name);
        let mut lines = vec![name];
        let rules: Vec<&str> = self
            .program
            .rules
            .iter()
            .filter(|rule| rule.path == function.name)
            .filter_map(|rule| self.text(rule.span))
            .take(QUOTED)
            .collect();
        if !rules.is_empty() {
            lines.extend([String::new(), " ```rego".to_owned()]);
            for rule in rules {
                lines.extend(
                    rule.lines()
                        .map(|line| format!(" {}", line.replace('\t', "    "))),
                );
            }
            lines.push(" ```".to_owned());
        }
        quote!(#(#[doc = #lines])*)
    }

    fn text(&self, span: Span) -> Option<&'p str> {
        let source = self.options.sources?.get(span.source)?;
        source.text.get(span.start as usize..span.end as usize)
    }

    /// A place in a policy, as the runtime takes it.
    fn place_of(&self, span: Span) -> TokenStream {
        let file = self
            .options
            .sources
            .and_then(|sources| sources.get(span.source))
            .map_or("", |source| &*source.name);
        let row = Literal::u32_unsuffixed(span.row);
        let col = Literal::u32_unsuffixed(span.col);
        quote!((#file, #row, #col))
    }

    fn constant(&self, id: ConstantId) -> Value<'p> {
        self.constants.get(id.index()).copied().unwrap_or_default()
    }

    /// The static of a builtin.
    fn builtin(&self, id: BuiltinId) -> Ident {
        self.builtins
            .borrow_mut()
            .entry(id)
            .or_insert_with(|| format_ident!("BUILTIN_{}", id.0))
            .clone()
    }
}

/// Which functions the wanted entry points and the queries can reach.
fn live(program: &Program, wanted: Option<&[String]>) -> Vec<bool> {
    let Some(wanted) = wanted else {
        return vec![true; program.functions.len()];
    };
    let mut live = vec![false; program.functions.len()];
    let mut open: Vec<usize> = program
        .entrypoints
        .iter()
        .filter(|(path, _)| wanted.contains(path))
        .map(|(_, id)| id.index())
        .collect();
    let queries = (0..program.functions.len())
        .filter(|at| program.functions[*at].kind == FunctionKind::Query);
    open.extend(queries);
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut live[at], true) {
            continue;
        }
        walk(&program.functions[at].body, &mut |stmt| {
            for call in parts(stmt).calls {
                if let CallTarget::Function(id) = call {
                    open.push(id.index());
                }
            }
        });
    }
    live
}

/// The parameter that carries the evaluation's state.
fn state(effects: Effects) -> TokenStream {
    if effects.context {
        quote!(cx: &mut rt::Context<'a>)
    } else {
        quote!(arena: &'a rt::Arena)
    }
}
