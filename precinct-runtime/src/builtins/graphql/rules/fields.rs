//! Rules on fields and arguments.

use std::collections::{HashMap, HashSet};

use super::super::ast::{Argument, Definition, DefinitionKind, Field, Selection};
use super::super::suggest::{close, quoted_or_list};
use super::super::walk::{FieldInfo, Walk};
use super::arguments;

pub fn on_correct_type(walk: &mut Walk<'_>, field: &Field, info: FieldInfo<'_>) {
    let (Some(parent), None) = (info.parent, info.definition) else {
        return;
    };
    let mut message = format!(
        "Cannot query field \"{}\" on type \"{}\".",
        field.name, parent.name
    );
    let types = suggested_types(walk, parent, &field.name);
    if !types.is_empty() {
        message.push_str(" Did you mean to use an inline fragment on ");
        message.push_str(&quoted_or_list(&types));
        message.push('?');
    } else if matches!(
        parent.kind,
        DefinitionKind::Object | DefinitionKind::Interface
    ) {
        let names = close(
            &field.name,
            parent.fields.iter().map(|known| known.name.as_str()),
        );
        if !names.is_empty() {
            message.push_str(" Did you mean ");
            message.push_str(&quoted_or_list(&names));
            message.push('?');
        }
    }
    walk.error(field.position, message);
}

/// Types that a value of an abstract type may have and that do have the field: interfaces by use, then objects.
fn suggested_types(walk: &Walk<'_>, parent: &Definition, name: &str) -> Vec<String> {
    if !parent.is_abstract() {
        return Vec::new();
    }
    let mut objects = Vec::new();
    let mut interfaces = Vec::new();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for possible in walk.schema.possible_types(&parent.name) {
        let Some(found) = walk
            .schema
            .get(possible)
            .filter(|found| found.field(name).is_some())
        else {
            continue;
        };
        objects.push(found.name.clone());
        for interface in &found.interfaces {
            if walk
                .schema
                .get(interface)
                .is_some_and(|interface| interface.field(name).is_some())
            {
                let count = uses.entry(interface).or_default();
                if *count == 0 {
                    interfaces.push(interface.clone());
                }
                *count += 1;
            }
        }
    }
    interfaces.append(&mut objects);
    let count = |name: &String| uses.get(name.as_str()).copied().unwrap_or_default();
    interfaces.sort_by(|left, right| count(right).cmp(&count(left)).then_with(|| left.cmp(right)));
    interfaces
}

pub fn known_arguments(walk: &mut Walk<'_>, field: &Field, info: FieldInfo<'_>) {
    if let (Some(definition), Some(parent)) = (info.definition, info.parent) {
        let owner = format_args!("field \"{}.{}\"", parent.name, field.name);
        let (given, defined) = (&field.arguments, &definition.arguments);
        arguments::known(walk, given, defined, owner, field.position);
    }
}

pub fn required_arguments(walk: &mut Walk<'_>, field: &Field, info: FieldInfo<'_>) {
    if let Some(definition) = info.definition {
        let owner = format_args!("Field \"{}\"", field.name);
        let (given, defined) = (&field.arguments, &definition.arguments);
        arguments::required(walk, given, defined, owner, field.position);
    }
}

pub fn scalar_leafs(walk: &mut Walk<'_>, field: &Field, info: FieldInfo<'_>) {
    let Some(definition) = info.definition else {
        return;
    };
    let Some(kind) = walk.schema.get(definition.kind.name()) else {
        return;
    };
    let message = match (kind.is_leaf(), field.selections.is_empty()) {
        (true, false) => format!(
            "Field \"{}\" must not have a selection since type \"{}\" has no subfields.",
            field.name, kind.name
        ),
        (false, true) => format!(
            "Field \"{0}\" of type \"{1}\" must have a selection of subfields. Did you mean \"{0} {{ ... }}\"?",
            field.name, definition.kind
        ),
        _ => return,
    };
    walk.error(field.position, message);
}

pub fn unique_arguments(walk: &mut Walk<'_>, arguments: &[Argument]) {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for argument in arguments {
        let count = seen.entry(&argument.name).or_default();
        if *count == 1 {
            walk.error(
                argument.position,
                format!(
                    "There can be only one argument named \"{}\".",
                    argument.name
                ),
            );
        }
        *count += 1;
    }
}

/// So many lists inside lists may be asked of the schema: each multiplies the answer.
const MAX_LISTS: u32 = 3;

pub fn introspection_depth<'s>(walk: &mut Walk<'s>, field: &'s Field) {
    if field.name == "__schema" || field.name == "__type" {
        let mut inside = HashSet::new();
        let mut steps = 0;
        if lists_too_deep(walk, &field.selections, &mut inside, 0, &mut steps) {
            walk.error(
                field.position,
                "Maximum introspection depth exceeded".to_owned(),
            );
        }
    }
}

/// So many selections are looked at before a query counts as too deep: fragments can multiply them.
const MAX_STEPS: u32 = 100_000;

fn lists_too_deep<'s>(
    walk: &Walk<'s>,
    selections: &'s [Selection],
    inside: &mut HashSet<&'s str>,
    depth: u32,
    steps: &mut u32,
) -> bool {
    selections.iter().any(|selection| {
        *steps += 1;
        if *steps > MAX_STEPS {
            return true;
        }
        match selection {
            Selection::Field(field) => {
                let is_list = ["fields", "interfaces", "possibleTypes", "inputFields"]
                    .contains(&field.name.as_str());
                let depth = depth + u32::from(is_list);
                (is_list && depth >= MAX_LISTS)
                    || lists_too_deep(walk, &field.selections, inside, depth, steps)
            }
            Selection::Inline(inline) => {
                lists_too_deep(walk, &inline.selections, inside, depth, steps)
            }
            Selection::Spread(spread) => {
                let Some(fragment) = walk.find_fragment(&spread.name) else {
                    return false;
                };
                if !inside.insert(&fragment.name) {
                    return false;
                }
                let found = lists_too_deep(walk, &fragment.selections, inside, depth, steps);
                inside.remove(fragment.name.as_str());
                found
            }
        }
    })
}
