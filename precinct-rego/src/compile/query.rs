//! One query against compiled modules: the same stages, for a body that stands alone.

use std::collections::{BTreeSet, HashMap};

use super::compiled::{Compiled, CompiledQuery};
use super::declare::Declarations;
use super::errors::limited;
use super::expand;
use super::functions::{self, Within};
use super::hoist;
use super::keys;
use super::locals::{Locals, is_equality};
use super::nesting;
use super::options::QueryOptions;
use super::prints::{self, Prints};
use super::resolve::{self, Globals};
use super::rule_tree;
use super::safety;
use super::scopes::Scopes;
use super::stages::{always_defined, arity, dependent_paths, supports_templates};
use super::templates::Templates;
use super::types::{Checker, Type};
use super::vars::{self, Scope, VarSet, is_generated};
use super::visit_mut::{self, NodeMut};
use super::with::Modifiers;
use crate::ast::display::ref_text;
use crate::ast::{Body, Expr, ExprKind, RegoVersion, Span, Term, TermValue, Var};
use crate::capabilities::Builtin;
use crate::error::{Code, Diagnostic};

type Stage = Result<(), Vec<Diagnostic>>;

fn stage(errors: Vec<Diagnostic>) -> Stage {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

impl Compiled {
    /// Compiles a query.
    ///
    /// # Errors
    /// What is wrong with the query: all that the first failing stage finds.
    pub fn query(
        &self,
        body: Body,
        options: &QueryOptions,
    ) -> Result<CompiledQuery, Vec<Diagnostic>> {
        let mut query = Query {
            compiled: self,
            options,
            renamed: HashMap::new(),
            body,
            captured: Vec::new(),
        };
        let written = Scope::default().of_body(&query.body);
        query
            .run()
            .map_err(|errors| limited(errors, self.options.error_limit))?;
        let variables = variables(&query.body, &written, &query.renamed);
        Ok(CompiledQuery {
            body: query.body,
            variables,
            renamed: query.renamed,
        })
    }
}

impl Compiled {
    /// The references of a compiled query and then its other variables, each with its type if there is one.
    #[must_use]
    pub fn types_in(&self, query: &CompiledQuery) -> Vec<(String, Option<Type>)> {
        let dependents =
            |target: &[Term]| dependent_paths(target, &self.tree, &self.rules, &self.graph);
        let builtins = &self.options.capabilities;
        let checker = Checker::new(&dependents, &[], &[], builtins, true);
        checker.described(&self.types, &query.body)
    }
}

/// The variables that the answers show: those of the query that stand outside of closures.
fn variables(body: &Body, written: &VarSet, renamed: &HashMap<Var, Var>) -> Vec<(Var, Var)> {
    let shown: BTreeSet<(Var, Var)> = Scope::SAFETY
        .of_body(body)
        .into_iter()
        .filter_map(|var| {
            let name = renamed.get(&var).unwrap_or(&var).clone();
            let hidden = is_generated(&name) || vars::is_root(&var) || vars::is_wildcard(&name);
            (!hidden && written.contains(&name)).then_some((name, var))
        })
        .collect();
    shown.into_iter().collect()
}

struct Query<'a> {
    compiled: &'a Compiled,
    options: &'a QueryOptions,
    renamed: HashMap<Var, Var>,
    body: Body,
    /// Where expressions stand whose values are asked for: OPA gives those a variable.
    captured: Vec<Span>,
}

