//! The stages in their order.
//!
//! The order is OPA's: it decides which errors an author sees, because most stages only run when those before found
//! nothing that keeps them from making sense.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::compiled::{Compiled, sorted};
use super::conflicts::{self, Conflicts};
use super::errors::{Errors, Places};
use super::expand;
use super::functions::{self, Within};
use super::graph::Graph;
use super::hoist;
use super::keys;
use super::locals::Locals;
use super::metadata::{self, AnnotationSet};
use super::nesting;
use super::options::CompileOptions;
use super::prints::{self, Prints};
use super::recursion::Recursion;
use super::rename::{Renaming, may_have_vars};
use super::resolve::{self, Globals};
use super::rule_tree::{RuleNode, Rules, is_multi_value};
use super::safety;
use super::scope_labels::ScopeLabels;
use super::templates::{self, Templates};
use super::types::{Checker, SchemaTypes, Schemas, TypeTree, from_schema, input_error};
use super::vars::{self, Scope, is_generated, shown};
use super::visit;
use super::visit_mut::{self, NodeMut};
use super::with::{self, Modifiers};
use crate::ast::display::{operator_text, ref_text};
use crate::ast::{ExprKind, Module, Ref, RegoVersion, Rule, Span, Term, TermValue, Var};
use crate::capabilities::Capabilities;
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// Compiles modules.
///
/// # Errors
/// What is wrong with the modules, ordered by place: all that the stages find before one finds something that makes
/// the next ones senseless.
pub fn compile(
    modules: Vec<Module>,
    sources: &Sources,
    options: &CompileOptions,
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_until(modules, sources, options, usize::MAX)
}

/// Resolves the names of modules and collects their rules, and leaves them otherwise as they were written.
///
/// # Errors
/// What is wrong with the modules so far.
pub fn resolved(
    modules: Vec<Module>,
    sources: &Sources,
    options: &CompileOptions,
) -> Result<Compiled, Vec<Diagnostic>> {
    compile_until(modules, sources, options, PLANTED)
}

/// How many stages there are until the tree of rules is known.
const PLANTED: usize = 7;

fn compile_until(
    mut modules: Vec<Module>,
    sources: &Sources,
    options: &CompileOptions,
    stages: usize,
) -> Result<Compiled, Vec<Diagnostic>> {
    let places = Places::new(sources);
    modules.sort_by(|a, b| places.compare(a.package.span, b.package.span));
    nesting::check_modules(&modules)?;
    keys::in_modules(&mut modules);
    let mut compiler = Compiler {
        locals: Locals::for_modules(&[]),
        rules: Rules::default(),
        tree: RuleNode::default(),
        graph: Graph::default(),
        annotations: AnnotationSet::default(),
        types: TypeTree::default(),
        original: HashMap::new(),
        errors: Errors::new(options.error_limit),
        modules,
        sources,
        options,
        places,
    };
    compiler.describe_input();
    compiler.run(stages);
    let Compiler {
        modules,
        rules,
        tree,
        graph,
        locals,
        original,
        annotations,
        types,
        errors,
        places,
        ..
    } = compiler;
    errors.finish(&places)?;
    Ok(Compiled {
        modules,
        rules,
        tree,
        graph,
        renamed: original,
        subjects: locals.subjects,
        annotations,
        types,
        options: options.clone(),
        places,
    })
}

struct Compiler<'a> {
    modules: Vec<Module>,
    sources: &'a Sources,
    options: &'a CompileOptions,
    places: Places,
    rules: Rules,
    tree: RuleNode,
    graph: Graph,
    locals: Locals,
    /// New names of variables to those in the source.
    original: HashMap<Var, Var>,
    annotations: AnnotationSet,
    types: TypeTree,
    errors: Errors,
}

/// How many parameters a function has: of a builtin, or of the first rule at that path.
pub(super) fn arity(
    operator: &[Term],
    options: &CompileOptions,
    tree: &RuleNode,
    rules: &Rules,
) -> Option<usize> {
    if let [only] = operator
        && let Some(name) = vars::name(only)
        && name.as_ref() == super::locals::ASSIGNED
    {
        return Some(2);
    }
    if !vars::begins_with(operator, "data")
        && let Some(builtin) = options.capabilities.builtin(&operator_text(operator))
    {
        return Some(builtin.arity());
    }
    let first = tree.find(operator)?.rules.first()?;
    Some(rules.parameters(*first))
}

