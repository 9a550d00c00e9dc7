//! Where what stands at a position is defined.

use crate::ast::{
    Body, Expr, ExprKind, Module, Ref, Rule, Span, TemplatePart, Term, TermValue, Var, With,
};
use crate::compile::{Compiled, RuleNode};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing stands at the position.
    Match,
    /// What stands there has no definition.
    Definition,
}

impl Missing {
    /// OPA's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Match => "oracle_no_match_found",
            Self::Definition => "oracle_no_definition_found",
        }
    }
}

/// A node around the position.
#[derive(Clone, Copy)]
enum Node<'a> {
    Rule(&'a Rule),
    Body(&'a Body),
    Expr(&'a Expr),
    Term(&'a Term),
    Other,
}

/// Finds the definition of what stands at a byte offset of a module.
///
/// `compiled` are all modules with their names resolved, `module` is the index there of the module looked at, and
/// `written` is the same module as it was written.
///
/// # Errors
/// When there is none.
pub fn find(
    compiled: &Compiled,
    module: usize,
    written: &Module,
    offset: u32,
) -> Result<Span, Missing> {
    let module = compiled.modules.get(module).ok_or(Missing::Match)?;
    let mut around = Around {
        offset,
        nodes: Vec::new(),
    };
    around.module(module);
    if around.nodes.is_empty() {
        return Err(Missing::Match);
    }
    let found = match target(&around.nodes).ok_or(Missing::Definition)? {
        Target::Ref(parts) => reference(compiled, written, parts),
        Target::Var(name, span) => variable(compiled, &around.nodes, name, span),
    };
    found.ok_or(Missing::Definition)
}

enum Target<'a> {
    Ref(&'a Ref),
    Var(&'a Var, Span),
}

/// The innermost variable, if nothing is within it; else the innermost reference.
fn target<'a>(nodes: &[Node<'a>]) -> Option<Target<'a>> {
    if let Some(Node::Term(term)) = nodes.last()
        && let TermValue::Var(name) = &term.value
    {
        return Some(Target::Var(name, term.span));
    }
    let terms = nodes.iter().rev().filter_map(|node| match node {
        Node::Term(term) => Some(*term),
        _ => None,
    });
    let mut fallback = None;
    for term in terms {
        match &term.value {
            TermValue::Ref(parts) => return Some(Target::Ref(parts)),
            TermValue::Var(name) => {
                fallback = fallback.or(Some(Target::Var(name, term.span)));
            }
            _ => {}
        }
    }
    fallback
}

fn reference(compiled: &Compiled, written: &Module, parts: &Ref) -> Option<Span> {
    rule(compiled, parts).or_else(|| {
        let imports = written.imports.iter().rev();
        imports
            .filter(|import| match &import.path.value {
                TermValue::Ref(path) => parts.starts_with(path),
                _ => false,
            })
            .map(|import| import.path.span)
            .next()
    })
}

/// Where the first rule stands that the reference selects.
fn rule(compiled: &Compiled, parts: &Ref) -> Option<Span> {
    let is_data = matches!(parts.first().map(|head| &head.value), Some(TermValue::Var(name)) if &**name == "data");
    if !is_data {
        return None;
    }
    let first = compiled
        .tree
        .virtual_document(parts)
        .first()
        .copied()
        .or_else(|| first_rule(compiled.tree.find(parts)?))?;
    compiled.rule(first).map(|rule| rule.span)
}

fn first_rule(node: &RuleNode) -> Option<crate::compile::RuleId> {
    let mut found = None;
    node.depth_first(&mut |node| {
        found = found.or(node.rules.first().copied());
        found.is_some() || node.hidden
    });
    found
}

/// From the innermost node on: who declares the variable. A rule that the domain of an iteration selects wins.
fn variable(compiled: &Compiled, nodes: &[Node<'_>], name: &Var, own: Span) -> Option<Span> {
    let mut found = None;
    let declared = |term: &Term| is_var(term, name) && !same_place(term.span, own);
    for node in nodes.iter().rev() {
        match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Every(every) => {
                    if let Some(span) = domain(compiled, &every.domain) {
                        return Some(span);
                    }
                    let names = every.key.iter().chain([&every.value]);
                    found = found.or(names.into_iter().find(|term| declared(term)).map(span));
                }
                ExprKind::Some(list) => {
                    if let Some(TermValue::Call(call)) = list.first().map(|term| &term.value)
                        && let [_, names @ .., last] = call.as_slice()
                    {
                        if let Some(span) = domain(compiled, last) {
                            return Some(span);
                        }
                        found = found.or(names.iter().find(|term| declared(term)).map(span));
                    }
                }
                _ => {}
            },
            Node::Rule(rule) => {
                found = found.or(rule.head.args.iter().find(|term| declared(term)).map(span));
            }
            Node::Body(body) => {
                found = found.or(in_body(body, name).filter(|it| !same_place(*it, own)));
            }
            Node::Term(_) | Node::Other => {}
        }
    }
    found
}

fn span(term: &Term) -> Span {
    term.span
}

