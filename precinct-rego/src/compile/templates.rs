//! Template strings become calls that join their parts; undefined parts must not make the whole undefined.
//!
//! ```text
//! $"a {input.x}"    ==>    internal.template_string(["a ", {__local0__ | __local0__ = input.x}])
//! ```

use std::collections::HashMap;

use super::locals::{Locals, equality};
use super::outputs;
use super::vars::{self, Arity, Scope, VarSet, shown};
use super::visit::{self, Node};
use super::visit_mut::{self, NodeMut};
use crate::ast::{
    Body, Comprehension, Expr, ExprKind, Rule, Span, Template, TemplatePart, Term, TermValue, Var,
};
use crate::error::{Code, Diagnostic};

/// What the rewriting needs to know.
pub(super) struct Templates<'a> {
    pub(super) locals: &'a mut Locals,
    pub(super) arity: Arity<'a>,
    /// Builtins that can give several answers.
    pub(super) is_relation: &'a dyn Fn(&[Term]) -> bool,
    /// References to rules that always have a value.
    pub(super) is_defined: &'a dyn Fn(&[Term]) -> bool,
    pub(super) original: &'a HashMap<Var, Var>,
    pub(super) supported: bool,
    pub(super) errors: Vec<Diagnostic>,
}

/// Whether a rule has template strings.
pub(super) fn in_rule(rule: &Rule) -> bool {
    let mut found = false;
    let mut look = |node: Node<'_>| {
        if let Node::Term(term) = node {
            found |= matches!(term.value, TermValue::Template(_));
        }
        false
    };
    visit::head(rule, &mut look);
    visit::body(&rule.body, &mut look);
    found
}

impl Templates<'_> {
    /// Rewrites a rule; `else` branches are rules of their own.
    pub(super) fn rule(&mut self, rule: &mut Rule) {
        let mut safe = Scope::default().of_terms(&rule.head.args);
        safe.extend(vars::roots());
        let safe = self.body(&mut rule.body, &safe);
        visit_mut::head(rule, &mut |node| self.node(node, &safe));
    }

    /// Rewrites a body. The answer is the variables that have values behind it.
    pub(super) fn body(&mut self, body: &mut Body, globals: &VarSet) -> VarSet {
        let mut safe = outputs::of_body(body, self.arity, globals);
        safe.extend(globals.iter().cloned());
        for expr in body {
            visit_mut::expr(expr, &mut |node| self.node(node, &safe));
        }
        safe
    }

    fn node(&mut self, node: NodeMut<'_>, safe: &VarSet) -> bool {
        match node {
            NodeMut::Term(term) => match &mut term.value {
                TermValue::Template(_) => {
                    self.template(term, safe);
                    false
                }
                TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                    let inner = self.body(&mut it.body, safe);
                    self.template(&mut it.term, &inner);
                    visit_mut::term(&mut it.term, &mut |node| self.node(node, safe));
                    true
                }
                TermValue::ObjectComprehension(it) => {
                    let inner = self.body(&mut it.body, safe);
                    self.template(&mut it.key, &inner);
                    self.template(&mut it.value, &inner);
                    for part in [&mut it.key, &mut it.value] {
                        visit_mut::term(part, &mut |node| self.node(node, safe));
                    }
                    true
                }
                _ => false,
            },
            NodeMut::Every(every) => {
                self.template(&mut every.domain, safe);
                let mut inner = safe.clone();
                inner.extend(every.key.as_ref().map(vars::of_term).unwrap_or_default());
                inner.extend(vars::of_term(&every.value));
                self.body(&mut every.body, &inner);
                visit_mut::term(&mut every.domain, &mut |node| self.node(node, safe));
                true
            }
            _ => false,
        }
    }

    /// Rewrites the term if it is a template string.
    fn template(&mut self, term: &mut Term, safe: &VarSet) {
        let span = term.span;
        let TermValue::Template(template) = &mut term.value else {
            return;
        };
        if !self.supported {
            self.errors.push(Diagnostic::new(
                Code::Compile,
                span,
                "template-strings are not supported",
            ));
            return;
        }
        let template = std::mem::replace(
            template,
            Template {
                parts: Vec::new(),
                multi_line: false,
            },
        );
        let mut items: Vec<Term> = Vec::new();
        for part in template.parts {
            match part {
                TemplatePart::Text(term) => items.push(term),
                TemplatePart::Expr(expr) => items.extend(self.part(*expr, safe)),
            }
        }
        if items.is_empty() {
            items.push(Term {
                span,
                value: TermValue::String("".into()),
            });
        }
        let operator = Term {
            span,
            value: TermValue::Ref(vec![
                Term {
                    span,
                    value: TermValue::Var("internal".into()),
                },
                Term {
                    span,
                    value: TermValue::String("template_string".into()),
                },
            ]),
        };
        let array = Term {
            span,
            value: TermValue::Array(items),
        };
        term.value = TermValue::Call(vec![operator, array]);
    }

    fn error(&mut self, span: Span, message: String) {
        self.errors
            .push(Diagnostic::new(Code::Compile, span, message));
    }

    fn part(&mut self, expr: Expr, safe: &VarSet) -> Option<Term> {
        let span = expr.span;
        let term = match expr.kind {
            ExprKind::Term(term) => term,
            ExprKind::Call(terms) => {
                if let Some(operator) = terms.first()
                    && let TermValue::Ref(parts) = &operator.value
                    && (self.is_relation)(parts)
                {
                    self.error(
                        Span::default(),
                        format!(
                            "illegal call to relation built-in '{operator}' that may cause multiple outputs"
                        ),
                    );
                    return None;
                }
                // As in OPA, the call has no place of its own.
                Term {
                    span: Span::default(),
                    value: TermValue::Call(terms),
                }
            }
            kind => {
                let kind = match kind {
                    ExprKind::Every(_) => "Every",
                    ExprKind::Some(_) => "SomeDecl",
                    ExprKind::Not(_) => "Not",
                    ExprKind::And(_) => "LogicalAnd",
                    _ => "LogicalOr",
                };
                self.error(
                    span,
                    format!("unexpected template-string expression type: *ast.{kind}"),
                );
                return None;
            }
        };
        let stands_alone = match &term.value {
            TermValue::Ref(parts) => (self.is_defined)(parts),
            TermValue::Var(_) => true,
            _ => false,
        };
        if stands_alone {
            return Some(Term {
                span: term.span,
                value: TermValue::Set(vec![term]),
            });
        }
        for name in Scope::SAFETY.of_term(&term).difference(safe) {
            let name = self.original.get(name).unwrap_or(name);
            let message = format!("var {} is undeclared", shown(name));
            self.errors
                .push(Diagnostic::new(Code::Compile, term.span, message));
        }
        let mut capture = captured(self.locals, term);
        if let TermValue::SetComprehension(it) = &mut capture.value
            && let Some(binding) = it.body.first_mut()
        {
            binding.with = expr.with;
        }
        Some(capture)
    }
}

/// `{__local0__ | __local0__ = term}`: a set with the term's value, or an empty one.
pub(super) fn captured(locals: &mut Locals, term: Term) -> Term {
    let span = term.span;
    let variable = locals.fresh_term(span);
    Term {
        span,
        value: TermValue::SetComprehension(Box::new(Comprehension {
            term: variable.clone(),
            body: vec![equality(variable, term)],
        })),
    }
}
