//! One query against compiled modules.

use std::collections::{BTreeSet, HashMap};

use super::locals::Locals;
use super::make::Fresh;
use super::vars::{self, Skip, VarSet};
use super::{
    Builtins, CompileOptions, Compiled, arity, forbidden_in, hoist, prints, resolve, safety, stage,
    templates, undefined_in, walk, withs,
};
use crate::ast::{Body, Import, Ref, Term, TermValue, Var};
use crate::error::Diagnostic;

/// What surrounds a query.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// The package whose rules can be named without their path; with its leading `data`.
    pub package: Option<Ref>,
    /// Imports.
    pub imports: Vec<Import>,
}

/// A query that can be lowered.
#[derive(Clone, Debug)]
pub struct CompiledQuery {
    /// Its expressions, in a safe order.
    pub body: Body,
    /// The variables of the query that its answers show: name in the query, name in `body`.
    pub variables: Vec<(Var, Var)>,
    /// New names of variables to those in the query.
    pub renamed: HashMap<Var, Var>,
}

impl Compiled {
    /// Compiles a query.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn query(
        &self,
        body: Body,
        context: &QueryOptions,
        options: &CompileOptions<'_>,
    ) -> Result<CompiledQuery, Vec<Diagnostic>> {
        let mut body = body;
        let original = vars::of_body(&body, Skip::default());
        let taken = original
            .iter()
            .filter(|var| var.starts_with("__local"))
            .cloned()
            .collect();
        let mut fresh = Fresh::new("q", taken);
        let names = context
            .package
            .as_ref()
            .map(|package| self.rules_of(package));
        let root = Vec::new();
        let package = context.package.as_ref().unwrap_or(&root);
        let mut globals =
            resolve::Globals::new(package, &names.unwrap_or_default(), &context.imports);
        resolve::body(&mut globals, &mut body);
        let mut locals = Locals::new(&mut fresh, options.strict);
        locals.body(&mut body, &VarSet::new());
        stage(locals.errors)?;
        stage(locals.unused)?;
        let renamed = locals.renamed;
        self.rewrite(&mut body, &mut fresh, &renamed, options)?;
        let variables = variables(&body, &original, &renamed);
        Ok(CompiledQuery {
            body,
            variables,
            renamed,
        })
    }

    fn rewrite(
        &self,
        body: &mut Body,
        fresh: &mut Fresh,
        renamed: &HashMap<Var, Var>,
        options: &CompileOptions<'_>,
    ) -> Result<(), Vec<Diagnostic>> {
        let builtins: &dyn Builtins = options.builtins;
        let arity = arity(builtins, &self.tree);
        let outside = vars::reserved();
        let mut voids = Vec::new();
        for expr in body.iter() {
            walk::terms_of(expr, &mut |term: &Term| {
                super::void_call(term, builtins, &mut voids);
            });
        }
        stage(voids)?;
        let mut templates = templates::Templates {
            fresh,
            arity: &arity,
            builtins,
            renamed,
            errors: Vec::new(),
        };
        templates.body(body, &outside);
        stage(templates.errors)?;
        if options.prints {
            let mut prints = prints::Prints {
                fresh,
                arity: &arity,
                renamed,
                errors: Vec::new(),
            };
            prints.body(body, &outside);
            stage(prints.errors)?;
        } else {
            prints::erase(body);
        }
        hoist::calls_in_body(fresh, body);
        hoist::comprehension_terms(fresh, body);
        let mut withs = withs::Withs {
            fresh,
            tree: &self.tree,
            builtins,
            errors: Vec::new(),
        };
        withs.body(body);
        stage(withs.errors)?;
        stage(undefined_in(body, builtins, &self.tree))?;
        stage(safety::order(body, &outside, &arity, renamed))?;
        hoist::dynamic_terms(fresh, body);
        let mut forbidden = Vec::new();
        forbidden_in(body, options, &mut forbidden);
        stage(forbidden)
    }

    fn rules_of(&self, package: &Ref) -> VarSet {
        let mut names = VarSet::new();
        for module in &self.modules {
            if super::same::lists(&module.package.path, package) {
                for rule in &module.rules {
                    if let Some(Term {
                        value: TermValue::Var(name),
                        ..
                    }) = rule.head.reference.first()
                    {
                        names.insert(name.clone());
                    }
                }
            }
        }
        names
    }
}

/// The variables that the answers show: those of the query that stand outside of closures.
fn variables(body: &Body, original: &VarSet, renamed: &HashMap<Var, Var>) -> Vec<(Var, Var)> {
    let outer = vars::of_body(body, Skip::SAFETY);
    let shown: BTreeSet<(Var, Var)> = outer
        .iter()
        .filter_map(|var| {
            let name = renamed.get(var).unwrap_or(var);
            let hidden = vars::is_generated(name) || matches!(name.as_ref(), "input" | "data");
            (!hidden && original.contains(name)).then(|| (name.clone(), var.clone()))
        })
        .collect();
    shown.into_iter().collect()
}
