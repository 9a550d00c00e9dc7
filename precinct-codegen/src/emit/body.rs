//! Statements as Rust: blocks become labelled blocks, loops become `for`, leaving through a label becomes `break` or
//! `continue`, and reading something that can be undefined becomes `let … else`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use precinct_rego::ir::{
    Case, Conflict, Function, FunctionId, Join, Label, Local, LocalKind, Operand, Stmt, StmtKind,
};
use precinct_runtime::Value;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Lifetime;

use super::Emitter;
use super::rows::{Row, mentions};
use super::sites::Sites;
use crate::kinds::{Kind, can_complete};
use crate::locals::{Declaration, Locals};
use crate::visit::walk;

/// Writes the body of one function.
pub(super) struct Body<'e, 'p> {
    pub(super) emitter: &'e Emitter<'p>,
    pub(super) id: FunctionId,
    pub(super) function: &'p Function,
    pub(super) locals: Locals,
    /// The module that the function stands in.
    pub(super) module: &'e [String],
    /// What encloses the statement at hand, innermost last.
    pub(super) around: Vec<Around>,
    /// The locals of `split`s whose result is only asked for parts, with the separator: they hold the text.
    pub(super) splits: BTreeMap<Local, String>,
    /// Locals that hold one of several constants, of which it is only asked what they contain: they hold the position.
    pub(super) choices: BTreeMap<Local, Vec<Value<'p>>>,
    /// How often each local is mentioned.
    pub(super) mentions: Vec<u32>,
    /// Locals that are declared in the arm of a select that is alone in mentioning them.
    pub(super) inner: BTreeSet<Local>,
    /// What the arm at hand differs from others in, while it is looked for.
    pub(super) row: RefCell<Option<Row>>,
    /// The number of `with` statements so far.
    pub(super) withs: u32,
    /// What it is called when the rules of the function give different values, if they can.
    conflict: Option<Conflict>,
    /// The rules of the function, if all of them give constants.
    pub(super) sites: Option<Sites<'p>>,
}

/// Something that encloses a statement.
pub(super) enum Around {
    /// A block that can be left.
    Block(Label),
    /// A loop whose turn can be left.
    Loop(Label),
    /// A `with`, with the labels outside of it that are left through from inside.
    With { number: u32, exits: Vec<Label> },
}

/// What a local is called in the generated code.
pub(super) fn name_of(local: Local) -> Ident {
    format_ident!("l{}", local.0)
}

impl<'e, 'p> Body<'e, 'p> {
    pub(super) fn new(emitter: &'e Emitter<'p>, id: FunctionId, function: &'p Function) -> Self {
        let mut body = Self {
            emitter,
            id,
            function,
            locals: Locals::new(function),
            module: &emitter.names.place(id).module,
            around: Vec::new(),
            splits: BTreeMap::new(),
            choices: BTreeMap::new(),
            mentions: mentions(&function.body, function.locals.len()),
            inner: BTreeSet::new(),
            row: RefCell::new(None),
            withs: 0,
            conflict: conflict_of(function),
            sites: None,
        };
        body.splits = body.lazy_splits();
        body.choices = body.choices();
        body.sites = body.sites();
        body
    }

