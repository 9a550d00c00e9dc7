//! Annotations: which apply to a rule, and the calls that read them.

use std::collections::{BTreeMap, HashMap};

use super::locals::{Locals, append, generated_equality};
use super::rule_tree::{Key, RuleId, Rules};
use super::visit::{self, Node, ground_prefix};
use super::visit_mut::{self, NodeMut};
use crate::ast::display::ref_text;
use crate::ast::{
    Annotations, Body, Child, Expr, ExprKind, Module, Rule, Span, Term, TermValue, Var,
};
use crate::error::{Code, Diagnostic};

/// The annotations of all modules, by what they describe. An annotation is named by module and position.
#[derive(Clone, Debug, Default)]
pub struct AnnotationSet {
    rules: HashMap<RuleId, Vec<(usize, u32)>>,
    documents: BTreeMap<Vec<Key>, (usize, u32)>,
    packages: BTreeMap<Vec<Key>, (usize, u32)>,
    subpackages: BTreeMap<Vec<Key>, (usize, u32)>,
}

fn keys(reference: &[Term]) -> Vec<Key> {
    reference.iter().skip(1).filter_map(Key::of).collect()
}

impl AnnotationSet {
    /// Collects the annotations.
    pub(super) fn new(
        modules: &[Module],
        rules: &Rules,
        place: &dyn Fn(Span) -> String,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut set = Self::default();
        let mut errors = Vec::new();
        let mut owners: HashMap<(usize, u32), RuleId> = HashMap::new();
        for id in rules.iter() {
            let (Some(rule), Some(module)) = (rules.get(modules, id), rules.module(id)) else {
                continue;
            };
            for index in &rule.annotations {
                owners.entry((module, *index)).or_insert(id);
            }
        }
        for (module, it) in modules.iter().enumerate() {
            for (index, annotation) in (0u32..).zip(&it.annotations) {
                let name = (module, index);
                let package = keys(&it.package.path);
                let (map, path) = match (annotation.scope.as_str(), owners.get(&name)) {
                    ("rule", Some(rule)) => {
                        set.rules.entry(*rule).or_default().push(name);
                        continue;
                    }
                    ("document", Some(rule)) => {
                        let path = keys(ground_prefix(rules.reference(*rule)));
                        (&mut set.documents, path)
                    }
                    ("package", _) => (&mut set.packages, package),
                    ("subpackages", _) => (&mut set.subpackages, package),
                    _ => continue,
                };
                match map.get(&path) {
                    Some((module, index)) => {
                        let earlier = annotation_at(modules, *module, *index);
                        let earlier = earlier.map_or_else(Span::default, |it| it.span);
                        errors.push(Diagnostic::new(
                            Code::Type,
                            annotation.span,
                            format!(
                                "{} annotation redeclared: {}",
                                annotation.scope,
                                place(earlier)
                            ),
                        ));
                    }
                    None => {
                        map.insert(path, name);
                    }
                }
            }
        }
        if errors.is_empty() {
            Ok(set)
        } else {
            Err(errors)
        }
    }

    /// What applies to a rule, from the nearest on: path of what is described, and the annotation if there is one.
    #[must_use]
    pub fn chain<'a>(
        &self,
        modules: &'a [Module],
        rules: &Rules,
        id: RuleId,
    ) -> Vec<(Vec<Term>, Option<&'a Annotations>)> {
        let own = ground_prefix(rules.reference(id)).to_vec();
        let Some(module) = rules.module(id).and_then(|at| modules.get(at)) else {
            return Vec::new();
        };
        let package = &module.package.path;
        let find = |(module, index): &(usize, u32)| annotation_at(modules, *module, *index);
        let mut links: Vec<(Vec<Term>, Option<&Annotations>)> = Vec::new();
        let mut of_rule: Vec<&Annotations> = self
            .rules
            .get(&id)
            .into_iter()
            .flatten()
            .filter_map(find)
            .collect();
        of_rule.sort_by_key(|it| std::cmp::Reverse((it.span.row, it.span.col)));
        if of_rule.is_empty() {
            links.push((own.clone(), None));
        }
        links.extend(of_rule.into_iter().map(|it| (own.clone(), Some(it))));
        if let Some(it) = self.documents.get(&keys(&own)).and_then(find) {
            links.push((own, Some(it)));
        }
        let path = keys(package);
        if let Some(it) = self.packages.get(&path).and_then(find) {
            links.push((package.clone(), Some(it)));
        }
        for length in (0..=path.len()).rev() {
            let above = path.get(..length).unwrap_or_default();
            if let Some(it) = self.subpackages.get(above).and_then(find) {
                let above = package.get(..=length).unwrap_or(package);
                links.push((above.to_vec(), Some(it)));
            }
        }
        links
    }

    /// The schemas that annotations give for a rule, from the widest scope to the rule itself.
    pub(super) fn schemas<'a>(
        &self,
        modules: &'a [Module],
        rules: &Rules,
        id: RuleId,
    ) -> Vec<&'a crate::ast::SchemaAnnotation> {
        let Some(module) = rules.module(id).and_then(|at| modules.get(at)) else {
            return Vec::new();
        };
        let package = keys(&module.package.path);
        let above =
            (0..=package.len()).filter_map(|length| self.subpackages.get(package.get(..length)?));
        let own = keys(ground_prefix(rules.reference(id)));
        above
            .chain(self.packages.get(&package))
            .chain(self.documents.get(&own))
            .chain(self.rules.get(&id).into_iter().flatten())
            .filter_map(|(module, index)| annotation_at(modules, *module, *index))
            .flat_map(|annotation| &annotation.schemas)
            .collect()
    }

    /// The first annotation of a rule's own.
    fn primary<'a>(&self, modules: &'a [Module], id: RuleId) -> Option<&'a Annotations> {
        self.rules
            .get(&id)?
            .iter()
            .filter_map(|(module, index)| annotation_at(modules, *module, *index))
            .min_by_key(|it| (it.span.row, it.span.col))
    }
}

