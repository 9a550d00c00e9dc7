//! What the parser builds while it reads: nodes in an arena, referred to by index.
//!
//! Rego has to be tried in more than one reading (`{a | b}`, `p if {…}`), and a piece that was read once is found
//! again in the other reading. Indices make that sharing free. [`build`](super::build) turns the result into a tree.

use std::sync::Arc;

use crate::ast::{HeadKeywords, Span};

/// Index of a [`TermNode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermId(pub(super) u32);

/// Index of an [`ExprNode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExprId(pub(super) u32);

#[derive(Clone, Debug)]
pub(super) struct TermNode {
    pub(super) span: Span,
    pub(super) kind: TermKind,
}

#[derive(Clone, Debug)]
pub(super) enum TermKind {
    Null,
    Boolean(bool),
    Number(Arc<str>),
    String(Arc<str>),
    Template(Vec<Part>, bool),
    Var(Arc<str>),
    Ref(Vec<TermId>),
    Array(Vec<TermId>),
    Object(Vec<(TermId, TermId)>),
    Set(Vec<TermId>),
    ArrayComprehension(TermId, Vec<ExprId>),
    SetComprehension(TermId, Vec<ExprId>),
    ObjectComprehension(TermId, TermId, Vec<ExprId>),
    Call(Vec<TermId>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Text(TermId),
    Expr(ExprId),
}

#[derive(Clone, Debug)]
pub(super) struct ExprNode {
    /// Not known until the expression is complete.
    pub(super) span: Option<Span>,
    pub(super) kind: ExprKind,
    pub(super) negated: bool,
    pub(super) generated: bool,
    pub(super) with: Vec<WithNode>,
}

#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Term(TermId),
    Call(Vec<TermId>),
    Some(Span, Vec<TermId>),
    Every(EveryNode),
    Not {
        span: Span,
        body: Vec<ExprId>,
        explicit: bool,
    },
    Logical(LogicalNode),
}

#[derive(Clone, Debug)]
pub(super) struct EveryNode {
    pub(super) span: Span,
    pub(super) key: Option<TermId>,
    pub(super) value: TermId,
    pub(super) domain: TermId,
    pub(super) body: Vec<ExprId>,
}

#[derive(Clone, Debug)]
pub(super) struct LogicalNode {
    pub(super) or: bool,
    pub(super) span: Span,
    pub(super) lhs: Operand,
    pub(super) rhs: Operand,
}

/// A side of `and` or `or`.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) body: Vec<ExprId>,
    pub(super) explicit: bool,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct WithNode {
    pub(super) span: Span,
    pub(super) target: TermId,
    pub(super) value: TermId,
}

#[derive(Clone, Debug)]
pub(super) struct HeadNode {
    pub(super) span: Span,
    pub(super) name: Option<Arc<str>>,
    pub(super) reference: Vec<TermId>,
    pub(super) args: Vec<TermId>,
    pub(super) key: Option<TermId>,
    pub(super) value: Option<TermId>,
    pub(super) assign: bool,
    pub(super) generated_value: bool,
    pub(super) keywords: HeadKeywords,
}

#[derive(Clone, Debug)]
pub(super) struct RuleNode {
    pub(super) span: Span,
    pub(super) default: bool,
    pub(super) head: HeadNode,
    pub(super) body: Vec<ExprId>,
    pub(super) generated_body: bool,
    pub(super) else_rule: Option<Box<RuleNode>>,
    /// The body has no place of its own, but that of the rule (an `else` without braces).
    pub(super) body_at_rule: bool,
}

#[derive(Clone, Debug)]
pub(super) struct PackageNode {
    pub(super) span: Span,
    pub(super) path: Vec<TermId>,
}

#[derive(Clone, Debug)]
pub(super) struct ImportNode {
    pub(super) span: Span,
    pub(super) path: TermId,
    pub(super) alias: Option<(Arc<str>, Span)>,
}

#[derive(Debug)]
pub(super) enum Statement {
    Package(PackageNode),
    Import(ImportNode),
    Rule(RuleNode),
    Body(Vec<ExprId>),
}

/// The arena.
#[derive(Debug, Default)]
pub(super) struct Tree {
    terms: Vec<TermNode>,
    exprs: Vec<ExprNode>,
    /// Stands for nodes of indices that this arena did not give out.
    missing_term: TermNode,
    missing_expr: ExprNode,
}

