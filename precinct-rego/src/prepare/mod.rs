//! From parsed modules to modules that can be lowered: names resolved, variables unique, bodies in a safe order.
//!
//! The stages are those of OPA, in its order, because the order decides which error an author sees first:
//!
//! * [`resolve`]: names to full references
//! * [`locals`]: variables get names of their own; `:=` and `some` go
//! * [`templates`], [`prints`]: calls that take undefined arguments
//! * [`hoist`]: what has to be evaluated gets an expression of its own
//! * [`withs`]: modifiers
//! * [`tree`], [`graph`]: contradictions and recursion
//! * [`safety`]: every variable gets a value
//! * [`query`]: the same for one query

mod graph;
mod hoist;
mod locals;
mod make;
mod prints;
mod query;
mod resolve;
mod safety;
mod same;
mod templates;
mod tree;
mod unify;
mod vars;
mod walk;
mod withs;

use std::collections::{BTreeMap, HashMap};

pub use query::{CompiledQuery, QueryOptions};

use crate::ast::display;
use crate::ast::{Body, ExprKind, Import, Module, Rule, Term, TermValue, Var};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;
use graph::Graph;
use locals::Locals;
use make::Fresh;
use tree::RuleTree;
use vars::{Skip, VarSet};

/// What the compiler has to know about a builtin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The number of arguments, the result not counted.
    pub arity: usize,
    /// Any number of arguments may follow.
    pub variadic: bool,
    /// The result is a set of answers, each of which holds (`walk`).
    pub relation: bool,
    /// There is no result (`print`).
    pub void: bool,
    /// OPA advises against its use; strict mode refuses it.
    pub deprecated: bool,
}

/// The builtins that policies can call.
pub trait Builtins {
    /// The builtin of this name (`json.marshal`), if there is one.
    fn get(&self, name: &str) -> Option<Shape>;
}

/// How modules are compiled.
pub struct CompileOptions<'a> {
    /// The builtins that can be called.
    pub builtins: &'a dyn Builtins,
    /// Refuse what OPA's strict mode refuses: unused imports and variables, deprecated builtins.
    pub strict: bool,
    /// Keep `print` calls; otherwise they are taken out.
    pub prints: bool,
    /// Names of builtins that must not be called.
    pub unsafe_builtins: Vec<String>,
    /// After how many errors the compiler gives up; 0 is never.
    pub max_errors: usize,
}

/// Modules that can be lowered.
#[derive(Debug)]
pub struct Compiled {
    /// The modules, ordered by the names of their sources.
    pub modules: Vec<Module>,
    /// New names of variables to those in the source.
    pub renamed: HashMap<Var, Var>,
    tree: RuleTree,
}

/// `json.marshal` for the reference of that name.
fn dotted(parts: &[Term]) -> Option<String> {
    let mut name = String::new();
    for (index, part) in parts.iter().enumerate() {
        match &part.value {
            TermValue::Var(text) if index == 0 => name.push_str(text),
            TermValue::String(text) if index > 0 => {
                name.push('.');
                name.push_str(text);
            }
            _ => return None,
        }
    }
    (!name.is_empty()).then_some(name)
}

/// Compiles modules.
///
/// # Errors
/// What is wrong with the modules: all that one stage finds, ordered by place.
pub fn compile(
    modules: Vec<Module>,
    sources: &Sources,
    options: &CompileOptions<'_>,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut modules = modules;
    modules.sort_by_key(|module| {
        sources
            .get(module.package.span.source)
            .map(|source| source.name.clone())
    });
    let mut compiler = Compiler {
        fresh: Fresh::new("", taken(&modules)),
        modules,
        sources,
        options,
        renamed: HashMap::new(),
        kept: Vec::new(),
    };
    let result = compiler.run();
    let mut errors = std::mem::take(&mut compiler.kept);
    match result {
        Ok(tree) if errors.is_empty() => {
            return Ok(Compiled {
                modules: compiler.modules,
                renamed: compiler.renamed,
                tree,
            });
        }
        Ok(_) => {}
        Err(more) => errors.extend(more),
    }
    Err(limited(errors, sources, options.max_errors))
}

