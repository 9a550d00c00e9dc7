//! `# METADATA` blocks to the statements that they describe.

use crate::ast::{Annotations, Module, Rule};
use crate::error::Diagnostic;

use super::parser::parse_error;

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
pub(super) fn attach(module: &mut Module, text: &str) -> Result<(), Vec<Diagnostic>> {
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
            errors.push(parse_error(text, block.span, message));
        }
        if block.entrypoint && !matches!(block.scope.as_str(), "document" | "package") {
            let message = format!(
                "annotation entrypoint applied to non-document or package scope '{}'",
                block.scope
            );
            errors.push(parse_error(text, block.span, message));
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

/// A rule has the blocks in front of it, and those of scope `document` of every rule of the same document.
fn hand_out(module: &mut Module, of_rules: &[(u32, usize)]) {
    let documents: Vec<(u32, String)> = of_rules
        .iter()
        .filter(|(index, _)| scope_of(module, *index) == "document")
        .filter_map(|(index, rule)| Some((*index, document(module.rules.get(*rule)?))))
        .collect();
    let own: Vec<(u32, usize)> = of_rules
        .iter()
        .filter(|(index, _)| scope_of(module, *index) == "rule")
        .copied()
        .collect();
    for (position, rule) in module.rules.iter_mut().enumerate() {
        let path = document(rule);
        let of_document = documents
            .iter()
            .filter(|(_, p)| *p == path)
            .map(|(i, _)| *i);
        let of_rule = own.iter().filter(|(_, r)| *r == position).map(|(i, _)| *i);
        rule.annotations = of_document.chain(of_rule).collect();
        rule.annotations.sort_unstable();
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
    use crate::ast::TermValue;
    let ground = rule.head.reference.iter().enumerate().take_while(|(i, t)| {
        *i == 0
            || !matches!(
                t.value,
                TermValue::Var(_) | TermValue::Ref(_) | TermValue::Call(_)
            )
    });
    ground
        .map(|(_, term)| term.to_string())
        .collect::<Vec<_>>()
        .join(".")
}
