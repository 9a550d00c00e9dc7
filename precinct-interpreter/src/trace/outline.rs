//! Rules and bodies, as far as a trace shows them.

use std::collections::HashMap;
use std::sync::Arc;

use precinct_rego::ast::{
    Body, Expr, ExprKind, Head, Module, Rule, SourceId, Span, TemplatePart, Term, TermValue,
};

/// Everything that a trace can show.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The rules by where they stand, `else` branches apart.
    pub(super) rules: HashMap<Span, Arc<Scope>>,
    /// The documents and functions by name.
    pub(super) documents: HashMap<Arc<str>, Document>,
}

/// What is known of a document or function.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    /// All bodies that hold give the same constant: the first is enough.
    pub early: bool,
    /// The constant.
    constant: Option<Arc<str>>,
    /// The rule that answers when no other does.
    pub default: Option<Arc<Scope>>,
    /// Some bodies give something else.
    mixed: bool,
}

/// A rule or a body.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Whether this is a rule.
    pub rule: bool,
    /// The rule's name or the body's text.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// The rule's head.
    pub head: Span,
    /// The document that the rule belongs to.
    pub document: Arc<str>,
    /// Members of a set or object: each answer is taken, then the next is asked for.
    pub collects: bool,
    /// The expressions.
    pub exprs: Vec<Step>,
}

impl Scope {
    /// The place of the mark that says that it held.
    pub fn end(&self) -> Span {
        if self.rule {
            return self.head;
        }
        Span {
            end: self.span.start,
            ..self.span
        }
    }
}

/// An expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Where it stands.
    pub span: Span,
    /// Its text.
    pub text: Arc<str>,
    /// `not`
    pub negated: bool,
    /// The bodies in it.
    pub inner: Vec<Arc<Scope>>,
    /// It compares a reference with a constant: an index would have sorted the rule out.
    pub indexed: bool,
    /// What `trace` says: a text, or the name of a variable.
    pub note: Option<Note>,
    /// The documents that it mentions.
    pub documents: Vec<Arc<str>>,
}

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// This.
    Text(Arc<str>),
    /// The value of a variable.
    Variable(Arc<str>),
}

impl Outline {
    /// The outline of compiled modules.
    #[must_use]
    pub fn new(modules: &[Module]) -> Self {
        let mut outline = Self::default();
        for module in modules {
            let package = dotted(&module.package.path);
            for rule in &module.rules {
                outline.rule(&package, rule);
            }
        }
        outline
    }

    fn rule(&mut self, package: &str, rule: &Rule) {
        let name: Arc<str> = name(package, &rule.head).into();
        let chained = rule.else_rule.is_some();
        let mut next = Some(rule);
        while let Some(rule) = next {
            let head = &rule.head;
            let collects = head.key.is_some() || head.reference.iter().skip(1).any(is_open);
            let mut exprs = steps(&rule.body);
            if rule.default {
                exprs = vec![Step {
                    span: rule.span,
                    text: "true".into(),
                    ..Step::default()
                }];
            }
            let scope = Arc::new(Scope {
                rule: true,
                text: Arc::clone(&name),
                span: rule.span,
                head: head.span,
                document: Arc::clone(&name),
                collects,
                exprs,
            });
            let document = self.documents.entry(Arc::clone(&name)).or_default();
            if rule.default {
                document.default = Some(Arc::clone(&scope));
            } else {
                document.values(head, chained || collects);
            }
            self.rules.entry(rule.span).or_insert(scope);
            next = rule.else_rule.as_deref();
        }
    }

    /// The outline of a query.
    #[must_use]
    pub fn query(body: &Body) -> Query {
        let mut exprs = steps(body);
        for (step, expr) in exprs.iter_mut().zip(body.iter()) {
            if matches!(expr.kind, ExprKind::Term(_)) && !expr.negated {
                step.text = format!("{} = _", step.text).into();
            }
        }
        let texts: Vec<&str> = exprs.iter().map(|step| step.text.as_ref()).collect();
        let text = texts.join("; ").into();
        Query(Arc::new(Scope {
            text,
            span: exprs.first().map(|step| step.span).unwrap_or_default(),
            exprs,
            ..Scope::default()
        }))
    }