fn domain(compiled: &Compiled, domain: &Term) -> Option<Span> {
    match &domain.value {
        TermValue::Ref(parts) => rule(compiled, parts),
        _ => None,
    }
}

fn is_var(term: &Term, name: &Var) -> bool {
    matches!(&term.value, TermValue::Var(other) if other == name)
}

fn same_place(a: Span, b: Span) -> bool {
    (a.source, a.row, a.col) == (b.source, b.row, b.col)
}

/// Where a body assigns the variable, else where it first names it.
fn in_body(body: &Body, name: &Var) -> Option<Span> {
    let (mut assigned, mut first) = (None, None);
    crate::compile::visit::body(body, &mut |node| {
        use crate::compile::visit::Node as Seen;
        match node {
            Seen::Expr(expr) if expr.operator_is("assign") => {
                if let ExprKind::Call(list) = &expr.kind
                    && let Some(target) = list.get(1)
                    && assigned.is_none()
                    && is_var(target, name)
                {
                    assigned = Some(target.span);
                }
            }
            Seen::Term(term) if first.is_none() && is_var(term, name) => first = Some(term.span),
            _ => {}
        }
        assigned.is_some()
    });
    assigned.or(first)
}

/// The walk to a position: outer nodes first.
struct Around<'a> {
    offset: u32,
    nodes: Vec<Node<'a>>,
}

impl<'a> Around<'a> {
    fn within(&self, start: u32, end: u32) -> bool {
        (start..end).contains(&self.offset)
    }

    fn enter(&mut self, span: Span, node: Node<'a>) -> bool {
        let inside = self.within(span.start, span.end);
        if inside {
            self.nodes.push(node);
        }
        inside
    }

    fn module(&mut self, module: &'a Module) {
        self.enter(module.package.span, Node::Other);
        for import in &module.imports {
            if self.enter(import.span, Node::Other) {
                self.term(&import.path);
            }
        }
        for comment in &module.comments {
            self.enter(comment.span, Node::Other);
        }
        for first in &module.rules {
            for rule in first.branches() {
                self.rule(rule);
            }
        }
    }

    fn rule(&mut self, rule: &'a Rule) {
        if !self.enter(rule.span, Node::Rule(rule)) {
            return;
        }
        let head = &rule.head;
        if self.enter(head.span, Node::Other) {
            for term in head.args.iter().chain(&head.key).chain(&head.value) {
                self.term(term);
            }
        }
        self.body(&rule.body);
    }

    fn body(&mut self, body: &'a Body) {
        let Some(first) = body.first() else { return };
        let Some(last) = body.iter().rev().find(|expr| !expr.generated) else {
            return;
        };
        if !self.within(first.span.start, end(last)) {
            return;
        }
        self.nodes.push(Node::Body(body));
        for expr in body {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        if !self.within(expr.span.start, end(expr)) {
            return;
        }
        self.nodes.push(Node::Expr(expr));
        match &expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(list) | ExprKind::Some(list) => {
                self.terms(list);
            }
            ExprKind::Every(every) => {
                for term in every.key.iter().chain([&every.value, &every.domain]) {
                    self.term(term);
                }
                self.body(&every.body);
            }
            ExprKind::Not(not) => self.body(&not.body),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                self.body(&sides.lhs);
                self.body(&sides.rhs);
            }
        }
        for With {
            span,
            target,
            value,
        } in &expr.with
        {
            if self.enter(*span, Node::Other) {
                self.term(target);
                self.term(value);
            }
        }
    }

    fn terms(&mut self, list: &'a [Term]) {
        for term in list {
            self.term(term);
        }
    }

    fn term(&mut self, term: &'a Term) {
        if !self.enter(term.span, Node::Term(term)) {
            return;
        }
        match &term.value {
            TermValue::Ref(list)
            | TermValue::Array(list)
            | TermValue::Set(list)
            | TermValue::Call(list) => self.terms(list),
            TermValue::Object(entries) => {
                for (key, value) in entries {
                    self.term(key);
                    self.term(value);
                }
            }
            TermValue::ArrayComprehension(it) | TermValue::SetComprehension(it) => {
                self.term(&it.term);
                self.body(&it.body);
            }
            TermValue::ObjectComprehension(it) => {
                self.term(&it.key);
                self.term(&it.value);
                self.body(&it.body);
            }
            TermValue::Template(template) => {
                for part in &template.parts {
                    match part {
                        TemplatePart::Text(term) => self.term(term),
                        TemplatePart::Expr(expr) => self.expr(expr),
                    }
                }
            }
            TermValue::Null
            | TermValue::Boolean(_)
            | TermValue::Number(_)
            | TermValue::String(_)
            | TermValue::Var(_) => {}
        }
    }
}

/// Where an expression ends, the body of an `every` included.
fn end(expr: &Expr) -> u32 {
    let inner = match &expr.kind {
        ExprKind::Every(every) => every.body.iter().rev().find(|it| !it.generated).map(end),
        _ => None,
    };
    inner.unwrap_or(expr.span.end).max(expr.span.end)
}
