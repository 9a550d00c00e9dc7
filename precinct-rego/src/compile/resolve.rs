//! Names of rules and imports become whole references.
//!
//! ```text
//! package a.b                        package a.b
//! import data.foo.bar        ==>     import data.foo.bar
//! p if { bar[_] = q }                p if { data.foo.bar[_] = data.a.b.q }
//! ```
//!
//! Names that a body declares stay what they are.

use std::collections::{BTreeMap, HashMap};

use super::keys;
use super::locals::assignment_operands;
use super::vars::{self, Scope, VarSet, is_root};
use super::visit::{self, Node};
use crate::ast::display::ref_text;
use crate::ast::{
    Body, Expr, ExprKind, Import, Module, Ref, Rule, TemplatePart, Term, TermValue, Var,
};
use crate::error::{Code, Diagnostic};

/// The names that stand for documents, and which of them were used.
pub(super) struct Globals {
    names: HashMap<Var, Global>,
}

struct Global {
    reference: Ref,
    used: bool,
}

impl Globals {
    /// The rules of a package and the imports of a module; an import hides a rule of its name.
    pub(super) fn new<'a>(
        package: &Ref,
        rules: impl IntoIterator<Item = &'a Var>,
        imports: &[Import],
    ) -> Self {
        let mut names = HashMap::new();
        for name in rules {
            let mut reference = package.clone();
            reference.push(Term {
                span: crate::ast::Span::default(),
                value: TermValue::String(name.clone()),
            });
            names.insert(
                name.clone(),
                Global {
                    reference,
                    used: false,
                },
            );
        }
        for import in imports.iter().filter(|import| !is_language_import(import)) {
            if let (Some(name), Some(reference)) = (import_name(import), import_path(import)) {
                names.insert(
                    name,
                    Global {
                        reference,
                        used: false,
                    },
                );
            }
        }
        Self { names }
    }

    /// Whether a name was met since.
    pub(super) fn is_used(&self, name: &Var) -> bool {
        self.names.get(name).is_none_or(|global| global.used)
    }

    fn lookup(&mut self, name: &Var, hidden: &[VarSet], at: crate::ast::Span) -> Option<Ref> {
        let global = self.names.get_mut(name)?;
        if hidden.iter().any(|vars| vars.contains(name)) {
            return None;
        }
        global.used = true;
        let mut reference = global.reference.clone();
        for part in &mut reference {
            part.span = at;
        }
        Some(reference)
    }
}

/// `import future.keywords` and `import rego.v1`.
pub(super) fn is_language_import(import: &Import) -> bool {
    match &import.path.value {
        TermValue::Ref(parts) => parts
            .first()
            .and_then(vars::name)
            .is_some_and(|name| matches!(name.as_ref(), "future" | "rego")),
        _ => false,
    }
}