/// What knows the parameters of functions without borrowing the whole compiler.
macro_rules! arity_of {
    ($self:ident) => {{
        let (options, tree, rules) = ($self.options, &$self.tree, &$self.rules);
        move |operator: &[Term]| arity(operator, options, tree, rules)
    }};
}

type Stage<'a> = fn(&mut Compiler<'a>);

impl<'a> Compiler<'a> {
    fn run(&mut self, limit: usize) {
        let stages: [Stage<'a>; 28] = [
            Self::resolve,
            Self::make_locals,
            Self::rewrite_head_references,
            Self::check_root_overrides,
            Self::check_imports,
            Self::remove_imports,
            Self::plant,
            Self::rename,
            Self::rewrite_templates,
            Self::check_void_calls,
            Self::rewrite_prints,
            Self::expand,
            Self::collect_annotations,
            Self::rewrite_metadata_calls,
            Self::draw_graph,
            Self::hoist_comprehension_terms,
            Self::hoist_heads,
            Self::rewrite_modifiers,
            Self::check_conflicts,
            Self::check_undefined_functions,
            Self::check_head_safety,
            Self::order_bodies,
            Self::rewrite_equations,
            Self::hoist_operands,
            Self::rewrite_tests,
            Self::check_recursion,
            Self::check_types,
            Self::check_forbidden,
        ];
        for stage in stages.into_iter().take(limit) {
            stage(self);
            if self.errors.stop() {
                return;
            }
        }
    }

    fn describe_input(&mut self) {
        let schema = self.options.schemas.get([].as_slice());
        let input = match schema.map(|it| from_schema(it, self.options)) {
            Some(Err(message)) => {
                self.errors.fatal(input_error(message));
                None
            }
            input => input.and_then(Result::ok),
        };
        self.types = TypeTree::of_input(input);
    }

    /// Takes the modules out, so that they can be changed while all else is read.
    fn with_modules(&mut self, f: impl FnOnce(&mut Self, &mut Vec<Module>)) {
        let mut modules = std::mem::take(&mut self.modules);
        f(self, &mut modules);
        self.modules = modules;
    }

    fn each_rule(&mut self, mut f: impl FnMut(&mut Self, &mut Rule)) {
        self.with_modules(|this, modules| {
            for module in modules {
                visit_mut::rules(module, &mut |rule| f(this, rule));
            }
        });
    }

    fn resolve(&mut self) {
        let exports = resolve::exports(&self.modules);
        let mut unused = Vec::new();
        self.with_modules(|this, modules| {
            for module in modules {
                let names = exports.get(&ref_text(&module.package.path));
                let mut globals = Globals::new(
                    &module.package.path,
                    names.into_iter().flatten(),
                    &module.imports,
                );
                visit_mut::rules(module, &mut |rule| {
                    if let Err(error) = resolve::rule(&mut globals, rule) {
                        this.errors.fatal(*error);
                    }
                });
                if this.options.strict {
                    unused.extend(
                        module
                            .imports
                            .iter()
                            .filter(|import| !resolve::is_language_import(import))
                            .filter(|import| {
                                resolve::import_name(import)
                                    .is_some_and(|name| !globals.is_used(&name))
                            })
                            .map(|import| {
                                let message = format!("{import} unused");
                                Diagnostic::new(Code::Compile, import.span, message)
                            }),
                    );
                }
            }
        });
        if !self.errors.stop() {
            self.errors.all(unused);
        }
    }

    fn make_locals(&mut self) {
        self.locals = Locals::for_modules(&self.modules);
    }

