//! Rules on fragments and where they are spread.

use std::collections::HashMap;

use super::super::ast::{
    Definition, DefinitionKind, Fragment, FragmentSpread, InlineFragment, Selection,
};
use super::super::suggest::hint;
use super::super::walk::Walk;

pub fn on_composite_type(
    walk: &mut Walk<'_>,
    fragment: &Fragment,
    definition: Option<&Definition>,
) {
    if !fragment.type_condition.is_empty()
        && definition.is_some_and(|definition| !definition.is_composite())
    {
        let message = format!(
            "Fragment \"{}\" cannot condition on non composite type \"{}\".",
            fragment.name, fragment.type_condition
        );
        walk.error(fragment.position, message);
    }
}

pub fn inline_on_composite_type(walk: &mut Walk<'_>, inline: &InlineFragment) {
    if walk
        .schema
        .get(&inline.type_condition)
        .is_some_and(|definition| !definition.is_composite())
    {
        let message = format!(
            "Fragment cannot condition on non composite type \"{}\".",
            inline.type_condition
        );
        walk.error(inline.position, message);
    }
}

pub fn known_type(walk: &mut Walk<'_>, fragment: &Fragment) {
    let name = &fragment.type_condition;
    if walk.schema.get(name).is_none() {
        let hint = hint(
            "Did you mean",
            name,
            walk.schema.types.keys().map(String::as_str),
        );
        walk.error(fragment.position, format!("Unknown type \"{name}\".{hint}"));
    }
}

pub fn inline_known_type(walk: &mut Walk<'_>, inline: &InlineFragment) {
    let name = &inline.type_condition;
    if !name.is_empty() && walk.schema.get(name).is_none() {
        walk.error(inline.position, format!("Unknown type \"{name}\"."));
    }
}

pub fn known(walk: &mut Walk<'_>, spread: &FragmentSpread, fragment: Option<&Fragment>) {
    if fragment.is_none() {
        walk.error(
            spread.position,
            format!("Unknown fragment \"{}\".", spread.name),
        );
    }
}

pub fn no_unused(walk: &mut Walk<'_>, fragment: &Fragment) {
    walk.state.in_fragments = true;
    if !walk.state.used_fragments.contains(fragment.name.as_str()) {
        walk.error(
            fragment.position,
            format!("Fragment \"{}\" is never used.", fragment.name),
        );
    }
}

pub fn unique_name<'s>(walk: &mut Walk<'s>, fragment: &'s Fragment) {
    if !walk.state.fragment_names.insert(&fragment.name) {
        walk.error(
            fragment.position,
            format!(
                "There can be only one fragment named \"{}\".",
                fragment.name
            ),
        );
    }
}

pub fn inline_possible(walk: &mut Walk<'_>, inline: &InlineFragment, parent: Option<&Definition>) {
    if let Some(parent) = parent
        && !can_apply(walk, parent, &inline.type_condition)
    {
        let message = format!(
            "Fragment cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
            parent.name, inline.type_condition
        );
        walk.error(inline.position, message);
    }
}

pub fn possible(
    walk: &mut Walk<'_>,
    spread: &FragmentSpread,
    fragment: Option<&Fragment>,
    parent: Option<&Definition>,
) {
    if let (Some(fragment), Some(parent)) = (fragment, parent)
        && !can_apply(walk, parent, &fragment.type_condition)
    {
        let message = format!(
            "Fragment \"{}\" cannot be spread here as objects of type \"{}\" can never be of type \"{}\".",
            spread.name, parent.name, fragment.type_condition
        );
        walk.error(spread.position, message);
    }
}

/// Some value of the parent's type may have the type of the condition. Other rules judge types that are not composite.
fn can_apply(walk: &Walk<'_>, parent: &Definition, condition: &str) -> bool {
    let own = [parent.name.clone()];
    let parents = match parent.kind {
        DefinitionKind::Object => &own,
        DefinitionKind::Interface | DefinitionKind::Union => {
            walk.schema.possible_types(&parent.name)
        }
        _ => return true,
    };
    match walk.schema.get(condition) {
        Some(definition) if definition.is_composite() => walk
            .schema
            .possible_types(condition)
            .iter()
            .any(|possible| parents.contains(possible)),
        _ => true,
    }
}

/// The spreads in a fragment, outer ones first, fields and inline fragments from the last one on.
fn spreads(selections: &[Selection]) -> Vec<&FragmentSpread> {
    let mut found = Vec::new();
    let mut to_visit = vec![selections];
    while let Some(selections) = to_visit.pop() {
        for selection in selections {
            match selection {
                Selection::Spread(spread) => found.push(spread),
                Selection::Field(field) => to_visit.push(&field.selections),
                Selection::Inline(inline) => to_visit.push(&inline.selections),
            }
        }
    }
    found
}

/// Depth first through the fragments that a fragment leads to, with a stack of its own.
pub fn no_cycles<'s>(walk: &mut Walk<'s>, start: &'s Fragment) {
    if !walk.state.cycle_visited.insert(&start.name) {
        return;
    }
    let mut path: Vec<&'s FragmentSpread> = Vec::new();
    let mut index_by_name: HashMap<&'s str, usize> = HashMap::from([(start.name.as_str(), 0)]);
    let mut stack = vec![(start, spreads(&start.selections).into_iter())];
    while let Some((fragment, rest)) = stack.last_mut() {
        let Some(spread) = rest.next() else {
            index_by_name.remove(fragment.name.as_str());
            stack.pop();
            path.pop();
            continue;
        };
        if let Some(index) = index_by_name.get(spread.name.as_str()) {
            let names: Vec<String> = path
                .get(*index..)
                .unwrap_or_default()
                .iter()
                .map(|inner| format!("\"{}\"", inner.name))
                .collect();
            let via = if names.is_empty() {
                String::new()
            } else {
                format!(" via {}", names.join(", "))
            };
            walk.error(
                spread.position,
                format!(
                    "Cannot spread fragment \"{}\" within itself{via}.",
                    spread.name
                ),
            );
            continue;
        }
        if let Some(next) = walk.find_fragment(&spread.name)
            && walk.state.cycle_visited.insert(&next.name)
        {
            path.push(spread);
            index_by_name.insert(&next.name, path.len());
            stack.push((next, spreads(&next.selections).into_iter()));
        }
    }
}
