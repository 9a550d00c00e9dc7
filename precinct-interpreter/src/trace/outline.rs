//! Rules and bodies, as far as a trace shows them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::captures::Captures;
use precinct_rego::ast::{
    Body, Child, Every, Expr, ExprKind, Head, Module, Rule, SourceId, Span, Term, TermValue, Var,
};

/// Everything that a trace can show.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The rules by where they stand, `else` branches apart.
    pub(super) rules: HashMap<Span, Arc<Scope>>,
    /// Variables that stand for constants: the engine keeps no value of those.
    constants: HashMap<Arc<str>, Term>,
    /// The documents and functions by name.
    pub(super) documents: HashMap<Arc<str>, Document>,
}

/// What is known of a document or function.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    /// The rule that answers when no other does.
    pub default: Option<Arc<Scope>>,
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
    /// Members of a set or object: each answer is taken, then the next is asked for.
    pub collects: bool,
    /// What the rule gives, if that is a constant.
    pub constant: Option<Arc<str>>,
    /// A `default` rule.
    pub default: bool,
    /// An `else` branch.
    pub otherwise: bool,
    /// An `every`: its only expression gives the members, the body stands in that.
    pub every: bool,
    /// The variables that are shown: their name in the program and that in the source.
    pub vars: Vec<(Arc<str>, Arc<str>)>,
    /// How many of the expressions, the last ones, ask whether values are true that others have captured.
    pub captures: usize,
    /// The expressions.
    pub exprs: Vec<Step>,
}

impl Scope {
    /// Whether an expression of this body (or of an `every`'s) stands here.
    pub fn holds(&self, span: Span) -> bool {
        let inner = self.every.then(|| self.body()).flatten();
        let exprs = inner.as_ref().map_or(&self.exprs, |body| &body.exprs);
        exprs.iter().any(|step| step.span == span)
    }

    /// The body of an `every`.
    pub fn body(&self) -> Option<Arc<Scope>> {
        self.exprs.first()?.inner.first().cloned()
    }

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
    /// What `trace` says: a text, or the name of a variable.
    pub note: Option<Note>,
    /// The variables in it: their name in the program and that in the source.
    pub vars: Vec<(Arc<str>, Arc<str>)>,
    /// The variables and references in it, each where it stands.
    pub parts: Vec<Part>,
    /// The whole expression that the author wrote.
    pub written: Span,
    /// The document whose value it is, in a query.
    pub value_of: Option<Arc<str>>,
    /// The documents that it mentions.
    pub documents: Vec<Arc<str>>,
    /// The variable that gets a constant here.
    pub binds: Option<(Arc<str>, Term)>,
}

