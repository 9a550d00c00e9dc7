//! `# METADATA` comments to annotations.
//!
//! A block is a comment at the start of a line that begins with `METADATA`, and the comments on the lines that follow
//! without a gap, also at the start of theirs. Their text is YAML.

use serde::Deserialize as _;
use serde_json::Value as Json;
use serde_yaml::Value as Yaml;

use crate::ast::display::body_text;
use crate::ast::{
    Annotations, Author, Comment, CompileAnnotation, Expr, ExprKind, Ref, RegoVersion,
    RelatedResource, SchemaAnnotation, Span, Term, TermValue,
};
use crate::error::Diagnostic;
use crate::source::Sources;

use super::entry::parse_query;
use super::metadata_errors::{failure, line_of_value, repeated_keys, yaml_error};
use super::options::ParseOptions;
use super::parser::parse_error;

/// Reads every block; what is wrong is added to `errors`.
pub(super) fn read(
    text: &str,
    comments: &[Comment],
    errors: &mut Vec<Diagnostic>,
) -> Vec<Annotations> {
    let mut blocks = Vec::new();
    let mut rest = comments;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if !opens_block(first) {
            continue;
        }
        let length = block_length(first, behind);
        let (lines, behind) = behind.split_at(length);
        // OPA goes on behind the comment that ended the block, unless that opens the next one.
        rest = behind;
        match block(first, lines) {
            Ok(annotations) => blocks.push(annotations),
            Err((span, message)) => errors.push(parse_error(text, span, message)),
        }
    }
    blocks
}

fn opens_block(comment: &Comment) -> bool {
    comment.span.col == 1 && comment.text.trim_start().starts_with("METADATA")
}

fn block_length(first: &Comment, comments: &[Comment]) -> usize {
    let mut row = first.span.row;
    let mut length = 0;
    for comment in comments {
        if comment.span.col != 1 || comment.span.row != row + 1 || opens_block(comment) {
            break;
        }
        row = comment.span.row;
        length += 1;
    }
    length
}

/// Where a block is wrong, and what is wrong with it.
pub(super) type Failure = (Span, String);

fn block(first: &Comment, lines: &[Comment]) -> Result<Annotations, Failure> {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.text.strip_prefix(' ').unwrap_or(&line.text));
        text.push('\n');
    }
    if text.trim().is_empty() {
        return Err((
            first.span,
            "expected METADATA block, found whitespace".to_owned(),
        ));
    }
    let yaml = first_document(&text).map_err(|error| {
        if let Some((line, message)) = repeated_keys(lines) {
            return failure(first, lines, Some(line), &message);
        }
        let (line, message) = yaml_error(&error.to_string());
        failure(first, lines, line, &message)
    })?;
    let mut annotations = fields(&yaml).map_err(|error| match error {
        FieldError::Shape { key, message } => {
            let line = line_of_value(lines, key);
            let message = format!("unmarshal errors:\n  line {line}: {message}");
            failure(first, lines, Some(line), &message)
        }
        FieldError::Content(message) => (first.span, message),
    })?;
    annotations.span = Span {
        end: lines.last().map_or(first.span.end, |line| line.span.end),
        ..first.span
    };
    Ok(annotations)
}

/// What stands before a line that ends a document (`...`), as Go's library reads it.
fn first_document(text: &str) -> Result<Yaml, serde_yaml::Error> {
    match serde_yaml::Deserializer::from_str(text).next() {
        Some(document) => Yaml::deserialize(document),
        None => Ok(Yaml::Null),
    }
}