    fn rewrite_head_references(&mut self) {
        let capabilities = &self.options.capabilities;
        let current = capabilities.has_feature("rego_v1") || capabilities.has_feature("rego_v2");
        let general = current || capabilities.has_feature("rule_head_refs");
        let strings = current || capabilities.has_feature("rule_head_ref_string_prefixes");
        self.with_modules(|this, modules| {
            for rule in modules.iter_mut().flat_map(|module| &mut module.rules) {
                let head = &rule.head;
                if !general && !strings && head.name.is_empty() {
                    this.errors.fatal(Diagnostic::new(
                        Code::Compile,
                        rule.span,
                        format!(
                            "rule heads with refs are not supported: {}",
                            ref_text(&head.reference)
                        ),
                    ));
                    continue;
                }
                let last = head.reference.len().saturating_sub(1);
                let refused = !general
                    && head.reference.iter().enumerate().skip(1).any(|(at, part)| {
                        (is_multi_value(head) || at != last)
                            && !matches!(part.value, TermValue::String(_))
                    });
                if refused {
                    this.errors.fatal(Diagnostic::new(
                        Code::Type,
                        rule.span,
                        format!(
                            "rule heads with general refs (containing variables) are not supported: {}",
                            ref_text(&head.reference)
                        ),
                    ));
                    continue;
                }
                hoist::head_reference(&mut this.locals, rule);
            }
        });
    }

    fn is_strict_for(&self, module: &Module) -> bool {
        self.options.strict || module.version != RegoVersion::V0
    }

    fn check_root_overrides(&mut self) {
        for module in &self.modules {
            if self.is_strict_for(module) {
                self.errors.all(resolve::root_overrides(&module.rules, &[]));
            }
        }
    }

    fn check_imports(&mut self) {
        let capabilities = &self.options.capabilities;
        let supported = |names: &[&str]| names.iter().any(|name| capabilities.has_feature(name));
        let v1 = supported(&["rego_v1_import", "rego_v1", "rego_v2"]);
        let v2 = supported(&["rego_v2_import", "rego_v2"]);
        for module in &self.modules {
            for import in &module.imports {
                let path = import.path.to_string();
                if (path == "rego.v1" && !v1) || (path == "rego.v2" && !v2) {
                    let message = format!("{path} import is not supported");
                    self.errors
                        .note(Diagnostic::new(Code::Compile, import.span, message));
                }
            }
        }
        for module in &self.modules {
            if self.is_strict_for(module) {
                self.errors.all(resolve::duplicate_imports(module));
            }
        }
    }

    fn remove_imports(&mut self) {
        for module in &mut self.modules {
            module.imports.clear();
        }
    }

    fn plant(&mut self) {
        self.rules = Rules::of(&self.modules);
        self.tree = RuleNode::new(&self.modules, &self.rules);
    }

    fn rename(&mut self) {
        self.with_modules(|this, modules| {
            let capabilities = &this.options.capabilities;
            let mut renaming = Renaming {
                locals: &mut this.locals,
                original: &mut this.original,
                errors: &mut this.errors,
                is_builtin: &|name| capabilities.has_builtin(name),
                strict: this.options.strict,
            };
            for rule in modules.iter_mut().flat_map(|module| &mut module.rules) {
                renaming.rule(rule);
            }
        });
        // The variables in the references of rules have new names.
        self.rules = Rules::of(&self.modules);
    }

    fn rewrite_templates(&mut self) {
        if !self.modules.iter().any(|module| {
            let mut rules = module.rules.iter().flat_map(Rule::branches);
            rules.any(templates::in_rule)
        }) {
            return;
        }
        let before = self.modules.clone();
        self.with_modules(|this, modules| {
            let capabilities = &this.options.capabilities;
            let arity = arity_of!(this);
            let is_relation = |operator: &[Term]| {
                capabilities
                    .builtin(&ref_text(operator))
                    .is_some_and(|builtin| builtin.relation)
            };
            let (tree, rules) = (&this.tree, &this.rules);
            let is_defined = |reference: &[Term]| always_defined(reference, tree, rules, &before);
            for module in modules {
                let supported = supports_templates(capabilities, module.version);
                let mut rewriting = Templates {
                    locals: &mut this.locals,
                    arity: &arity,
                    is_relation: &is_relation,
                    is_defined: &is_defined,
                    original: &this.original,
                    supported,
                    errors: Vec::new(),
                };
                visit_mut::rules(module, &mut |rule| {
                    if templates::in_rule(rule) {
                        rewriting.rule(rule);
                    }
                });
                let errors = rewriting.errors;
                this.errors.all_fatal(errors);
            }
        });
    }

