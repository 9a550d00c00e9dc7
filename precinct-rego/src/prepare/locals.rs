//! Local variables get names of their own, and `:=` and `some` go.
//!
//! ```text
//! p := x if {                       p := __local0__ if {
//!   some i                            __local0__ = input.xs[__local1__]
//!   x := input.xs[i]        ==>       __local0__ > 1
//!   x > 1                           }
//! }
//! ```
//!
//! A variable must be declared before it is used, and once in its scope; comprehensions, `every` and braces of
//! `not`, `and`, `or` open scopes.

use std::collections::HashMap;

use super::make::{self, Fresh};
use super::safety;
use super::vars::{self, Collector, Skip, VarSet};
use crate::ast::{Body, Expr, ExprKind, Rule, Span, TemplatePart, Term, TermValue, Var, With};
use crate::error::{Code, Diagnostic};

/// How a name came into a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurrence {
    Arg,
    Seen,
    Assigned,
    Declared,
}

#[derive(Clone, Debug, Default)]
struct Scope {
    names: HashMap<Var, Var>,
    occurrence: HashMap<Var, Occurrence>,
    count: HashMap<Var, usize>,
}

/// The scopes around a place, and what was found on the way.
pub(super) struct Locals<'c> {
    fresh: &'c mut Fresh,
    scopes: Vec<Scope>,
    /// New names to the names in the source.
    pub(super) renamed: HashMap<Var, Var>,
    pub(super) errors: Vec<Diagnostic>,
    /// Variables that are declared or assigned and never used: reported when nothing else is wrong.
    pub(super) unused: Vec<Diagnostic>,
    strict: bool,
}

const IN_NEGATED: &str = "cannot assign vars inside negated expression";
const IN_AND: &str = "cannot assign vars inside 'and' operand expression";
const IN_OR: &str = "cannot assign vars inside 'or' operand expression";

impl<'c> Locals<'c> {
    pub(super) fn new(fresh: &'c mut Fresh, strict: bool) -> Self {
        Self {
            fresh,
            scopes: vec![Scope::default()],
            renamed: HashMap::new(),
            errors: Vec::new(),
            unused: Vec::new(),
            strict,
        }
    }

    /// Renames the variables of a rule and its `else` branches. `builtin` says which names are those of builtins.
    pub(super) fn rule(&mut self, rule: &mut Rule, builtin: &dyn Fn(&str) -> bool) {
        self.scopes = vec![Scope::default()];
        let mut idle_args = VarSet::new();
        if self.strict {
            for arg in &rule.head.args {
                idle_args.extend(vars::of_term(arg, Skip::default()));
            }
        }
        for arg in &mut rule.head.args {
            self.arg(arg);
        }
        let args = self.scopes.clone();
        let head_span = rule.head.span;
        let mut current = Some(rule);
        while let Some(rule) = current {
            self.scopes.clone_from(&args);
            self.branch(rule, &mut idle_args, builtin);
            idle_args.retain(|arg| self.count(arg) <= 1);
            if !self.errors.is_empty() {
                return;
            }
            current = rule.else_rule.as_deref_mut();
        }
        for arg in idle_args {
            if !vars::is_wildcard(&arg) {
                self.unused.push(Diagnostic::new(
                    Code::Compile,
                    head_span,
                    format!("unused argument {arg}. (hint: use _ (wildcard variable) instead)"),
                ));
            }
        }
    }

    fn branch(&mut self, rule: &mut Rule, idle_args: &mut VarSet, builtin: &dyn Fn(&str) -> bool) {
        let head = &mut rule.head;
        for part in head.reference.iter_mut().skip(1) {
            self.nested(part);
        }
        for part in [&mut head.key, &mut head.value].into_iter().flatten() {
            self.nested(part);
        }
        let mut used = VarSet::new();
        for part in head.reference.iter().skip(1).chain(&head.key) {
            used.extend(vars::of_term(part, Skip::default()));
        }
        if let Some(value) = &head.value {
            let in_value = vars::of_term(value, Skip::default());
            idle_args.retain(|arg| !in_value.contains(arg));
            used.extend(in_value);
        }
        self.shadow_builtins(&rule.body, builtin);
        self.body(&mut rule.body, &used);
        let names = self
            .scopes
            .last()
            .map(|scope| scope.names.clone())
            .unwrap_or_default();
        let head = &mut rule.head;
        for part in head
            .args
            .iter_mut()
            .chain(head.reference.iter_mut().skip(1))
            .chain(&mut head.key)
            .chain(&mut head.value)
        {
            rename(part, &names);
        }
    }