enum FieldError {
    /// The value of a key is of a kind that the key doesn't take.
    Shape { key: &'static str, message: String },
    /// The value is of the right kind, and wrong.
    Content(String),
}

impl From<String> for FieldError {
    fn from(message: String) -> Self {
        Self::Content(message)
    }
}

type Field<T> = Result<T, FieldError>;

fn fields(yaml: &Yaml) -> Field<Annotations> {
    let mut out = Annotations::default();
    if yaml.is_null() {
        return Ok(out);
    }
    let Some(mapping) = yaml.as_mapping() else {
        return Err(shape("", yaml, "ast.rawAnnotation"));
    };
    let get = |key: &str| mapping.get(key).filter(|value| !value.is_null());
    out.scope = text(get("scope"), "scope")?;
    out.title = text(get("title"), "title")?;
    out.description = text(get("description"), "description")?;
    out.entrypoint = flag(get("entrypoint"), "entrypoint")?;
    for item in list(get("organizations"), "organizations", "[]string")? {
        out.organizations.push(text(Some(item), "organizations")?);
    }
    for item in list(
        get("related_resources"),
        "related_resources",
        "[]interface {}",
    )? {
        out.related_resources.push(related_resource(item)?);
    }
    out.compile = get("compile").map(compile).transpose()?;
    for item in list(get("schemas"), "schemas", "[]map[string]interface {}")? {
        out.schemas.push(schema(item)?);
    }
    for item in list(get("authors"), "authors", "[]interface {}")? {
        out.authors.push(author(item)?);
    }
    out.custom = object(get("custom"), "custom")?;
    out.labels = object(get("labels"), "labels")?;
    Ok(out)
}

fn shape(key: &'static str, value: &Yaml, wanted: &str) -> FieldError {
    let found = match value {
        Yaml::Null => "!!null".to_owned(),
        Yaml::Bool(b) => format!("!!bool `{b}`"),
        Yaml::Number(n) if n.is_f64() => format!("!!float `{n}`"),
        Yaml::Number(n) => format!("!!int `{n}`"),
        Yaml::String(s) => {
            let short: String = if s.chars().count() > 10 {
                s.chars().take(7).chain("...".chars()).collect()
            } else {
                s.clone()
            };
            format!("!!str `{short}`")
        }
        Yaml::Sequence(_) => "!!seq".to_owned(),
        Yaml::Mapping(_) | Yaml::Tagged(_) => "!!map".to_owned(),
    };
    FieldError::Shape {
        key,
        message: format!("cannot unmarshal {found} into {wanted}"),
    }
}

fn text(value: Option<&Yaml>, key: &'static str) -> Field<String> {
    match value {
        None => Ok(String::new()),
        Some(Yaml::String(text)) => Ok(text.clone()),
        Some(Yaml::Bool(value)) => Ok(value.to_string()),
        Some(Yaml::Number(value)) => Ok(value.to_string()),
        Some(other) => Err(shape(key, other, "string")),
    }
}

fn flag(value: Option<&Yaml>, key: &'static str) -> Field<bool> {
    match value {
        None => Ok(false),
        Some(Yaml::Bool(value)) => Ok(*value),
        Some(Yaml::String(text)) => match text.to_ascii_lowercase().as_str() {
            "y" | "yes" | "on" => Ok(true),
            "n" | "no" | "off" => Ok(false),
            _ => Err(shape(key, &Yaml::String(text.clone()), "bool")),
        },
        Some(other) => Err(shape(key, other, "bool")),
    }
}

fn list<'a>(value: Option<&'a Yaml>, key: &'static str, wanted: &str) -> Field<Vec<&'a Yaml>> {
    match value {
        None => Ok(Vec::new()),
        Some(Yaml::Sequence(items)) => Ok(items.iter().collect()),
        // A lone scalar is no list, but an empty one is.
        Some(other) => Err(shape(key, other, wanted)),
    }
}

fn object(value: Option<&Yaml>, key: &'static str) -> Field<serde_json::Map<String, Json>> {
    let Some(value) = value else {
        return Ok(serde_json::Map::new());
    };
    let Some(mapping) = value.as_mapping() else {
        return Err(shape(key, value, "map[string]interface {}"));
    };
    let mut out = serde_json::Map::new();
    for (name, value) in mapping {
        out.insert(text(Some(name), key)?, json(value, "")?);
    }
    Ok(out)
}

/// YAML to JSON, where keys are strings.
fn json(value: &Yaml, path: &str) -> Result<Json, String> {
    Ok(match value {
        Yaml::Null => Json::Null,
        Yaml::Bool(value) => Json::Bool(*value),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(n), _, _) => n.into(),
            (_, Some(n), _) => n.into(),
            (_, _, Some(n)) => serde_json::Number::from_f64(n).map_or(Json::Null, Json::Number),
            _ => Json::Null,
        },
        Yaml::String(text) => Json::String(text.clone()),
        Yaml::Sequence(items) => {
            let mut out = Vec::new();
            for (index, item) in items.iter().enumerate() {
                out.push(json(item, &join(path, &index.to_string()))?);
            }
            Json::Array(out)
        }
        Yaml::Mapping(mapping) => {
            let mut out = serde_json::Map::new();
            for (key, value) in mapping {
                let Yaml::String(key) = key else {
                    return Err(format!("invalid map key type(s): {path}"));
                };
                out.insert(key.clone(), json(value, &join(path, key))?);
            }
            Json::Object(out)
        }
        Yaml::Tagged(tagged) => json(&tagged.value, path)?,
    })
}