    fn check_void_calls(&mut self) {
        for module in &self.modules {
            let errors = functions::void_calls(&Within::Module(module), &self.options.capabilities);
            self.errors.all_fatal(errors);
        }
    }

    fn rewrite_prints(&mut self) {
        if !self.options.prints {
            for module in &mut self.modules {
                visit_mut::module(module, &mut |node| prints::erase(node));
            }
            return;
        }
        let printing = self.modules.iter().any(|module| {
            let mut found = false;
            visit::module(module, &mut |node| {
                if let visit::Node::Expr(expr) = node {
                    found |= expr.operator_is("print");
                }
                found
            });
            found
        });
        if !printing {
            return;
        }
        self.with_modules(|this, modules| {
            let arity = arity_of!(this);
            for module in modules {
                visit_mut::rules(module, &mut |rule| {
                    let mut globals = Scope::default().of_terms(&rule.head.args);
                    globals.extend(vars::roots());
                    let mut rewriting = Prints {
                        locals: &mut this.locals,
                        arity: &arity,
                        original: &this.original,
                    };
                    let mut errors = Vec::new();
                    visit_mut::head(rule, &mut |node| match node {
                        NodeMut::Body(body) => {
                            errors.extend(rewriting.body(body, &globals));
                            true
                        }
                        _ => false,
                    });
                    errors.extend(rewriting.body(&mut rule.body, &globals));
                    this.errors.all_fatal(errors);
                });
            }
        });
    }

    fn expand(&mut self) {
        self.each_rule(|this, rule| expand::rule(&mut this.locals, rule));
    }

    fn collect_annotations(&mut self) {
        let sources = self.sources;
        let place = |span: Span| match sources.get(span.source) {
            Some(source) if !source.name.is_empty() => format!("{}:{}", source.name, span.row),
            _ => format!("{}:{}", span.row, span.col),
        };
        match AnnotationSet::new(&self.modules, &self.rules, &place) {
            Ok(set) => self.annotations = set,
            Err(errors) => {
                self.errors.all_fatal(errors);
            }
        }
    }

    fn rewrite_metadata_calls(&mut self) {
        let capabilities = &self.options.capabilities;
        let can_chain = capabilities.has_builtin("rego.metadata.chain");
        let can_rule = capabilities.has_builtin("rego.metadata.rule");
        let mut found = HashMap::new();
        for id in self.rules.iter() {
            let Some(rule) = self.rules.get(&self.modules, id) else {
                continue;
            };
            let (chain, own) = metadata::calls(rule);
            let chain = chain.filter(|_| can_chain).map(|span| {
                metadata::chain_term(&self.annotations, &self.modules, &self.rules, id, span)
            });
            let own = own
                .filter(|_| can_rule)
                .map(|span| metadata::rule_term(&self.annotations, &self.modules, id, span));
            if chain.is_some() || own.is_some() {
                found.insert(id, (chain, own));
            }
        }
        if found.is_empty() {
            return;
        }
        let mut ids = self.rules.iter();
        self.each_rule(|this, rule| {
            if let Some((chain, own)) = ids.next().and_then(|id| found.remove(&id)) {
                metadata::rewrite(&mut this.locals, rule, chain, own);
            }
        });
    }

    fn draw_graph(&mut self) {
        self.graph = Graph::new(
            &self.modules,
            &self.rules,
            &self.tree,
            &self.options.capabilities,
        );
    }

    fn hoist_comprehension_terms(&mut self) {
        self.with_modules(|this, modules| {
            for module in modules {
                visit_mut::module(module, &mut |node| {
                    hoist::comprehension_terms(&mut this.locals, node)
                });
            }
        });
    }

    fn hoist_heads(&mut self) {
        self.each_rule(|this, rule| hoist::head(&mut this.locals, rule));
    }

