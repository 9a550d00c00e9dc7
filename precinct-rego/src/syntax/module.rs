//! Statements to a module. A statement that reads as a query is a rule if it has the form of one (`p = 1`, `f(x)`).

use std::sync::Arc;

use crate::ast::{Annotations, Comment, HeadKeywords, Module, RegoVersion, Span};
use crate::error::Diagnostic;

use super::builtins;
use super::parser::{Parser, whole_error};
use super::tree::{ExprId, ExprKind, HeadNode, RuleNode, Statement, TermId, TermKind};
use super::{attach, check};

/// The versions that a module is valid under: from the one it is parsed as to the one that it imports.
#[derive(Clone, Copy)]
struct Versions {
    min: RegoVersion,
    max: RegoVersion,
}

impl Versions {
    fn of(version: RegoVersion) -> Self {
        match version {
            RegoVersion::V0CompatV1 => Self {
                min: RegoVersion::V0,
                max: RegoVersion::V1,
            },
            version => Self {
                min: version,
                max: version,
            },
        }
    }

    fn raise(&mut self, version: RegoVersion) {
        self.max = self.max.max(version);
    }

    fn single(self) -> RegoVersion {
        if self.min == RegoVersion::V0 && self.max > RegoVersion::V0 {
            return RegoVersion::V0CompatV1;
        }
        self.min
    }
}

/// Puts the module together, or says why its statements don't make one.
pub(super) fn assemble(
    parser: &mut Parser<'_>,
    statements: Vec<Statement>,
    comments: Vec<Comment>,
    annotations: Vec<Annotations>,
) -> Result<Module, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut versions = Versions::of(parser.language.version);
    let mut package = None;
    let mut imports = Vec::new();
    let mut rules = Vec::new();
    let mut statements = statements.into_iter().peekable();
    match statements.next() {
        None if annotations.is_empty() => {
            return Err(vec![whole_error(Span::default(), "empty module")]);
        }
        Some(Statement::Package(first)) => package = Some(parser.tree.build_package(&first)),
        first => {
            let span = first.as_ref().map(|s| span(parser, s)).unwrap_or_default();
            errors.push(whole_error(span, "package expected"));
        }
    }
    while let Some(statement) = statements.next() {
        match statement {
            Statement::Package(second) => {
                errors.push(whole_error(second.span, "unexpected package"));
            }
            Statement::Import(import) => {
                match parser.display_term(import.path).as_str() {
                    "rego.v1" => versions.raise(RegoVersion::V1),
                    "rego.v2" => versions.raise(RegoVersion::V2),
                    _ => {}
                }
                imports.push(parser.tree.build_import(&import));
            }
            Statement::Rule(rule) => rules.push(rule),
            Statement::Body(body) => match rule_of_body(parser, &body) {
                Ok(rule) => rules.push(rule),
                Err(mut message) => {
                    let at = span_of_body(parser, &body);
                    if let Some(hint) = missing_keyword(parser, versions, &body, statements.peek())
                    {
                        message.push_str(hint);
                    }
                    errors.push(whole_error(at, message));
                }
            },
        }
    }
    if versions.max >= RegoVersion::V1 {
        for rule in &rules {
            check::rule(rule, &mut errors);
        }
    }
    let (Some(package), true) = (package, errors.is_empty()) else {
        return Err(errors);
    };
    let mut module = Module {
        package,
        imports,
        rules: rules.iter().map(|r| parser.tree.build_rule(r)).collect(),
        comments,
        annotations,
        version: versions.single(),
    };
    attach::attach(&mut module)?;
    Ok(module)
}

fn span(parser: &Parser<'_>, statement: &Statement) -> Span {
    match statement {
        Statement::Package(package) => package.span,
        Statement::Import(import) => import.span,
        Statement::Rule(rule) => rule.span,
        Statement::Body(body) => span_of_body(parser, body),
    }
}

fn span_of_body(parser: &Parser<'_>, body: &[ExprId]) -> Span {
    body.first()
        .and_then(|id| parser.tree.expr(*id).span)
        .unwrap_or_default()
}

/// The hint at the import that is missing where `p if { … }` was read as `p` and a rule named `if`.
fn missing_keyword(
    parser: &Parser<'_>,
    versions: Versions,
    body: &[ExprId],
    next: Option<&Statement>,
) -> Option<&'static str> {
    if versions.max != RegoVersion::V0 {
        return None;
    }
    let name = body_name(parser, body);
    hint_of(name.as_deref()).or_else(|| {
        let next = next?;
        if span(parser, next).row != span_of_body(parser, body).row {
            return None;
        }
        let name = match next {
            Statement::Rule(rule) => rule.head.name.clone(),
            Statement::Body(body) => body_name(parser, body),
            _ => None,
        };
        hint_of(name.as_deref())
    })
}

fn hint_of(name: Option<&str>) -> Option<&'static str> {
    match name? {
        "if" => Some(" (hint: `import future.keywords.if` for `p if { ... }` rules)"),
        "contains" => Some(" (hint: `import future.keywords.contains` for `p contains x` rules)"),
        _ => None,
    }
}

fn body_name(parser: &Parser<'_>, body: &[ExprId]) -> Option<Arc<str>> {
    match body {
        [one] => match parser.tree.expr(*one).kind {
            ExprKind::Term(term) => parser.tree.var(term).cloned(),
            _ => None,
        },
        _ => None,
    }
}

