//! What authors can do about errors that leave people puzzled: a line of help for each.
//!
//! Looked at only when there are errors, on the modules as they were written.

use std::collections::BTreeSet;

use crate::ast::display::ref_text;
use crate::ast::{Expr, ExprKind, Module, Rule, Span, Term, TermValue};
use crate::capabilities::Capabilities;
use crate::compile::visit::{self, Node};
use crate::error::{Code, Diagnostic};
use crate::spelling::nearest;

/// Gives errors that have none a line of help, where there is something to say.
pub fn advise(errors: &mut [Diagnostic], modules: &[Module], capabilities: &Capabilities) {
    for error in errors.iter_mut().filter(|error| error.help.is_none()) {
        error.help = match error.code {
            Code::UnsafeVar => unsafe_var(error, modules),
            Code::Type | Code::Compile => undefined_function(error, modules, capabilities)
                .or_else(|| undefined_part(error)),
            Code::Recursion => Some(
                "a rule can't depend on itself: take the step that leads back out of it, or ask `graph.reachable`"
                    .to_owned(),
            ),
            Code::Parse | Code::Format | Code::Plain => None,
        };
    }
}

/// `undefined function f`: the function or builtin of the nearest name.
fn undefined_function(
    error: &Diagnostic,
    modules: &[Module],
    capabilities: &Capabilities,
) -> Option<String> {
    let name = error.message.strip_prefix("undefined function ")?;
    let mut known: Vec<String> = capabilities
        .builtins()
        .map(|builtin| builtin.name.clone())
        .collect();
    for module in modules {
        let package = ref_text(&module.package.path);
        for rule in module
            .rules
            .iter()
            .filter(|rule| !rule.head.args.is_empty())
        {
            let own = ref_text(&rule.head.reference);
            known.push(format!("{package}.{own}"));
            if own == name {
                return Some(format!(
                    "there is a function `{own}` in package {}: call it by its whole path, or import it",
                    package.strip_prefix("data.").unwrap_or(&package)
                ));
            }
        }
    }
    let plain = modules.iter().any(|module| {
        let package = ref_text(&module.package.path);
        let rules = module.rules.iter().filter(|rule| rule.head.args.is_empty());
        rules
            .map(|rule| format!("{package}.{}", ref_text(&rule.head.reference)))
            .any(|path| path == name)
    });
    if plain {
        let last = name.rsplit('.').next().unwrap_or(name);
        return Some(format!(
            "`{last}` is a rule without parameters: write it without `()`"
        ));
    }
    let known_by = known.iter().map(String::as_str);
    // A builtin of the same last name is more likely meant than one whose path looks alike.
    let last = name.rsplit('.').next().unwrap_or(name);
    let same_last = known
        .iter()
        .filter(|known| known.rsplit('.').next() == Some(last))
        .min();
    let near = nearest(name, known_by).or(same_last.map(String::as_str))?;
    Some(format!("there is a function `{near}`"))
}

/// `undefined ref`: the nearest of the parts that there are.
fn undefined_part(error: &Diagnostic) -> Option<String> {
    let reference = error.message.strip_prefix("undefined ref: ")?;
    let data = error.data.as_ref()?;
    let text = |value: &serde_json::Value| {
        let value = value.get("value").unwrap_or(value);
        value.as_str().map(str::to_owned)
    };
    let position = usize::try_from(data.get("pos")?.as_u64()?).ok()?;
    let wrong = text(data.get("ref")?.get(position)?)?;
    let known: Vec<String> = data
        .get("oneOf")?
        .as_array()?
        .iter()
        .filter_map(text)
        .collect();
    match nearest(&wrong, known.iter().map(String::as_str)) {
        Some(near) => Some(format!(
            "there is a `{near}`: {}",
            reference.replace(&wrong, near)
        )),
        None if known.len() <= 8 && !known.is_empty() => {
            Some(format!("what there is: {}", known.join(", ")))
        }
        None => None,
    }
}

