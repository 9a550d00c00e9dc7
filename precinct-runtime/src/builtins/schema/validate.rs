//! Values against compiled schemas.
//!
//! Checks keep score: of the alternatives of `anyOf`, `oneOf` and `contains` that all fail, the violations of the one
//! that came furthest are reported.

use std::collections::HashMap;

use super::format;
use super::node::{Additional, Dependency, Items, Node, NodeId, Schema};
use super::text::{bound, canonical, is_multiple};
use crate::context::Context;
use crate::error::BuiltinError;
use crate::number::Number;
use crate::value::{Array, Object, Value};

/// So deep may values and references nest.
const MAX_DEPTH: u32 = 400;

/// One thing that is wrong with a value.
#[derive(Clone)]
pub struct Violation {
    /// The name of the rule, such as `invalid_type`.
    pub kind: &'static str,
    /// Where, as property names and indices with full stops between them.
    pub field: String,
    /// What is wrong.
    pub description: String,
}

/// Where a value stands in the document.
struct Path<'p> {
    name: &'p str,
    parent: Option<&'p Path<'p>>,
}

impl<'p> Path<'p> {
    const fn child(&'p self, name: &'p str) -> Self {
        Path {
            name,
            parent: Some(self),
        }
    }

    fn full(&self) -> String {
        let mut names = vec![self.name];
        let mut current = self.parent;
        while let Some(path) = current {
            names.push(path.name);
            current = path.parent;
        }
        names.reverse();
        names.join(".")
    }

    fn field(&self) -> String {
        let full = self.full();
        full.strip_prefix("(Root).")
            .map_or_else(|| full.clone(), str::to_owned)
    }
}

#[derive(Default)]
struct Outcome {
    violations: Vec<Violation>,
    score: i64,
}

impl Outcome {
    fn is_valid(&self) -> bool {
        self.violations.is_empty()
    }

    fn add(&mut self, path: &Path<'_>, kind: &'static str, description: String) {
        self.violations.push(Violation {
            kind,
            field: path.field(),
            description,
        });
        self.score -= 2;
    }

    fn merge(&mut self, other: Self) {
        self.violations.extend(other.violations);
        self.score += other.score;
    }
}

/// Keeps the outcome that came furthest; of equal ones the first.
fn keep_best(best: &mut Option<Outcome>, outcome: Outcome) {
    if best.as_ref().is_none_or(|best| outcome.score > best.score) {
        *best = Some(outcome);
    }
}

/// Everything that is wrong with a value.
pub fn validate<'a>(
    context: &mut Context<'a>,
    schema: &Schema<'a>,
    value: Value<'a>,
) -> Result<Vec<Violation>, BuiltinError> {
    let mut validator = Validator {
        context,
        schema,
        depth: 0,
    };
    let root = Path {
        name: "(Root)",
        parent: None,
    };
    Ok(validator.check(0, value, &root)?.violations)
}

struct Validator<'c, 's, 'a> {
    context: &'c mut Context<'a>,
    schema: &'s Schema<'a>,
    depth: u32,
}

type Checked<T = ()> = Result<T, BuiltinError>;