    fn rewrite_modifiers(&mut self) {
        let any = self.modules.iter().any(|module| {
            let mut rules = module.rules.iter().flat_map(Rule::branches);
            rules.any(|rule| with::any(&rule.body) || may_have_vars(&rule.head))
        });
        if !any {
            return;
        }
        self.with_modules(|this, modules| {
            let modifiers = Modifiers {
                rules: &this.rules,
                tree: &this.tree,
                capabilities: &this.options.capabilities,
                unsafe_builtins: &this.options.unsafe_builtins,
                allow_undefined_functions: this.options.allow_undefined_functions,
            };
            for module in modules {
                visit_mut::module(module, &mut |node| {
                    if let NodeMut::Body(body) = node
                        && let Err(error) = modifiers.body(&mut this.locals, body)
                    {
                        this.errors.fatal(*error);
                    }
                    false
                });
            }
        });
    }

    fn check_conflicts(&mut self) {
        let conflicts = Conflicts {
            modules: &self.modules,
            rules: &self.rules,
            tree: &self.tree,
            original: &self.original,
            sources: self.sources,
        };
        self.errors.all_fatal(conflicts.find());
        if let Some(exists) = &self.options.path_check {
            let errors = conflicts::with_data(
                &self.tree,
                &self.rules,
                &self.modules,
                exists.as_ref(),
                &self.options.path_check_roots,
            );
            self.errors.all_fatal(errors);
        }
    }

    fn check_undefined_functions(&mut self) {
        if self.options.allow_undefined_functions {
            return;
        }
        let arity = arity_of!(self);
        let none = |_: &[Term]| Vec::new();
        let checker = Checker::new(&none, &[], &[], &self.options.capabilities, false);
        let mut errors = Vec::new();
        for module in &self.modules {
            errors.extend(functions::undefined(
                &Within::Module(module),
                &arity,
                &self.original,
                &|name, expr| checker.argument_count(&self.types, name, expr),
            ));
        }
        self.errors.all_fatal(errors);
    }

    fn check_head_safety(&mut self) {
        let mut found = Vec::new();
        for module in &self.modules {
            let labels = ScopeLabels::new(module);
            for rule in module.rules.iter().flat_map(Rule::branches) {
                if !may_have_vars(&rule.head) {
                    continue;
                }
                let mut safe = Scope::SAFETY.of_body(&rule.body);
                Scope::default().terms(&rule.head.args, &mut safe);
                let mut reported = vars::VarSet::new();
                for term in vars::of_head(&rule.head) {
                    let Some(name) = vars::name(term).filter(|name| !safe.contains(*name)) else {
                        continue;
                    };
                    let author = self.original.get(name).unwrap_or(name);
                    if is_generated(author) || !reported.insert(name.clone()) {
                        continue;
                    }
                    found.push(Diagnostic::new(
                        Code::UnsafeVar,
                        term.span,
                        format!("var {} is unsafe{}", shown(author), labels.label(rule)),
                    ));
                }
            }
        }
        self.errors.all_fatal(found);
    }

    fn order_bodies(&mut self) {
        if self.options.allow_undefined_functions {
            return;
        }
        self.with_modules(|this, modules| {
            let arity = arity_of!(this);
            for module in modules {
                let labels = ScopeLabels::new(module);
                visit_mut::rules(module, &mut |rule| {
                    let mut globals = Scope::default().of_terms(&rule.head.args);
                    globals.extend(vars::roots());
                    let faults = safety::order(&mut rule.body, &arity, &globals);
                    if faults.is_empty() {
                        return;
                    }
                    let original = |name: &Var| this.original.get(name).unwrap_or(name).clone();
                    let label = labels.label(rule);
                    let errors = safety::diagnose(&faults, &original, &label, &this.places);
                    this.errors.all_fatal(errors);
                });
            }
        });
    }

    fn rewrite_equations(&mut self) {
        for module in &mut self.modules {
            visit_mut::module(module, &mut |node| hoist::equations(node));
        }
    }

    fn hoist_operands(&mut self) {
        self.each_rule(|this, rule| hoist::operands(&mut this.locals, &mut rule.body));
    }

    fn rewrite_tests(&mut self) {
        if !self.options.rewrite_tests {
            return;
        }
        self.each_rule(|this, rule| {
            if rule.head.name.starts_with("test_") {
                hoist::test_equations(&mut this.locals, &mut rule.body);
            }
        });
    }