/// A variable, or a reference into one.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where it stands.
    pub span: Span,
    /// As it was written.
    pub title: Arc<str>,
    /// The variable's name in the program.
    pub variable: Arc<str>,
    /// What is selected.
    pub path: Vec<Arc<str>>,
    /// A variable of this expression, and not of another that was made of the same text.
    pub own: bool,
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
    pub fn new(modules: &[Module], renamed: &HashMap<Var, Var>) -> Self {
        let mut outline = Self::default();
        let names = Names(renamed);
        for module in modules {
            let package = dotted(&module.package.path);
            for rule in &module.rules {
                outline.rule(&package, rule, names);
            }
        }
        outline
    }

    fn rule(&mut self, package: &str, rule: &Rule, names: Names<'_>) {
        let name: Arc<str> = name(package, &rule.head).into();
        let mut otherwise = false;
        let mut next = Some(rule);
        while let Some(rule) = next {
            let head = &rule.head;
            let collects = head.key.is_some() || head.reference.iter().skip(1).any(is_open);
            let mut exprs = names.steps(&rule.body);
            self.constants_of(&exprs);
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
                collects,
                otherwise,
                every: false,
                constant: given(head),
                default: rule.default,
                captures: 0,
                vars: names.of_terms(head.key.iter().chain(&head.value).chain(&head.args)),
                exprs,
            });
            otherwise = true;
            let document = self.documents.entry(Arc::clone(&name)).or_default();
            if rule.default {
                document.default = Some(Arc::clone(&scope));
            }
            self.rules.entry(rule.span).or_insert(scope);
            next = rule.else_rule.as_deref();
        }
    }

    /// The outline of a query.
    #[must_use]
    pub fn query(body: &Body, renamed: &HashMap<Var, Var>) -> Query {
        let mut exprs = Names(renamed).steps(body);
        let captures = Captures::of(body);
        for (number, step) in exprs.iter_mut().enumerate() {
            match captures.text(number, &step.text) {
                None => {}
                Some((text, is_value)) => {
                    step.value_of = is_value.then(|| Arc::clone(&step.text));
                    step.text = text.into();
                }
            }
        }
        let spans = exprs.iter().map(|step| step.span).collect::<Vec<_>>();
        let asked = captures.asked().into_iter();
        exprs.extend(asked.map(|number| Step {
            span: spans[number],
            text: "_".into(),
            ..Step::default()
        }));
        let texts: Vec<&str> = exprs.iter().map(|step| step.text.as_ref()).collect();
        let text = texts.join("; ").into();
        Query(Arc::new(Scope {
            text,
            span: exprs.first().map(|step| step.span).unwrap_or_default(),
            captures: exprs.len() - body.len(),
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
    fn constants_of(&mut self, steps: &[Step]) {
        for step in steps {
            self.constants.extend(step.binds.clone());
            for inner in &step.inner {
                self.constants_of(&inner.exprs);
            }
        }
    }

    /// What a variable stands for, or what a path selects in it, as text.
    pub(super) fn constant(&self, variable: &str, path: &[Arc<str>]) -> Option<String> {
        Some(selected(self.constants.get(variable)?, path)?.to_string())
    }

    /// The head of the rule that stands here.
    pub(crate) fn head(&self, rule: Span) -> Option<Span> {
        self.rules.get(&rule).map(|scope| scope.head)
    }

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
            TermValue::Var(name) | TermValue::String(name) => push(&mut text, name),
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

/// The author's names of variables.
#[derive(Clone, Copy)]
struct Names<'n>(&'n HashMap<Var, Var>);

impl Names<'_> {
    fn steps(self, body: &Body) -> Vec<Step> {
        let mut steps: Vec<Step> = body.iter().map(|expr| self.step(expr)).collect();
        let spans: Vec<Span> = steps.iter().map(|step| step.span).collect();
        let parts: Vec<Vec<Part>> = steps.iter().map(|step| step.parts.clone()).collect();
        for (number, step) in steps.iter_mut().enumerate() {
            let around = spans.iter().filter(|span| within(step.span, **span));
            step.written = around
                .max_by_key(|span| span.end - span.start)
                .copied()
                .unwrap_or(step.span);
            for (other, span) in spans.iter().enumerate() {
                if other != number && within(*span, step.written) {
                    // The documents are those that this expression itself asks for.
                    let parts = parts[other].iter().cloned();
                    let parts = parts.filter(|part| !part.variable.starts_with("data."));
                    step.parts
                        .extend(parts.map(|part| Part { own: false, ..part }));
                }
            }
        }
        steps
    }

    fn scope(self, body: &Body) -> Arc<Scope> {
        let exprs = self.steps(body);
        let texts: Vec<&str> = exprs.iter().map(|step| step.text.as_ref()).collect();
        Arc::new(Scope {
            text: texts.join("; ").into(),
            span: exprs.first().map(|step| step.span).unwrap_or_default(),
            collects: true,
            exprs,
            ..Scope::default()
        })
    }

    /// An expression as text, with the author's names.
    fn text(self, expr: &Expr) -> Arc<str> {
        let hidden_key = match &expr.kind {
            ExprKind::Every(every) => every.key.as_ref().is_some_and(|key| match &key.value {
                TermValue::Var(name) => !self.0.contains_key(name),
                _ => false,
            }),
            _ => false,
        };
        if !hidden_key {
            return self.renamed(&expr.to_string());
        }
        let mut shown = expr.clone();
        if let ExprKind::Every(every) = &mut shown.kind {
            every.key = None;
        }
        self.renamed(&shown.to_string())
    }

    fn renamed(self, text: &str) -> Arc<str> {
        const PREFIX: &str = "__local";
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(PREFIX) {
            let (before, name) = rest.split_at(at);
            shown.push_str(before);
            // Those of queries are numbered on their own.
            let number = &name[PREFIX.len()..];
            let digits = number.strip_prefix('q').unwrap_or(number);
            let behind = digits.trim_start_matches(|c: char| c.is_ascii_digit());
            let end = name.len() - behind.len();
            let end = if name[end..].starts_with("__") {
                end + 2
            } else {
                end
            };
            let (name, after) = name.split_at(end);
            let author = self.0.get(name).map_or(name, |author| author.as_ref());
            // A wildcard has a name of the parser's.
            shown.push_str(if author.starts_with('$') { "_" } else { author });
            rest = after;
        }
        shown.push_str(rest);
        shown.into()
    }

    fn of_terms<'t>(self, terms: impl Iterator<Item = &'t Term>) -> Vec<(Arc<str>, Arc<str>)> {
        let mut found = BTreeSet::new();
        for term in terms {
            variables(term, &mut found);
        }
        let pair = |name: Var| {
            let shown = self.0.get(&name).unwrap_or(&name);
            (Arc::from(name.as_ref()), Arc::from(shown.as_ref()))
        };
        found.into_iter().map(pair).collect()
    }

    fn parts(self, expr: &Expr, terms: &[&Term]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut next: Vec<&Term> = terms.to_vec();
        let is_call = matches!(expr.kind, ExprKind::Call(_));
        if is_call && !next.is_empty() {
            // The operator is no part that has a value.
            next.remove(0);
        }
        // A builtin that fails leaves its result, a variable that the compiler made, undefined.
        let of_rules = expr
            .operator()
            .is_some_and(|name| dotted_names(name).starts_with("data."));
        let equates = expr.operator_is("eq") || expr.operator_is("assign");
        let computes = is_call && !equates && !of_rules;
        while let Some(term) = next.pop() {
            let (variable, path) = match &term.value {
                TermValue::Var(name) => (name, Vec::new()),
                TermValue::Ref(steps) => {
                    next.extend(steps);
                    let Some(TermValue::Var(name)) = steps.first().map(|head| &head.value) else {
                        continue;
                    };
                    let constant = |step: &Term| match &step.value {
                        TermValue::String(text) => Some(Arc::from(text.as_ref())),
                        _ => None,
                    };
                    match steps.iter().skip(1).map(constant).collect() {
                        Some(path) => (name, path),
                        None => continue,
                    }
                }
                TermValue::Array(inner) | TermValue::Set(inner) => {
                    next.extend(inner);
                    continue;
                }
                TermValue::Call(inner) => {
                    next.extend(inner.iter().skip(1));
                    continue;
                }
                TermValue::Object(entries) => {
                    next.extend(entries.iter().flat_map(|(key, value)| [key, value]));
                    continue;
                }
                _ => continue,
            };
            if term.span.end <= term.span.start {
                continue;
            }
            let title = self.renamed(&term.to_string());
            if variable.as_ref() == "data" {
                parts.push(Part {
                    span: term.span,
                    variable: Arc::clone(&title),
                    title,
                    path: Vec::new(),
                    own: false,
                });
            } else if variable.as_ref() != "input" {
                parts.push(Part {
                    span: term.span,
                    title,
                    variable: Arc::from(variable.as_ref()),
                    own: computes && path.is_empty() && !self.0.contains_key(variable),
                    path,
                });
            }
        }
        parts
    }

    fn every(self, expr: &Expr, every: &Every) -> Arc<Scope> {
        let key = every.key.as_ref().map(ToString::to_string);
        let key = key.as_deref().unwrap_or("_");
        let members = format!("{}[{key}] = {}", every.domain, every.value);
        Arc::new(Scope {
            text: self.text(expr),
            span: expr.span,
            every: true,
            exprs: vec![Step {
                span: expr.span,
                text: self.renamed(&members),
                inner: vec![self.scope(&every.body)],
                ..Step::default()
            }],
            ..Scope::default()
        })
    }

    fn step(self, expr: &Expr) -> Step {
        let mut inner = Vec::new();
        let mut documents = Vec::new();
        let mut seen = Vec::new();
        let mut visit = |term: &Term| self.bodies(term, &mut inner, &mut documents);
        match &expr.kind {
            ExprKind::Term(term) => {
                seen.push(term);
                visit(term);
            }
            ExprKind::Call(terms) | ExprKind::Some(terms) => {
                seen.extend(terms);
                terms.iter().for_each(visit);
            }
            ExprKind::Every(every) => {
                seen.push(&every.domain);
                visit(&every.domain);
                inner.push(self.every(expr, every));
            }
            ExprKind::Not(not) => inner.push(self.scope(&not.body)),
            ExprKind::And(sides) | ExprKind::Or(sides) => {
                inner.push(self.scope(&sides.lhs));
                inner.push(self.scope(&sides.rhs));
            }
        }
        for with in &expr.with {
            seen.push(&with.value);
            self.bodies(&with.value, &mut inner, &mut documents);
        }
        if expr.negated {
            let mut positive = expr.clone();
            positive.negated = false;
            positive.with.clear();
            inner = vec![self.scope(&vec![positive])];
            documents.clear();
        }
        Step {
            span: expr.span,
            text: self.text(expr),
            negated: expr.negated || matches!(expr.kind, ExprKind::Not(_)),
            inner,
            written: expr.span,
            note: note(expr),
            parts: self.parts(expr, &seen),
            vars: self.of_terms(seen.into_iter()),
            value_of: None,
            binds: constant(expr).map(|(name, value)| (Arc::from(name.as_ref()), value)),
            documents,
        }
    }

    /// The bodies of comprehensions and the documents in a term. The parser bounds how deeply they nest.
    fn bodies(self, one: &Term, inner: &mut Vec<Arc<Scope>>, documents: &mut Vec<Arc<str>>) {
        match &one.value {
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                return inner.push(self.scope(&c.body));
            }
            TermValue::ObjectComprehension(c) => return inner.push(self.scope(&c.body)),
            TermValue::Ref(parts) => {
                let rooted = matches!(parts.first().map(|head| &head.value), Some(TermValue::Var(name)) if name.as_ref() == "data");
                if rooted {
                    documents.push(dotted(parts).into());
                }
            }
            _ => {}
        }
        one.each_child(|child| match child {
            Child::Term(term) => self.bodies(term, inner, documents),
            Child::Expr(expr) => inner.extend(self.step(expr).inner),
            Child::Body(body) => inner.push(self.scope(body)),
        });
    }
}

