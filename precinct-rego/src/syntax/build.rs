//! Arena nodes to the syntax tree.

use crate::ast::{
    Body, Comprehension, Every, Expr, ExprKind, Head, Import, Logical, NotBody,
    ObjectComprehension, Package, Ref, Rule, Span, Template, TemplatePart, Term, TermValue, With,
};

use super::parser::Parser;
use super::tree::{
    self, ExprId, HeadNode, ImportNode, Operand, PackageNode, Part, RuleNode, TermId, TermKind,
    Tree, WithNode,
};

impl Parser<'_> {
    pub(super) fn display_term(&self, id: TermId) -> String {
        self.tree.build_term(id).to_string()
    }

    pub(super) fn display_ref(&self, parts: &[TermId]) -> String {
        Term {
            span: Span::default(),
            value: TermValue::Ref(self.tree.build_terms(parts)),
        }
        .to_string()
    }
}

impl Tree {
    pub(super) fn build_term(&self, id: TermId) -> Term {
        let node = self.term(id);
        Term {
            span: node.span,
            value: self.build_value(&node.kind),
        }
    }

    pub(super) fn build_terms(&self, ids: &[TermId]) -> Ref {
        ids.iter().map(|id| self.build_term(*id)).collect()
    }

    fn build_value(&self, kind: &TermKind) -> TermValue {
        match kind {
            TermKind::Null => TermValue::Null,
            TermKind::Boolean(value) => TermValue::Boolean(*value),
            TermKind::Number(text) => TermValue::Number(text.clone()),
            TermKind::String(text) => TermValue::String(text.clone()),
            TermKind::Var(name) => TermValue::Var(name.clone()),
            TermKind::Template(parts, multi_line) => TermValue::Template(Template {
                parts: parts.iter().map(|part| self.build_part(*part)).collect(),
                multi_line: *multi_line,
            }),
            TermKind::Ref(parts) => TermValue::Ref(self.build_terms(parts)),
            TermKind::Array(items) => TermValue::Array(self.build_terms(items)),
            TermKind::Set(items) => TermValue::Set(self.build_terms(items)),
            TermKind::Call(terms) => TermValue::Call(self.build_terms(terms)),
            TermKind::Object(entries) => TermValue::Object(
                entries
                    .iter()
                    .map(|(key, value)| (self.build_term(*key), self.build_term(*value)))
                    .collect(),
            ),
            TermKind::ArrayComprehension(term, body) => {
                TermValue::ArrayComprehension(Box::new(self.build_comprehension(*term, body)))
            }
            TermKind::SetComprehension(term, body) => {
                TermValue::SetComprehension(Box::new(self.build_comprehension(*term, body)))
            }
            TermKind::ObjectComprehension(key, value, body) => {
                TermValue::ObjectComprehension(Box::new(ObjectComprehension {
                    key: self.build_term(*key),
                    value: self.build_term(*value),
                    body: self.build_body(body),
                }))
            }
        }
    }

    fn build_part(&self, part: Part) -> TemplatePart {
        match part {
            Part::Text(term) => TemplatePart::Text(self.build_term(term)),
            Part::Expr(expr) => TemplatePart::Expr(Box::new(self.build_expr(expr))),
        }
    }

    fn build_comprehension(&self, term: TermId, body: &[ExprId]) -> Comprehension {
        Comprehension {
            term: self.build_term(term),
            body: self.build_body(body),
        }
    }

    pub(super) fn build_body(&self, body: &[ExprId]) -> Body {
        body.iter().map(|id| self.build_expr(*id)).collect()
    }

    fn build_with(&self, with: &[WithNode]) -> Vec<With> {
        with.iter()
            .map(|with| With {
                span: with.span,
                target: self.build_term(with.target),
                value: self.build_term(with.value),
            })
            .collect()
    }

    fn build_logical(&self, span: Span, lhs: &Operand, rhs: &Operand) -> Logical {
        Logical {
            span,
            lhs: self.build_body(&lhs.body),
            rhs: self.build_body(&rhs.body),
            lhs_explicit: lhs.explicit,
            rhs_explicit: rhs.explicit,
        }
    }

    pub(super) fn build_expr(&self, id: ExprId) -> Expr {
        let node = self.expr(id);
        let kind = match &node.kind {
            tree::ExprKind::Term(term) => ExprKind::Term(self.build_term(*term)),
            tree::ExprKind::Call(terms) => ExprKind::Call(self.build_terms(terms)),
            tree::ExprKind::Some(_, terms) => ExprKind::Some(self.build_terms(terms)),
            tree::ExprKind::Every(every) => ExprKind::Every(Box::new(Every {
                span: every.span,
                key: every.key.map(|key| self.build_term(key)),
                value: self.build_term(every.value),
                domain: self.build_term(every.domain),
                body: self.build_body(&every.body),
            })),
            tree::ExprKind::Not {
                span,
                body,
                explicit,
            } => ExprKind::Not(Box::new(NotBody {
                span: *span,
                body: self.build_body(body),
                explicit: *explicit,
            })),
            tree::ExprKind::Logical(node) => {
                let logical = Box::new(self.build_logical(node.span, &node.lhs, &node.rhs));
                if node.or {
                    ExprKind::Or(logical)
                } else {
                    ExprKind::And(logical)
                }
            }
        };
        Expr {
            span: node.span.unwrap_or_default(),
            kind,
            negated: node.negated,
            generated: node.generated,
            with: self.build_with(&node.with),
        }
    }

    fn build_head(&self, head: &HeadNode) -> Head {
        Head {
            span: head.span,
            name: head.name.clone().unwrap_or_else(|| "".into()),
            reference: self.build_terms(&head.reference),
            args: self.build_terms(&head.args),
            key: head.key.map(|key| self.build_term(key)),
            value: head.value.map(|value| self.build_term(value)),
            assign: head.assign,
            generated_value: head.generated_value,
            keywords: head.keywords,
        }
    }

    pub(super) fn build_rule(&self, rule: &RuleNode) -> Rule {
        Rule {
            span: rule.span,
            default: rule.default,
            head: self.build_head(&rule.head),
            body: self.build_body(&rule.body),
            generated_body: rule.generated_body,
            else_rule: rule
                .else_rule
                .as_ref()
                .map(|rule| Box::new(self.build_rule(rule))),
            annotations: Vec::new(),
        }
    }

    pub(super) fn build_package(&self, package: &PackageNode) -> Package {
        Package {
            span: package.span,
            path: self.build_terms(&package.path),
        }
    }

    pub(super) fn build_import(&self, import: &ImportNode) -> Import {
        Import {
            span: import.span,
            path: self.build_term(import.path),
            alias: import.alias.clone(),
        }
    }
}