/// The errors in the order of their places, and a last one when there are too many.
fn limited(mut errors: Vec<Diagnostic>, sources: &Sources, most: usize) -> Vec<Diagnostic> {
    let file = |error: &Diagnostic| {
        sources
            .get(error.span.source)
            .map(|source| source.name.clone())
    };
    let over = most > 0 && errors.len() > most;
    if over {
        errors.truncate(most);
    }
    errors.sort_by(|one, other| {
        (file(one), one.span.row, one.span.col, &one.message).cmp(&(
            file(other),
            other.span.row,
            other.span.col,
            &other.message,
        ))
    });
    if over {
        let mut last = Diagnostic::new(Code::Compile, Default::default(), "error limit reached");
        last.span.source = crate::ast::SourceId(u32::MAX);
        errors.push(last);
    }
    errors
}

/// Every variable of the modules: names that fresh ones must not have.
fn taken(modules: &[Module]) -> VarSet {
    let mut taken = VarSet::new();
    for rule in modules.iter().flat_map(|module| &module.rules) {
        let mut current = Some(rule);
        while let Some(rule) = current {
            taken.extend(vars::of_body(&rule.body, Skip::default()));
            for term in rule
                .head
                .args
                .iter()
                .chain(&rule.head.key)
                .chain(&rule.head.value)
            {
                taken.extend(vars::of_term(term, Skip::default()));
            }
            current = rule.else_rule.as_deref();
        }
    }
    taken.retain(|var| var.starts_with("__local"));
    taken
}

struct Compiler<'a> {
    modules: Vec<Module>,
    sources: &'a Sources,
    options: &'a CompileOptions<'a>,
    fresh: Fresh,
    renamed: HashMap<Var, Var>,
    /// Errors that do not keep later stages from running.
    kept: Vec<Diagnostic>,
}

type Stage<T = ()> = Result<T, Vec<Diagnostic>>;