fn join(path: &str, part: &str) -> String {
    if path.is_empty() {
        part.to_owned()
    } else {
        format!("{path}/{part}")
    }
}

fn string_member<'a>(value: &'a Json, key: &str) -> &'a str {
    value
        .get(key)
        .and_then(Json::as_str)
        .unwrap_or_default()
        .trim()
}

/// A value as Go prints it with `%s`.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Object(map) => {
            let mut items: Vec<_> = map
                .iter()
                .map(|(k, v)| format!("{k}:{}", shown(v)))
                .collect();
            items.sort();
            format!("map[{}]", items.join(" "))
        }
        Json::Null => "%!s(<nil>)".to_owned(),
        Json::Bool(value) => format!("%!s(bool={value})"),
        Json::Number(value) => format!("%!s(int={value})"),
    }
}

fn related_resource(item: &Yaml) -> Field<RelatedResource> {
    let value = json(item, "")?;
    let fail = |why: &str| {
        FieldError::Content(format!(
            "invalid related-resource definition {}: {why}",
            shown(&value)
        ))
    };
    let (reference, description) = match &value {
        Json::String(text) if text.is_empty() => {
            return Err(fail("ref URL may not be empty string"));
        }
        Json::String(text) => (text.as_str(), ""),
        Json::Object(_) => match string_member(&value, "ref") {
            "" => return Err(fail("'ref' value required in object")),
            reference => (reference, string_member(&value, "description")),
        },
        _ => return Err(fail("invalid value type, must be string or map")),
    };
    if let Some(why) = bad_url(reference) {
        return Err(fail(&format!("parse {reference:?}: {why}")));
    }
    Ok(RelatedResource {
        reference: reference.to_owned(),
        description: description.to_owned(),
    })
}

/// Why the text is no URL, as Go's parser sees it.
fn bad_url(text: &str) -> Option<String> {
    if text.chars().any(|c| c < ' ' || c == '\u{7F}') {
        return Some("net/url: invalid control character in URL".to_owned());
    }
    let scheme_end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    match scheme_end.map(|at| (at, text.get(at..).unwrap_or_default())) {
        Some((0, rest)) if rest.starts_with(':') => {
            return Some("missing protocol scheme".to_owned());
        }
        Some((at, rest)) if rest.starts_with(':') && at > 0 => {
            let head = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
            if !head {
                return Some("first path segment in URL cannot contain colon".to_owned());
            }
        }
        _ => {
            let segment = text.split(['/', '?', '#']).next().unwrap_or_default();
            if segment.contains(':') {
                return Some("first path segment in URL cannot contain colon".to_owned());
            }
        }
    }
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let pair: String = rest.chars().take(2).collect();
        if pair.len() < 2 || !pair.chars().all(|c| c.is_ascii_hexdigit()) {
            return Some(format!("invalid URL escape \"%{pair}\""));
        }
    }
    None
}

fn author(item: &Yaml) -> Field<Author> {
    let value = json(item, "")?;
    let fail = |why: &str| {
        FieldError::Content(format!(
            "invalid author definition {}: {why}",
            shown(&value)
        ))
    };
    match &value {
        Json::String(text) => author_of_text(text).ok_or_else(|| fail("author is an empty string")),
        Json::Object(_) => {
            let name = string_member(&value, "name");
            let email = string_member(&value, "email");
            if name.is_empty() && email.is_empty() {
                return Err(fail("'name' and/or 'email' values required in object"));
            }
            Ok(Author {
                name: name.to_owned(),
                email: email.to_owned(),
            })
        }
        _ => Err(fail("invalid value type, must be string or map")),
    }
}

/// `Jane Doe <jane@example.com>`
fn author_of_text(text: &str) -> Option<Author> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let last = *words.last()?;
    let email = last.strip_prefix('<').and_then(|w| w.strip_suffix('>'));
    if email.is_some() {
        words.pop();
    }
    Some(Author {
        name: words.join(" "),
        email: email.unwrap_or_default().to_owned(),
    })
}