/// Whether one place lies in another, or is the same.
fn within(inner: Span, outer: Span) -> bool {
    inner.source == outer.source && outer.start <= inner.start && inner.end <= outer.end
}

/// The variables of a term, but for the roots of documents. The parser bounds how deeply they nest.
fn variables(one: &Term, found: &mut BTreeSet<Var>) {
    match &one.value {
        TermValue::Var(name) if !matches!(name.as_ref(), "input" | "data") => {
            found.insert(name.clone());
        }
        TermValue::Ref(parts)
        | TermValue::Array(parts)
        | TermValue::Set(parts)
        | TermValue::Call(parts) => parts.iter().for_each(|part| variables(part, found)),
        TermValue::Object(entries) => {
            for (key, value) in entries {
                variables(key, found);
                variables(value, found);
            }
        }
        _ => {}
    }
}

fn dotted_names(parts: &[Term]) -> String {
    let names = parts.iter().map(|part| match &part.value {
        TermValue::Var(name) | TermValue::String(name) => name.to_string(),
        _ => String::new(),
    });
    names.collect::<Vec<_>>().join(".")
}

/// `x = {"a": 1}`: the variable and its value.
fn constant(expr: &Expr) -> Option<(Var, Term)> {
    let ExprKind::Call(terms) = &expr.kind else {
        return None;
    };
    let [_, one, other] = terms.as_slice() else {
        return None;
    };
    if expr.negated || !["eq", "assign"].iter().any(|name| expr.operator_is(name)) {
        return None;
    }
    match (&one.value, &other.value) {
        (TermValue::Var(name), _) if is_constant(other) => Some((name.clone(), other.clone())),
        (_, TermValue::Var(name)) if is_constant(one) => Some((name.clone(), one.clone())),
        _ => None,
    }
}

/// What a path selects in a constant.
fn selected<'t>(term: &'t Term, path: &[Arc<str>]) -> Option<&'t Term> {
    let mut at = term;
    for name in path {
        let TermValue::Object(entries) = &at.value else {
            return None;
        };
        let (_, value) = entries.iter().find(|(key, _)| match &key.value {
            TermValue::String(text) => text.as_ref() == name.as_ref(),
            _ => false,
        })?;
        at = value;
    }
    Some(at)
}

/// What a rule gives, if that is a constant.
fn given(head: &Head) -> Option<Arc<str>> {
    match &head.value {
        None => Some("true".into()),
        Some(value) => is_constant(value).then(|| value.to_string().into()),
    }
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
