//! A module: package, imports, rules, and the comments between them.

use std::collections::HashMap;

use crate::ast::order::compare;
use crate::ast::{Body, Import, Module, Package, RegoVersion, Rule, Span, Term, TermValue};
use crate::error::{Code, Diagnostic};
use crate::source::Sources;

use super::imports::{self, Line};
use super::options::FormatOptions;
use super::scan::{scan, shared_wildcards};
use super::writer::{Fault, Note, Notes, Step, Style, Writer};

/// Writes a module. The sources are those that it was read from.
///
/// # Errors
/// Calls of operators with the wrong number of operands, which can't be written.
pub fn format_module(
    module: &Module,
    sources: &Sources,
    options: &FormatOptions,
) -> Result<String, Vec<Diagnostic>> {
    let found = scan(module);
    let target = options.target;
    let style = style(module, *options, found.ref_heads);
    let lines = module.imports.iter().map(|import| Line {
        import: import.clone(),
        row: row_of(import.span, *options),
        col: i64::from(import.span.col),
        added: false,
    });
    let lines = imports::arrange(
        lines.collect(),
        target,
        &style.future_keywords,
        &found.keywords,
        options.drop_redundant_imports,
    );
    let notes = notes(module, sources);
    let (of_imports, notes) = notes_of_imports(notes, &lines);
    let mut writer = Writer::new(sources, options.ignore_locations, style);
    writer.shared_wildcards = found.shared_wildcards;
    if let Err((_, fault)) = writer.module(module, &lines, &of_imports, &notes) {
        writer.report(fault);
    }
    if !writer.errors.is_empty() {
        return Err(writer.errors);
    }
    let mut out = writer.out;
    if out.ends_with('\n') {
        out.truncate(out.trim_end_matches('\n').len());
        out.push('\n');
    }
    Ok(out)
}

/// Writes a query, one expression on each line, as if nothing was known of its lines.
///
/// # Errors
/// As [`format_module`].
pub fn format_body(body: &Body, version: RegoVersion) -> Result<String, Vec<Diagnostic>> {
    let sources = Sources::default();
    let options = FormatOptions::new(version);
    let module = Module {
        package: Package {
            span: Span::default(),
            path: Vec::new(),
        },
        imports: Vec::new(),
        rules: Vec::new(),
        comments: Vec::new(),
        annotations: Vec::new(),
        version,
    };
    let mut writer = Writer::new(&sources, true, style(&module, options, false));
    writer.shared_wildcards = shared_wildcards(body);
    if let Err((_, fault)) = writer.body(body, &[]) {
        writer.report(fault);
    }
    if !writer.errors.is_empty() {
        return Err(writer.errors);
    }
    let text = writer.out.trim_end_matches('\n');
    Ok(if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n")
    })
}

fn row_of(span: Span, options: FormatOptions) -> i64 {
    if options.ignore_locations {
        1
    } else {
        i64::from(span.row)
    }
}

fn style(module: &Module, options: FormatOptions, ref_heads: bool) -> Style {
    let newer = options.target.max != RegoVersion::V0;
    let mut style = Style {
        contains: newer,
        ifs: newer,
        ref_heads,
        v1: newer,
        v2: options.target.max == RegoVersion::V2,
        v2_imported: false,
        future_keywords: Vec::new(),
        keywords_in_refs: options.keywords_in_refs,
    };
    for import in &module.imports {
        let keyword = imports::future_keyword(import);
        if let Some(keyword) = keyword {
            style.future_keywords.push(keyword.to_owned());
        }
        let v2 = imports::is_rego(import, "v2");
        style.v2_imported |= v2;
        let all = v2 || imports::is_rego(import, "v1") || imports::is_all_future_keywords(import);
        style.contains |= all || keyword == Some("contains");
        style.ifs |= all || keyword == Some("if");
    }
    style
}

fn notes<'a>(module: &Module, sources: &'a Sources) -> Vec<Note<'a>> {
    let mut notes: Vec<Note<'a>> = module
        .comments
        .iter()
        .map(|comment| {
            let span = comment.span;
            let raw = sources
                .get(span.source)
                .and_then(|s| s.text.get(span.start as usize..span.end as usize));
            Note {
                row: i64::from(span.row),
                col: i64::from(span.col),
                text: format!("#{}", comment.text.trim_end()),
                raw: raw.unwrap_or_default(),
            }
        })
        .collect();
    notes.sort_by_key(|note| (note.row, note.col));
    notes
}

/// Comments behind imports, by row, and the others.
fn notes_of_imports<'a>(
    notes: Vec<Note<'a>>,
    lines: &[Line],
) -> (HashMap<i64, Note<'a>>, Vec<Note<'a>>) {
    let (of_imports, others): (Vec<_>, Vec<_>) = notes
        .into_iter()
        .partition(|note| lines.iter().any(|line| !line.added && line.row == note.row));
    let of_imports = of_imports.into_iter().map(|note| (note.row, note));
    (of_imports.collect(), others)
}

