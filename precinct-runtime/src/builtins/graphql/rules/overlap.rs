//! Fields that would stand under the same name in a response must be the same (GraphQL specification, section 5.3.2).
//!
//! Within each selection set all fields of a name are compared in pairs, then the fields with those of each fragment
//! that is spread there, then the fragments with each other. Two fields that are compared compare their selections in
//! the same way.

use std::collections::{HashMap, HashSet};

use super::super::ast::DefinitionKind;
use super::super::ast::{
    Argument, Field, FragmentSpread, Position, Selection, Type, Value, ValueKind,
};
use super::super::walk::{Walk, identity};

/// So many pairs of fields are compared for one document: their number can grow exponentially with its size.
const MAX_COMPARISONS: u32 = 1_000_000;

/// So deep may compared selections nest.
const MAX_DEPTH: u32 = 300;

/// What was compared already.
#[derive(Default)]
pub struct Compared<'s> {
    /// Pairs of fragments, with whether they were compared as ones that exclude each other.
    pairs: HashMap<(&'s str, &'s str), bool>,
    fragments: HashSet<&'s str>,
    comparisons: u32,
    depth: u32,
}

/// Two fields that cannot stand under one name.
struct Conflict<'s> {
    name: &'s str,
    reason: Reason<'s>,
    position: Position,
}

enum Reason<'s> {
    Text(String),
    Below(Vec<Conflict<'s>>),
}

/// The fields of a selection set by the names they get, in order.
#[derive(Default)]
struct Fields<'s> {
    names: Vec<&'s str>,
    by_name: HashMap<&'s str, Vec<&'s Field>>,
}

impl Fields<'_> {
    fn is_same(&self, other: &Self) -> bool {
        self.names == other.names
            && self.names.iter().all(|name| {
                let ids = |fields: &Self| -> Vec<usize> {
                    fields
                        .by_name
                        .get(name)
                        .into_iter()
                        .flatten()
                        .map(|field| identity(*field))
                        .collect()
                };
                ids(self) == ids(other)
            })
    }
}

fn response_name(field: &Field) -> &str {
    if field.alias.is_empty() {
        &field.name
    } else {
        &field.alias
    }
}

fn collect<'s>(
    selections: &'s [Selection],
    fields: &mut Fields<'s>,
    spreads: &mut Vec<&'s FragmentSpread>,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let name = response_name(field);
                let same = fields.by_name.entry(name).or_default();
                if same.is_empty() {
                    fields.names.push(name);
                }
                same.push(field);
            }
            Selection::Inline(inline) => collect(&inline.selections, fields, spreads),
            Selection::Spread(spread) => spreads.push(spread),
        }
    }
}

fn collected(selections: &[Selection]) -> (Fields<'_>, Vec<&FragmentSpread>) {
    let (mut fields, mut spreads) = (Fields::default(), Vec::new());
    collect(selections, &mut fields, &mut spreads);
    (fields, spreads)
}

/// Reports what conflicts in a selection set.
pub fn check<'s>(walk: &mut Walk<'s>, selections: &'s [Selection]) {
    if selections.is_empty() {
        return;
    }
    let (fields, spreads) = collected(selections);
    let mut conflicts = Vec::new();
    within(walk, &fields, &mut conflicts);
    walk.state.overlap.fragments.clear();
    for (index, spread) in spreads.iter().enumerate() {
        with_fragment(walk, false, &fields, spread, &mut conflicts);
        for other in spreads.iter().skip(index + 1) {
            between_fragments(walk, false, spread, other, &mut conflicts);
        }
    }
    for conflict in conflicts {
        let reason = conflict.reason();
        let message = format!(
            "Fields \"{}\" conflict because {reason}. Use different aliases on the fields to fetch both if this was intentional.",
            conflict.name
        );
        walk.error(conflict.position, message);
    }
}

impl Conflict<'_> {
    fn reason(&self) -> String {
        match &self.reason {
            Reason::Text(text) => text.clone(),
            Reason::Below(conflicts) => conflicts
                .iter()
                .map(|below| {
                    format!(
                        "subfields \"{}\" conflict because {}",
                        below.name,
                        below.reason()
                    )
                })
                .collect::<Vec<_>>()
                .join(" and "),
        }
    }
}

fn within<'s>(walk: &mut Walk<'s>, fields: &Fields<'s>, conflicts: &mut Vec<Conflict<'s>>) {
    for same in fields
        .names
        .iter()
        .filter_map(|name| fields.by_name.get(name))
    {
        for (index, left) in same.iter().enumerate() {
            for right in same.iter().skip(index + 1) {
                conflicts.extend(conflict(walk, false, left, right));
            }
        }
    }
}

fn between<'s>(
    walk: &mut Walk<'s>,
    exclusive: bool,
    left: &Fields<'s>,
    right: &Fields<'s>,
    conflicts: &mut Vec<Conflict<'s>>,
) {
    for name in &left.names {
        let (Some(left), Some(right)) = (left.by_name.get(name), right.by_name.get(name)) else {
            continue;
        };
        for field in left {
            for other in right {
                conflicts.extend(conflict(walk, exclusive, field, other));
            }
        }
    }
}

fn with_fragment<'s>(
    walk: &mut Walk<'s>,
    exclusive: bool,
    fields: &Fields<'s>,
    spread: &'s FragmentSpread,
    conflicts: &mut Vec<Conflict<'s>>,
) {
    let mut to_compare = vec![spread];
    while let Some(spread) = to_compare.pop() {
        if !walk.state.overlap.fragments.insert(&spread.name) {
            continue;
        }
        let Some(fragment) = walk.find_fragment(&spread.name) else {
            continue;
        };
        let (others, spreads) = collected(&fragment.selections);
        if fields.is_same(&others) {
            continue;
        }
        between(walk, exclusive, fields, &others, conflicts);
        to_compare.extend(
            spreads
                .into_iter()
                .rev()
                .filter(|inner| inner.name != spread.name),
        );
    }
}