fn annotation_at(modules: &[Module], module: usize, index: u32) -> Option<&Annotations> {
    modules.get(module)?.annotations.get(index as usize)
}

/// Whether a rule of these modules asks for annotations, so that they have to be read.
#[must_use]
pub fn asks_for_annotations(modules: &[Module]) -> bool {
    let rules = modules.iter().flat_map(|module| &module.rules);
    rules.flat_map(Rule::branches).any(|rule| {
        let mut found = false;
        rule.each_child(|child| found |= asks(child));
        found
    })
}

fn asks(child: Child<'_>) -> bool {
    let mut found = false;
    match child {
        Child::Term(term) => {
            if let TermValue::Call(terms) = &term.value {
                found = terms.first().is_some_and(is_metadata);
            }
            term.each_child(|child| found = found || asks(child));
        }
        Child::Expr(expr) => {
            if let ExprKind::Call(terms) = &expr.kind {
                found = terms.first().is_some_and(is_metadata);
            }
            expr.each_child(|child| found = found || asks(child));
        }
        Child::Body(body) => found = body.iter().any(|expr| asks(Child::Expr(expr))),
    }
    found
}

fn is_metadata(operator: &Term) -> bool {
    matches!(&operator.value, TermValue::Ref(parts) if METADATA.contains(&ref_text(parts).as_str()))
}

/// The builtins that read annotations.
const METADATA: [&str; 2] = ["rego.metadata.chain", "rego.metadata.rule"];

fn is_chain_call(expr: &Expr) -> bool {
    expr.operator()
        .is_some_and(|it| it.len() == 3 && ref_text(it) == "rego.metadata.chain")
}

fn is_rule_call(expr: &Expr) -> bool {
    expr.operator()
        .is_some_and(|it| it.len() == 3 && ref_text(it) == "rego.metadata.rule")
}

/// Where a rule reads its chain of annotations, and its own annotations, for the first time.
pub(super) fn calls(rule: &Rule) -> (Option<Span>, Option<Span>) {
    let (mut chain, mut own) = (None, None);
    let mut note = |node: Node<'_>| {
        if let Node::Expr(expr) = node {
            if is_chain_call(expr) {
                chain.get_or_insert(expr.span);
            } else if is_rule_call(expr) {
                own.get_or_insert(expr.span);
            }
        }
        false
    };
    visit::head(rule, &mut note);
    visit::body(&rule.body, &mut note);
    (chain, own)
}

/// Binds what the calls read at the start of the rule's body, and puts the variables in the place of the calls.
pub(super) fn rewrite(
    locals: &mut Locals,
    rule: &mut Rule,
    chain: Option<Term>,
    own: Option<Term>,
) {
    let mut body = Body::new();
    let mut bind = |value: Option<Term>| -> Option<Var> {
        let value = value?;
        let variable = locals.fresh_term(value.span);
        let name = match &variable.value {
            TermValue::Var(name) => Some(name.clone()),
            _ => None,
        };
        body.push(generated_equality(variable, value));
        name
    };
    let chain = bind(chain);
    let own = bind(own);
    append(&mut body, std::mem::take(&mut rule.body));
    rule.body = body;
    let mut replace = |node: NodeMut<'_>| {
        if let NodeMut::Expr(expr) = node {
            let variable = if is_chain_call(expr) {
                &chain
            } else if is_rule_call(expr) {
                &own
            } else {
                return false;
            };
            if let Some(variable) = variable {
                read_variable(expr, variable);
            }
        }
        false
    };
    visit_mut::head(rule, &mut replace);
    visit_mut::body(&mut rule.body, &mut replace);
}