    /// A variable that has the name of a builtin gets a name of its own, lest later stages take it for the builtin.
    fn shadow_builtins(&mut self, body: &Body, builtin: &dyn Fn(&str) -> bool) {
        let skip = Skip {
            call_heads: true,
            closures: true,
            ..Skip::default()
        };
        let declared = vars::declared_in_body(body);
        let mut in_with = Collector::new(Skip {
            call_heads: true,
            ..Skip::default()
        });
        for expr in body {
            expr.with.iter().for_each(|with| in_with.with(with));
        }
        for var in vars::of_body(body, skip) {
            if builtin(&var)
                && !declared.contains(&var)
                && !in_with.vars.contains(&var)
                && self.declared(&var).is_none()
            {
                let new = self.fresh.var();
                self.insert(&var, new, Occurrence::Seen);
            }
        }
    }

    /// Comprehensions in the head are renamed first: they do not see what the body declares.
    fn nested(&mut self, term: &mut Term) {
        match &mut term.value {
            TermValue::Array(items)
            | TermValue::Set(items)
            | TermValue::Call(items)
            | TermValue::Ref(items) => items.iter_mut().for_each(|item| self.nested(item)),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.nested(key);
                    self.nested(value);
                }
            }
            TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_)
            | TermValue::Template(_) => {
                let outer = std::mem::replace(&mut self.scopes, vec![Scope::default()]);
                self.term(term);
                self.scopes = outer;
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => {}
        }
    }

    fn arg(&mut self, term: &mut Term) {
        match &mut term.value {
            TermValue::Var(var) => {
                let new = if let Some(new) = self.declared(var) {
                    self.seen(&var.clone());
                    new
                } else {
                    let new = self.fresh.var();
                    self.insert(&var.clone(), new.clone(), Occurrence::Arg);
                    new
                };
                *var = new;
            }
            TermValue::Array(items) | TermValue::Ref(items) => {
                items.iter_mut().for_each(|item| self.arg(item));
            }
            TermValue::Object(entries) => {
                entries.iter_mut().for_each(|(_, value)| self.arg(value));
            }
            TermValue::Call(_) => {
                self.fail(term.span, "rule arguments cannot contain calls");
            }
            _ => {}
        }
    }

    fn fail(&mut self, span: Span, message: impl Into<String>) {
        self.errors
            .push(Diagnostic::new(Code::Compile, span, message));
    }

    fn declared(&self, var: &Var) -> Option<Var> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.names.get(var).cloned())
    }

    fn occurrence(&self, var: &Var) -> Option<Occurrence> {
        self.scopes.last()?.occurrence.get(var).copied()
    }

    fn count(&self, var: &Var) -> usize {
        let counted = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.count.get(var));
        counted.copied().unwrap_or_default()
    }

    fn insert(&mut self, var: &Var, new: Var, occurrence: Occurrence) {
        if new != *var {
            self.renamed.insert(new.clone(), var.clone());
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(var.clone(), new);
            scope.occurrence.insert(var.clone(), occurrence);
            scope.count.insert(var.clone(), 1);
        }
    }

    fn seen(&mut self, var: &Var) {
        for scope in self.scopes.iter_mut().rev() {
            if let Some(count) = scope.count.get_mut(var) {
                *count += 1;
                return;
            }
        }
    }

    /// A new name for a variable that is declared here.
    fn declare(&mut self, var: &Var, occurrence: Occurrence) -> Result<Var, String> {
        let text = match self.occurrence(var) {
            None => {
                let new = self.fresh.var();
                self.insert(var, new.clone(), occurrence);
                return Ok(new);
            }
            Some(Occurrence::Seen) => format!("var {var} referenced above"),
            Some(Occurrence::Assigned) => format!("var {var} assigned above"),
            Some(Occurrence::Declared) => format!("var {var} declared above"),
            Some(Occurrence::Arg) => format!("arg {var} redeclared"),
        };
        Err(text)
    }

    /// Renames the variables of a body; `used` are those that are used outside of it (a comprehension's term).
    pub(super) fn body(&mut self, body: &mut Body, used: &VarSet) {
        let original = body.clone();
        let mut out = Vec::with_capacity(body.len());
        for mut expr in std::mem::take(body) {
            if self.statement(&mut expr) {
                out.push(expr);
            }
        }
        if out.is_empty() {
            let span = original.first().map(|expr| expr.span).unwrap_or_default();
            out.push(make::truth(span));
        }
        *body = out;
        self.check_assigned(&original, body, used);
        self.check_declared(&original, body, used);
    }

    /// Renames one expression; `false` when it was a mere declaration.
    fn statement(&mut self, expr: &mut Expr) -> bool {
        match &expr.kind {
            ExprKind::Call(_) if expr.operator_is("assign") => {
                self.assignment(expr);
                true
            }
            ExprKind::Some(_) => self.some(expr),
            ExprKind::Every(_) => {
                self.every(expr);
                true
            }
            ExprKind::Not(_) => {
                self.not(expr);
                true
            }
            ExprKind::And(_) | ExprKind::Or(_) => {
                self.logical(expr);
                true
            }
            ExprKind::Term(_) | ExprKind::Call(_) => {
                self.expr(expr);
                true
            }
        }
    }

    fn assignment(&mut self, expr: &mut Expr) {
        let ExprKind::Call(terms) = &mut expr.kind else {
            return;
        };
        if expr.negated {
            return self.fail(expr.span, IN_NEGATED);
        }
        let [operator, target, value] = terms.as_mut_slice() else {
            return;
        };
        let before = self.errors.len();
        self.term(value);
        for with in &mut expr.with {
            self.term(&mut with.value);
        }
        self.assign_to(target);
        if self.errors.len() == before {
            *operator = make::reference(operator.span, &["eq"]);
        }
    }

    fn assign_to(&mut self, target: &mut Term) {
        let root = match &target.value {
            TermValue::Ref(parts) if make::is_root(target) => {
                parts.first().map(|head| head.value.clone())
            }
            _ => None,
        };
        if let Some(root) = root {
            target.value = root;
        }
        let span = target.span;
        match &mut target.value {
            TermValue::Var(var) => match self.declare(&var.clone(), Occurrence::Assigned) {
                Ok(new) => *var = new,
                Err(text) => self.fail(span, text),
            },
            TermValue::Array(items) => items.iter_mut().for_each(|item| self.assign_to(item)),
            TermValue::Object(entries) => {
                entries
                    .iter_mut()
                    .for_each(|(_, value)| self.assign_to(value));
            }
            other => {
                let text = format!("cannot assign to {}", kind_name(other));
                self.fail(span, text);
            }
        }
    }

    fn some(&mut self, expr: &mut Expr) -> bool {
        let ExprKind::Some(symbols) = &mut expr.kind else {
            return true;
        };
        let span = expr.span;
        let mut binding = None;
        for symbol in symbols.iter_mut() {
            match &mut symbol.value {
                TermValue::Var(var) => {
                    if let Err(text) = self.declare(&var.clone(), Occurrence::Declared) {
                        self.fail(span, text);
                        return false;
                    }
                }
                TermValue::Call(parts) => {
                    binding = Some(std::mem::take(parts));
                    break;
                }
                _ => {}
            }
        }
        let Some(mut parts) = binding else {
            return false;
        };
        let Some(container) = parts.pop() else {
            return false;
        };
        let Some(value) = parts.pop() else {
            return false;
        };
        let key = if parts.len() > 1 { parts.pop() } else { None };
        let mut bound = vars::of_term(&value, Skip::PATTERN);
        if let Some(key) = &key {
            bound.extend(vars::of_term(key, Skip::PATTERN));
        }
        let domain = vars::of_term(
            &container,
            Skip {
                closures: true,
                ..Skip::default()
            },
        );
        let twice: Vec<Var> = bound
            .intersection(&domain)
            .filter(|var| !vars::is_wildcard(var))
            .cloned()
            .collect();
        if !twice.is_empty() {
            for var in twice {
                self.fail(span, format!("var {var} assigned before"));
            }
            return false;
        }
        let key = key.unwrap_or_else(|| self.fresh.term(value.span));
        let domain = vars::of_term(&container, Skip::default());
        let place = container.span;
        let parts = match container.value {
            TermValue::Ref(mut parts) => {
                parts.push(key);
                parts
            }
            other => vec![make::term(place, other), key],
        };
        let operator = make::reference(span, &["eq"]);
        expr.kind = ExprKind::Call(vec![
            operator,
            value,
            make::term(place, TermValue::Ref(parts)),
        ]);
        for var in safety::equality_outputs(expr, &domain) {
            if let Err(text) = self.declare(&var, Occurrence::Declared) {
                self.fail(span, text);
                return false;
            }
        }
        self.expr(expr);
        true
    }

    fn every(&mut self, expr: &mut Expr) {
        let span = expr.span;
        let ExprKind::Every(every) = &mut expr.kind else {
            return;
        };
        self.term(&mut every.domain);
        self.scopes.push(Scope::default());
        let mut names: Vec<&mut Term> = Vec::new();
        let made = every.key.is_none();
        let key = every.key.get_or_insert_with(|| self.fresh.term(span));
        if !made {
            names.push(key);
        }
        names.push(&mut every.value);
        for name in names {
            if let TermValue::Var(var) = &mut name.value
                && !vars::is_wildcard(var)
            {
                match self.declare(&var.clone(), Occurrence::Declared) {
                    Ok(new) => *var = new,
                    Err(text) => self.fail(span, text),
                }
            }
        }
        self.body(&mut every.body, &VarSet::new());
        self.scopes.pop();
        self.withs(&mut expr.with);
    }

    fn not(&mut self, expr: &mut Expr) {
        let ExprKind::Not(not) = &mut expr.kind else {
            return;
        };
        if not.explicit {
            self.scopes.push(Scope::default());
            self.body(&mut not.body, &VarSet::new());
            self.scopes.pop();
        } else {
            self.implicit(&mut not.body, IN_NEGATED);
        }
        self.withs(&mut expr.with);
    }

    fn logical(&mut self, expr: &mut Expr) {
        let (sides, message) = match &mut expr.kind {
            ExprKind::And(sides) => (sides, IN_AND),
            ExprKind::Or(sides) => (sides, IN_OR),
            _ => return,
        };
        for (body, explicit) in [
            (&mut sides.lhs, sides.lhs_explicit),
            (&mut sides.rhs, sides.rhs_explicit),
        ] {
            if explicit {
                self.scopes.push(Scope::default());
                self.body(body, &VarSet::new());
                self.scopes.pop();
            } else {
                self.implicit(body, message);
            }
        }
        self.withs(&mut expr.with);
    }

    /// An operand without braces declares nothing.
    fn implicit(&mut self, body: &mut Body, message: &str) {
        for expr in body {
            match &expr.kind {
                ExprKind::Call(_) if expr.operator_is("assign") => self.fail(expr.span, message),
                ExprKind::Not(_) => self.not(expr),
                ExprKind::And(_) | ExprKind::Or(_) => self.logical(expr),
                _ => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            _ => {}
        }
        self.withs(&mut expr.with);
    }

    fn withs(&mut self, withs: &mut [With]) {
        for with in withs {
            let was_input = matches!(
                &with.target.value,
                TermValue::Ref(parts) if matches!(&parts.first().map(|p| &p.value), Some(TermValue::Var(v)) if v.as_ref() == "input")
            );
            self.term(&mut with.target);
            if was_input {
                // What stands behind `with` is the document, whatever a parameter of its name hides.
                match &mut with.target.value {
                    TermValue::Ref(parts) => {
                        if let Some(head) = parts.first_mut() {
                            head.value = TermValue::Var(Var::from("input"));
                        }
                    }
                    _ => with.target = make::reference(with.target.span, &["input"]),
                }
            }
            self.term(&mut with.value);
        }
    }

    fn term(&mut self, term: &mut Term) {
        let span = term.span;
        if make::is_root(term) {
            if let TermValue::Ref(parts) = &term.value
                && let Some(Term {
                    value: TermValue::Var(name),
                    ..
                }) = parts.first()
                && let Some(new) = self.hidden_root(name)
            {
                term.value = TermValue::Var(new);
            }
            return;
        }
        match &mut term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_) => {}
            TermValue::Var(var) => {
                if let Some(new) = self.declared(var) {
                    self.seen(&var.clone());
                    *var = new;
                } else {
                    let name = var.clone();
                    self.insert(&name, name.clone(), Occurrence::Seen);
                }
            }
            TermValue::Call(parts) => {
                let shadowed = parts.first().and_then(|operator| match &operator.value {
                    TermValue::Ref(names) => match names.first().map(|head| &head.value) {
                        Some(TermValue::Var(name)) => self
                            .declared(name)
                            .filter(|new| new != name)
                            .map(|_| names.clone()),
                        _ => None,
                    },
                    _ => None,
                });
                if let Some(names) = shadowed {
                    let text = crate::ast::display::ref_text(&names);
                    self.fail(span, format!("called function {text} shadowed"));
                }
                parts.iter_mut().for_each(|part| self.term(part));
            }
            TermValue::Ref(parts) | TermValue::Array(parts) | TermValue::Set(parts) => {
                parts.iter_mut().for_each(|part| self.term(part));
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.term(key);
                    self.term(value);
                }
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                let used = vars::of_term(&c.term, Skip::default());
                self.scopes.push(Scope::default());
                self.body(&mut c.body, &used);
                self.term(&mut c.term);
                self.scopes.pop();
            }
            TermValue::ObjectComprehension(c) => {
                let mut used = vars::of_term(&c.key, Skip::default());
                used.extend(vars::of_term(&c.value, Skip::default()));
                self.scopes.push(Scope::default());
                self.body(&mut c.body, &used);
                self.term(&mut c.key);
                self.term(&mut c.value);
                self.scopes.pop();
            }
            TermValue::Template(template) => {
                for part in &mut template.parts {
                    if let TemplatePart::Expr(expr) = part {
                        self.scopes.push(Scope::default());
                        self.expr(expr);
                        self.scopes.pop();
                    }
                }
            }
        }
    }

    /// The new name of a local variable called `input` or `data`.
    fn hidden_root(&self, name: &Var) -> Option<Var> {
        let scope = self
            .scopes
            .iter()
            .rev()
            .find(|scope| scope.names.contains_key(name))?;
        let seen = scope.occurrence.get(name) == Some(&Occurrence::Seen);
        scope.names.get(name).filter(|_| !seen).cloned()
    }

    fn check_assigned(&mut self, original: &Body, body: &Body, used: &VarSet) {
        if !self.strict || !self.errors.is_empty() || !self.unused.is_empty() {
            return;
        }
        let Some(scope) = self.scopes.last() else {
            return;
        };
        let mut idle: Vec<(Var, Var)> = scope
            .occurrence
            .iter()
            .filter(|(var, occurrence)| {
                **occurrence == Occurrence::Assigned
                    && !vars::is_wildcard(var)
                    && self.count(var) <= 1
                    && !used.contains(*var)
            })
            .filter_map(|(var, _)| Some((scope.names.get(var)?.clone(), var.clone())))
            .collect();
        idle.sort();
        for (new, var) in idle {
            let place = body
                .iter()
                .find(|expr| vars::of_expr(expr, Skip::default()).contains(&new))
                .or(original.first());
            let span = place.map(|expr| expr.span).unwrap_or_default();
            let text = format!("assigned var {var} unused");
            self.unused.push(Diagnostic::new(Code::Compile, span, text));
        }
    }

    fn check_declared(&mut self, original: &Body, body: &Body, used: &VarSet) {
        if !self.errors.is_empty() || !self.unused.is_empty() {
            return;
        }
        let Some(scope) = self.scopes.last() else {
            return;
        };
        let mut inside = vars::of_body(body, Skip::default());
        for var in used {
            inside.insert(self.declared(var).unwrap_or_else(|| var.clone()));
        }
        let mut idle: Vec<(Var, Var)> = scope
            .occurrence
            .iter()
            .filter(|(_, occurrence)| **occurrence == Occurrence::Declared)
            .filter_map(|(var, _)| Some((scope.names.get(var)?.clone(), var.clone())))
            .filter(|(new, var)| !inside.contains(new) && !vars::is_generated(var))
            .collect();
        idle.sort();
        for (_, var) in idle {
            let place = original.iter().find(|expr| {
                let mut declared = VarSet::new();
                vars::declared_in(expr, &mut declared);
                declared.contains(&var)
            });
            let span = place
                .or(original.first())
                .map(|expr| expr.span)
                .unwrap_or_default();
            let text = format!("declared var {var} unused");
            self.unused.push(Diagnostic::new(Code::Compile, span, text));
        }
    }
}

