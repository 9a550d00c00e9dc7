//! Rules on directives.

use std::collections::HashSet;

use super::super::ast::Directive;
use super::super::suggest::hint;
use super::super::walk::{DirectiveInfo, Walk};

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
    let Some(definition) = info.definition else {
        return;
    };
    for argument in &directive.arguments {
        if definition.argument(&argument.name).is_none() {
            let names = definition.arguments.iter().map(|known| known.name.as_str());
            let message = format!(
                "Unknown argument \"{}\" on directive \"@{}\".{}",
                argument.name,
                directive.name,
                hint("Did you mean", &argument.name, names)
            );
            walk.error(directive.position, message);
        }
    }
}

pub fn required_arguments(walk: &mut Walk<'_>, directive: &Directive, info: DirectiveInfo<'_>) {
    let Some(definition) = info.definition else {
        return;
    };
    for wanted in definition
        .arguments
        .iter()
        .filter(|wanted| wanted.kind.non_null && wanted.default.is_none())
    {
        if !directive
            .arguments
            .iter()
            .any(|argument| argument.name == wanted.name)
        {
            let message = format!(
                "Directive \"@{}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                definition.name, wanted.name, wanted.kind
            );
            walk.error(directive.position, message);
        }
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
