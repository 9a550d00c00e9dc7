//! Declared variables get unique names, and declarations become unifications.
//!
//! ```text
//! p if {                          p if {
//!   x := 1                          __local0__ := 1
//!   some y in input.xs    ==>       __local2__ = input.xs[__local1__]
//!   [x | x := y]                    [__local3__ | __local3__ := __local2__]
//! }                               }
//! ```
//!
//! Uses before declaration, second declarations and declarations that nothing reads are reported.

use super::locals::{ASSIGNED, Locals, always, assignment_operands, operator, unify_operator};
use super::outputs;
use super::resolve::declared_in_expr;
use super::scopes::{Occurrence, Scopes};
use super::vars::{self, Scope, VarSet, is_generated, is_wildcard, shown};
use super::visit::is_scalar;
use super::visit_mut::{self, NodeMut};
use crate::ast::{Body, Expr, ExprKind, Ref, Span, TemplatePart, Term, TermValue, Var, With};
use crate::error::{Code, Diagnostic};

const IN_NEGATION: &str = "cannot assign vars inside negated expression";
const IN_AND: &str = "cannot assign vars inside implicit and operand";
const IN_OR: &str = "cannot assign vars inside implicit or operand";

/// Renames what a rule, comprehension or query declares.
pub(super) struct Declarations<'a> {
    pub(super) locals: &'a mut Locals,
    pub(super) scopes: Scopes,
    pub(super) errors: Vec<Diagnostic>,
    /// Assigned variables that nothing reads are errors.
    pub(super) strict: bool,
}

