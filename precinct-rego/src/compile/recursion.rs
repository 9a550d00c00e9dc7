//! Rules that read themselves.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::functions::with_original_names;
use super::graph::{DynamicRef, Graph, selects};
use super::narrow::members;
use super::origins::{Origin, may_return};
use super::rule_tree::{RuleId, RuleNode, Rules};
use super::vars::{begins_with, name};
use crate::ast::display::ref_text;
use crate::ast::{Module, Term, TermValue, Var};
use crate::capabilities::Capabilities;
use crate::error::{Code, Diagnostic};

/// So many conditions at most does a message spell out.
const MOST_CONDITIONS: usize = 2;
/// So many members of a collection at most does a message list.
const MOST_MEMBERS: usize = 5;

/// What the check looks at.
pub(super) struct Recursion<'a> {
    pub(super) modules: &'a [Module],
    pub(super) rules: &'a Rules,
    pub(super) graph: &'a Graph,
    pub(super) original: &'a HashMap<Var, Var>,
    pub(super) capabilities: &'a Capabilities,
}

/// A part of a reference and the value that closes the cycle.
struct Condition {
    position: usize,
    term: Term,
    value: Term,
}

impl Recursion<'_> {
    /// An error for each rule of a cycle.
    pub(super) fn find(&self, tree: &RuleNode) -> Vec<Diagnostic> {
        let entangled = self.graph.entangled();
        let mut errors = Vec::new();
        if entangled.is_empty() {
            return errors;
        }
        tree.depth_first(&mut |node| {
            for first in &node.rules {
                for id in self.rules.with_branches(*first) {
                    if entangled.contains(&id) {
                        errors.extend(self.check(id, &entangled));
                    }
                }
            }
            false
        });
        errors
    }

    fn check(&self, id: RuleId, within: &BTreeSet<RuleId>) -> Option<Diagnostic> {
        let mut path = self.cycle(id, within, &|_, _| true)?;
        let is_static =
            |from: RuleId, to: RuleId| self.graph.dynamic_edge(from, to, self.rules).is_none();
        let mut verb = "is";
        let mut cause = String::new();
        if !path.windows(2).all(|edge| is_static(edge[0], edge[1])) {
            if let Some(certain) = self.cycle(id, within, &is_static) {
                path = certain;
            } else {
                verb = "may be";
                cause = self.cause(&path);
            }
        }
        let names: Vec<String> = path.iter().map(|id| self.text(*id)).collect();
        let span = self.rules.get(self.modules, id)?.span;
        let message = format!(
            "rule {} {verb} recursive: {}{cause}",
            self.text(id),
            names.join(" -> ")
        );
        Some(Diagnostic::new(Code::Recursion, span, message))
    }

    /// The shortest way from the rule back to itself.
    fn cycle(
        &self,
        id: RuleId,
        within: &BTreeSet<RuleId>,
        follow: &dyn Fn(RuleId, RuleId) -> bool,
    ) -> Option<Vec<RuleId>> {
        let mut from: HashMap<RuleId, RuleId> = HashMap::new();
        let mut open = VecDeque::from([id]);
        while let Some(current) = open.pop_front() {
            for next in self.graph.dependencies(current) {
                if !within.contains(&next) || from.contains_key(&next) || !follow(current, next) {
                    continue;
                }
                from.insert(next, current);
                if next == id {
                    let mut path = vec![id];
                    let mut at = current;
                    while at != id {
                        path.push(at);
                        at = *from.get(&at)?;
                    }
                    path.push(id);
                    path.reverse();
                    return Some(path);
                }
                open.push_back(next);
            }
        }
        None
    }

    fn text(&self, id: RuleId) -> String {
        self.shown(self.rules.reference(id))
    }

    fn shown(&self, reference: &[Term]) -> String {
        ref_text(&with_original_names(reference, self.original))
    }

    /// The first reference on the way that only may select the next rule, and when it does.
    fn cause(&self, path: &[RuleId]) -> String {
        for (position, edge) in path.windows(2).enumerate() {
            let &[from, to] = edge else {
                continue;
            };
            let Some(dynamic) = self.graph.dynamic_edge(from, to, self.rules) else {
                continue;
            };
            let target = self.rules.reference(to);
            // Past the length of the rule's reference, parts read from the rule's value.
            let length = dynamic.reference.len().min(target.len());
            let reference = with_original_names(&dynamic.reference[..length], self.original);
            let mut words = vec![ref_text(&reference)];
            if position > 0 {
                words.push(format!("in {}", self.text(from)));
            }
            let mut positions = Vec::new();
            selects(
                &dynamic.selecting,
                target,
                &dynamic.bound,
                Some(&mut positions),
            );
            match conditions(&reference, target, &positions) {
                Some(list)
                    if !list.is_empty()
                        && list.len() <= MOST_CONDITIONS
                        && list.iter().all(|it| self.can_hold(dynamic, it)) =>
                {
                    words.push(format!("refers to {}", self.shown(target)));
                    for (index, condition) in list.iter().enumerate() {
                        let joint = if index == 0 { "if" } else { "and" };
                        let Condition { term, value, .. } = condition;
                        words.push(format!("{joint} {term} is {value}"));
                        let note = self.note(dynamic, from, condition);
                        words.extend(note.map(|note| format!("({note})")));
                    }
                }
                _ => words.push(format!("could refer to {}", self.shown(target))),
            }
            return format!(" ({})", words.join(" "));
        }
        String::new()
    }

    /// Whether a condition can be met, as far as the origin of its variable tells.
    fn can_hold(&self, edge: &DynamicRef, condition: &Condition) -> bool {
        match origin(edge, condition) {
            Some(Origin::Collection(collection)) => members(collection)
                .unwrap_or_default()
                .contains(&condition.value.value),
            Some(Origin::Builtin(name)) => {
                may_return(name, &condition.value.value, self.capabilities)
            }
            _ => true,
        }
    }

    fn note(&self, edge: &DynamicRef, rule: RuleId, condition: &Condition) -> Option<String> {
        if let TermValue::Ref(parts) = &edge.reference.get(condition.position)?.value {
            return begins_with(parts, "data")
                .then(|| "rule values aren't known at compile time".to_owned());
        }
        let term = &condition.term;
        Some(match origin(edge, condition)? {
            Origin::Input(parts) => format!("{term} comes from {}", self.shown(parts)),
            Origin::Rule(parts) => format!(
                "{term} comes from rule {}, whose value isn't known at compile time",
                ref_text(parts)
            ),
            Origin::Collection(collection) => {
                let count = members(collection).unwrap_or_default().len();
                if count > MOST_MEMBERS {
                    format!("{term} is one of {count} values")
                } else {
                    format!("{term} is one of {collection}")
                }
            }
            Origin::Builtin(name) => format!("{term} is computed by {name}"),
            Origin::HeadKey => format!("{term} is a key of {}", self.text(rule)),
            Origin::HeadArgument => format!("{term} is an argument of {}", self.text(rule)),
        })
    }
}

/// Where the variable of a condition gets its value.
fn origin<'a>(edge: &'a DynamicRef, condition: &Condition) -> Option<&'a Origin> {
    let var = name(edge.reference.get(condition.position)?)?;
    edge.origins.get(var)
}

/// Once for each term, the value it needs; nothing if a term needs two.
fn conditions(reference: &[Term], target: &[Term], positions: &[usize]) -> Option<Vec<Condition>> {
    let mut list: Vec<Condition> = Vec::new();
    for &position in positions {
        let (term, value) = (reference.get(position)?, target.get(position)?);
        match list.iter().find(|known| known.term == *term) {
            Some(known) if known.value != *value => return None,
            Some(_) => {}
            None => list.push(Condition {
                position,
                term: term.clone(),
                value: value.clone(),
            }),
        }
    }
    Some(list)
}
