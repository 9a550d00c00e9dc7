//! What is planned: the entry points, and all rules that read them.

use std::collections::BTreeSet;

use super::planner::{Planned, Planner, data_reference};
use super::policy::{Kind, Operand, Plan, Policy};
use crate::ast::order::compare_lists;
use crate::ast::{Expr, ExprKind, Ref, Span, Term, TermValue};
use crate::compile::visit::ground_prefix;
use crate::compile::{Compiled, CompiledQuery, QueryOptions, RuleId};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

/// A document that can be asked for.
#[derive(Clone, Debug)]
pub struct Entrypoint {
    /// The name of its plan.
    pub name: String,
    /// Its reference, with the leading `data`.
    pub reference: Ref,
}

/// What is planned besides the entry points.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Leave out the rules that read entry points; otherwise they are entry points themselves.
    pub prune_unused: bool,
    /// List the rules that no entry point reaches.
    pub unplanned_rules: bool,
}

impl Entrypoint {
    /// The entry point of a path below `data`, named as OPA names those of annotations.
    #[must_use]
    pub fn at<'n>(path: impl Iterator<Item = &'n str> + Clone) -> Self {
        let names: Vec<String> = path.clone().map(escaped).collect();
        Self {
            name: names.join("/"),
            reference: data_reference(path),
        }
    }
}

/// A part of a path with the escapes of Go's `url.PathEscape`.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Plans entry points. The sources are those that the modules were read from.
///
/// # Errors
/// An entry point that is none, and what OPA refuses to plan.
pub fn plan(
    compiled: &Compiled,
    sources: &Sources,
    entrypoints: &[Entrypoint],
    options: Options,
) -> Result<Policy, Vec<Diagnostic>> {
    let mut entrypoints = entrypoints.to_vec();
    if !options.prune_unused {
        add_dependents(compiled, &mut entrypoints).map_err(|error| vec![*error])?;
    }
    let mut queries = Vec::new();
    for entrypoint in &entrypoints {
        queries.push(compiled.query(vec![query(entrypoint)], &QueryOptions::default())?);
    }
    if let Some(unmapped) = entrypoints
        .iter()
        .find(|it| rules_of(compiled, &it.reference).is_empty())
    {
        return Err(vec![Diagnostic::new(
            Code::Plain,
            Span::default(),
            format!(
                "entrypoint {:?} does not refer to a rule or policy decision",
                unmapped.name
            ),
        )]);
    }
    let mut planner = Planner::new(compiled, sources);
    for (entrypoint, query) in entrypoints.iter().zip(&queries) {
        planner
            .entrypoint(&entrypoint.name, query)
            .map_err(|error| vec![*error])?;
    }
    Ok(planner.finish(options.unplanned_rules))
}

/// `result = data.x.y`
fn query(entrypoint: &Entrypoint) -> Expr {
    let term = |value| Term {
        span: Span::default(),
        value,
    };
    let operator = TermValue::Ref(vec![term(TermValue::Var("eq".into()))]);
    Expr {
        span: Span::default(),
        kind: ExprKind::Call(vec![
            term(operator),
            term(TermValue::Var("result".into())),
            term(TermValue::Ref(entrypoint.reference.clone())),
        ]),
        negated: false,
        generated: false,
        with: Vec::new(),
    }
}

/// The rules of a document: those on the way to it, or all below it.
fn rules_of(compiled: &Compiled, reference: &[Term]) -> BTreeSet<RuleId> {
    let on_the_way = compiled.tree.virtual_document(reference);
    let mut found: BTreeSet<RuleId> = on_the_way.iter().copied().collect();
    if let Some(node) = compiled.tree.find(reference) {
        node.depth_first(&mut |node| {
            found.extend(&node.rules);
            false
        });
    }
    found
}

/// Makes the rules that read entry points, through others too, entry points.
fn add_dependents(compiled: &Compiled, entrypoints: &mut Vec<Entrypoint>) -> Planned {
    let mut found = BTreeSet::new();
    let mut open: Vec<RuleId> = entrypoints
        .iter()
        .flat_map(|it| rules_of(compiled, &it.reference))
        .collect();
    while let Some(id) = open.pop() {
        open.extend(compiled.graph.dependents(id).filter(|id| found.insert(*id)));
    }
    let mut references: Vec<&[Term]> = found
        .into_iter()
        .map(|id| ground_prefix(compiled.rules.reference(id)))
        .collect();
    references.sort_by(|one, other| compare_lists(one, other));
    references.dedup();
    for reference in references {
        let mut names = Vec::new();
        for part in reference.iter().skip(1) {
            match &part.value {
                TermValue::String(name) => names.push(escaped(name)),
                _ => {
                    let message = "invalid path value type";
                    return Err(Box::new(Diagnostic::new(Code::Plain, part.span, message)));
                }
            }
        }
        let name = names.join("/");
        if entrypoints.iter().all(|it| it.name != name) {
            entrypoints.push(Entrypoint {
                name,
                reference: reference.to_vec(),
            });
        }
    }
    Ok(())
}

impl Planner<'_> {
    /// Plans one entry point. Its variables go on where those of the last one ended.
    fn entrypoint(&mut self, name: &str, query: &CompiledQuery) -> Planned {
        let names: Vec<usize> = query
            .variables
            .iter()
            .map(|(name, _)| self.text(name))
            .collect();
        self.variables.enter();
        let mut defined = false;
        let block = self.inside(|p| {
            p.body(&query.body, &mut |p| {
                let object = p.local();
                p.emit(Kind::MakeObject { target: object });
                for (name, (_, variable)) in names.iter().zip(&query.variables) {
                    let value = Operand::Local(p.variable(variable));
                    p.emit(Kind::ObjectInsert {
                        key: Operand::Text(*name),
                        value,
                        object,
                    });
                }
                p.emit(Kind::ResultSetAdd { value: object });
                defined = true;
                Ok(())
            })
        })?;
        self.variables.leave();
        self.policy.plans.push(Plan {
            name: name.to_owned(),
            blocks: if defined { vec![block] } else { Vec::new() },
        });
        Ok(())
    }
}