/// `var x is unsafe`: where it would get its value.
fn unsafe_var(error: &Diagnostic, modules: &[Module]) -> Option<String> {
    let name = error.message.strip_prefix("var ")?.split(' ').next()?;
    let (module, rule) = rule_at(modules, error.span)?;
    let shown = format!("`{name} := …` or `some {name} in …`");
    if contains(rule.head.span, error.span) {
        if let Some(near) = nearest_local(module, rule, name) {
            return Some(format!("did you mean `{near}`?"));
        }
        return Some(if rule.generated_body {
            format!(
                "the rule has no body that could give `{name}` a value: add `if {{ {name} := … }}`"
            )
        } else {
            format!("no expression of the body gives `{name}` a value: {shown} would")
        });
    }
    if let Some(row) = bound_inside(rule, name, error.span) {
        return Some(format!(
            "the `{name}` of line {row} is known only inside the braces or brackets there: give it a value outside of them"
        ));
    }
    if let Some(near) = nearest_local(module, rule, name) {
        return Some(format!("did you mean `{near}`?"));
    }
    if let Some(other) = modules.iter().find(|other| {
        other.package.path != module.package.path
            && (other.rules.iter()).any(|rule| {
                rule.head
                    .reference
                    .first()
                    .is_some_and(|it| is_named(it, name))
            })
    }) {
        let package = ref_text(&other.package.path);
        return Some(format!(
            "package {} has a rule `{name}`: write `{package}.{name}`, or import it",
            package.strip_prefix("data.").unwrap_or(&package)
        ));
    }
    if negated_at(rule, error.span) {
        return Some(format!(
            "`not` gives no variable a value: put {shown} in front of it"
        ));
    }
    Some(format!(
        "nothing in this body gives `{name}` a value: {shown} would; a text is written in quotes, \"{name}\""
    ))
}

fn contains(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}

fn rule_at(modules: &[Module], span: Span) -> Option<(&Module, &Rule)> {
    let module = modules
        .iter()
        .find(|module| module.package.span.source == span.source)?;
    let rules = module.rules.iter().flat_map(Rule::branches);
    // Branches lie within the span of their rule: the last that contains the place is the innermost.
    let rule = rules.filter(|rule| contains(rule.span, span)).last()?;
    Some((module, rule))
}

fn is_named(term: &Term, name: &str) -> bool {
    matches!(&term.value, TermValue::Var(var) if &**var == name)
}

/// The nearest name that is known in the rule: of a variable that gets a value there, a rule or an import.
fn nearest_local(module: &Module, rule: &Rule, name: &str) -> Option<String> {
    let mut known: BTreeSet<String> = ["input", "data"].map(str::to_owned).into();
    for other in &module.rules {
        if let Some(TermValue::Var(first)) = other.head.reference.first().map(|it| &it.value) {
            known.insert(first.to_string());
        }
    }
    for import in &module.imports {
        let path = match &import.path.value {
            TermValue::Ref(path) => path.last(),
            _ => None,
        };
        let last = path.and_then(|last| match &last.value {
            TermValue::String(last) => Some(last.to_string()),
            _ => None,
        });
        known.extend(
            import
                .alias
                .as_ref()
                .map(|(alias, _)| alias.to_string())
                .or(last),
        );
    }
    for term in &rule.head.args {
        note(term, &mut known);
    }
    for expr in &rule.body {
        match &expr.kind {
            ExprKind::Some(list) => list.iter().for_each(|term| note(term, &mut known)),
            ExprKind::Call(list) if expr.operator_is("assign") || expr.operator_is("eq") => {
                if let Some(target) = list.get(1) {
                    note(target, &mut known);
                }
            }
            _ => {}
        }
    }
    known.remove(name);
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}

fn note(term: &Term, known: &mut BTreeSet<String>) {
    visit::term(term, &mut |node| {
        if let Node::Term(Term {
            value: TermValue::Var(name),
            ..
        }) = node
            && !name.starts_with('$')
        {
            known.insert(name.to_string());
        }
        matches!(node, Node::Term(term) if matches!(term.value, TermValue::Ref(_)))
    });
}

/// The row where a body inside the rule's body, other than one around the place, gives the variable a value.
fn bound_inside(rule: &Rule, name: &str, place: Span) -> Option<u32> {
    let mut found = None;
    for outer in rule.body.iter().filter(|expr| !contains(expr.span, place)) {
        let mut depth_seen = false;
        visit::expr(outer, &mut |node| {
            match node {
                Node::Body => depth_seen = true,
                Node::Expr(expr) if depth_seen && found.is_none() && binds(expr, name) => {
                    found = Some(expr.span.row);
                }
                _ => {}
            }
            false
        });
    }
    found
}

fn binds(expr: &Expr, name: &str) -> bool {
    match &expr.kind {
        ExprKind::Some(list) => {
            let mut names = BTreeSet::new();
            for term in list {
                note(term, &mut names);
            }
            names.contains(name)
        }
        ExprKind::Call(list) if expr.operator_is("assign") => {
            list.get(1).is_some_and(|target| is_named(target, name))
        }
        _ => false,
    }
}

fn negated_at(rule: &Rule, place: Span) -> bool {
    let mut negated = false;
    visit::body(&rule.body, &mut |node| {
        if let Node::Expr(expr) = node {
            negated |= (expr.negated || matches!(expr.kind, ExprKind::Not(_)))
                && contains(expr.span, place);
        }
        false
    });
    negated
}