/// The name under which a module knows what it imports.
pub(super) fn import_name(import: &Import) -> Option<Var> {
    if let Some((alias, _)) = &import.alias {
        return Some(alias.clone());
    }
    match &import.path.value {
        TermValue::Var(name) => Some(name.clone()),
        TermValue::Ref(parts) => match &parts.last()?.value {
            TermValue::Var(name) | TermValue::String(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn import_path(import: &Import) -> Option<Ref> {
    match &import.path.value {
        TermValue::Ref(parts) => Some(parts.clone()),
        TermValue::Var(_) => Some(vec![import.path.clone()]),
        _ => None,
    }
}

/// The names of rules by package, the path as text.
pub(super) fn exports(modules: &[Module]) -> BTreeMap<String, Vec<Var>> {
    let mut exports: BTreeMap<String, Vec<Var>> = BTreeMap::new();
    for module in modules {
        let names = module
            .rules
            .iter()
            .filter_map(|rule| super::rule_tree::name_of(&rule.head).cloned());
        exports
            .entry(ref_text(&module.package.path))
            .or_default()
            .extend(names);
    }
    exports
}

/// Resolves the names in a rule. `else` branches are rules of their own.
pub(super) fn rule(globals: &mut Globals, rule: &mut Rule) -> Result<(), Box<Diagnostic>> {
    let mut arguments = VarSet::new();
    for argument in &rule.head.args {
        note_argument(argument, &mut arguments)
            .map_err(|message| Box::new(Diagnostic::new(Code::Compile, rule.span, message)))?;
    }
    let hidden = &mut vec![arguments, declared_in_body(&rule.body)];
    let head = &mut rule.head;
    for part in head
        .reference
        .iter_mut()
        .skip(1)
        .chain(&mut head.key)
        .chain(&mut head.value)
    {
        term(globals, hidden, part);
    }
    body(globals, hidden, &mut rule.body);
    Ok(())
}

/// The variables that calls bind.
fn note_argument(argument: &Term, found: &mut VarSet) -> Result<(), String> {
    if vars::root_document(argument).is_some() {
        return Err(format!(
            "args must not shadow {argument} (use a different variable name)"
        ));
    }
    match &argument.value {
        TermValue::Var(name) => {
            found.insert(name.clone());
            Ok(())
        }
        TermValue::Object(entries) => entries.iter().try_for_each(|(key, value)| {
            vars::each(key, &mut |term| {
                if let TermValue::Var(name) = &term.value {
                    found.insert(name.clone());
                }
            });
            note_argument(value, found)
        }),
        TermValue::Array(items) | TermValue::Ref(items) => {
            items.iter().try_for_each(|item| note_argument(item, found))
        }
        _ => Ok(()),
    }
}

/// Resolves the names in a query's body.
pub(super) fn query(globals: &mut Globals, query: &mut Body) {
    let hidden = &mut vec![declared_in_body(query)];
    body(globals, hidden, query);
}

fn body(globals: &mut Globals, hidden: &mut Vec<VarSet>, body: &mut Body) {
    for it in body {
        expr(globals, hidden, it);
    }
}

fn expr(globals: &mut Globals, hidden: &mut Vec<VarSet>, it: &mut Expr) {
    match &mut it.kind {
        ExprKind::Term(it) => term(globals, hidden, it),
        ExprKind::Call(list) => terms(globals, hidden, list),
        ExprKind::Some(symbols) => {
            if let [
                Term {
                    value: TermValue::Call(list),
                    ..
                },
            ] = symbols.as_mut_slice()
            {
                terms(globals, hidden, list);
            }
        }
        ExprKind::Every(every) => {
            let mut declared = vars::of_term(&every.value);
            declared.extend(every.key.as_ref().map(vars::of_term).unwrap_or_default());
            hidden.push(declared);
            term(globals, hidden, &mut every.domain);
            body(globals, hidden, &mut every.body);
            hidden.pop();
        }
        ExprKind::Not(not) => body(globals, hidden, &mut not.body),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            body(globals, hidden, &mut sides.lhs);
            body(globals, hidden, &mut sides.rhs);
        }
    }
    for with in &mut it.with {
        term(globals, hidden, &mut with.target);
        term(globals, hidden, &mut with.value);
    }
}

fn terms(globals: &mut Globals, hidden: &mut Vec<VarSet>, list: &mut [Term]) {
    for it in list {
        term(globals, hidden, it);
    }
}

fn term(globals: &mut Globals, hidden: &mut Vec<VarSet>, it: &mut Term) {
    match &mut it.value {
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_) => {}
        TermValue::Var(name) => {
            if let Some(reference) = globals.lookup(name, hidden, it.span) {
                it.value = TermValue::Ref(reference);
            }
        }
        TermValue::Ref(parts) => {
            // OPA 1.22 leaves the names in a template string alone that stands right within a reference.
            for part in parts.iter_mut().skip(1) {
                if !matches!(part.value, TermValue::Template(_)) {
                    term(globals, hidden, part);
                }
            }
            if let Some(head) = parts.first_mut() {
                match vars::name(head) {
                    Some(name) => {
                        if let Some(reference) = globals.lookup(name, hidden, head.span) {
                            parts.splice(..1, reference);
                        }
                    }
                    None => term(globals, hidden, head),
                }
            }
        }
        TermValue::Template(template) => {
            for part in &mut template.parts {
                if let TemplatePart::Expr(it) = part {
                    expr(globals, hidden, it);
                }
            }
        }
        TermValue::Array(list) | TermValue::Call(list) => terms(globals, hidden, list),
        TermValue::Set(list) => {
            terms(globals, hidden, list);
            keys::order(&mut it.value);
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                term(globals, hidden, key);
                term(globals, hidden, value);
            }
            keys::order(&mut it.value);
        }
        TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
            hidden.push(declared_in_body(&it.body));
            term(globals, hidden, &mut it.term);
            body(globals, hidden, &mut it.body);
            hidden.pop();
        }
        TermValue::ObjectComprehension(it) => {
            hidden.push(declared_in_body(&it.body));
            term(globals, hidden, &mut it.key);
            term(globals, hidden, &mut it.value);
            body(globals, hidden, &mut it.body);
            hidden.pop();
        }
    }
}