fn rule_of_body(parser: &mut Parser<'_>, body: &[ExprId]) -> Result<RuleNode, String> {
    let [expr] = body else {
        return Err("multiple expressions cannot be used for rule head".to_owned());
    };
    let node = parser.tree.expr(*expr).clone();
    if !node.with.is_empty() {
        return Err("expressions using with keyword cannot be used for rule head".to_owned());
    }
    if node.negated {
        return Err("negated expressions cannot be used for rule head".to_owned());
    }
    match node.kind {
        ExprKind::Some(..) => Err("'some' declarations cannot be used for rule head".to_owned()),
        ExprKind::Term(term) => rule_of_term(parser, term),
        ExprKind::Call(terms) => rule_of_call(parser, &terms, node.span.unwrap_or_default()),
        _ => Err("expression cannot be used for rule head".to_owned()),
    }
}

fn plain_head(span: Span, name: Option<Arc<str>>, reference: Vec<TermId>) -> HeadNode {
    HeadNode {
        span,
        name,
        reference,
        args: Vec::new(),
        key: None,
        value: None,
        assign: false,
        generated_value: false,
        keywords: HeadKeywords::default(),
    }
}

fn bodiless(parser: &mut Parser<'_>, span: Span, body_at: Span, head: HeadNode) -> RuleNode {
    RuleNode {
        span,
        default: false,
        head,
        body: parser.implied_true(body_at),
        generated_body: true,
        else_rule: None,
        body_at_rule: false,
    }
}

/// A head of this reference, named if it is of one part. Fails when it doesn't start with a variable.
fn ref_head(parser: &Parser<'_>, parts: Vec<TermId>, span: Span) -> Result<HeadNode, String> {
    let head = parts.first().and_then(|p| parser.tree.var(*p)).cloned();
    let Some(name) = head else {
        return Err(format!("invalid rule head: {}", parser.display_ref(&parts)));
    };
    let name = (parts.len() < 2).then_some(name);
    Ok(plain_head(span, name, parts))
}

fn rule_of_term(parser: &mut Parser<'_>, term: TermId) -> Result<RuleNode, String> {
    let span = parser.tree.term(term).span;
    let TermKind::Ref(parts) = parser.tree.kind(term).clone() else {
        let kind = parser.tree.value_name(term);
        return Err(format!("{kind} cannot be used for rule name"));
    };
    if parts.len() == 1 {
        return Err("refs cannot be used for rule head".to_owned());
    }
    let mut head = ref_head(parser, parts.clone(), span)?;
    if let [name, key] = parts.as_slice() {
        head.name = parser.tree.var(*name).cloned();
        head.reference = vec![*name];
        head.key = Some(*key);
    } else {
        head.value = Some(parser.add(span, TermKind::Boolean(true)));
        head.generated_value = true;
    }
    Ok(bodiless(parser, span, span, head))
}

fn rule_of_call(parser: &mut Parser<'_>, terms: &[TermId], span: Span) -> Result<RuleNode, String> {
    let name = parser.tree.operator(terms).unwrap_or_default();
    if matches!(name.as_str(), "eq" | "assign") {
        let (Some(lhs), Some(rhs)) = (terms.get(1), terms.get(2)) else {
            return Err("assignment requires two operands".to_owned());
        };
        let mut rule = rule_of_equation(parser, *lhs, *rhs)?;
        rule.span = span;
        rule.head.span = span;
        rule.head.assign = name == "assign";
        return Ok(rule);
    }
    if builtins::is_name(&name) {
        return Err("rule name conflicts with built-in function".to_owned());
    }
    let [operator, args @ ..] = terms else {
        return Err("expression cannot be used for rule head".to_owned());
    };
    if args.is_empty() {
        return Err("rule argument list must take at least one argument".to_owned());
    }
    let at = parser.tree.term(*operator).span;
    let mut head = ref_head(parser, parser.ref_parts(*operator), at)?;
    // As in OPA, the value counts as written: `f(x)` alone is accepted.
    head.value = Some(parser.add(at, TermKind::Boolean(true)));
    head.args = args.to_vec();
    Ok(bodiless(parser, at, at, head))
}

fn rule_of_equation(parser: &mut Parser<'_>, lhs: TermId, rhs: TermId) -> Result<RuleNode, String> {
    let lhs_at = parser.tree.term(lhs).span;
    let rhs_at = parser.tree.term(rhs).span;
    let mut head = match parser.tree.kind(lhs).clone() {
        TermKind::Call(terms) => {
            let parts = terms.first().map(|op| parser.ref_parts(*op));
            let head = ref_head(parser, parts.unwrap_or_default(), lhs_at);
            let Ok(mut head) = head else {
                return Err("call cannot be used for rule name".to_owned());
            };
            head.args = terms.get(1..).unwrap_or_default().to_vec();
            head
        }
        TermKind::Ref(parts) => {
            let mut head = ref_head(parser, parts.clone(), rhs_at)?;
            if let [name, key] = parts.as_slice() {
                head.name = parser.tree.var(*name).cloned();
                head.key = Some(*key);
            }
            head
        }
        TermKind::Var(name) => {
            let mut head = plain_head(lhs_at, Some(name), vec![lhs]);
            head.span = lhs_at;
            head
        }
        _ => {
            let kind = parser.tree.value_name(lhs);
            return Err(format!("{kind} cannot be used for rule name"));
        }
    };
    head.value = Some(rhs);
    Ok(bodiless(parser, lhs_at, rhs_at, head))
}