    /// The query `data.a.b = _` of a document.
    #[must_use]
    pub fn document(name: &str) -> Query {
        let text: Arc<str> = format!("{name} = _").into();
        let span = Span {
            source: SourceId(u32::MAX),
            row: 1,
            col: 1,
            ..Span::default()
        };
        let step = Step {
            span,
            text: Arc::clone(&text),
            documents: vec![name.into()],
            ..Step::default()
        };
        Query(Arc::new(Scope {
            text,
            span,
            exprs: vec![step],
            ..Scope::default()
        }))
    }
}

impl Outline {
    /// Whether some note says the value of a variable.
    pub(super) fn notes_variables(&self) -> bool {
        let steps = self.rules.values().flat_map(|scope| &scope.exprs);
        steps
            .into_iter()
            .any(|step| matches!(step.note, Some(Note::Variable(_))))
    }
}

/// The outline of a query.
#[derive(Clone, Debug, Default)]
pub struct Query(pub(super) Arc<Scope>);

impl Document {
    fn values(&mut self, head: &Head, never: bool) {
        let constant: Option<Arc<str>> = match &head.value {
            None => Some("true".into()),
            Some(value) if is_constant(value) => Some(value.to_string().into()),
            Some(_) => None,
        };
        let fits = match &self.constant {
            None => true,
            Some(known) => constant.as_ref() == Some(known),
        };
        self.mixed |= never || !fits || constant.is_none();
        self.constant = constant;
        self.early = !self.mixed;
    }
}

/// `data.a.b` of a package and a rule's head, up to its first part that is not constant.
fn name(package: &str, head: &Head) -> String {
    let mut name = package.to_owned();
    for (number, part) in head.reference.iter().enumerate() {
        match &part.value {
            TermValue::Var(var) if number == 0 => push(&mut name, var),
            TermValue::String(text) => push(&mut name, text),
            _ => break,
        }
    }
    name
}

fn dotted(path: &[Term]) -> String {
    let mut text = String::new();
    for part in path {
        match &part.value {
            TermValue::Var(name) => push(&mut text, name),
            TermValue::String(name) => push(&mut text, name),
            _ => break,
        }
    }
    text
}

fn push(name: &mut String, part: &str) {
    let plain = part
        .chars()
        .enumerate()
        .all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    if name.is_empty() {
        name.push_str(part);
    } else if plain && !part.is_empty() {
        name.push('.');
        name.push_str(part);
    } else {
        name.push_str(&format!("[{part:?}]"));
    }
}

fn is_open(part: &Term) -> bool {
    !matches!(part.value, TermValue::String(_))
}

fn is_constant(term: &Term) -> bool {
    matches!(
        term.value,
        TermValue::Null | TermValue::Boolean(_) | TermValue::Number(_) | TermValue::String(_)
    ) || is_ground(term)
}

/// A collection of constants. The parser bounds how deeply they nest.
fn is_ground(term: &Term) -> bool {
    match &term.value {
        TermValue::Array(parts) | TermValue::Set(parts) => parts.iter().all(is_constant),
        TermValue::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_constant(key) && is_constant(value)),
        _ => false,
    }
}

fn steps(body: &Body) -> Vec<Step> {
    body.iter().map(step).collect()
}

fn scope(body: &Body) -> Arc<Scope> {
    let exprs = steps(body);
    let texts: Vec<&str> = exprs.iter().map(|step| step.text.as_ref()).collect();
    Arc::new(Scope {
        text: texts.join("; ").into(),
        span: exprs.first().map(|step| step.span).unwrap_or_default(),
        collects: true,
        exprs,
        ..Scope::default()
    })
}