/// Replaces variables in a term, comprehensions included.
fn rename(term: &mut Term, names: &HashMap<Var, Var>) {
    match &mut term.value {
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_) => {}
        TermValue::Var(var) => {
            if let Some(new) = names.get(var) {
                *var = new.clone();
            }
        }
        TermValue::Ref(parts)
        | TermValue::Array(parts)
        | TermValue::Set(parts)
        | TermValue::Call(parts) => parts.iter_mut().for_each(|part| rename(part, names)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                rename(key, names);
                rename(value, names);
            }
        }
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            rename(&mut c.term, names);
            c.body.iter_mut().for_each(|expr| rename_in(expr, names));
        }
        TermValue::ObjectComprehension(c) => {
            rename(&mut c.key, names);
            rename(&mut c.value, names);
            c.body.iter_mut().for_each(|expr| rename_in(expr, names));
        }
        TermValue::Template(template) => {
            for part in &mut template.parts {
                if let TemplatePart::Expr(expr) = part {
                    rename_in(expr, names);
                }
            }
        }
    }
}

fn rename_in(expr: &mut Expr, names: &HashMap<Var, Var>) {
    match &mut expr.kind {
        ExprKind::Term(term) => rename(term, names),
        ExprKind::Call(terms) | ExprKind::Some(terms) => {
            terms.iter_mut().for_each(|term| rename(term, names));
        }
        ExprKind::Every(every) => {
            rename(&mut every.domain, names);
            every
                .body
                .iter_mut()
                .for_each(|expr| rename_in(expr, names));
        }
        ExprKind::Not(not) => not.body.iter_mut().for_each(|expr| rename_in(expr, names)),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            sides
                .lhs
                .iter_mut()
                .chain(&mut sides.rhs)
                .for_each(|expr| rename_in(expr, names));
        }
    }
    for with in &mut expr.with {
        rename(&mut with.target, names);
        rename(&mut with.value, names);
    }
}

/// What a term is, in OPA's words.
fn kind_name(value: &TermValue) -> &'static str {
    match value {
        TermValue::Null => "null",
        TermValue::Boolean(_) => "boolean",
        TermValue::Number(_) => "number",
        TermValue::String(_) => "string",
        TermValue::Template(_) => "templatestring",
        TermValue::Var(_) => "var",
        TermValue::Ref(_) => "ref",
        TermValue::Array(_) => "array",
        TermValue::Object(_) => "object",
        TermValue::Set(_) => "set",
        TermValue::ArrayComprehension(_) => "arraycomprehension",
        TermValue::SetComprehension(_) => "setcomprehension",
        TermValue::ObjectComprehension(_) => "objectcomprehension",
        TermValue::Call(_) => "call",
    }
}
