//! The syntax tree as JSON, in the shape that `opa parse --format json` prints.
//!
//! Text is written directly rather than through a JSON value, so that numbers stay as their authors wrote them.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::source::Sources;

use super::display::ref_text;
use super::order::{sorted_entries, sorted_terms};
use super::{
    Annotations, Body, Comment, Expr, ExprKind, Head, Import, Logical, Module, Package, Ref, Rule,
    Span, Template, TemplatePart, Term, TermValue, With,
};

/// What the JSON holds besides the tree itself.
#[derive(Clone, Copy, Debug)]
pub struct JsonOptions {
    /// The place and text of every node.
    pub locations: bool,
    /// The module's comments.
    pub comments: bool,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            locations: false,
            comments: true,
        }
    }
}

/// A module as JSON on one line. The sources are those that the module was read from.
pub fn module_json(module: &Module, sources: &Sources, options: JsonOptions) -> String {
    let mut writer = Writer {
        out: String::new(),
        sources,
        locations: options.locations,
        detached: None,
    };
    writer.module(module, options.comments);
    writer.out
}

/// A body as JSON on one line.
pub fn body_json(body: &Body, sources: &Sources, options: JsonOptions) -> String {
    let mut writer = Writer {
        out: String::new(),
        sources,
        locations: options.locations,
        detached: None,
    };
    writer.body(body);
    writer.out
}

/// A metadata block as JSON on one line, without its place.
pub fn annotations_json(block: &Annotations, sources: &Sources) -> String {
    let mut writer = Writer {
        out: String::new(),
        sources,
        locations: false,
        detached: None,
    };
    writer.annotations(block);
    writer.out
}

/// The parts of a reference as JSON on one line, without their places.
pub fn ref_json(parts: &[Term]) -> String {
    let mut writer = Writer {
        out: String::new(),
        sources: &Sources::default(),
        locations: false,
        detached: None,
    };
    writer.terms(parts);
    writer.out
}

/// JSON text, spread over lines with two spaces for each level, as Go's encoder does.
pub fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 3);
    let mut level = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut characters = json.chars().peekable();
    let line = |out: &mut String, level: usize| {
        out.push('\n');
        for _ in 0..level {
            out.push_str("  ");
        }
    };
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                let close = if character == '{' { '}' } else { ']' };
                if let Some(next) = characters.next_if_eq(&close) {
                    out.push(next);
                } else {
                    level += 1;
                    line(&mut out, level);
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                line(&mut out, level);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, level);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_string = true;
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// Appends a string literal with the escapes of Go's encoder, which is careful about HTML.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Standard base64 with padding, the form in which Go encodes bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > chunk.len() {
                out.push('=');
                continue;
            }
            let index = (bits >> (18 - 6 * digit)) & 63;
            out.push(char::from(
                DIGITS.get(index as usize).copied().unwrap_or(b'A'),
            ));
        }
    }
    out
}

struct Writer<'a> {
    out: String,
    sources: &'a Sources,
    locations: bool,
    /// The text that the spans are of, where it is not that of a source.
    detached: Option<String>,
}

/// Members of an object, separated by commas.
struct Members {
    any: bool,
}