fn step(expr: &Expr) -> Step {
    let mut inner = Vec::new();
    let mut documents = Vec::new();
    let mut visit = |term: &Term| bodies(term, &mut inner, &mut documents);
    match &expr.kind {
        ExprKind::Term(term) => visit(term),
        ExprKind::Call(terms) | ExprKind::Some(terms) => terms.iter().for_each(visit),
        ExprKind::Every(every) => {
            visit(&every.domain);
            inner.push(scope(&every.body));
        }
        ExprKind::Not(not) => inner.push(scope(&not.body)),
        ExprKind::And(sides) | ExprKind::Or(sides) => {
            inner.push(scope(&sides.lhs));
            inner.push(scope(&sides.rhs));
        }
    }
    for with in &expr.with {
        bodies(&with.value, &mut inner, &mut documents);
    }
    if expr.negated {
        let mut positive = expr.clone();
        positive.negated = false;
        inner = vec![scope(&vec![positive].into())];
        documents.clear();
    }
    Step {
        span: expr.span,
        text: expr.to_string().into(),
        negated: expr.negated || matches!(expr.kind, ExprKind::Not(_)),
        inner,
        indexed: is_indexed(expr),
        note: note(expr),
        documents,
    }
}

fn is_indexed(expr: &Expr) -> bool {
    let ExprKind::Call(terms) = &expr.kind else {
        return false;
    };
    if expr.negated || !expr.with.is_empty() || terms.len() != 3 {
        return false;
    }
    let equal = ["eq", "equal"].iter().any(|name| expr.operator_is(name));
    let plain = |term: &Term| match &term.value {
        TermValue::Var(_) => true,
        TermValue::Ref(parts) => {
            matches!(parts.first().map(|head| &head.value), Some(TermValue::Var(name)) if name.as_ref() == "input")
                && parts.iter().skip(1).all(is_constant)
        }
        _ => false,
    };
    equal
        && (plain(&terms[1]) && is_constant(&terms[2])
            || plain(&terms[2]) && is_constant(&terms[1]))
}

fn note(expr: &Expr) -> Option<Note> {
    let ExprKind::Call(terms) = &expr.kind else {
        return None;
    };
    if !expr.operator_is("trace") {
        return None;
    }
    match &terms.get(1)?.value {
        TermValue::String(text) => Some(Note::Text(text.as_ref().into())),
        TermValue::Var(name) => Some(Note::Variable(name.as_ref().into())),
        _ => None,
    }
}

/// The bodies of comprehensions and the documents in a term. The parser bounds how deeply they nest.
fn bodies(one: &Term, inner: &mut Vec<Arc<Scope>>, documents: &mut Vec<Arc<str>>) {
    match &one.value {
        TermValue::Null
        | TermValue::Boolean(_)
        | TermValue::Number(_)
        | TermValue::String(_)
        | TermValue::Var(_) => {}
        TermValue::Template(template) => {
            for part in &template.parts {
                if let TemplatePart::Expr(expr) = part {
                    inner.extend(step(expr).inner);
                }
            }
        }
        TermValue::Ref(parts) => {
            let rooted = matches!(parts.first().map(|head| &head.value), Some(TermValue::Var(name)) if name.as_ref() == "data");
            if rooted {
                documents.push(dotted(parts).into());
            }
            for part in parts {
                bodies(part, inner, documents);
            }
        }
        TermValue::Array(parts) | TermValue::Set(parts) | TermValue::Call(parts) => {
            for part in parts {
                bodies(part, inner, documents);
            }
        }
        TermValue::Object(entries) => {
            for (key, value) in entries {
                bodies(key, inner, documents);
                bodies(value, inner, documents);
            }
        }
        TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
            inner.push(scope(&c.body));
        }
        TermValue::ObjectComprehension(c) => inner.push(scope(&c.body)),
    }
}