/// A term that stands on its own in a field, or why it is none, in OPA's words.
fn term_of(text: &str) -> Result<Term, String> {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let body = parse_query(&sources, id, &ParseOptions::new(RegoVersion::V1))
        .map_err(|errors| format!("failed to parse term: {}", listed(&errors)))?;
    match <[Expr; 1]>::try_from(body) {
        Ok([expr]) => match expr.kind {
            ExprKind::Term(term) => Ok(term),
            _ => Err(format!("expected term but got {expr}")),
        },
        Err(body) => Err(format!(
            "expected exactly one term but got: {}",
            body_text(&body)
        )),
    }
}

fn ref_of(text: &str) -> Result<Ref, String> {
    let term = term_of(text).map_err(|why| format!("failed to parse ref: {why}"))?;
    match term.value {
        TermValue::Ref(parts) => Ok(parts),
        _ => Err(format!("expected ref but got {term}")),
    }
}

/// Errors as OPA lists them inside of another error.
fn listed(errors: &[Diagnostic]) -> String {
    let one = |error: &Diagnostic| {
        let mut text = format!(
            "{}:{}: {}: {}",
            error.span.row, error.span.col, error.code, error.message
        );
        for line in &error.details {
            text.push_str("\n\t");
            text.push_str(line);
        }
        text
    };
    match errors {
        [error] => format!("1 error occurred: {}", one(error)),
        errors => {
            let all: Vec<String> = errors.iter().map(one).collect();
            format!("{} errors occurred:\n{}", errors.len(), all.join("\n"))
        }
    }
}

fn schema(item: &Yaml) -> Field<SchemaAnnotation> {
    let Some(mapping) = item.as_mapping() else {
        return Err(shape("schemas", item, "map[string]interface {}"));
    };
    let (key, value) = match mapping.iter().next() {
        Some((key, value)) => (text(Some(key), "schemas")?, value.clone()),
        None => (String::new(), Yaml::Null),
    };
    let path = ref_of(&key).map_err(|_| "invalid document reference".to_owned())?;
    let mut out = SchemaAnnotation {
        path,
        schema: None,
        schema_text: String::new(),
        definition: None,
    };
    match &value {
        Yaml::String(text) => {
            out.schema = Some(schema_ref(text)?);
            out.schema_text.clone_from(text);
        }
        Yaml::Mapping(_) => {
            let definition =
                json(&value, "").map_err(|why| format!("invalid schema definition: {why}"))?;
            out.definition = Some(definition);
        }
        _ => return Err(format!("invalid schema declaration for path {key:?}").into()),
    }
    Ok(out)
}

fn schema_ref(text: &str) -> Result<Ref, String> {
    let is_schema =
        |term: &Term| matches!(&term.value, TermValue::Var(name) if name.as_ref() == "schema");
    match term_of(text) {
        Ok(term) if is_schema(&term) => Ok(vec![term]),
        Ok(Term {
            value: TermValue::Ref(parts),
            ..
        }) if parts.first().is_some_and(is_schema) => Ok(parts),
        _ => Err("invalid schema reference".to_owned()),
    }
}

fn compile(value: &Yaml) -> Field<CompileAnnotation> {
    let Some(mapping) = value.as_mapping() else {
        return Err(shape("compile", value, "map[string]interface {}"));
    };
    let mut out = CompileAnnotation {
        unknowns: Vec::new(),
        mask_rule: None,
    };
    if let Some(Yaml::Sequence(items)) = mapping.get("unknowns") {
        for item in items {
            if let Yaml::String(text) = item {
                let reference = ref_of(text)
                    .map_err(|why| format!("invalid unknowns element {text:?}: {why}"))?;
                out.unknowns.push(reference);
            }
        }
    }
    if let Some(Yaml::String(text)) = mapping.get("mask_rule") {
        let term =
            term_of(text).map_err(|why| format!("invalid mask_rule annotation {text:?}: {why}"))?;
        out.mask_rule = Some(match term.value {
            TermValue::Var(_) | TermValue::String(_) => vec![term],
            TermValue::Ref(parts) => parts,
            _ => return Err(format!("invalid mask_rule annotation type {text:?}").into()),
        });
    }
    Ok(out)
}
