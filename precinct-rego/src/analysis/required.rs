//! The builtins and features that modules need.

use std::collections::BTreeSet;

use crate::ast::display::ref_text;
use crate::ast::{ExprKind, Import, Module, RegoVersion, Term, TermValue};
use crate::capabilities::{Builtin, Capabilities};
use crate::compile::visit::{self, Node, branches, ground_prefix};

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
        operators(module, &mut |name| {
            names.insert(name);
        });
    }
    for module in written {
        operators(module, &mut |name| {
            if REPLACED.contains(&name.as_str()) {
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
        match ref_text(path).as_str() {
            "rego.v1" if old => {
                self.features.insert("rego_v1_import");
            }
            "rego.v2" if version != RegoVersion::V2 => {
                self.features.insert("rego_v2_import");
            }
            text => {
                let Some(rest) = text.strip_prefix("future.keywords") else {
                    return;
                };
                let importable: &[&str] = if old {
                    &["contains", "every", "if", "in"]
                } else {
                    &[]
                };
                match rest.strip_prefix('.') {
                    None => self
                        .future_keywords
                        .extend(importable.iter().map(|word| (*word).to_owned())),
                    Some(word) => {
                        let known = importable.contains(&word)
                            || capabilities.future_keywords.iter().any(|it| it == word);
                        if known {
                            self.future_keywords.insert(word.to_owned());
                        }
                    }
                }
            }
        }
    }
}

/// Calls the function with the name of every operator in the module.
fn operators(module: &Module, f: &mut dyn FnMut(String)) {
    let mut see = |operator: &Term| {
        if let TermValue::Ref(parts) = &operator.value {
            f(ref_text(parts));
        }
    };
    let mut visit = |node: Node<'_>| {
        match node {
            Node::Expr(expr) => {
                if let ExprKind::Call(list) = &expr.kind {
                    list.first().into_iter().for_each(&mut see);
                }
            }
            Node::Term(term) => {
                if let TermValue::Call(list) = &term.value {
                    list.first().into_iter().for_each(&mut see);
                }
            }
            _ => {}
        }
        false
    };
    for rule in module.rules.iter().flat_map(branches) {
        visit::head(rule, &mut visit);
        visit::body(&rule.body, &mut visit);
    }
}