/// What follows the package.
enum Item<'m> {
    Import(&'m Line),
    Rule(&'m Rule),
}

impl<'a> Writer<'a> {
    /// Notes an error that keeps the module from being formatted.
    pub(super) fn report(&mut self, fault: Fault) {
        if let Fault::Other(message) = fault {
            let error = Diagnostic::new(Code::Format, Span::default(), message);
            self.errors.push(error);
        }
    }

    fn module<'n>(
        &mut self,
        module: &Module,
        lines: &[Line],
        of_imports: &HashMap<i64, Note<'n>>,
        notes: Notes<'a>,
    ) -> Step<'a> {
        let mut items: Vec<(i64, i64, Item<'_>)> = Vec::new();
        for line in lines {
            items.push((line.row, line.col, Item::Import(line)));
        }
        for rule in &module.rules {
            let place = self.place(rule.span);
            items.push((place.row, i64::from(rule.span.col), Item::Rule(rule)));
        }
        items.sort_by_key(|(row, col, _)| (*row, *col));
        let mut added = Vec::new();
        if added_follows_rule(&items) {
            items.retain(|(_, _, item)| match item {
                Item::Import(line) if line.added => {
                    added.push(*line);
                    false
                }
                _ => true,
            });
        }
        let mut notes = self.package(module, notes)?;
        notes = self.imports(&added, of_imports, notes)?;
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let group = |items: &[(i64, i64, Item<'_>)], rules: bool| {
                items
                    .iter()
                    .take_while(|(_, _, item)| matches!(item, Item::Rule(_)) == rules)
                    .count()
            };
            let (head, tail) = rest.split_at(group(rest, false));
            let lines: Vec<&Line> = head
                .iter()
                .filter_map(|(_, _, item)| match item {
                    Item::Import(line) => Some(*line),
                    Item::Rule(_) => None,
                })
                .collect();
            notes = self.imports(&lines, of_imports, notes)?;
            let (head, tail) = tail.split_at(group(tail, true));
            let rules: Vec<&Rule> = head
                .iter()
                .filter_map(|(_, _, item)| match item {
                    Item::Rule(rule) => Some(*rule),
                    Item::Import(_) => None,
                })
                .collect();
            notes = self.rules(&rules, notes);
            rest = tail;
        }
        for note in notes {
            self.write_line(&note.text);
        }
        if !notes.is_empty() {
            self.write("\n");
        }
        Ok(Notes::default())
    }

    fn package(&mut self, module: &Module, notes: Notes<'a>) -> Step<'a> {
        let row = self.place(module.package.span).row;
        let notes = self.insert_notes(notes, row)?;
        self.start_line();
        let mut path = module.package.path.clone();
        if path.len() < 2 {
            let shown = crate::ast::display::ref_text(&path);
            self.errors.push(Diagnostic::new(
                Code::Format,
                module.package.span,
                format!("invalid package path: {shown}"),
            ));
            return Ok(notes);
        }
        path.remove(0);
        if let Some(Term { value, .. }) = path.first_mut()
            && let TermValue::String(name) = value
        {
            *value = TermValue::Var(name.clone());
        }
        self.write("package ");
        self.reference(&path, Notes::default())?;
        self.blank_line();
        Ok(notes)
    }

    /// Imports in groups, sorted inside each.
    fn imports(
        &mut self,
        lines: &[&Line],
        of_imports: &HashMap<i64, Note<'_>>,
        mut notes: Notes<'a>,
    ) -> Step<'a> {
        for group in lines.chunk_by(|a, b| b.row - a.row <= 1) {
            if let Some(first) = group.first() {
                notes = self.insert_notes(notes, first.row)?;
            }
            let mut group = group.to_vec();
            group.sort_by(|a, b| compare_imports(&a.import, &b.import));
            let mut commented = std::collections::HashSet::new();
            for line in group {
                self.start_line();
                self.import(line)?;
                if !line.added
                    && let Some(note) = of_imports.get(&line.row)
                    && commented.insert(line.row)
                {
                    self.write(" ");
                    self.write(&note.text);
                }
                self.end_line();
            }
            self.blank_line();
        }
        Ok(notes)
    }

    fn import(&mut self, line: &Line) -> Step<'a> {
        self.write("import ");
        let import = &line.import;
        if line.added || imports::future_keyword(import).is_some() {
            self.write(&imports::path(import).join("."));
        } else if let TermValue::Ref(parts) = &import.path.value {
            self.reference(parts, Notes::default())?;
        } else {
            self.write(&import.path.to_string());
        }
        if let Some((name, _)) = &import.alias {
            self.write(" as ");
            self.write(name);
        }
        Ok(Notes::default())
    }
}

fn compare_imports(a: &Import, b: &Import) -> std::cmp::Ordering {
    let alias = |import: &Import| import.alias.as_ref().map(|(name, _)| name.clone());
    compare(&a.path, &b.path).then_with(|| alias(a).cmp(&alias(b)))
}

/// Whether an import that was added would be written behind a rule, where it has no effect.
fn added_follows_rule(items: &[(i64, i64, Item<'_>)]) -> bool {
    let rules = items
        .iter()
        .filter(|(_, _, item)| matches!(item, Item::Rule(_)));
    let Some(first) = rules.map(|(row, _, _)| *row).min() else {
        return false;
    };
    items
        .iter()
        .any(|(row, _, item)| matches!(item, Item::Import(line) if line.added) && *row >= first)
}
