//! Names to full references: `allow` becomes `data.p.allow`, an imported name what it stands for.
//!
//! ```text
//! package p                       package p
//! import data.users as u          import data.users as u
//! allow if u[input.who].admin     allow if data.users[input.who].admin
//! deny if not allow               deny if not data.p.allow
//! ```

use std::collections::HashMap;

use super::vars::{self, Skip, VarSet};
use crate::ast::{
    Body, Expr, ExprKind, Import, Ref, Rule, Span, TemplatePart, Term, TermValue, Var, With,
};
use crate::error::{Code, Diagnostic};

/// What a module's names stand for, and which of them were used.
#[derive(Debug, Default)]
pub(super) struct Globals {
    names: HashMap<Var, Ref>,
    pub(super) used: VarSet,
}

impl Globals {
    /// The names of a package's rules and of imports. Later imports win over earlier ones and over rules.
    pub(super) fn new(package: &Ref, rules: &VarSet, imports: &[Import]) -> Self {
        let mut names = HashMap::new();
        for rule in rules {
            let mut path = package.clone();
            path.push(super::make::term(
                Span::default(),
                TermValue::String(rule.clone()),
            ));
            names.insert(rule.clone(), path);
        }
        for import in imports {
            if let (Some(name), Some(path)) = (import_name(import), import_path(import)) {
                names.insert(name, path);
            }
        }
        Self {
            names,
            used: VarSet::new(),
        }
    }
}

/// The name that an import gives; none for `future` and `rego`.
pub(super) fn import_name(import: &Import) -> Option<Var> {
    let path = import_path(import)?;
    if let Some((name, _)) = &import.alias {
        return Some(name.clone());
    }
    match &path.last()?.value {
        TermValue::String(name) | TermValue::Var(name) => Some(name.clone()),
        _ => None,
    }
}

/// The path of an import of documents.
pub(super) fn import_path(import: &Import) -> Option<Ref> {
    let path = match &import.path.value {
        TermValue::Ref(path) => path.clone(),
        TermValue::Var(_) => vec![import.path.clone()],
        _ => return None,
    };
    match &path.first()?.value {
        TermValue::Var(head) if matches!(head.as_ref(), "future" | "rego") => None,
        _ => Some(path),
    }
}

/// Resolves the names of a rule and its `else` branches.
pub(super) fn rule(globals: &mut Globals, rule: &mut Rule) -> Result<(), Box<Diagnostic>> {
    let mut current = Some(rule);
    while let Some(rule) = current {
        let mut args = VarSet::new();
        for arg in &rule.head.args {
            pattern_vars(arg, &mut args).map_err(|root| {
                Box::new(Diagnostic::new(
                    Code::Compile,
                    rule.span,
                    format!("args must not shadow {root} (use a different variable name)"),
                ))
            })?;
        }
        let mut resolver = Resolver {
            globals,
            hidden: vec![args, vars::declared_in_body(&rule.body)],
        };
        for part in rule.head.reference.iter_mut().skip(1) {
            resolver.term(part);
        }
        if let Some(key) = &mut rule.head.key {
            resolver.term(key);
        }
        if let Some(value) = &mut rule.head.value {
            resolver.term(value);
        }
        resolver.body(&mut rule.body);
        current = rule.else_rule.as_deref_mut();
    }
    Ok(())
}

/// Resolves the names of a query.
pub(super) fn body(globals: &mut Globals, body: &mut Body) {
    let mut resolver = Resolver {
        globals,
        hidden: vec![vars::declared_in_body(body)],
    };
    resolver.body(body);
}

/// The variables that a parameter's pattern binds; the error names a root document among them.
fn pattern_vars(term: &Term, vars: &mut VarSet) -> Result<(), Var> {
    match &term.value {
        TermValue::Var(var) => {
            vars.insert(var.clone());
            Ok(())
        }
        TermValue::Ref(parts) => match parts.as_slice() {
            [
                Term {
                    value: TermValue::Var(name),
                    ..
                },
            ] if matches!(name.as_ref(), "input" | "data") => Err(name.clone()),
            _ => parts.iter().try_for_each(|part| pattern_vars(part, vars)),
        },
        TermValue::Array(items) => items.iter().try_for_each(|item| pattern_vars(item, vars)),
        TermValue::Object(entries) => entries
            .iter()
            .try_for_each(|(_, value)| pattern_vars(value, vars)),
        _ => Ok(()),
    }
}

struct Resolver<'g> {
    globals: &'g mut Globals,
    /// Variables that hide a global name, scope by scope.
    hidden: Vec<VarSet>,
}

impl Resolver<'_> {
    fn global(&mut self, name: &Var, span: Span) -> Option<Ref> {
        if self.hidden.iter().any(|scope| scope.contains(name)) {
            return None;
        }
        let path = self.globals.names.get(name)?;
        self.globals.used.insert(name.clone());
        let mut path = path.clone();
        for part in &mut path {
            part.span = span;
        }
        Some(path)
    }

    fn body(&mut self, body: &mut Body) {
        body.iter_mut().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => terms.iter_mut().for_each(|term| self.term(term)),
            ExprKind::Some(symbols) => {
                for symbol in symbols {
                    if let TermValue::Call(parts) = &mut symbol.value {
                        parts.iter_mut().for_each(|part| self.term(part));
                    }
                }
            }
            ExprKind::Every(every) => {
                let mut names = vars::of_term(&every.value, Skip::default());
                if let Some(key) = &every.key {
                    names.extend(vars::of_term(key, Skip::default()));
                }
                self.hidden.push(names);
                self.term(&mut every.domain);
                self.body(&mut every.body);
                self.hidden.pop();
            }
            ExprKind::Not(not) => self.body(&mut not.body),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.body(&mut sides.lhs);
                self.body(&mut sides.rhs);
            }
        }
        for With { target, value, .. } in &mut expr.with {
            self.term(target);
            self.term(value);
        }
    }

    fn term(&mut self, term: &mut Term) {
        let span = term.span;
        match &mut term.value {
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_) => {}
            TermValue::Var(name) => {
                let name = name.clone();
                if let Some(path) = self.global(&name, span) {
                    term.value = TermValue::Ref(path);
                }
            }
            TermValue::Ref(parts) => self.reference(parts),
            TermValue::Array(items) | TermValue::Set(items) | TermValue::Call(items) => {
                items.iter_mut().for_each(|item| self.term(item));
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.term(key);
                    self.term(value);
                }
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                self.hidden.push(vars::declared_in_body(&c.body));
                self.term(&mut c.term);
                self.body(&mut c.body);
                self.hidden.pop();
            }
            TermValue::ObjectComprehension(c) => {
                self.hidden.push(vars::declared_in_body(&c.body));
                self.term(&mut c.key);
                self.term(&mut c.value);
                self.body(&mut c.body);
                self.hidden.pop();
            }
            TermValue::Template(template) => {
                for part in &mut template.parts {
                    if let TemplatePart::Expr(expr) = part {
                        self.expr(expr);
                    }
                }
            }
        }
    }

    fn reference(&mut self, parts: &mut Ref) {
        for part in parts.iter_mut().skip(1) {
            self.term(part);
        }
        let Some(head) = parts.first_mut() else {
            return;
        };
        match &head.value {
            TermValue::Var(name) => {
                let (name, span) = (name.clone(), head.span);
                if let Some(path) = self.global(&name, span) {
                    parts.splice(..1, path);
                }
            }
            _ => self.term(head),
        }
    }
}