impl Default for TermNode {
    fn default() -> Self {
        Self {
            span: Span::default(),
            kind: TermKind::Null,
        }
    }
}

impl Default for ExprNode {
    fn default() -> Self {
        Self {
            span: None,
            kind: ExprKind::Term(TermId(u32::MAX)),
            negated: false,
            generated: false,
            with: Vec::new(),
        }
    }
}

impl Tree {
    pub(super) fn add_term(&mut self, span: Span, kind: TermKind) -> TermId {
        let id = TermId(u32::try_from(self.terms.len()).unwrap_or(u32::MAX));
        self.terms.push(TermNode { span, kind });
        id
    }

    pub(super) fn add_expr(&mut self, kind: ExprKind, span: Option<Span>) -> ExprId {
        let id = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        self.exprs.push(ExprNode {
            span,
            kind,
            ..ExprNode::default()
        });
        id
    }

    pub(super) fn term(&self, id: TermId) -> &TermNode {
        self.terms.get(id.0 as usize).unwrap_or(&self.missing_term)
    }

    pub(super) fn term_mut(&mut self, id: TermId) -> &mut TermNode {
        self.terms
            .get_mut(id.0 as usize)
            .unwrap_or(&mut self.missing_term)
    }

    pub(super) fn expr(&self, id: ExprId) -> &ExprNode {
        self.exprs.get(id.0 as usize).unwrap_or(&self.missing_expr)
    }

    pub(super) fn expr_mut(&mut self, id: ExprId) -> &mut ExprNode {
        self.exprs
            .get_mut(id.0 as usize)
            .unwrap_or(&mut self.missing_expr)
    }

    pub(super) fn kind(&self, id: TermId) -> &TermKind {
        &self.term(id).kind
    }

    /// The variable's name, if the term is one.
    pub(super) fn var(&self, id: TermId) -> Option<&Arc<str>> {
        match self.kind(id) {
            TermKind::Var(name) => Some(name),
            _ => None,
        }
    }

    /// The name of a one-part or the dotted name of a longer operator: `equal`, `internal.member_2`.
    pub(super) fn operator(&self, call: &[TermId]) -> Option<String> {
        let TermKind::Ref(parts) = self.kind(*call.first()?) else {
            return None;
        };
        let mut name = String::new();
        for part in parts {
            if !name.is_empty() {
                name.push('.');
            }
            match self.kind(*part) {
                TermKind::Var(text) | TermKind::String(text) => name.push_str(text),
                _ => return None,
            }
        }
        Some(name)
    }

    /// OPA's name of the kind of value.
    pub(super) fn value_name(&self, id: TermId) -> &'static str {
        match self.kind(id) {
            TermKind::Null => "null",
            TermKind::Boolean(_) => "boolean",
            TermKind::Number(_) => "number",
            TermKind::String(_) => "string",
            TermKind::Template(..) => "templatestring",
            TermKind::Var(_) => "var",
            TermKind::Ref(_) => "ref",
            TermKind::Array(_) => "array",
            TermKind::Object(_) => "object",
            TermKind::Set(_) => "set",
            TermKind::ArrayComprehension(..) => "arraycomprehension",
            TermKind::SetComprehension(..) => "setcomprehension",
            TermKind::ObjectComprehension(..) => "objectcomprehension",
            TermKind::Call(_) => "call",
        }
    }

    /// Whether the term holds no variable, reference to other documents, call or comprehension.
    /// As in OPA, a reference is ground when its operands are, and closures are not.
    pub(super) fn is_ground(&self, id: TermId) -> bool {
        match self.kind(id) {
            TermKind::Null | TermKind::Boolean(_) | TermKind::Number(_) | TermKind::String(_) => {
                true
            }
            TermKind::Template(..)
            | TermKind::Var(_)
            | TermKind::ArrayComprehension(..)
            | TermKind::SetComprehension(..)
            | TermKind::ObjectComprehension(..) => false,
            TermKind::Ref(parts) => self.is_ground_ref(parts),
            TermKind::Array(items) | TermKind::Set(items) | TermKind::Call(items) => {
                items.iter().all(|item| self.is_ground(*item))
            }
            TermKind::Object(entries) => entries
                .iter()
                .all(|(key, value)| self.is_ground(*key) && self.is_ground(*value)),
        }
    }

    /// Whether all operands of the reference are ground.
    pub(super) fn is_ground_ref(&self, parts: &[TermId]) -> bool {
        parts.iter().skip(1).all(|part| self.is_ground(*part))
    }
}
