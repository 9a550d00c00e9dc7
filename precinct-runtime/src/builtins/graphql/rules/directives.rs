//! Rules on directives.

use std::collections::HashSet;

use super::super::ast::Directive;
use super::super::walk::{DirectiveInfo, Walk};
use super::arguments;

pub fn known<'s>(walk: &mut Walk<'s>, directive: &'s Directive, info: DirectiveInfo<'s>) {
    let Some(definition) = info.definition else {
        walk.error(
            directive.position,
            format!("Unknown directive \"@{}\".", directive.name),
        );
        return;
    };
    // A fragment's directives are met once for each spread, but reported once.
    if !definition
        .locations
        .iter()
        .any(|allowed| allowed == info.location)
        && walk
            .state
            .misplaced_directives
            .insert((&directive.name, directive.position))
    {
        let message = format!(
            "Directive \"@{}\" may not be used on {}.",
            directive.name, info.location
        );
        walk.error(directive.position, message);
    }
}

pub fn known_arguments(walk: &mut Walk<'_>, directive: &Directive, info: DirectiveInfo<'_>) {
    if let Some(definition) = info.definition {
        let owner = format_args!("directive \"@{}\"", directive.name);
        let (given, defined) = (&directive.arguments, &definition.arguments);
        arguments::known(walk, given, defined, owner, directive.position);
    }
}

pub fn required_arguments(walk: &mut Walk<'_>, directive: &Directive, info: DirectiveInfo<'_>) {
    if let Some(definition) = info.definition {
        let owner = format_args!("Directive \"@{}\"", definition.name);
        let (given, defined) = (&directive.arguments, &definition.arguments);
        arguments::required(walk, given, defined, owner, directive.position);
    }
}

pub fn unique(walk: &mut Walk<'_>, list: &[Directive]) {
    let mut seen = HashSet::new();
    for directive in list {
        let repeatable = walk
            .schema
            .directive(directive)
            .is_some_and(|definition| definition.repeatable);
        if !seen.insert(&directive.name) && !repeatable {
            let message = format!(
                "The directive \"@{}\" can only be used once at this location.",
                directive.name
            );
            walk.error(directive.position, message);
        }
    }
}
