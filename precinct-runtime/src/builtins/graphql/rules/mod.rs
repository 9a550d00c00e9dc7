//! The validation rules (GraphQL specification, section 5), by what they look at.
//!
//! The `on_*` functions call the rules that look at a kind of node in the order of the rules' names, in which OPA
//! reports what they find.

mod arguments;
mod directives;
mod fields;
mod fragments;
mod operations;
mod overlap;
mod values;

use std::collections::HashSet;

use super::ast::{
    Definition, Directive, Field, Fragment, FragmentSpread, InlineFragment, Operation, Value,
    VariableDefinition,
};
use super::walk::{DirectiveInfo, Walk};

/// What rules remember from one node to the next.
#[derive(Default)]
pub struct State<'s> {
    pub misplaced_directives: HashSet<(&'s str, super::ast::Position)>,
    pub cycle_visited: HashSet<&'s str>,
    pub used_fragments: HashSet<&'s str>,
    pub in_fragments: bool,
    pub fragment_names: HashSet<&'s str>,
    pub operation_names: HashSet<&'s str>,
    pub overlap: overlap::Compared<'s>,
}

pub fn on_variable(walk: &mut Walk<'_>, variable: &VariableDefinition) {
    operations::known_type(walk, variable);
}

pub fn on_operation<'s>(walk: &mut Walk<'s>, operation: &'s Operation) {
    operations::known_root(walk, operation);
    operations::lone_anonymous(walk, operation);
    operations::no_unused_variables(walk, operation);
    overlap::check(walk, &operation.selections);
    operations::single_field_subscription(walk, operation);
    operations::unique_name(walk, operation);
    operations::unique_variables(walk, operation);
    operations::variables_are_input_types(walk, operation);
}

pub fn on_field<'s>(walk: &mut Walk<'s>, field: &'s Field) {
    let info = walk.field_info(field);
    fields::on_correct_type(walk, field, info);
    fields::known_arguments(walk, field, info);
    fields::introspection_depth(walk, field);
    if walk.operation.is_some() {
        overlap::check(walk, &field.selections);
    }
    fields::required_arguments(walk, field, info);
    fields::scalar_leafs(walk, field, info);
    fields::unique_arguments(walk, &field.arguments);
}

pub fn on_fragment<'s>(
    walk: &mut Walk<'s>,
    fragment: &'s Fragment,
    definition: Option<&'s Definition>,
) {
    fragments::on_composite_type(walk, fragment, definition);
    fragments::known_type(walk, fragment);
    fragments::no_cycles(walk, fragment);
    fragments::no_unused(walk, fragment);
    overlap::check(walk, &fragment.selections);
    fragments::unique_name(walk, fragment);
}

pub fn on_inline<'s>(
    walk: &mut Walk<'s>,
    inline: &'s InlineFragment,
    parent: Option<&'s Definition>,
) {
    fragments::inline_on_composite_type(walk, inline);
    fragments::inline_known_type(walk, inline);
    overlap::check(walk, &inline.selections);
    fragments::inline_possible(walk, inline, parent);
}

pub fn on_spread<'s>(
    walk: &mut Walk<'s>,
    spread: &'s FragmentSpread,
    fragment: Option<&'s Fragment>,
    parent: Option<&'s Definition>,
) {
    fragments::known(walk, spread, fragment);
    if !walk.state.in_fragments {
        walk.state.used_fragments.insert(&spread.name);
    }
    fragments::possible(walk, spread, fragment, parent);
}

pub fn on_directive<'s>(walk: &mut Walk<'s>, directive: &'s Directive, info: DirectiveInfo<'s>) {
    directives::known_arguments(walk, directive, info);
    directives::known(walk, directive, info);
    directives::required_arguments(walk, directive, info);
    fields::unique_arguments(walk, &directive.arguments);
}

pub fn on_directives(walk: &mut Walk<'_>, list: &[Directive]) {
    directives::unique(walk, list);
}

pub fn on_value(walk: &mut Walk<'_>, value: &Value) {
    let info = walk.value_info(value);
    values::defined_variable(walk, value, info);
    values::unique_fields(walk, value);
    values::correct_type(walk, value, info);
    values::allowed_position(walk, value, info);
    values::one_of_variables(walk, value, info);
}