    fn check_recursion(&mut self) {
        let recursion = Recursion {
            modules: &self.modules,
            rules: &self.rules,
            graph: &self.graph,
            original: &self.original,
            capabilities: &self.options.capabilities,
        };
        self.errors.all_fatal(recursion.find(&self.tree));
    }

    fn check_types(&mut self) {
        let (rules, tree, graph) = (&self.rules, &self.tree, &self.graph);
        let dependents = |target: &[Term]| dependent_paths(target, tree, rules, graph);
        let subjects = [&self.locals.subjects];
        let original = [&self.original];
        let checker = Checker::new(
            &dependents,
            &subjects,
            &original,
            &self.options.capabilities,
            self.options.allow_undefined_functions,
        );
        let types = RefCell::new(SchemaTypes::default());
        let mut errors = Vec::new();
        for id in sorted(&self.modules, &self.rules, &self.graph, &self.places) {
            let Some(rule) = self.rules.get(&self.modules, id) else {
                continue;
            };
            let schemas = Schemas {
                options: self.options,
                annotations: if self.options.use_schema_annotations {
                    self.annotations.schemas(&self.modules, &self.rules, id)
                } else {
                    Vec::new()
                },
                types: &types,
            };
            let path = self.rules.reference(id);
            errors.extend(checker.rule(&mut self.types, &schemas, rule, path));
        }
        self.errors.all_sorted(errors, &self.places);
    }

    fn check_forbidden(&mut self) {
        let names = &self.options.unsafe_builtins;
        if !names.is_empty() {
            for module in &self.modules {
                self.errors
                    .all(functions::forbidden(&Within::Module(module), names));
            }
        }
        for module in &self.modules {
            if self.is_strict_for(module) {
                self.errors.all(functions::deprecated(
                    &Within::Module(module),
                    &self.options.capabilities,
                ));
            }
        }
    }
}

/// The references of the rules that a reference selects, and of all that read these.
pub(super) fn dependent_paths(
    target: &[Term],
    tree: &RuleNode,
    rules: &Rules,
    graph: &Graph,
) -> Vec<Ref> {
    let mut open: Vec<_> = tree.selected_by(target, rules).into_iter().collect();
    let mut seen: BTreeSet<_> = open.iter().copied().collect();
    let mut paths = Vec::new();
    while let Some(id) = open.pop() {
        paths.push(visit::ground_prefix(rules.reference(id)).to_vec());
        open.extend(graph.dependents(id).filter(|id| seen.insert(*id)));
    }
    paths
}

/// Whether a reference is to a rule that always has a value: one with a default, a set, or a constant.
pub(super) fn always_defined(
    reference: &[Term],
    tree: &RuleNode,
    rules: &Rules,
    modules: &[Module],
) -> bool {
    if reference.len() < 2 {
        return false;
    }
    let Some(node) = tree.find(reference) else {
        return false;
    };
    let list: Vec<&Rule> = node
        .rules
        .iter()
        .filter_map(|id| rules.get(modules, *id))
        .collect();
    let Some(first) = list.first().filter(|rule| rule.head.args.is_empty()) else {
        return false;
    };
    if is_multi_value(&first.head) || list.iter().any(|rule| rule.default) {
        return true;
    }
    list.len() == 1 && is_constant_rule(first)
}

/// Whether template strings can be used in modules of this version.
pub(super) fn supports_templates(capabilities: &Capabilities, version: RegoVersion) -> bool {
    let feature = capabilities.has_feature("template_strings")
        || (version == RegoVersion::V2 && capabilities.has_feature("rego_v2"));
    feature && capabilities.has_builtin("internal.template_string")
}

fn is_constant_rule(rule: &Rule) -> bool {
    let empty = matches!(
        rule.body.as_slice(),
        [crate::ast::Expr {
            kind: ExprKind::Term(Term {
                value: TermValue::Boolean(true),
                ..
            }),
            ..
        }]
    );
    empty
        && rule
            .head
            .value
            .as_ref()
            .is_some_and(|value| match &value.value {
                TermValue::Var(_) => true,
                TermValue::Array(_) | TermValue::Object(_) | TermValue::Set(_) => {
                    visit::is_ground(&value.value)
                }
                value => visit::is_scalar(value),
            })
}
