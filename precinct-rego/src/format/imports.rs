//! Directive imports: those that the target needs, and those that it doesn't need any more.

use std::collections::BTreeSet;

use crate::ast::{Import, RegoVersion, Term, TermValue};

use super::options::Target;

/// An import to be written.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) import: Import,
    /// The row that it is sorted by.
    pub(super) row: i64,
    pub(super) col: i64,
    /// Not in the source.
    pub(super) added: bool,
}

/// The path as text parts.
pub(super) fn path(import: &Import) -> Vec<&str> {
    let parts: &[Term] = match &import.path.value {
        TermValue::Ref(parts) => parts,
        _ => std::slice::from_ref(&import.path),
    };
    parts
        .iter()
        .map(|part| match &part.value {
            TermValue::Var(text) | TermValue::String(text) => text.as_ref(),
            _ => "",
        })
        .collect()
}

pub(super) fn is_rego(import: &Import, version: &str) -> bool {
    path(import) == ["rego", version]
}

pub(super) fn is_all_future_keywords(import: &Import) -> bool {
    path(import) == ["future", "keywords"]
}

/// The keyword that the import enables, if it is one of `future.keywords`.
pub(super) fn future_keyword(import: &Import) -> Option<&str> {
    match path(import).as_slice() {
        ["future", "keywords", word] if import.alias.is_none() => Some(word),
        _ => None,
    }
}

fn is_future(import: &Import) -> bool {
    path(import).first() == Some(&"future")
}

/// Adds and removes directive imports.
pub(super) fn arrange(
    mut lines: Vec<Line>,
    target: Target,
    future_keywords: &[String],
    used: &BTreeSet<&'static str>,
    drop_redundant: bool,
) -> Vec<Line> {
    if target.min == RegoVersion::V2 {
        if drop_redundant {
            lines.retain(|line| {
                !is_rego(&line.import, "v1")
                    && !is_rego(&line.import, "v2")
                    && !is_future(&line.import)
            });
        }
        return lines;
    }
    if target.max == RegoVersion::V2 {
        ensure_rego(&mut lines, "v2");
        lines.retain(|line| !is_rego(&line.import, "v1") && !is_future(&line.import));
        return lines;
    }
    let v2_imported = lines.iter().any(|line| is_rego(&line.import, "v2"));
    if v2_imported || target.min == RegoVersion::V1 && drop_redundant {
        lines.retain(|line| !is_rego(&line.import, "v1"));
    } else if target.min != target.max {
        ensure_rego(&mut lines, "v1");
    }
    let v1_imported = v2_imported || lines.iter().any(|line| is_rego(&line.import, "v1"));
    if target.max == RegoVersion::V1 || v1_imported {
        if !drop_redundant && !v1_imported {
            for word in future_keywords {
                ensure_keyword(&mut lines, word);
            }
        } else {
            lines.retain(|line| !is_future(&line.import));
        }
        if !v2_imported {
            for word in used.iter().filter(|w| matches!(**w, "not" | "and" | "or")) {
                ensure_keyword(&mut lines, word);
            }
        }
    } else {
        for word in used {
            ensure_keyword(&mut lines, word);
        }
    }
    lines
}

fn ensure_rego(lines: &mut Vec<Line>, version: &str) {
    if !lines.iter().any(|line| is_rego(&line.import, version)) {
        add(lines, &["rego", version]);
    }
}

fn ensure_keyword(lines: &mut Vec<Line>, word: &str) {
    let present = lines.iter().any(|line| {
        is_all_future_keywords(&line.import)
            || match path(&line.import).as_slice() {
                ["future", "keywords", other] => {
                    *other == word || word == "in" && *other == "every"
                }
                _ => false,
            }
    });
    if !present {
        add(lines, &["future", "keywords", word]);
    }
}

/// Adds an import below the last directive import.
fn add(lines: &mut Vec<Line>, path: &[&str]) {
    let directives = lines
        .iter()
        .filter(|line| is_future(&line.import) || is_rego(&line.import, "v1"));
    let row = directives
        .map(|line| line.row)
        .max()
        .map_or(1, |row| row + 1);
    let term = |value| Term {
        span: crate::ast::Span::default(),
        value,
    };
    let parts = path.iter().enumerate().map(|(i, text)| {
        term(if i == 0 {
            TermValue::Var((*text).into())
        } else {
            TermValue::String((*text).into())
        })
    });
    lines.push(Line {
        import: Import {
            span: crate::ast::Span::default(),
            path: term(TermValue::Ref(parts.collect())),
            alias: None,
        },
        row,
        col: 1,
        added: true,
    });
}