fn stage(errors: Vec<Diagnostic>) -> Stage {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

impl Compiler<'_> {
    fn run(&mut self) -> Stage<RuleTree> {
        stage(self.resolve())?;
        self.head_references();
        self.check_keywords_and_imports();
        for module in &mut self.modules {
            module.imports.clear();
        }
        let tree = RuleTree::new(&self.modules);
        stage(self.local_variables())?;
        stage(self.template_strings(&tree))?;
        stage(self.void_calls())?;
        stage(self.print_calls(&tree))?;
        self.each_rule(&mut |fresh, rule| hoist::terms_of_calls(fresh, rule));
        self.each_rule(&mut |fresh, rule| {
            let head = &mut rule.head;
            for part in head
                .args
                .iter_mut()
                .chain(&mut head.key)
                .chain(&mut head.value)
            {
                hoist::comprehensions_in(fresh, part);
            }
            hoist::comprehension_terms(fresh, &mut rule.body);
        });
        self.each_rule(&mut |fresh, rule| {
            let head = &mut rule.head;
            for part in head
                .args
                .iter_mut()
                .chain(&mut head.key)
                .chain(&mut head.value)
            {
                hoist::name(fresh, part, &mut rule.body);
            }
        });
        stage(self.with_modifiers(&tree))?;
        stage(tree.conflicts(&self.modules, self.sources))?;
        stage(self.undefined_functions(&tree))?;
        let mut errors = self.head_safety();
        errors.extend(self.body_safety(&tree));
        stage(errors)?;
        self.each_rule(&mut |fresh, rule| hoist::dynamic_terms(fresh, &mut rule.body));
        stage(Graph::new(&self.modules, &tree).recursion(&self.modules))?;
        stage(self.forbidden_builtins())?;
        Ok(tree)
    }

    fn each_rule(&mut self, f: &mut dyn FnMut(&mut Fresh, &mut Rule)) {
        for module in &mut self.modules {
            for rule in &mut module.rules {
                walk::branches(rule, &mut |rule| f(&mut self.fresh, rule));
            }
        }
    }

    fn resolve(&mut self) -> Vec<Diagnostic> {
        let mut exports: BTreeMap<String, VarSet> = BTreeMap::new();
        for module in &self.modules {
            let names = exports
                .entry(display::ref_text(&module.package.path))
                .or_default();
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
        let mut errors = Vec::new();
        for module in &mut self.modules {
            let rules = exports.get(&display::ref_text(&module.package.path));
            let rules = rules.cloned().unwrap_or_default();
            let mut globals = resolve::Globals::new(&module.package.path, &rules, &module.imports);
            for rule in &mut module.rules {
                if let Err(error) = resolve::rule(&mut globals, rule) {
                    errors.push(*error);
                }
            }
            if self.options.strict {
                let unused = module.imports.iter().filter(|import| {
                    resolve::import_name(import).is_some_and(|name| !globals.used.contains(&name))
                });
                for import in unused {
                    let text = format!("{import} unused");
                    self.kept
                        .push(Diagnostic::new(Code::Compile, import.span, text));
                }
            }
        }
        errors
    }

    /// Parts of heads that are neither constant nor variable get a name.
    fn head_references(&mut self) {
        for module in &mut self.modules {
            for rule in &mut module.rules {
                for index in 1..rule.head.reference.len() {
                    let part = &rule.head.reference[index];
                    if make::is_scalar(part) || matches!(part.value, TermValue::Var(_)) {
                        continue;
                    }
                    let last = index + 1 == rule.head.reference.len();
                    let same_key = last
                        && rule
                            .head
                            .key
                            .as_ref()
                            .is_some_and(|key| same::terms(key, part));
                    let (local, equality) = self.fresh.equality(part.clone());
                    if same_key {
                        rule.head.key = Some(local.clone());
                    }
                    rule.head.reference[index] = local;
                    make::append(&mut rule.body, vec![equality]);
                }
            }
        }
    }

    fn check_keywords_and_imports(&mut self) {
        for module in &self.modules {
            if !self.options.strict && module.version < crate::ast::RegoVersion::V0CompatV1 {
                continue;
            }
            self.kept.extend(root_overrides(module));
            self.kept.extend(duplicate_imports(&module.imports));
        }
    }

    fn local_variables(&mut self) -> Vec<Diagnostic> {
        let builtins = self.options.builtins;
        let mut errors = Vec::new();
        for module in &mut self.modules {
            for rule in &mut module.rules {
                let mut locals = Locals::new(&mut self.fresh, self.options.strict);
                locals.rule(rule, &|name| builtins.get(name).is_some());
                errors.append(&mut locals.errors);
                self.kept.append(&mut locals.unused);
                self.renamed.extend(locals.renamed);
            }
        }
        errors
    }

    fn template_strings(&mut self, tree: &RuleTree) -> Vec<Diagnostic> {
        let builtins = self.options.builtins;
        let arity = arity(builtins, tree);
        let mut errors = Vec::new();
        for module in &mut self.modules {
            for rule in &mut module.rules {
                walk::branches(rule, &mut |rule| {
                    let mut templates = templates::Templates {
                        fresh: &mut self.fresh,
                        arity: &arity,
                        builtins,
                        renamed: &self.renamed,
                        errors: Vec::new(),
                    };
                    let outside = around(rule);
                    let safe = templates.body(&mut rule.body, &outside);
                    let head = &mut rule.head;
                    for part in head.key.iter_mut().chain(&mut head.value) {
                        templates.term(part, &safe);
                    }
                    errors.extend(templates.errors);
                });
            }
        }
        errors
    }

    fn void_calls(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for rule in self.modules.iter().flat_map(|module| &module.rules) {
            let mut current = Some(rule);
            while let Some(rule) = current {
                let mut visit = |term: &Term| void_call(term, self.options.builtins, &mut errors);
                for part in rule.head.key.iter().chain(&rule.head.value) {
                    walk::terms(part, &mut visit);
                }
                rule.body
                    .iter()
                    .for_each(|expr| walk::terms_of(expr, &mut visit));
                current = rule.else_rule.as_deref();
            }
        }
        errors
    }

    fn print_calls(&mut self, tree: &RuleTree) -> Vec<Diagnostic> {
        let arity = arity(self.options.builtins, tree);
        let mut errors = Vec::new();
        for module in &mut self.modules {
            for rule in &mut module.rules {
                walk::branches(rule, &mut |rule| {
                    if !self.options.prints {
                        prints::erase(&mut rule.body);
                        let head = &mut rule.head;
                        for part in head.key.iter_mut().chain(&mut head.value) {
                            walk::bodies_in(part, &mut prints::erase);
                        }
                        return;
                    }
                    let mut prints = prints::Prints {
                        fresh: &mut self.fresh,
                        arity: &arity,
                        renamed: &self.renamed,
                        errors: Vec::new(),
                    };
                    let outside = around(rule);
                    let head = &mut rule.head;
                    for part in head.key.iter_mut().chain(&mut head.value) {
                        walk::bodies_in(part, &mut |body: &mut Body| prints.body(body, &outside));
                    }
                    prints.body(&mut rule.body, &outside);
                    errors.extend(prints.errors);
                });
            }
        }
        errors
    }

    fn with_modifiers(&mut self, tree: &RuleTree) -> Vec<Diagnostic> {
        let builtins = self.options.builtins;
        let mut errors = Vec::new();
        self.each_rule(&mut |fresh, rule| {
            let mut withs = withs::Withs {
                fresh,
                tree,
                builtins,
                errors: Vec::new(),
            };
            withs.body(&mut rule.body);
            errors.append(&mut withs.errors);
        });
        errors
    }

    fn undefined_functions(&self, tree: &RuleTree) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for rule in self.modules.iter().flat_map(|module| &module.rules) {
            let mut current = Some(rule);
            while let Some(rule) = current {
                errors.extend(undefined_in(&rule.body, self.options.builtins, tree));
                current = rule.else_rule.as_deref();
            }
        }
        errors
    }

    fn head_safety(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for rule in self.modules.iter().flat_map(|module| &module.rules) {
            let mut current = Some(rule);
            while let Some(rule) = current {
                let mut there = vars::of_body(&rule.body, Skip::SAFETY);
                for arg in &rule.head.args {
                    there.extend(vars::of_term(arg, Skip::default()));
                }
                let head = &rule.head;
                for part in head
                    .reference
                    .iter()
                    .skip(1)
                    .chain(&head.key)
                    .chain(&head.value)
                {
                    for var in vars::of_term(part, Skip::default()) {
                        let name = self.renamed.get(&var).unwrap_or(&var);
                        let known =
                            there.contains(&var) || matches!(var.as_ref(), "input" | "data");
                        if !known && !vars::is_generated(name) {
                            let text = format!("var {name} is unsafe");
                            errors.push(Diagnostic::new(Code::UnsafeVar, part.span, text));
                            there.insert(var);
                        }
                    }
                }
                current = rule.else_rule.as_deref();
            }
        }
        errors
    }

    fn body_safety(&mut self, tree: &RuleTree) -> Vec<Diagnostic> {
        let arity = arity(self.options.builtins, tree);
        let mut errors = Vec::new();
        for module in &mut self.modules {
            for rule in &mut module.rules {
                walk::branches(rule, &mut |rule| {
                    let outside = around(rule);
                    errors.extend(safety::order(
                        &mut rule.body,
                        &outside,
                        &arity,
                        &self.renamed,
                    ));
                });
            }
        }
        errors
    }

    fn forbidden_builtins(&self) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for module in &self.modules {
            for rule in &module.rules {
                let mut current = Some(rule);
                while let Some(rule) = current {
                    forbidden_in(&rule.body, self.options, &mut errors);
                    current = rule.else_rule.as_deref();
                }
            }
        }
        errors
    }
}

