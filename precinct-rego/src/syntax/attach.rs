//! `# METADATA` blocks to the statements that they describe.

use std::collections::{HashMap, VecDeque};

use crate::ast::display::ref_text;
use crate::ast::{Annotations, Module, Rule};
use crate::error::Diagnostic;

use super::parser::whole_error;

/// The statement that follows a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Package,
    Import,
    Rule(usize),
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Import => "import",
            Self::Rule(_) => "rule",
        }
    }
}

/// Settles the scope of every block and hands those of rules to the rules.
pub(super) fn attach(module: &mut Module) -> Result<(), Vec<Diagnostic>> {
    if module.annotations.is_empty() {
        return Ok(());
    }
    let mut targets = vec![(module.package.span.row, Target::Package)];
    targets.extend(module.imports.iter().map(|i| (i.span.row, Target::Import)));
    let rules = module.rules.iter().enumerate();
    targets.extend(rules.map(|(i, rule)| (rule.span.row, Target::Rule(i))));
    targets.sort_by_key(|(row, _)| *row);

    let mut errors = Vec::new();
    let mut of_rules: Vec<(u32, usize)> = Vec::new();
    for (index, block) in (0u32..).zip(&mut module.annotations) {
        let next = targets.partition_point(|(row, _)| *row <= block.span.row);
        let target = targets.get(next).map(|(_, target)| *target);
        default_scope(block, target);
        if let Some(message) = misplaced(block, target) {
            errors.push(whole_error(block.span, message));
        }
        if block.entrypoint && !matches!(block.scope.as_str(), "document" | "package") {
            let message = format!(
                "annotation entrypoint applied to non-document or package scope '{}'",
                block.scope
            );
            errors.push(whole_error(block.span, message));
        }
        if let Some(Target::Rule(rule)) = target {
            of_rules.push((index, rule));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    hand_out(module, &of_rules);
    Ok(())
}

fn default_scope(block: &mut Annotations, target: Option<Target>) {
    if !block.scope.is_empty() {
        return;
    }
    let scope = match target {
        Some(Target::Rule(_)) if block.entrypoint => "document",
        Some(target) => target.name(),
        None => return,
    };
    scope.clone_into(&mut block.scope);
}

fn misplaced(block: &Annotations, target: Option<Target>) -> Option<String> {
    let scope = block.scope.as_str();
    let (wanted, fits) = match scope {
        "rule" | "document" => ("rule", matches!(target, Some(Target::Rule(_)))),
        "package" | "subpackages" => ("package", target == Some(Target::Package)),
        _ => {
            return Some(format!(
                "invalid annotation scope '{scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'"
            ));
        }
    };
    if fits {
        return None;
    }
    let have = target.map_or_else(String::new, |target| format!(" (have {})", target.name()));
    Some(format!(
        "annotation scope '{scope}' must be applied to {wanted}{have}"
    ))
}

/// The blocks of the rules of one document.
#[derive(Default)]
struct Group {
    document: Vec<u32>,
    /// Of scope `rule`, in the order of the source.
    rule: VecDeque<u32>,
    /// Of scope `rule`, above the current rule.
    pending: Vec<u32>,
}

/// A rule has the blocks of scope `document` of every rule of its document, and those of scope `rule` above it.
/// As in OPA, each rule uses up the last of the latter; any others stay for the rules that follow.
fn hand_out(module: &mut Module, of_rules: &[(u32, usize)]) {
    let mut groups: HashMap<String, Group> = HashMap::new();
    for (index, rule) in of_rules {
        let Some(rule) = module.rules.get(*rule) else {
            continue;
        };
        let group = groups.entry(document(rule)).or_default();
        match scope_of(module, *index) {
            "document" => group.document.push(*index),
            "rule" => group.rule.push_back(*index),
            _ => {}
        }
    }
    let blocks = &module.annotations;
    for rule in &mut module.rules {
        let Some(group) = groups.get_mut(&document(rule)) else {
            continue;
        };
        while let Some(index) = group.rule.pop_front_if(|index| {
            blocks
                .get(*index as usize)
                .is_some_and(|block| block.span.row < rule.span.row)
        }) {
            group.pending.push(index);
        }
        rule.annotations = [group.document.as_slice(), &group.pending].concat();
        rule.annotations.sort_unstable();
        group.pending.pop();
    }
}

fn scope_of(module: &Module, index: u32) -> &str {
    module
        .annotations
        .get(index as usize)
        .map_or("", |block| block.scope.as_str())
}

/// The ground part of the rule's reference.
fn document(rule: &Rule) -> String {
    let parts = &rule.head.reference;
    let ground = parts
        .iter()
        .skip(1)
        .take_while(|part| part.value.is_ground())
        .count();
    ref_text(parts.get(..=ground).unwrap_or_default())
}