impl Declarations<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors
            .push(Diagnostic::new(Code::Compile, span, message));
    }

    /// Renames in a body. `used` are variables that are read outside of it.
    pub(super) fn body(&mut self, body: &mut Body, used: &VarSet) {
        let first = body.first().map_or_else(Span::default, |expr| expr.span);
        let mut declaring = Vec::new();
        let mut result = Body::with_capacity(body.len());
        for expr in body.drain(..) {
            if matches!(
                expr.kind,
                ExprKind::Some(_) | ExprKind::Every(_) | ExprKind::Not(_)
            ) {
                let mut names = VarSet::new();
                declared_in_expr(&expr, &mut names);
                declaring.push((expr.span, names));
            }
            result.extend(self.statement(expr));
        }
        if result.is_empty() {
            result.push(always(Span::default()));
        }
        self.check_assigned(&result, first, used);
        self.check_declared(&result, first, &declaring, used);
        *body = result;
    }

    fn statement(&mut self, mut expr: Expr) -> Option<Expr> {
        match &expr.kind {
            ExprKind::Call(_) if expr.operator_is("assign") => self.assignment(&mut expr),
            ExprKind::Some(_) => return self.some(expr),
            ExprKind::Every(_) => return self.every(expr),
            ExprKind::Not(_) => self.not(&mut expr),
            ExprKind::And(_) | ExprKind::Or(_) => self.logical(&mut expr),
            ExprKind::Term(_) | ExprKind::Call(_) => self.expr(&mut expr),
        }
        Some(expr)
    }

    fn check_assigned(&mut self, body: &Body, first: Span, used: &VarSet) {
        if !self.strict || !self.errors.is_empty() || !self.scopes.unused.is_empty() {
            return;
        }
        let scope = self.scopes.innermost();
        let read_outside: VarSet = used
            .iter()
            .filter_map(|name| self.scopes.renamed(name).cloned())
            .collect();
        let mut unused: Vec<(Var, Var)> = scope
            .occurrences
            .iter()
            .filter(|(name, occurrence)| {
                **occurrence == Occurrence::Assigned
                    && !is_wildcard(name)
                    && self.scopes.uses(name) <= 1
            })
            .filter_map(|(name, _)| Some((scope.names.get(name)?.clone(), name.clone())))
            .filter(|(new, _)| !used.contains(new) && !read_outside.contains(new))
            .collect();
        unused.sort();
        for (new, name) in unused {
            let span = body
                .iter()
                .find(|expr| Scope::default().of_expr(expr).contains(&new))
                .map_or(first, |expr| expr.span);
            self.scopes.unused.push(Diagnostic::new(
                Code::Compile,
                span,
                format!("assigned var {} unused", shown(&name)),
            ));
        }
    }

    fn check_declared(
        &mut self,
        body: &Body,
        first: Span,
        declaring: &[(Span, VarSet)],
        used: &VarSet,
    ) {
        if !self.errors.is_empty() || !self.scopes.unused.is_empty() {
            return;
        }
        let scope = self.scopes.innermost();
        let mut declared: Vec<(Var, Var)> = scope
            .occurrences
            .iter()
            .filter(|(name, occurrence)| {
                **occurrence == Occurrence::Declared && !is_generated(name)
            })
            .filter_map(|(name, _)| Some((scope.names.get(name)?.clone(), name.clone())))
            .collect();
        if declared.is_empty() {
            return;
        }
        let mut read = Scope::default().of_body(body);
        for name in used {
            read.insert(self.scopes.renamed(name).unwrap_or(name).clone());
        }
        declared.retain(|(new, _)| !read.contains(new) && !used.contains(new));
        declared.sort();
        for (_, name) in declared {
            let span = declaring
                .iter()
                .find(|(_, names)| names.contains(&name))
                .map_or(first, |(span, _)| *span);
            self.scopes.unused.push(Diagnostic::new(
                Code::Compile,
                span,
                format!("declared var {} unused", shown(&name)),
            ));
        }
    }

    /// A new name for a variable that is declared here.
    fn declare(&mut self, name: &Var, occurrence: Occurrence) -> Result<Var, String> {
        let name_shown = shown(name);
        match self.scopes.occurrence(name) {
            Some(Occurrence::Seen) => Err(format!("var {name_shown} referenced above")),
            Some(Occurrence::Assigned) => Err(format!("var {name_shown} assigned above")),
            Some(Occurrence::Declared) => Err(format!("var {name_shown} declared above")),
            Some(Occurrence::Argument) => Err(format!("arg {name_shown} redeclared")),
            None => {
                let new = self.locals.fresh();
                self.scopes.insert(name, new.clone(), occurrence);
                Ok(new)
            }
        }
    }

    fn every(&mut self, mut expr: Expr) -> Option<Expr> {
        let ExprKind::Every(every) = &mut expr.kind else {
            return Some(expr);
        };
        self.term(&mut every.domain);
        self.scopes.push();
        if every.key.is_none() {
            every.key = Some(Term {
                span: Span::default(),
                value: TermValue::Var(self.locals.fresh()),
            });
        } else if let Some(key) = &mut every.key
            && !self.declare_here(key, every.span)
        {
            self.scopes.pop();
            return None;
        }
        if !self.declare_here(&mut every.value, every.span) {
            self.scopes.pop();
            return None;
        }
        self.body(&mut every.body, &VarSet::new());
        self.expr(&mut expr);
        self.scopes.pop();
        Some(expr)
    }

    /// Renames the key or value of `every`.
    fn declare_here(&mut self, term: &mut Term, span: Span) -> bool {
        let TermValue::Var(name) = &term.value else {
            return true;
        };
        if is_wildcard(name) || is_generated(name) && self.scopes.original.contains_key(name) {
            return true;
        }
        match self.declare(&name.clone(), Occurrence::Declared) {
            Ok(new) => {
                term.value = TermValue::Var(new);
                true
            }
            Err(message) => {
                self.error(span, message);
                false
            }
        }
    }

    fn some(&mut self, expr: Expr) -> Option<Expr> {
        let ExprKind::Some(symbols) = expr.kind else {
            return Some(expr);
        };
        for symbol in symbols {
            match symbol.value {
                TermValue::Var(name) => {
                    if let Err(message) = self.declare(&name, Occurrence::Declared) {
                        self.error(expr.span, message);
                        return None;
                    }
                }
                TermValue::Call(terms) => {
                    let shell = Expr {
                        kind: ExprKind::Call(Vec::new()),
                        ..expr
                    };
                    return self.some_in(shell, terms);
                }
                _ => {}
            }
        }
        None
    }

    /// `some k, v in xs` becomes `v = xs[k]`.
    fn some_in(&mut self, mut expr: Expr, mut terms: Vec<Term>) -> Option<Expr> {
        let domain = terms.pop()?;
        let value = terms.pop()?;
        let key = if terms.len() > 1 {
            terms.pop()?
        } else {
            self.locals.fresh_term(value.span)
        };
        let mut bound = Scope::BINDABLE.of_term(&key);
        Scope::BINDABLE.term(&value, &mut bound);
        let iterated = Scope {
            closures: true,
            ..Scope::default()
        }
        .of_term(&domain);
        let mut again = bound
            .iter()
            .filter(|name| iterated.contains(*name) && !is_wildcard(name))
            .peekable();
        if again.peek().is_some() {
            for name in again {
                self.error(expr.span, format!("var {name} assigned before"));
            }
            return None;
        }
        let known = vars::of_term(&domain);
        let mut parts: Ref = match domain.value {
            TermValue::Ref(parts) => parts,
            _ => vec![domain.clone()],
        };
        parts.push(key);
        let rhs = Term {
            span: domain.span,
            value: TermValue::Ref(parts),
        };
        expr.kind = ExprKind::Call(vec![unify_operator(expr.span), value, rhs]);
        for name in outputs::of_equality(&expr, &known) {
            if let Err(message) = self.declare(&name, Occurrence::Declared) {
                self.error(expr.span, message);
                return None;
            }
        }
        self.expr(&mut expr);
        Some(expr)
    }

    fn not(&mut self, expr: &mut Expr) {
        let ExprKind::Not(not) = &mut expr.kind else {
            return;
        };
        if not.explicit {
            self.scopes.push();
            self.body(&mut not.body, &VarSet::new());
            self.expr(expr);
            self.scopes.pop();
            return;
        }
        let before = self.errors.len();
        self.bare_operand(&mut not.body, IN_NEGATION);
        if self.errors.len() == before {
            self.expr(expr);
        }
    }

    fn logical(&mut self, expr: &mut Expr) {
        let before = self.errors.len();
        let (sides, message) = match &mut expr.kind {
            ExprKind::And(sides) => (sides, IN_AND),
            ExprKind::Or(sides) => (sides, IN_OR),
            _ => return,
        };
        self.side(&mut sides.lhs, sides.lhs_explicit, message);
        self.side(&mut sides.rhs, sides.rhs_explicit, message);
        if self.errors.len() == before {
            self.expr(expr);
        }
    }

    fn side(&mut self, body: &mut Body, explicit: bool, message: &str) {
        if explicit {
            self.scopes.push();
            self.body(body, &VarSet::new());
            self.scopes.pop();
        } else {
            self.bare_operand(body, message);
        }
    }

    /// Operands without braces cannot declare variables.
    fn bare_operand(&mut self, body: &mut Body, message: &str) {
        for expr in body {
            match &expr.kind {
                ExprKind::Call(_) if expr.operator_is("assign") => self.error(expr.span, message),
                ExprKind::Not(_) => self.not(expr),
                ExprKind::And(_) | ExprKind::Or(_) => self.logical(expr),
                _ => {}
            }
        }
    }

    fn assignment(&mut self, expr: &mut Expr) {
        if expr.negated {
            self.error(expr.span, IN_NEGATION);
            return;
        }
        if assignment_operands(expr).is_none() {
            return;
        }
        let before = self.errors.len();
        let ExprKind::Call(terms) = &mut expr.kind else {
            return;
        };
        let [operation, lhs, rhs] = terms.as_mut_slice() else {
            return;
        };
        self.term(rhs);
        for with in &mut expr.with {
            self.term(&mut with.value);
        }
        self.assigned(lhs);
        if self.errors.len() == before {
            *operation = operator(ASSIGNED, operation.span);
        }
    }

    /// Renames the variables on the left side of an assignment.
    fn assigned(&mut self, term: &mut Term) {
        let name = match &mut term.value {
            TermValue::Var(name) => name.clone(),
            TermValue::Array(items) => {
                for item in items {
                    self.assigned(item);
                }
                return;
            }
            TermValue::Object(entries) => {
                for (_, value) in entries {
                    self.assigned(value);
                }
                return;
            }
            value => {
                let kind = kind_name(value);
                let Some(name) = vars::root_document(term) else {
                    self.error(term.span, format!("cannot assign to {kind}"));
                    return;
                };
                name.clone()
            }
        };
        match self.declare(&name, Occurrence::Assigned) {
            Ok(new) => term.value = TermValue::Var(new),
            Err(message) => self.error(term.span, message),
        }
    }

    /// Renames in all terms of an expression.
    pub(super) fn expr(&mut self, expr: &mut Expr) {
        visit_mut::expr(expr, &mut |node| match node {
            NodeMut::Term(term) => self.shallow(term),
            NodeMut::With(with) => {
                self.with(with);
                true
            }
            _ => false,
        });
    }

    /// Renames in a term and all that it holds.
    fn term(&mut self, term: &mut Term) {
        visit_mut::term(term, &mut |node| match node {
            NodeMut::Term(term) => self.shallow(term),
            _ => false,
        });
    }

    /// Renames one term. The answer is whether all that it holds is done, too.
    fn shallow(&mut self, term: &mut Term) -> bool {
        match &mut term.value {
            TermValue::Var(name) => {
                if let Some(new) = self.scopes.renamed(name).cloned() {
                    self.scopes.count_use(name);
                    *name = new;
                } else if self.scopes.occurrence(name).is_none() {
                    let same = name.clone();
                    self.scopes.insert(name, same, Occurrence::Seen);
                }
                true
            }
            TermValue::Ref(_) => {
                let Some(name) = vars::root_document(term).cloned() else {
                    return false;
                };
                let hidden = self
                    .scopes
                    .outer_occurrence(&name)
                    .is_some_and(|occurrence| occurrence != Occurrence::Seen);
                if hidden && let Some(new) = self.scopes.renamed(&name).filter(|new| **new != name)
                {
                    term.value = TermValue::Var(new.clone());
                }
                true
            }
            TermValue::Call(terms) => {
                if let Some(operator) = terms.first() {
                    let hidden = vars::of_term(operator)
                        .iter()
                        .any(|name| self.scopes.renamed(name).is_some_and(|new| new != name));
                    if hidden {
                        let message = format!("called function {operator} shadowed");
                        self.error(term.span, message);
                    }
                }
                false
            }
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    if !is_scalar(&key.value) {
                        self.term(key);
                    }
                    if !is_scalar(&value.value) {
                        self.term(value);
                    }
                }
                true
            }
            TermValue::Set(items) => {
                for item in items.iter_mut().filter(|item| !is_scalar(&item.value)) {
                    self.term(item);
                }
                true
            }
            TermValue::ArrayComprehension(_)
            | TermValue::SetComprehension(_)
            | TermValue::ObjectComprehension(_) => {
                self.comprehension(&mut term.value);
                true
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Template(_)
            | TermValue::Array(_) => false,
        }
    }

    /// Renames in a comprehension, which is a scope of its own.
    pub(super) fn comprehension(&mut self, value: &mut TermValue) {
        match value {
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                let used = vars::of_term(&it.term);
                self.scopes.push();
                self.body(&mut it.body, &used);
                self.term(&mut it.term);
                self.scopes.pop();
            }
            TermValue::ObjectComprehension(it) => {
                let mut used = vars::of_term(&it.key);
                used.extend(vars::of_term(&it.value));
                self.scopes.push();
                self.body(&mut it.body, &used);
                self.term(&mut it.key);
                self.term(&mut it.value);
                self.scopes.pop();
            }
            _ => {}
        }
    }

    /// Renames in a rule's head outside of its own variables: each comprehension and template has scopes of its own.
    pub(super) fn head_term(&mut self, term: &mut Term) {
        visit_mut::term(term, &mut |node| {
            let NodeMut::Term(term) = node else {
                return false;
            };
            match &mut term.value {
                TermValue::ArrayComprehension(_)
                | TermValue::SetComprehension(_)
                | TermValue::ObjectComprehension(_) => {
                    self.alone(|it| it.comprehension(&mut term.value));
                    true
                }
                TermValue::Template(template) => {
                    self.alone(|it| {
                        for part in &mut template.parts {
                            if let TemplatePart::Expr(expr) = part {
                                it.scopes.push();
                                it.expr(expr);
                                it.scopes.pop();
                            }
                        }
                    });
                    true
                }
                _ => false,
            }
        });
    }

    /// Runs with no scope around.
    fn alone(&mut self, f: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.scopes, Scopes::new());
        f(self);
        let inner = std::mem::replace(&mut self.scopes, outer);
        self.scopes.original.extend(inner.original);
        self.scopes.unused.extend(inner.unused);
    }

    fn with(&mut self, with: &mut With) {
        self.term(&mut with.target);
        if let Some(hidden) = self.scopes.renamed("input") {
            // A local variable `input` is not what `with input as …` means.
            match &mut with.target.value {
                TermValue::Var(name) if name == hidden => {
                    let head = Term {
                        span: with.target.span,
                        value: TermValue::Var("input".into()),
                    };
                    with.target.value = TermValue::Ref(vec![head]);
                }
                TermValue::Ref(parts) => {
                    if let Some(Term {
                        value: TermValue::Var(name),
                        ..
                    }) = parts.first_mut()
                        && name == hidden
                    {
                        *name = "input".into();
                    }
                }
                _ => {}
            }
        }
        self.term(&mut with.value);
    }
}

/// What kind of term a message calls it.
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