    /// The whole body.
    pub(super) fn tokens(mut self) -> TokenStream {
        let arena = self
            .has_context()
            .then(|| quote!(let arena: &'a rt::Arena = cx.arena();));
        let stmts = self.stmts(&self.function.body);
        let declarations: Vec<TokenStream> = (0..)
            .zip(&self.function.locals)
            .filter(|(at, _)| !self.inner.contains(&Local(*at)) && !self.is_held(Local(*at)))
            .filter_map(|(at, info)| self.declaration(Local(at), info.kind))
            .collect();
        let end = can_complete(&self.function.body, &mut Vec::new()).then(|| {
            let undefined = self.ok(&quote!(None));
            quote!(#undefined)
        });
        let origins = self.conflict.map(|_| match self.sites {
            Some(_) => quote!(let mut held: ::core::primitive::u64 = 0;),
            None => quote!(let mut origins = rt::Origins::new();),
        });
        quote! {
            #arena
            #origins
            #(#declarations)*
            #stmts
            #end
        }
    }

    pub(super) fn declaration(&self, local: Local, kind: LocalKind) -> Option<TokenStream> {
        let name = name_of(local);
        match self.locals.declaration(local) {
            Declaration::Nowhere | Declaration::InPlace => None,
            Declaration::AtTop if local.0 < self.function.params => {
                Some(quote!(let mut #name = #name;))
            }
            Declaration::AtTop => Some(match kind {
                LocalKind::Value => quote!(let mut #name: rt::Value<'_> = rt::Value::Null;),
                LocalKind::Optional => quote!(let mut #name: Option<rt::Value<'_>> = None;),
                LocalKind::ArrayBuilder => quote!(let mut #name = rt::ArrayBuilder::new(arena);),
                LocalKind::SetBuilder => quote!(let mut #name = rt::SetBuilder::new(arena);),
                LocalKind::ObjectBuilder => quote!(let mut #name = rt::ObjectBuilder::new(arena);),
                LocalKind::DocumentBuilder => {
                    quote!(let mut #name = rt::DocumentBuilder::new(arena);)
                }
            }),
        }
    }

    pub(super) fn has_context(&self) -> bool {
        self.emitter.effects[self.id.index()].context
    }

    /// A value to read.
    pub(super) fn operand(&self, operand: Operand) -> TokenStream {
        if let Some(constant) = self.constant_operand(operand) {
            return self.written(constant);
        }
        match operand {
            Operand::Local(local) => {
                let name = name_of(local);
                match self.function.locals[local.0 as usize].kind {
                    LocalKind::Optional => quote!(Option::unwrap_or_default(#name)),
                    _ => quote!(#name),
                }
            }
            Operand::Constant(_) => quote!(rt::Value::Null),
        }
    }

    /// The value of an operand that is known when the policy is compiled.
    pub(super) fn constant_operand(&self, operand: Operand) -> Option<Value<'p>> {
        match operand {
            Operand::Constant(id) => Some(self.emitter.constant(id)),
            Operand::Local(_) => None,
        }
    }

    /// The path of the support module, with a trailing `::`.
    pub(super) fn support(&self) -> TokenStream {
        let path = self.emitter.names.support_path(self.module);
        quote!(#path ::)
    }

    /// Puts a value into a local.
    pub(super) fn set(&self, target: Local, value: &TokenStream) -> TokenStream {
        let name = name_of(target);
        let optional = self.function.locals[target.0 as usize].kind == LocalKind::Optional;
        match self.locals.declaration(target) {
            Declaration::Nowhere | Declaration::InPlace => quote!(let #name = #value;),
            Declaration::AtTop if optional => quote!(#name = Some(#value);),
            Declaration::AtTop => quote!(#name = #value;),
        }
    }

    /// Puts what an expression gives into a local, or leaves if it gives nothing.
    pub(super) fn set_or(
        &mut self,
        target: Local,
        optional: &TokenStream,
        otherwise: Label,
    ) -> TokenStream {
        let name = name_of(target);
        let leave = self.leave(otherwise);
        match self.locals.declaration(target) {
            Declaration::Nowhere | Declaration::InPlace => {
                quote!(let Some(#name) = #optional else { #leave };)
            }
            Declaration::AtTop => {
                let set = self.set(target, &quote!(found));
                quote! {
                    let Some(found) = #optional else { #leave };
                    #set
                }
            }
        }
    }

    pub(super) fn block_label(label: Label) -> Lifetime {
        Lifetime::new(&format!("'b{}", label.0), proc_macro2::Span::call_site())
    }

    pub(super) fn with_label(number: u32) -> Lifetime {
        Lifetime::new(&format!("'with{number}"), proc_macro2::Span::call_site())
    }

    /// Leaves through a label.
    pub(super) fn leave(&mut self, label: Label) -> TokenStream {
        for around in self.around.iter_mut().rev() {
            match around {
                Around::Block(name) if *name == label => {
                    let name = Self::block_label(label);
                    return quote!(break #name;);
                }
                Around::Loop(name) if *name == label => {
                    let name = Self::block_label(label);
                    return quote!(continue #name;);
                }
                Around::Block(_) | Around::Loop(_) => {}
                Around::With { number, exits } => {
                    let at = exits
                        .iter()
                        .position(|exit| *exit == label)
                        .unwrap_or_else(|| {
                            exits.push(label);
                            exits.len() - 1
                        });
                    let at = Literal::usize_unsuffixed(at);
                    let name = Self::with_label(*number);
                    return quote!(break #name rt::Flow::Exit(#at););
                }
            }
        }
        // The verifier has seen every label; what is left through none ends the function.
        self.give(&quote!(None))
    }

    /// Ends the function with a result.
    pub(super) fn give(&self, result: &TokenStream) -> TokenStream {
        let with = self.around.iter().rev().find_map(|around| match around {
            Around::With { number, .. } => Some(*number),
            Around::Block(_) | Around::Loop(_) => None,
        });
        if let Some(number) = with {
            let name = Self::with_label(number);
            return quote!(break #name rt::Flow::Return(#result););
        }
        let result = self.ok(result);
        quote!(return #result;)
    }

    fn ok(&self, result: &TokenStream) -> TokenStream {
        if let Some(conflict) = self.conflict {
            let conflict = conflict_name(conflict);
            if let Some(sites) = &self.sites {
                return self.unless_disagreeing(sites, &conflict, result);
            }
            let path: &str = &self.function.name;
            return quote!(match origins.settle(#conflict, #path) {
                Ok(()) => Ok(#result),
                Err(error) => Err(error),
            });
        }
        if self.emitter.effects[self.id.index()].fails {
            quote!(Ok(#result))
        } else {
            result.clone()
        }
    }

    /// The value of the local is that of the rules that held.
    pub(super) fn is_held(&self, local: Local) -> bool {
        self.sites
            .as_ref()
            .is_some_and(|sites| sites.target == local)
    }

    /// A constant as the function's result.
    pub(super) fn returned_constant(&self, constant: Value<'_>) -> TokenStream {
        match self.emitter.shapes[self.id.index()].kind {
            Kind::Boolean => self.boolean(constant.as_bool().unwrap_or_default()),
            Kind::Text | Kind::String => self.text(constant.as_str().unwrap_or_default()),
            Kind::Nothing | Kind::Any => self.written(constant),
        }
    }

    /// A value as the function's result.
    fn returned(&self, value: Operand) -> TokenStream {
        let shape = self.emitter.shapes[self.id.index()];
        let result = match (&self.sites, self.constant_operand(value)) {
            (_, Some(constant)) => self.returned_constant(constant),
            (Some(sites), None) if value == Operand::Local(sites.target) => self.agreed(sites),
            _ => {
                let value = self.operand(value);
                self.emitter.unwrapped(self.id, &value)
            }
        };
        if shape.total {
            result
        } else {
            quote!(Some(#result))
        }
    }

    pub(super) fn stmts(&mut self, stmts: &'p [Stmt]) -> TokenStream {
        let stmts: Vec<TokenStream> = stmts.iter().map(|stmt| self.stmt(stmt)).collect();
        quote!(#(#stmts)*)
    }

    /// The mapped error of an operation at a statement.
    /// Takes a step; whoever runs out of them is named.
    fn spend(&self) -> TokenStream {
        let path: &str = &self.function.name;
        quote!(cx.spend(1).map_err(|error| rt::running(error, #path))?;)
    }

    fn located(&self, stmt: &Stmt) -> TokenStream {
        let place = self.place(stmt.span);
        quote!(.map_err(|error| rt::located(error, #place))?)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each kind of statement, nothing else"
    )]
    fn stmt(&mut self, stmt: &'p Stmt) -> TokenStream {
        match &stmt.kind {
            StmtKind::Block { label, body } => self.block(*label, body),
            StmtKind::Break { label } => self.leave(*label),
            StmtKind::Scan {
                label,
                source,
                key,
                value,
                join,
                body,
            } => self.scan(*label, *source, (*key, *value), join.as_deref(), body),
            StmtKind::Switch { on, cases, default } => self.switch(*on, cases, default),
            StmtKind::Select { subjects, arms } => self.select(subjects, arms),
            StmtKind::Assign { target, source } => {
                let value = self.operand(*source);
                self.set(*target, &value)
            }
            StmtKind::Clear { target } => {
                let name = name_of(*target);
                quote!(#name = None;)
            }
            StmtKind::Input {
                target,
                path,
                otherwise,
            } => {
                let path = path.iter().map(|name| &**name);
                let read = quote!(rt::Input::field(input, &[#(#path),*], arena));
                self.set_or(*target, &read, *otherwise)
            }
            StmtKind::Data {
                target,
                path,
                otherwise,
            } => {
                let read = if path.is_empty() {
                    quote!(Some(cx.data))
                } else {
                    let path = path.iter().map(|name| &**name);
                    quote!(cx.data.path(&[#(#path),*]))
                };
                self.set_or(*target, &read, *otherwise)
            }
            StmtKind::Get {
                target,
                source,
                key,
                otherwise,
            } => {
                let read = self.get(*target, *source, *key);
                self.set_or(*target, &read, *otherwise)
            }
            StmtKind::Call {
                target,
                function,
                args,
                otherwise,
            } => self.call(*target, *function, args, *otherwise, stmt),
            StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first: false,
                otherwise,
            } => self.lookup(*target, (*whole, *keyed), keys, *otherwise),
            StmtKind::Lookup {
                target,
                whole,
                keyed,
                keys,
                keys_first: true,
                otherwise,
            } => self.lookup_keys(*target, (*whole, *keyed), keys, *otherwise),
            StmtKind::CallReplacement {
                target,
                mock,
                candidates,
                args,
                otherwise,
            } => self.call_replacement(*target, *mock, candidates, args, *otherwise, stmt),
            StmtKind::Test { test, otherwise } => {
                let condition = self.condition(test);
                let leave = self.leave(*otherwise);
                quote!(if !(#condition) { #leave })
            }
            StmtKind::Array { target, items } => {
                let items = items.iter().map(|item| self.operand(*item));
                let value = quote!(rt::Value::array(arena, &[#(#items),*]));
                self.set(*target, &value)
            }
            StmtKind::Object { target, entries } => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = self.operand(*key);
                    let value = self.operand(*value);
                    quote!((#key, #value))
                });
                let value = quote!(rt::literal_object(arena, &mut [#(#entries),*]));
                self.set(*target, &value)
            }
            StmtKind::Set { target, items } => {
                let items = items.iter().map(|item| self.operand(*item));
                let value = quote!(rt::literal_set(arena, &mut [#(#items),*]));
                self.set(*target, &value)
            }
            StmtKind::Begin { builder } => {
                let name = name_of(*builder);
                quote!(#name.clear();)
            }
            StmtKind::Push { builder, value } => {
                let name = name_of(*builder);
                let value = self.operand(*value);
                match self.function.locals[builder.0 as usize].kind {
                    LocalKind::SetBuilder => quote!(#name.add(#value);),
                    _ => quote!(#name.push(#value);),
                }
            }
            StmtKind::Group {
                builder,
                key,
                value,
                is_set,
            } => {
                let name = name_of(*builder);
                let key = self.operand(*key);
                let value = self.operand(*value);
                quote!(#name.group(#key, #value, #is_set);)
            }
            StmtKind::Insert {
                builder,
                key,
                value,
                conflict,
            } => {
                let name = name_of(*builder);
                let key = self.operand(*key);
                let value = self.operand(*value);
                if *conflict == Conflict::Replace {
                    return quote!(#name.replace(#key, #value););
                }
                let conflict = conflict_name(*conflict);
                let located = self.located(stmt);
                quote!(rt::insert(&mut #name, #key, #value, #conflict) #located;)
            }
            StmtKind::Extend { builder, source } => {
                let name = name_of(*builder);
                let source = self.operand(*source);
                quote!(rt::extend(arena, &mut #name, #source);)
            }
            StmtKind::PutAt {
                builder,
                path,
                value,
            } => {
                let name = name_of(*builder);
                let path = path.iter().map(|key| self.operand(*key));
                let value = self.operand(*value);
                let located = self.located(stmt);
                quote!(rt::put_at(&mut #name, &[#(#path),*], #value) #located;)
            }
            StmtKind::AddAt {
                builder,
                path,
                value,
            } => {
                let name = name_of(*builder);
                let path = path.iter().map(|key| self.operand(*key));
                let value = match value {
                    Some(value) => {
                        let value = self.operand(*value);
                        quote!(Some(#value))
                    }
                    None => quote!(None),
                };
                let located = self.located(stmt);
                quote!(rt::add_at(&mut #name, &[#(#path),*], #value) #located;)
            }
            StmtKind::Finish { target, builder } => {
                let name = name_of(*builder);
                self.set(*target, &quote!(#name.finish()))
            }
            StmtKind::AssignOnce {
                target,
                source,
                conflict,
            } => {
                if let Some(held) = self.held(stmt, *source) {
                    return held;
                }
                let name = name_of(*target);
                let source = self.operand(*source);
                if *conflict == Conflict::Replace {
                    return quote!(#name = Some(#source););
                }
                let place = self.place(stmt.span);
                quote!(origins.assign(&mut #name, #source, &#place);)
            }
            StmtKind::Return { value } => {
                let value = self.returned(*value);
                self.give(&value)
            }
            StmtKind::With { patches, body } => self.with(patches, body, stmt),
            StmtKind::Enter { rule: _ } => {
                if self.has_context() {
                    let spend = self.spend();
                    quote!(cx.counters.rules += 1; #spend)
                } else {
                    quote!(rt::enter_rule();)
                }
            }
            StmtKind::Indexed { .. } | StmtKind::Mark => quote!(),
            StmtKind::Fail { code, message } => {
                let (code, message): (&str, &str) = (code, message);
                let place = self.place(stmt.span);
                quote!(return Err(rt::fail(#code, #message, #place));)
            }
        }
    }

    fn block(&mut self, label: Label, body: &'p [Stmt]) -> TokenStream {
        self.around.push(Around::Block(label));
        let stmts = self.stmts(body);
        self.around.pop();
        if self.locals.is_used(label) {
            let name = Self::block_label(label);
            quote!(#name: { #stmts })
        } else {
            quote!({ #stmts })
        }
    }

    fn scan(
        &mut self,
        label: Label,
        source: Operand,
        (key, value): (Option<Local>, Option<Local>),
        join: Option<&Join>,
        body: &'p [Stmt],
    ) -> TokenStream {
        let source = self.operand(source);
        let joined = join.map(|join| {
            let wanted = self.subject(&join.wanted);
            let list = match &join.list {
                Some(list) => {
                    let list = list.iter().map(|key| &**key);
                    quote!(Some(&[#(#list),*]))
                }
                None => quote!(None),
            };
            let path = join.path.iter().map(|key| &**key);
            quote!({
                let wanted = #wanted;
                rt::joined(cx, #source, #list, &[#(#path),*], wanted)
            })
        });
        self.around.push(Around::Loop(label));
        let stmts = self.stmts(body);
        self.around.pop();
        let name = Self::block_label(label);
        let set = |local: Option<Local>, from: &str| {
            let from = format_ident!("{from}");
            local.map(|local| self.set(local, &quote!(#from)))
        };
        let set_key = set(key, "entry_key");
        let set_value = set(value, "entry_value");
        let (pattern, entries) = match (joined, key) {
            (Some(joined), _) => (quote!((entry_key, entry_value)), joined),
            (None, Some(_)) => (
                quote!((entry_key, entry_value)),
                quote!(rt::entries(#source)),
            ),
            (None, None) => (quote!(entry_value), quote!(rt::elements(#source))),
        };
        let spend = self.spend();
        quote! {
            #name: for #pattern in #entries {
                #spend
                #set_key
                #set_value
                #stmts
            }
        }
    }

    fn switch(&mut self, on: Operand, cases: &'p [Case], default: &'p [Stmt]) -> TokenStream {
        let constants: Vec<_> = cases
            .iter()
            .map(|case| self.emitter.constant(case.constant))
            .collect();
        let bodies: Vec<TokenStream> = cases.iter().map(|case| self.stmts(&case.body)).collect();
        let default = self.stmts(default);
        let on = self.operand(on);
        self.cases(&on, &constants, &bodies, &default)
    }
}

/// What it is called when the rules of a function give different values, if they can.
fn conflict_of(function: &Function) -> Option<Conflict> {
    let mut found = None;
    walk(&function.body, &mut |stmt| {
        if let StmtKind::AssignOnce { conflict, .. } = stmt.kind
            && conflict != Conflict::Replace
        {
            found = Some(conflict);
        }
    });
    found
}

fn conflict_name(conflict: Conflict) -> TokenStream {
    match conflict {
        Conflict::CompleteRule => quote!(rt::Conflict::CompleteRule),
        Conflict::Function => quote!(rt::Conflict::Function),
        Conflict::ObjectKey => quote!(rt::Conflict::ObjectKey),
        Conflict::Replace => quote!(rt::Conflict::Replace),
    }
}
