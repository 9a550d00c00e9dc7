//! The builtins and features that modules need.

use std::collections::BTreeSet;

use crate::ast::display::ref_text;
use crate::ast::{ExprKind, Import, Module, RegoVersion, Rule, TermValue};
use crate::capabilities::{Builtin, Capabilities};
use crate::compile::visit::{self, Node, ground_prefix};

/// What modules need of an engine.
#[derive(Clone, Debug, Default)]
pub struct Required<'a> {
    /// The builtins that are called, by name.
    pub builtins: Vec<&'a Builtin>,
    /// The keywords that are imported.
    pub future_keywords: BTreeSet<String>,
    /// The features of the language.
    pub features: BTreeSet<&'static str>,
}

/// Calls that the compiler turns into other calls, and that are needed all the same.
const REPLACED: [&str; 3] = ["assign", "equal", "print"];

/// Needs of modules: as they were written, and compiled.
#[must_use]
pub fn required<'a>(
    written: &[Module],
    compiled: &[Module],
    capabilities: &'a Capabilities,
) -> Required<'a> {
    let mut names = BTreeSet::new();
    for module in compiled {
        operators(module, false, &mut |name, _| {
            names.insert(name);
        });
    }
    for module in written {
        operators(module, true, &mut |name, in_head| {
            // OPA does not count what comprehensions in heads assign.
            let counts = !(in_head && name == "assign");
            if counts && REPLACED.contains(&name.as_str()) {
                names.insert(name);
            }
        });
    }
    let mut required = Required {
        builtins: names
            .iter()
            .filter_map(|name| capabilities.builtin(name))
            .collect(),
        ..Required::default()
    };
    if names.contains("internal.template_string") {
        required.features.insert("template_strings");
    }
    for module in written {
        required.language(module, capabilities);
    }
    required
}

impl Required<'_> {
    fn language(&mut self, module: &Module, capabilities: &Capabilities) {
        for import in &module.imports {
            self.import(import, module.version, capabilities);
        }
        match module.version {
            RegoVersion::V2 => {
                self.features.insert("rego_v2");
            }
            RegoVersion::V1 => {
                self.features.insert("rego_v1");
            }
            RegoVersion::V0 | RegoVersion::V0CompatV1 => {
                for rule in &module.rules {
                    let parts = &rule.head.reference;
                    if parts.len() >= 3 {
                        let ground = ground_prefix(parts).len() == parts.len();
                        self.features.insert(if ground {
                            "rule_head_ref_string_prefixes"
                        } else {
                            "rule_head_refs"
                        });
                    }
                }
            }
        }
    }

    fn import(&mut self, import: &Import, version: RegoVersion, capabilities: &Capabilities) {
        let TermValue::Ref(path) = &import.path.value else {
            return;
        };
        let old = matches!(version, RegoVersion::V0 | RegoVersion::V0CompatV1);
        let names: Vec<&str> = path
            .iter()
            .filter_map(|part| match &part.value {
                TermValue::Var(name) | TermValue::String(name) => Some(&**name),
                _ => None,
            })
            .collect();
        match names.as_slice() {
            ["rego", "v1"] if old => {
                self.features.insert("rego_v1_import");
            }
            ["rego", "v2"] if version != RegoVersion::V2 => {
                self.features.insert("rego_v2_import");
            }
            ["future", "keywords", rest @ ..] => {
                let old_keywords: &[&str] = if old {
                    &["contains", "every", "if", "in"]
                } else {
                    &[]
                };
                let importable = old_keywords
                    .iter()
                    .copied()
                    .chain(capabilities.future_keywords.iter().map(String::as_str));
                let wanted = |word: &&str| rest.first().is_none_or(|named| named == word);
                self.future_keywords
                    .extend(importable.filter(wanted).map(str::to_owned));
            }
            _ => {}
        }
    }
}

/// Calls the function with the name of every operator in the module, and whether it stands in a rule's head.
///
/// OPA does not count what is called within `every`, `not {}`, `and` and `or`, where its type checker works aside;
/// these are entered on demand only.
fn operators(module: &Module, enter_all: bool, f: &mut dyn FnMut(String, bool)) {
    let mut see = |node: Node<'_>, in_head: bool| {
        let called = match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Call(list) => list.first(),
                _ => None,
            },
            Node::Term(term) => match &term.value {
                TermValue::Call(list) => list.first(),
                _ => None,
            },
            Node::Every(_) | Node::Not(_) | Node::Logical(_) => return !enter_all,
            _ => None,
        };
        if let Some(TermValue::Ref(parts)) = called.map(|operator| &operator.value) {
            f(ref_text(parts), in_head);
        }
        false
    };
    for rule in module.rules.iter().flat_map(Rule::branches) {
        visit::head(rule, &mut |node| see(node, true));
        visit::body(&rule.body, &mut |node| see(node, false));
    }
}