fn between_fragments<'s>(
    walk: &mut Walk<'s>,
    exclusive: bool,
    left: &'s FragmentSpread,
    right: &'s FragmentSpread,
    conflicts: &mut Vec<Conflict<'s>>,
) {
    let mut to_compare = vec![(left, right)];
    while let Some((left, right)) = to_compare.pop() {
        let (a, b) = (left.name.as_str(), right.name.as_str());
        let known = walk.state.overlap.pairs.get(&(a, b)).copied();
        let was_compared = known.is_some_and(|was_exclusive| exclusive || !was_exclusive);
        if a == b || was_compared {
            continue;
        }
        walk.state.overlap.pairs.insert((a, b), exclusive);
        walk.state.overlap.pairs.insert((b, a), exclusive);
        let (Some(first), Some(second)) = (walk.find_fragment(a), walk.find_fragment(b)) else {
            continue;
        };
        let (fields, spreads) = collected(&first.selections);
        let (others, other_spreads) = collected(&second.selections);
        between(walk, exclusive, &fields, &others, conflicts);
        let pairs = other_spreads.into_iter().map(|inner| (left, inner));
        let pairs: Vec<_> = pairs
            .chain(spreads.into_iter().map(|inner| (inner, right)))
            .collect();
        to_compare.extend(pairs.into_iter().rev());
    }
}

fn conflict<'s>(
    walk: &mut Walk<'s>,
    exclusive: bool,
    left: &'s Field,
    right: &'s Field,
) -> Option<Conflict<'s>> {
    let compared = &mut walk.state.overlap;
    compared.comparisons = compared.comparisons.saturating_add(1);
    if compared.comparisons > MAX_COMPARISONS || compared.depth > MAX_DEPTH {
        let reason = Reason::Text("they are in too many selections to compare".to_owned());
        return Some(Conflict {
            name: response_name(left),
            reason,
            position: right.position,
        });
    }
    let (left_info, right_info) = (walk.field_info(left), walk.field_info(right));
    let (left_parent, right_parent) = (left_info.parent?, right_info.parent?);
    let exclusive = exclusive
        || (left_parent.name != right_parent.name
            && left_parent.kind == DefinitionKind::Object
            && right_parent.kind == DefinitionKind::Object
            && left_info.definition.is_some()
            && right_info.definition.is_some());
    let because = |reason| {
        Some(Conflict {
            name: response_name(left),
            reason,
            position: right.position,
        })
    };
    if !exclusive {
        if left.name != right.name {
            let text = format!(
                "\"{}\" and \"{}\" are different fields",
                left.name, right.name
            );
            return because(Reason::Text(text));
        }
        if !same_arguments(&left.arguments, &right.arguments) {
            return because(Reason::Text("they have differing arguments".to_owned()));
        }
    }
    if let (Some(a), Some(b)) = (left_info.definition, right_info.definition)
        && types_conflict(walk, &a.kind, &b.kind)
    {
        let text = format!(
            "they return conflicting types \"{}\" and \"{}\"",
            a.kind, b.kind
        );
        return because(Reason::Text(text));
    }
    walk.state.overlap.depth += 1;
    let below = below(walk, exclusive, &left.selections, &right.selections);
    walk.state.overlap.depth -= 1;
    if below.is_empty() {
        None
    } else {
        because(Reason::Below(below))
    }
}

fn below<'s>(
    walk: &mut Walk<'s>,
    exclusive: bool,
    left: &'s [Selection],
    right: &'s [Selection],
) -> Vec<Conflict<'s>> {
    let mut conflicts = Vec::new();
    let (fields, spreads) = collected(left);
    let (others, other_spreads) = collected(right);
    between(walk, exclusive, &fields, &others, &mut conflicts);
    for spread in &other_spreads {
        walk.state.overlap.fragments.clear();
        with_fragment(walk, exclusive, &fields, spread, &mut conflicts);
    }
    for spread in &spreads {
        walk.state.overlap.fragments.clear();
        with_fragment(walk, exclusive, &others, spread, &mut conflicts);
    }
    for spread in &spreads {
        for other in &other_spreads {
            between_fragments(walk, exclusive, spread, other, &mut conflicts);
        }
    }
    conflicts
}

fn same_arguments(left: &[Argument], right: &[Argument]) -> bool {
    left.len() == right.len()
        && left.iter().all(|one| {
            right
                .iter()
                .any(|other| one.name == other.name && same_value(&one.value, &other.value))
        })
}

fn same_value(left: &Value, right: &Value) -> bool {
    if left.kind != right.kind
        || left.raw != right.raw
        || left.children.len() != right.children.len()
    {
        return false;
    }
    let mut children: Vec<_> = left.children.iter().collect();
    let mut others: Vec<_> = right.children.iter().collect();
    if left.kind == ValueKind::Object {
        children.sort_by(|one, other| one.name.cmp(&other.name));
        others.sort_by(|one, other| one.name.cmp(&other.name));
    }
    children
        .iter()
        .zip(others)
        .all(|(one, other)| one.name == other.name && same_value(&one.value, &other.value))
}

fn types_conflict(walk: &Walk<'_>, left: &Type, right: &Type) -> bool {
    match (&left.element, &right.element) {
        (Some(left), Some(right)) => types_conflict(walk, left, right),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => {
            let (Some(a), Some(b)) = (walk.schema.get(&left.named), walk.schema.get(&right.named))
            else {
                return false;
            };
            left.non_null != right.non_null || (a.is_leaf() && b.is_leaf() && a.name != b.name)
        }
    }
}