/// The variables that the body declares with `:=` and `some`, comprehensions left out.
pub(super) fn declared_in_body(body: &[Expr]) -> VarSet {
    let mut found = VarSet::new();
    for expr in body {
        declared_in_expr(expr, &mut found);
    }
    found
}

/// The variables that the expression declares.
pub(super) fn declared_in_expr(expr: &Expr, found: &mut VarSet) {
    visit::expr(expr, &mut |node| match node {
        Node::Expr(expr) => {
            if let Some((lhs, _)) = assignment_operands(expr) {
                Scope::default().term(lhs, found);
            } else if let ExprKind::Some(symbols) = &expr.kind {
                for symbol in symbols {
                    match &symbol.value {
                        TermValue::Var(name) => {
                            found.insert(name.clone());
                        }
                        TermValue::Call(terms) => match terms.as_slice() {
                            [_, value, _] => Scope::default().term(value, found),
                            [_, key, value, _] => {
                                Scope::default().term(key, found);
                                Scope::default().term(value, found);
                            }
                            _ => {}
                        },
                        _ => {}
                    }
                }
            }
            false
        }
        Node::Term(term) => term.value.is_comprehension(),
        _ => false,
    });
}

/// Rules, arguments and assigned variables that hide `input` or `data`.
pub(super) fn root_overrides(rules: &[Rule], bodies: &[&Body]) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for rule in rules {
        if let Some(name) = super::rule_tree::name_of(&rule.head).filter(|name| is_root(name)) {
            errors.push(Diagnostic::new(
                Code::Compile,
                rule.span,
                format!("rules must not shadow {name} (use a different rule name)"),
            ));
        }
        for argument in &rule.head.args {
            if vars::root_document(argument).is_some() {
                errors.push(Diagnostic::new(
                    Code::Compile,
                    argument.span,
                    format!("args must not shadow {argument} (use a different variable name)"),
                ));
            }
        }
    }
    let mut check = |node: Node<'_>| {
        if let Node::Expr(expr) = node
            && expr.operator_is("assign")
            && let ExprKind::Call(terms) = &expr.kind
            && let Some(target) = terms.get(1)
            && is_root(&target.to_string())
        {
            errors.push(Diagnostic::new(
                Code::Compile,
                expr.span,
                format!("variables must not shadow {target} (use a different variable name)"),
            ));
        }
        false
    };
    for rule in rules {
        for branch in rule.branches() {
            visit::head(branch, &mut check);
            visit::body(&branch.body, &mut check);
        }
    }
    for body in bodies {
        visit::body(body, &mut check);
    }
    errors
}

/// Imports of one module under one name.
pub(super) fn duplicate_imports(module: &Module) -> Vec<Diagnostic> {
    let mut seen: HashMap<Var, &Import> = HashMap::new();
    let mut errors = Vec::new();
    for import in &module.imports {
        let Some(name) = import_name(import) else {
            continue;
        };
        match seen.get(&name) {
            Some(earlier) => errors.push(Diagnostic::new(
                Code::Compile,
                import.span,
                format!("import must not shadow {earlier}"),
            )),
            None => {
                seen.insert(name, import);
            }
        }
    }
    errors
}