impl Query<'_> {
    fn run(&mut self) -> Stage {
        if self.body.is_empty() {
            return Err(vec![Diagnostic::new(
                Code::Compile,
                Span::default(),
                "empty query cannot be compiled",
            )]);
        }
        nesting::check_query(&self.body)?;
        keys::in_query(&mut self.body);
        self.resolve();
        self.rename()?;
        self.rewrite_templates()?;
        stage(functions::void_calls(
            &Within::Body(&self.body),
            &self.compiled.options.capabilities,
        ))?;
        self.rewrite_prints()?;
        self.note_captured();
        let mut locals = Locals::for_query(&self.body);
        expand::body(&mut locals, &mut self.body);
        hoist::comprehensions_in_body(&mut locals, &mut self.body);
        self.rewrite_modifiers(&mut locals)?;
        self.check_functions()?;
        self.order()?;
        hoist::operands(&mut locals, &mut self.body);
        self.check_types(&locals)?;
        self.check_forbidden()
    }

    fn arity(&self, operator: &[Term]) -> Option<usize> {
        let it = self.compiled;
        arity(operator, &it.options, &it.tree, &it.rules)
    }

    fn resolve(&mut self) {
        let empty = Vec::new();
        let package = self.options.package.as_ref().unwrap_or(&empty);
        let rules = self
            .compiled
            .modules
            .iter()
            .filter(|module| module.package.path == *package)
            .flat_map(|module| &module.rules)
            .filter_map(|rule| rule_tree::name_of(&rule.head));
        let mut globals = Globals::new(package, rules, &self.options.imports);
        resolve::query(&mut globals, &mut self.body);
    }

    fn rename(&mut self) -> Stage {
        let mut locals = Locals::for_query(&self.body);
        let mut declarations = Declarations {
            locals: &mut locals,
            scopes: Scopes::new(),
            errors: Vec::new(),
            // Queries are loose, even over strict modules.
            strict: false,
        };
        declarations.body(&mut self.body, &VarSet::new());
        let (scopes, mut errors) = (declarations.scopes, declarations.errors);
        errors.extend(scopes.unused);
        stage(errors)?;
        self.renamed = scopes.original;
        Ok(())
    }

    fn rewrite_templates(&mut self) -> Stage {
        let mut body = std::mem::take(&mut self.body);
        let capabilities = &self.compiled.options.capabilities;
        let it = self.compiled;
        let mut locals = Locals::for_query(&body);
        let mut rewriting = Templates {
            locals: &mut locals,
            arity: &|operator| self.arity(operator),
            is_relation: &|operator| {
                capabilities
                    .builtin(&ref_text(operator))
                    .is_some_and(|builtin| builtin.relation)
            },
            is_defined: &|reference| always_defined(reference, &it.tree, &it.rules, &it.modules),
            original: &it.renamed,
            supported: supports_templates(capabilities, RegoVersion::V1),
            errors: Vec::new(),
        };
        rewriting.body(&mut body, &vars::roots());
        let errors = rewriting.errors;
        self.body = body;
        stage(errors)
    }

    fn rewrite_prints(&mut self) -> Stage {
        let mut body = std::mem::take(&mut self.body);
        let mut errors = Vec::new();
        if self.options.prints {
            if prints::prints(&body) {
                let mut locals = Locals::for_query(&body);
                let mut rewriting = Prints {
                    locals: &mut locals,
                    arity: &|operator| self.arity(operator),
                    original: &self.renamed,
                };
                errors = rewriting.body(&mut body, &vars::roots());
            }
        } else {
            visit_mut::body(&mut body, &mut |node| prints::erase(node));
        }
        self.body = body;
        stage(errors)
    }

    fn rewrite_modifiers(&mut self, locals: &mut Locals) -> Stage {
        let it = self.compiled;
        let mut body = std::mem::take(&mut self.body);
        let modifiers = Modifiers {
            rules: &it.rules,
            tree: &it.tree,
            capabilities: &it.options.capabilities,
            unsafe_builtins: self.unsafe_builtins(),
            allow_undefined_functions: it.options.allow_undefined_functions,
        };
        let mut errors = Vec::new();
        visit_mut::body(&mut body, &mut |node| {
            if let NodeMut::Body(body) = node
                && let Err(error) = modifiers.body(locals, body)
            {
                errors.push(*error);
            }
            false
        });
        self.body = body;
        stage(errors)
    }

    fn check_functions(&self) -> Stage {
        if self.compiled.options.allow_undefined_functions {
            return Ok(());
        }
        let none = |_: &[Term]| Vec::new();
        let builtins = &self.compiled.options.capabilities;
        let checker = Checker::new(&none, &[], &[], builtins, false);
        stage(functions::undefined(
            &Within::Body(&self.body),
            &|operator| self.arity(operator),
            &self.renamed,
            &|name, expr| checker.argument_count(&self.compiled.types, name, expr),
        ))
    }

    fn order(&mut self) -> Stage {
        let mut body = std::mem::take(&mut self.body);
        let mut faults = safety::order_captured(
            &mut body,
            &|operator| self.arity(operator),
            &vars::roots(),
            &self.captured,
        );
        self.body = body;
        safety::note_captured(&mut faults, &self.captured);
        let original = |name: &Var| self.renamed.get(name).unwrap_or(name).clone();
        stage(safety::diagnose(
            &faults,
            &original,
            "",
            &self.compiled.places,
        ))?;
        let equations = self.options.equations;
        visit_mut::body(&mut self.body, &mut |node| {
            if equations {
                hoist::equations(node)
            } else {
                hoist::assignments(node)
            }
        });
        Ok(())
    }

    fn check_types(&self, locals: &Locals) -> Stage {
        let it = self.compiled;
        let dependents = |target: &[Term]| dependent_paths(target, &it.tree, &it.rules, &it.graph);
        let subjects = [&locals.subjects];
        let original = [&self.renamed, &it.renamed];
        let undefined = it.options.allow_undefined_functions;
        let builtins = &it.options.capabilities;
        let checker = Checker::new(&dependents, &subjects, &original, builtins, undefined);
        stage(checker.query(&it.types, &self.body, &self.captured))
    }

    /// Terms, and calls that leave their result open.
    fn note_captured(&mut self) {
        if !self.options.values {
            return;
        }
        let is_void = |operator: &[Term]| {
            let builtin = self
                .compiled
                .options
                .capabilities
                .builtin(&ref_text(operator));
            builtin.is_some_and(Builtin::is_void)
        };
        let is_captured = |expr: &&Expr| {
            let is_open = match &expr.kind {
                ExprKind::Term(_) => true,
                ExprKind::Call(terms) => {
                    match terms.split_first().map(|(head, rest)| (&head.value, rest)) {
                        Some((TermValue::Ref(operator), operands)) => {
                            !is_equality(expr)
                                && self.arity(operator) == Some(operands.len())
                                && !is_void(operator)
                        }
                        _ => false,
                    }
                }
                _ => false,
            };
            is_open && !expr.negated && !expr.generated
        };
        self.captured = self
            .body
            .iter()
            .filter(is_captured)
            .map(|expr| expr.span)
            .collect();
    }

    fn unsafe_builtins(&self) -> &BTreeSet<String> {
        self.options
            .unsafe_builtins
            .as_ref()
            .unwrap_or(&self.compiled.options.unsafe_builtins)
    }

    fn check_forbidden(&self) -> Stage {
        let within = Within::Body(&self.body);
        stage(functions::forbidden(&within, self.unsafe_builtins()))
    }
}