/// The type of a value in messages.
fn type_of(value: Value<'_>) -> &'static str {
    match value {
        Value::Number(number) if number.is_integer() => "integer",
        Value::Set(_) => "array",
        other => other.type_name(),
    }
}

impl<'s, 'a> Validator<'_, 's, 'a> {
    /// The outcome of one schema by itself.
    fn check(&mut self, id: NodeId, value: Value<'a>, path: &Path<'_>) -> Checked<Outcome> {
        let mut outcome = Outcome::default();
        self.check_into(id, value, path, &mut outcome)?;
        Ok(outcome)
    }

    fn check_into(
        &mut self,
        id: NodeId,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        self.context.spend(1)?;
        if self.depth >= MAX_DEPTH {
            return Err(BuiltinError::new(format!(
                "schema and document nest more than {MAX_DEPTH} levels"
            )));
        }
        let schema: &'s Schema<'a> = self.schema;
        let Some(node) = schema.nodes.get(id) else {
            return Ok(());
        };
        self.depth += 1;
        let result = match (node.constant, node.reference) {
            (Some(true), _) => Ok(()),
            (Some(false), _) => {
                out.add(path, "false", "False always fails validation".to_owned());
                Ok(())
            }
            (None, Some(target)) => self.check_into(target, value, path, out),
            (None, None) => self.check_node(node, value, path, out),
        };
        self.depth -= 1;
        result
    }

    fn check_node(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let given = type_of(value);
        let fits = node.types.is_empty()
            || node.types.contains(&given)
            || (given == "integer" && node.types.contains(&"number"));
        if !fits {
            let expected = match node.types.as_slice() {
                [one] => (*one).to_owned(),
                many => format!("[{}]", many.join(",")),
            };
            out.add(
                path,
                "invalid_type",
                format!("Invalid type. Expected: {expected}, given: {given}"),
            );
            return Ok(());
        }
        self.check_combinations(node, value, path, out)?;
        match value {
            Value::Array(items) => self.check_array(node, items, path, out)?,
            Value::Set(set) => self.check_array(node, Array::new(set.items()), path, out)?,
            Value::Object(object) => self.check_object(node, object, path, out)?,
            Value::Number(number) => check_number(node, number, path, out),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
        check_value(node, value, path, out);
        if let Value::String(text) = value {
            check_string(node, text, path, out);
        }
        if let Value::Object(object) = value {
            for (name, id) in &node.properties {
                if let Some(property) = object.get_str(name) {
                    self.check_into(*id, property, &path.child(name), out)?;
                }
            }
        }
        out.score += 1;
        Ok(())
    }

    fn check_combinations(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        self.check_any_of(node, value, path, out)?;
        self.check_one_of(node, value, path, out)?;
        if !node.all_of.is_empty() {
            let mut all_valid = true;
            for id in &node.all_of {
                let outcome = self.check(*id, value, path)?;
                all_valid &= outcome.is_valid();
                out.merge(outcome);
            }
            if !all_valid {
                out.add(
                    path,
                    "number_all_of",
                    "Must validate all the schemas (allOf)".to_owned(),
                );
            }
        }
        if let Some(not) = node.not
            && self.check(not, value, path)?.is_valid()
        {
            out.add(
                path,
                "number_not",
                "Must not validate the schema (not)".to_owned(),
            );
        }
        self.check_dependencies(node, value, path, out)?;
        self.check_condition(node, value, path, out)?;
        out.score += 1;
        Ok(())
    }

    fn check_any_of(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let mut best = None;
        for id in &node.any_of {
            let outcome = self.check(*id, value, path)?;
            if outcome.is_valid() {
                return Ok(());
            }
            keep_best(&mut best, outcome);
        }
        if let Some(best) = best {
            out.add(
                path,
                "number_any_of",
                "Must validate at least one schema (anyOf)".to_owned(),
            );
            out.merge(best);
        }
        Ok(())
    }

    fn check_one_of(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        if node.one_of.is_empty() {
            return Ok(());
        }
        let (mut valid, mut best) = (0, None);
        for id in &node.one_of {
            let outcome = self.check(*id, value, path)?;
            if outcome.is_valid() {
                valid += 1;
            } else if valid == 0 {
                keep_best(&mut best, outcome);
            }
        }
        if valid != 1 {
            out.add(
                path,
                "number_one_of",
                "Must validate one and only one schema (oneOf)".to_owned(),
            );
            if let Some(best) = best.filter(|_| valid == 0) {
                out.merge(best);
            }
        }
        Ok(())
    }

    fn check_dependencies(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let Value::Object(object) = value else {
            return Ok(());
        };
        for (name, dependency) in &node.dependencies {
            if object.get_str(name).is_none() {
                continue;
            }
            match dependency {
                Dependency::Properties(names) => {
                    for wanted in names
                        .iter()
                        .filter(|wanted| object.get_str(wanted).is_none())
                    {
                        out.add(
                            path,
                            "missing_dependency",
                            format!("Has a dependency on {wanted}"),
                        );
                    }
                }
                Dependency::Schema(id) => self.check_into(*id, value, path, out)?,
            }
        }
        Ok(())
    }

    fn check_condition(
        &mut self,
        node: &'s Node<'a>,
        value: Value<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let Some(condition) = node.condition else {
            return Ok(());
        };
        let holds = self.check(condition, value, path)?.is_valid();
        let (branch, kind, description) = if holds {
            (
                node.then,
                "condition_then",
                "Must validate \"then\" as \"if\" was valid",
            )
        } else {
            (
                node.otherwise,
                "condition_else",
                "Must validate \"else\" as \"if\" was not valid",
            )
        };
        if let Some(branch) = branch {
            let outcome = self.check(branch, value, path)?;
            if !outcome.is_valid() {
                out.add(path, kind, description.to_owned());
                out.merge(outcome);
            }
        }
        Ok(())
    }

    fn check_array(
        &mut self,
        node: &'s Node<'a>,
        items: Array<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        for (index, item) in items.iter().enumerate() {
            let schema = match &node.items {
                Items::Each(id) => Some(*id),
                Items::Positional(ids) if !ids.is_empty() => {
                    match (ids.get(index), node.additional_items) {
                        (Some(id), _) => Some(*id),
                        (None, Additional::Matching(id)) => Some(id),
                        (None, Additional::Allowed | Additional::Forbidden) => None,
                    }
                }
                Items::Any | Items::Positional(_) => None,
            };
            if let Some(id) = schema {
                let name = index.to_string();
                let outcome = self.check(id, item, &path.child(&name))?;
                out.merge(outcome);
            }
        }
        if let (Items::Positional(ids), Additional::Forbidden) =
            (&node.items, node.additional_items)
            && !ids.is_empty()
            && ids.len() < items.len()
        {
            out.add(
                path,
                "array_no_additional_items",
                "No additional items allowed on array".to_owned(),
            );
        }
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if let Some(least) = node.min_items.filter(|least| count < *least) {
            out.add(
                path,
                "array_min_items",
                format!("Array must have at least {least} items"),
            );
        }
        if let Some(most) = node.max_items.filter(|most| count > *most) {
            out.add(
                path,
                "array_max_items",
                format!("Array must have at most {most} items"),
            );
        }
        if node.unique_items {
            let mut seen = HashMap::new();
            for (index, item) in items.iter().enumerate() {
                if let Some(earlier) = seen.insert(canonical(item), index) {
                    out.add(
                        path,
                        "unique",
                        format!("array items[{earlier},{index}] must be unique"),
                    );
                }
            }
        }
        self.check_contains(node, items, path, out)?;
        out.score += 1;
        Ok(())
    }

    fn check_contains(
        &mut self,
        node: &'s Node<'a>,
        items: Array<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let Some(contains) = node.contains else {
            return Ok(());
        };
        let mut best = None;
        for (index, item) in items.iter().enumerate() {
            let name = index.to_string();
            let outcome = self.check(contains, item, &path.child(&name))?;
            if outcome.is_valid() {
                return Ok(());
            }
            keep_best(&mut best, outcome);
        }
        out.add(
            path,
            "contains",
            "At least one of the items must match".to_owned(),
        );
        if let Some(best) = best {
            out.merge(best);
        }
        Ok(())
    }

    fn check_object(
        &mut self,
        node: &'s Node<'a>,
        object: Object<'a>,
        path: &Path<'_>,
        out: &mut Outcome,
    ) -> Checked {
        let count = i64::try_from(object.len()).unwrap_or(i64::MAX);
        if let Some(least) = node.min_properties.filter(|least| count < *least) {
            out.add(
                path,
                "array_min_properties",
                format!("Must have at least {least} properties"),
            );
        }
        if let Some(most) = node.max_properties.filter(|most| count > *most) {
            out.add(
                path,
                "array_max_properties",
                format!("Must have at most {most} properties"),
            );
        }
        for name in &node.required {
            if object.get_str(name).is_some() {
                out.score += 1;
            } else {
                out.add(path, "required", format!("{name} is required"));
            }
        }
        for (key, value) in object.entries() {
            let key = key.as_str().unwrap_or_default();
            let mut described = node.properties.iter().any(|(name, _)| *name == key);
            let mut matched = false;
            for (pattern, id) in &node.pattern_properties {
                if pattern.is_match(key) {
                    matched = true;
                    let outcome = self.check(*id, value, &path.child(key))?;
                    out.merge(outcome);
                }
            }
            out.score += i64::from(matched);
            described |= matched;
            match node.additional_properties {
                Additional::Forbidden if !described => {
                    let description = format!("Additional property {key} is not allowed");
                    out.add(path, "additional_property_not_allowed", description);
                }
                Additional::Matching(id) if !described => {
                    let outcome = self.check(id, value, &path.child(key))?;
                    out.merge(outcome);
                }
                Additional::Allowed | Additional::Forbidden | Additional::Matching(_) => {}
            }
        }
        if let Some(names) = node.property_names {
            for key in object.keys() {
                let outcome = self.check(names, key, path)?;
                if !outcome.is_valid() {
                    let name = key.as_str().unwrap_or_default();
                    out.add(
                        path,
                        "invalid_property_name",
                        format!("Property name of \"{name}\" does not match"),
                    );
                    out.merge(outcome);
                }
            }
        }
        out.score += 1;
        Ok(())
    }
}

fn check_value(node: &Node<'_>, value: Value<'_>, path: &Path<'_>, out: &mut Outcome) {
    if node.constant_value.is_some() || node.allowed.is_some() {
        let text = canonical(value);
        if let Some(constant) = node
            .constant_value
            .as_ref()
            .filter(|constant| **constant != text)
        {
            out.add(
                path,
                "const",
                format!("{} does not match: {constant}", path.field()),
            );
        }
        if let Some(allowed) = node
            .allowed
            .as_ref()
            .filter(|allowed| !allowed.contains(&text))
        {
            let description = format!(
                "{} must be one of the following: {}",
                path.field(),
                allowed.join(", ")
            );
            out.add(path, "enum", description);
        }
    }
    if let (Some(format), Value::String(text)) = (node.format, value)
        && !format::holds(format, text)
    {
        out.add(path, "format", format!("Does not match format '{format}'"));
    }
    out.score += 1;
}

fn check_string(node: &Node<'_>, text: &str, path: &Path<'_>, out: &mut Outcome) {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(least) = node.min_length.filter(|least| length < *least) {
        out.add(
            path,
            "string_gte",
            format!("String length must be greater than or equal to {least}"),
        );
    }
    if let Some(most) = node.max_length.filter(|most| length > *most) {
        out.add(
            path,
            "string_lte",
            format!("String length must be less than or equal to {most}"),
        );
    }
    if let Some((_, source)) = node
        .pattern
        .as_ref()
        .filter(|(pattern, _)| !pattern.is_match(text))
    {
        out.add(
            path,
            "pattern",
            format!("Does not match pattern '{source}'"),
        );
    }
    out.score += 1;
}

fn check_number(node: &Node<'_>, number: Number<'_>, path: &Path<'_>, out: &mut Outcome) {
    if let Some(step) = node.multiple_of.filter(|step| !is_multiple(number, *step)) {
        out.add(
            path,
            "multiple_of",
            format!("Must be a multiple of {}", bound(step)),
        );
    }
    if let Some(most) = node.maximum.filter(|most| number.compare(*most).is_gt()) {
        out.add(
            path,
            "number_lte",
            format!("Must be less than or equal to {}", bound(most)),
        );
    }
    if let Some(limit) = node
        .exclusive_maximum
        .filter(|limit| number.compare(*limit).is_ge())
    {
        out.add(
            path,
            "number_lt",
            format!("Must be less than {}", bound(limit)),
        );
    }
    if let Some(least) = node.minimum.filter(|least| number.compare(*least).is_lt()) {
        out.add(
            path,
            "number_gte",
            format!("Must be greater than or equal to {}", bound(least)),
        );
    }
    if let Some(limit) = node
        .exclusive_minimum
        .filter(|limit| number.compare(*limit).is_le())
    {
        out.add(
            path,
            "number_gt",
            format!("Must be greater than {}", bound(limit)),
        );
    }
    out.score += 1;
}