/// What has a value around a rule's body: root documents and parameters.
fn around(rule: &Rule) -> VarSet {
    let mut outside = vars::reserved();
    for arg in &rule.head.args {
        outside.extend(vars::of_term(arg, Skip::default()));
    }
    outside
}

fn arity<'a>(
    builtins: &'a dyn Builtins,
    tree: &'a RuleTree,
) -> impl Fn(&[Term]) -> Option<usize> + 'a {
    move |parts| match dotted(parts).and_then(|name| builtins.get(&name)) {
        Some(shape) => Some(shape.arity),
        None => tree.arity(parts),
    }
}

fn void_call(term: &Term, builtins: &dyn Builtins, errors: &mut Vec<Diagnostic>) {
    let TermValue::Call(parts) = &term.value else {
        return;
    };
    let Some(TermValue::Ref(operator)) = parts.first().map(|operator| &operator.value) else {
        return;
    };
    if dotted(operator)
        .and_then(|name| builtins.get(&name))
        .is_some_and(|shape| shape.void)
    {
        let text = format!("{} used as value", term);
        errors.push(Diagnostic::new(Code::Type, term.span, text));
    }
}

fn undefined_in(body: &Body, builtins: &dyn Builtins, tree: &RuleTree) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    walk::exprs(body, &mut |expr| {
        let (ExprKind::Call(terms), Some(operator)) = (&expr.kind, expr.operator()) else {
            return;
        };
        let name = dotted(operator);
        let shape = name.as_deref().and_then(|name| builtins.get(name));
        let arity = match shape {
            Some(shape) if shape.variadic => return,
            Some(shape) => shape.arity,
            None => {
                if let Some(arity) = tree.arity(operator) {
                    arity
                } else {
                    let text = format!("undefined function {}", display::ref_text(operator));
                    errors.push(Diagnostic::new(Code::Type, expr.span, text));
                    return;
                }
            }
        };
        let given = terms.len() - 1;
        let fits = given == arity || given == arity + 1;
        if fits || expr.operator_is("eq") {
            return;
        }
        let shown = display::ref_text(operator);
        let text = if shape.is_some() {
            format!("{shown}: arity mismatch")
        } else {
            let plural = if given == 1 { "argument" } else { "arguments" };
            format!("function {shown} has arity {arity}, got {given} {plural}")
        };
        errors.push(Diagnostic::new(Code::Type, expr.span, text));
    });
    errors
}