fn read_variable(expr: &mut Expr, variable: &Var) {
    let ExprKind::Call(terms) = &mut expr.kind else {
        return;
    };
    let value = Term {
        span: expr.span,
        value: TermValue::Var(variable.clone()),
    };
    let span = expr.span;
    *expr = match terms.get_mut(1) {
        Some(output) => generated_equality(output.clone(), value),
        None => Expr {
            generated: true,
            ..super::locals::expression(span, ExprKind::Term(value))
        },
    };
    expr.span = span;
}

/// The chain of a rule as the array that `rego.metadata.chain()` gives.
pub(super) fn chain_term(
    set: &AnnotationSet,
    modules: &[Module],
    rules: &Rules,
    id: RuleId,
    span: Span,
) -> Term {
    let term = |value| Term { span, value };
    let links = set.chain(modules, rules, id).into_iter().map(|(path, it)| {
        let path: Vec<Term> = path.into_iter().skip(1).collect();
        let mut entries = vec![(text("path", span), term(TermValue::Array(path)))];
        if let Some(it) = it {
            entries.push((text("annotations", span), annotation_term(it, span)));
        }
        term(TermValue::Object(entries))
    });
    term(TermValue::Array(links.collect()))
}

/// A rule's own annotations as the object that `rego.metadata.rule()` gives.
pub(super) fn rule_term(set: &AnnotationSet, modules: &[Module], id: RuleId, span: Span) -> Term {
    match set.primary(modules, id) {
        Some(it) => annotation_term(it, span),
        None => Term {
            span,
            value: TermValue::Object(Vec::new()),
        },
    }
}

fn text(text: &str, span: Span) -> Term {
    Term {
        span,
        value: TermValue::String(text.into()),
    }
}

fn annotation_term(it: &Annotations, span: Span) -> Term {
    let term = |value| Term { span, value };
    let mut entries = Vec::new();
    let mut add = |key: &str, value: Term| entries.push((text(key, span), value));
    for (key, value) in [
        ("scope", &it.scope),
        ("title", &it.title),
        ("description", &it.description),
    ] {
        if !value.is_empty() {
            add(key, text(value, span));
        }
    }
    if it.entrypoint {
        add("entrypoint", term(TermValue::Boolean(true)));
    }
    if !it.organizations.is_empty() {
        let list = it
            .organizations
            .iter()
            .map(|name| text(name, span))
            .collect();
        add("organizations", term(TermValue::Array(list)));
    }
    let pairs = |pairs: &[(&str, &str)]| {
        let entries = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (text(key, span), text(value, span)))
            .collect();
        term(TermValue::Object(entries))
    };
    if !it.related_resources.is_empty() {
        let list = it
            .related_resources
            .iter()
            .map(|it| pairs(&[("ref", &it.reference), ("description", &it.description)]))
            .collect();
        add("related_resources", term(TermValue::Array(list)));
    }
    if !it.authors.is_empty() {
        let list = it
            .authors
            .iter()
            .map(|it| pairs(&[("name", &it.name), ("email", &it.email)]))
            .collect();
        add("authors", term(TermValue::Array(list)));
    }
    if !it.schemas.is_empty() {
        let list = it
            .schemas
            .iter()
            .map(|it| {
                let mut entries = vec![(
                    text("path", span),
                    term(TermValue::Array(as_strings(&it.path))),
                )];
                if let Some(schema) = &it.schema {
                    entries.push((
                        text("schema", span),
                        term(TermValue::Array(as_strings(schema))),
                    ));
                }
                if let Some(definition) = &it.definition {
                    entries.push((text("definition", span), json_term(definition, span)));
                }
                term(TermValue::Object(entries))
            })
            .collect();
        add("schemas", term(TermValue::Array(list)));
    }
    for (key, map) in [("custom", &it.custom), ("labels", &it.labels)] {
        if !map.is_empty() {
            let entries = map.iter().map(|(k, v)| (text(k, span), json_term(v, span)));
            let object = term(TermValue::Object(entries.collect()));
            add(key, object);
        }
    }
    term(TermValue::Object(entries))
}

/// A reference's parts, its head as a string.
fn as_strings(reference: &[Term]) -> Vec<Term> {
    let part = |it: &Term| match &it.value {
        TermValue::Var(name) => Term {
            span: it.span,
            value: TermValue::String(name.clone()),
        },
        _ => it.clone(),
    };
    reference.iter().map(part).collect()
}

fn json_term(json: &serde_json::Value, span: Span) -> Term {
    let value = match json {
        serde_json::Value::Null => TermValue::Null,
        serde_json::Value::Bool(it) => TermValue::Boolean(*it),
        serde_json::Value::Number(it) => TermValue::Number(it.to_string().into()),
        serde_json::Value::String(it) => TermValue::String(it.as_str().into()),
        serde_json::Value::Array(items) => {
            TermValue::Array(items.iter().map(|it| json_term(it, span)).collect())
        }
        serde_json::Value::Object(entries) => TermValue::Object(
            entries
                .iter()
                .map(|(key, it)| (text(key, span), json_term(it, span)))
                .collect(),
        ),
    };
    Term { span, value }
}