impl Writer<'_> {
    fn open(&mut self) -> Members {
        self.out.push('{');
        Members { any: false }
    }

    fn key(&mut self, members: &mut Members, name: &str) {
        if members.any {
            self.out.push(',');
        }
        members.any = true;
        write_string(&mut self.out, name);
        self.out.push(':');
    }

    fn close(&mut self) {
        self.out.push('}');
    }

    fn flag(&mut self, members: &mut Members, name: &str, value: bool) {
        if value {
            self.key(members, name);
            self.out.push_str("true");
        }
    }

    fn string(&mut self, members: &mut Members, name: &str, value: &str) {
        self.key(members, name);
        write_string(&mut self.out, value);
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }

    /// The text that a span covers.
    fn text(&self, span: Span) -> &str {
        if let Some(text) = &self.detached {
            let range = span.start as usize..span.end as usize;
            return text.get(range).unwrap_or_default();
        }
        self.sources
            .get(span.source)
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    fn place(&mut self, span: Span, text: Option<&str>) {
        let file = match self.detached {
            Some(_) => None,
            None => self.sources.get(span.source).map(|s| s.name.clone()),
        };
        let mut members = self.open();
        self.string(&mut members, "file", file.as_deref().unwrap_or_default());
        self.key(&mut members, "row");
        self.out.push_str(&span.row.to_string());
        self.key(&mut members, "col");
        self.out.push_str(&span.col.to_string());
        if let Some(text) = text {
            let text = base64(text.as_bytes());
            self.string(&mut members, "text", &text);
        }
        self.close();
    }

    /// The location of a node; made up nodes have none.
    fn location_as(&mut self, members: &mut Members, name: &str, span: Span) {
        if self.locations && span.row > 0 {
            self.key(members, name);
            let text = self.text(span).to_owned();
            self.place(span, Some(&text));
        }
    }

    fn location(&mut self, members: &mut Members, span: Span) {
        self.location_as(members, "location", span);
    }

    fn module(&mut self, module: &Module, comments: bool) {
        let mut members = self.open();
        self.key(&mut members, "package");
        self.package(&module.package);
        if !module.imports.is_empty() {
            self.key(&mut members, "imports");
            self.list(&module.imports, Self::import);
        }
        if !module.annotations.is_empty() {
            self.key(&mut members, "annotations");
            self.list(&module.annotations, Self::annotations);
        }
        if !module.rules.is_empty() {
            self.key(&mut members, "rules");
            self.list(&module.rules, |writer, rule| writer.rule(rule, module));
        }
        if comments && !module.comments.is_empty() {
            self.key(&mut members, "comments");
            let blocks: HashMap<u32, Span> = module
                .annotations
                .iter()
                .map(|block| (block.span.start, block.span))
                .collect();
            self.list(&module.comments, |writer, comment| {
                writer.comment(comment, blocks.get(&comment.span.start).copied());
            });
        }
        self.close();
    }

    /// A comment; the first of a metadata block has the text of the block.
    fn comment(&mut self, comment: &Comment, block: Option<Span>) {
        let mut members = self.open();
        self.string(&mut members, "Text", &base64(comment.text.as_bytes()));
        self.key(&mut members, "Location");
        let text = self.locations.then(|| match block {
            Some(span) => self.block_text(span),
            None => self.text(comment.span).to_owned(),
        });
        self.place(comment.span, text.as_deref());
        self.close();
    }

    fn package(&mut self, package: &Package) {
        let mut members = self.open();
        self.location(&mut members, package.span);
        self.key(&mut members, "path");
        self.terms(&package.path);
        self.close();
    }

    fn import(&mut self, import: &Import) {
        let mut members = self.open();
        if let Some((name, span)) = &import.alias {
            self.string(&mut members, "alias", name);
            self.location_as(&mut members, "alias_location", *span);
        }
        self.location(&mut members, import.span);
        self.key(&mut members, "path");
        self.term(&import.path);
        self.close();
    }

    fn rule(&mut self, rule: &Rule, module: &Module) {
        let mut members = self.open();
        if !rule.annotations.is_empty() {
            self.key(&mut members, "annotations");
            let blocks = rule.annotations.iter();
            self.list(
                blocks.filter_map(|index| module.annotations.get(*index as usize)),
                Self::annotations,
            );
        }
        self.key(&mut members, "body");
        self.body(&rule.body);
        self.flag(&mut members, "default", rule.default);
        if let Some(rule) = &rule.else_rule {
            self.key(&mut members, "else");
            self.rule(rule, module);
        }
        self.key(&mut members, "head");
        self.head(&rule.head);
        self.location(&mut members, rule.span);
        self.close();
    }

    fn head(&mut self, head: &Head) {
        let mut members = self.open();
        if !head.name.is_empty() {
            self.string(&mut members, "name", &head.name);
        }
        if !head.args.is_empty() {
            self.key(&mut members, "args");
            self.terms(&head.args);
        }
        for (name, term) in [("key", &head.key), ("value", &head.value)] {
            if let Some(term) = term {
                self.key(&mut members, name);
                self.term(term);
            }
        }
        self.flag(&mut members, "assign", head.assign);
        self.key(&mut members, "ref");
        self.terms(&head.reference);
        self.location(&mut members, head.span);
        self.close();
    }

    fn body(&mut self, body: &Body) {
        self.list(body.iter().enumerate(), |writer, (index, expr)| {
            writer.expr(expr, index);
        });
    }

    fn expr(&mut self, expr: &Expr, index: usize) {
        let mut members = self.open();
        self.flag(&mut members, "generated", expr.generated);
        self.key(&mut members, "index");
        self.out.push_str(&index.to_string());
        self.location(&mut members, expr.span);
        self.flag(&mut members, "negated", expr.negated);
        self.key(&mut members, "terms");
        self.expr_terms(expr);
        if !expr.with.is_empty() {
            self.key(&mut members, "with");
            self.list(&expr.with, Self::with);
        }
        self.close();
    }

    fn expr_terms(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Term(term) => self.term(term),
            ExprKind::Call(terms) => self.terms(terms),
            ExprKind::Some(symbols) => {
                let mut members = self.open();
                let keyword = Span {
                    end: (expr.span.start + 4).min(expr.span.end),
                    ..expr.span
                };
                self.location(&mut members, keyword);
                self.key(&mut members, "symbols");
                self.terms(symbols);
                self.close();
            }
            ExprKind::Every(every) => {
                let mut members = self.open();
                self.key(&mut members, "body");
                self.body(&every.body);
                self.key(&mut members, "domain");
                self.term(&every.domain);
                self.key(&mut members, "key");
                match &every.key {
                    Some(key) => self.term(key),
                    None => self.out.push_str("null"),
                }
                self.location(&mut members, every.span);
                self.key(&mut members, "value");
                self.term(&every.value);
                self.close();
            }
            ExprKind::Not(not) => {
                let mut members = self.open();
                self.key(&mut members, "body");
                self.body(&not.body);
                self.key(&mut members, "explicit_body");
                self.out
                    .push_str(if not.explicit { "true" } else { "false" });
                self.string(&mut members, "type", "not");
                self.close();
            }
            ExprKind::And(logical) => self.logical(logical, "and"),
            ExprKind::Or(logical) => self.logical(logical, "or"),
        }
    }

    fn logical(&mut self, logical: &Logical, kind: &str) {
        let mut members = self.open();
        self.flag(&mut members, "explicit_lhs", logical.lhs_explicit);
        self.flag(&mut members, "explicit_rhs", logical.rhs_explicit);
        self.key(&mut members, "lhs");
        self.body(&logical.lhs);
        self.key(&mut members, "rhs");
        self.body(&logical.rhs);
        self.string(&mut members, "type", kind);
        self.close();
    }

    fn with(&mut self, with: &With) {
        let mut members = self.open();
        self.location(&mut members, with.span);
        self.key(&mut members, "target");
        self.term(&with.target);
        self.key(&mut members, "value");
        self.term(&with.value);
        self.close();
    }

    fn terms(&mut self, terms: &[Term]) {
        self.list(terms, Self::term);
    }

    fn term(&mut self, term: &Term) {
        let mut members = self.open();
        self.location(&mut members, term.span);
        self.string(&mut members, "type", term.value.kind_name());
        self.key(&mut members, "value");
        self.value(&term.value);
        self.close();
    }

    fn value(&mut self, value: &TermValue) {
        match value {
            // OPA's null is an empty struct, not a JSON null.
            TermValue::Null => self.out.push_str("{}"),
            TermValue::Boolean(value) => self.out.push_str(if *value { "true" } else { "false" }),
            TermValue::Number(text) => {
                // A leading point is Rego's, not JSON's.
                let text = match text.split_once('.') {
                    Some((sign @ ("" | "-"), rest)) => format!("{sign}0.{rest}"),
                    _ => text.to_string(),
                };
                self.out.push_str(&text);
            }
            TermValue::String(text) => write_string(&mut self.out, text),
            TermValue::Var(name) => write_string(&mut self.out, name),
            TermValue::Template(template) => self.template(template),
            TermValue::Ref(items) | TermValue::Array(items) | TermValue::Call(items) => {
                self.terms(items);
            }
            TermValue::Set(items) => self.list(sorted_terms(items), Self::term),
            TermValue::Object(entries) => {
                self.list(sorted_entries(entries), |writer, (key, value)| {
                    writer.list([key, value], Self::term);
                });
            }
            TermValue::ArrayComprehension(c) | TermValue::SetComprehension(c) => {
                let mut members = self.open();
                self.key(&mut members, "term");
                self.term(&c.term);
                self.key(&mut members, "body");
                self.body(&c.body);
                self.close();
            }
            TermValue::ObjectComprehension(c) => {
                let mut members = self.open();
                self.key(&mut members, "key");
                self.term(&c.key);
                self.key(&mut members, "value");
                self.term(&c.value);
                self.key(&mut members, "body");
                self.body(&c.body);
                self.close();
            }
        }
    }

    fn template(&mut self, template: &Template) {
        let mut members = self.open();
        self.key(&mut members, "parts");
        if template.parts.is_empty() {
            self.out.push_str("null");
        } else {
            self.list(&template.parts, |writer, part| match part {
                TemplatePart::Text(term) => writer.term(term),
                TemplatePart::Expr(expr) => writer.expr(expr, 0),
            });
        }
        self.key(&mut members, "multi_line");
        self.out
            .push_str(if template.multi_line { "true" } else { "false" });
        self.close();
    }

    fn annotations(&mut self, block: &Annotations) {
        let mut members = self.open();
        if !block.authors.is_empty() {
            self.key(&mut members, "authors");
            self.list(&block.authors, |writer, author| {
                let mut members = writer.open();
                writer.string(&mut members, "name", &author.name);
                if !author.email.is_empty() {
                    writer.string(&mut members, "email", &author.email);
                }
                writer.close();
            });
        }
        if let Some(compile) = &block.compile {
            self.key(&mut members, "compile");
            let mut inner = self.open();
            if !compile.unknowns.is_empty() {
                self.key(&mut inner, "unknowns");
                self.list(&compile.unknowns, Self::detached);
            }
            if let Some(rule) = &compile.mask_rule {
                self.key(&mut inner, "mask_rule");
                self.detached(rule);
            }
            self.close();
        }
        if !block.custom.is_empty() {
            self.key(&mut members, "custom");
            self.json_object(&block.custom);
        }
        if !block.description.is_empty() {
            self.string(&mut members, "description", &block.description);
        }
        self.flag(&mut members, "entrypoint", block.entrypoint);
        if !block.labels.is_empty() {
            self.key(&mut members, "labels");
            self.json_object(&block.labels);
        }
        self.block_location(&mut members, block.span);
        if !block.organizations.is_empty() {
            self.key(&mut members, "organizations");
            self.list(&block.organizations, |writer, name| {
                write_string(&mut writer.out, name);
            });
        }
        if !block.related_resources.is_empty() {
            self.key(&mut members, "related_resources");
            self.list(&block.related_resources, |writer, resource| {
                let mut members = writer.open();
                if !resource.description.is_empty() {
                    writer.string(&mut members, "description", &resource.description);
                }
                writer.string(&mut members, "ref", &resource.reference);
                writer.close();
            });
        }
        if !block.schemas.is_empty() {
            self.schemas(&mut members, block);
        }
        self.string(&mut members, "scope", &block.scope);
        if !block.title.is_empty() {
            self.string(&mut members, "title", &block.title);
        }
        self.close();
    }

    fn schemas(&mut self, members: &mut Members, block: &Annotations) {
        self.key(members, "schemas");
        self.list(&block.schemas, |writer, schema| {
            let mut members = writer.open();
            writer.key(&mut members, "path");
            // Paths have no places.
            let locations = std::mem::replace(&mut writer.locations, false);
            writer.terms(&schema.path);
            writer.locations = locations;
            if let Some(reference) = &schema.schema {
                writer.key(&mut members, "schema");
                let outer = writer.detached.replace(schema.schema_text.clone());
                writer.terms(reference);
                writer.detached = outer;
            }
            if let Some(definition) = &schema.definition {
                writer.key(&mut members, "definition");
                writer.json(definition);
            }
            writer.close();
        });
    }

    /// The text of a block is written out anew: `# `, then what is behind the sign and one space.
    fn block_text(&self, span: Span) -> String {
        let mut text = "# METADATA".to_owned();
        for line in self.text(span).lines().skip(1) {
            let line = line.strip_prefix('#').unwrap_or(line);
            text.push_str("\n# ");
            text.push_str(
                line.strip_prefix(' ')
                    .unwrap_or(line)
                    .trim_end_matches('\r'),
            );
        }
        text
    }

    fn block_location(&mut self, members: &mut Members, span: Span) {
        if self.locations && span.row > 0 {
            let text = self.block_text(span);
            self.key(members, "location");
            self.place(span, Some(&text));
        }
    }

    /// A reference that was read on its own, from a field of a metadata block.
    fn detached(&mut self, parts: &Ref) {
        let text = ref_text(parts);
        let outer = self.detached.replace(text);
        self.terms(parts);
        self.detached = outer;
    }

    fn json_object(&mut self, object: &serde_json::Map<String, serde_json::Value>) {
        let mut members = self.open();
        let mut entries: Vec<_> = object.iter().collect();
        entries.sort_by_key(|(name, _)| *name);
        for (name, value) in entries {
            self.key(&mut members, name);
            self.json(value);
        }
        self.close();
    }

    fn json(&mut self, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => write_string(&mut self.out, text),
            serde_json::Value::Array(items) => self.list(items, Self::json),
            serde_json::Value::Object(object) => self.json_object(object),
            other => self.out.push_str(&other.to_string()),
        }
    }
}