fn forbidden_in(body: &Body, options: &CompileOptions<'_>, errors: &mut Vec<Diagnostic>) {
    walk::exprs(body, &mut |expr| {
        let Some(name) = expr.operator().and_then(|operator| dotted(operator)) else {
            return;
        };
        if options.unsafe_builtins.contains(&name) {
            let text = format!("unsafe built-in function calls in expression: {name}");
            errors.push(Diagnostic::new(Code::Type, expr.span, text));
        } else if options.strict
            && options
                .builtins
                .get(&name)
                .is_some_and(|shape| shape.deprecated)
        {
            let text = format!("deprecated built-in function calls in expression: {name}");
            errors.push(Diagnostic::new(Code::Type, expr.span, text));
        }
    });
}

/// Rules, parameters and variables must not be called `input` or `data`.
fn root_overrides(module: &Module) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    let advice = "(use a different";
    let is_root = |name: &str| matches!(name, "input" | "data");
    for rule in &module.rules {
        let name = rule.head.reference.first().map(|head| &head.value);
        if let Some(TermValue::Var(name)) = name
            && is_root(name)
        {
            let text = format!("rules must not shadow {name} {advice} rule name)");
            errors.push(Diagnostic::new(Code::Compile, rule.span, text));
        }
        for var in vars::declared_in_body(&rule.body)
            .into_iter()
            .filter(|var| is_root(var))
        {
            let text = format!("variables must not shadow {var} {advice} variable name)");
            errors.push(Diagnostic::new(Code::Compile, rule.span, text));
        }
    }
    errors
}

/// Two imports of one module must not give the same name.
fn duplicate_imports(imports: &[Import]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<Var, &Import> = BTreeMap::new();
    let mut errors = Vec::new();
    for import in imports {
        let Some(name) = resolve::import_name(import) else {
            continue;
        };
        if let Some(first) = seen.get(&name) {
            let text = format!("import must not shadow {first}");
            errors.push(Diagnostic::new(Code::Compile, import.span, text));
        } else {
            seen.insert(name, import);
        }
    }
    errors
}
