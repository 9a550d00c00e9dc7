//! Rules as data filters: `POST /v1/compile/{path}`.

use std::time::Instant;

use axum::http::{HeaderValue, StatusCode, header};
use precinct_audit::Partial;
use precinct_gateway::verdict::{self, Verdict};
use precinct_interpreter::partial::{Partial as Remaining, PartialError, PartialQuery};
use precinct_interpreter::policy::Step;
use precinct_rego::ast::display::ref_text;
use precinct_rego::ast::{Ref, Span, Term, TermValue};
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};
use precinct_runtime::json::to_string;
use precinct_runtime::{Document, Value};
use serde_json::Map;

use super::data::{Told, tell};
use super::request::{Incoming, first, given, kind};
use crate::evaluation::ask::{self, Outcome, World};
use crate::evaluation::errors::{self, Failed};
use crate::evaluation::metrics::{self, Metrics};
use crate::evaluation::scratch::with_arena;
use crate::filters::mappings::{Mappings, short_unknowns};
use crate::filters::target::Target;
use crate::filters::{CODE, Fault, checks, sql, tree, ucast};
use crate::http::answer::{Answer, Refusal, code};
use crate::http::path;
use crate::http::text::{ObjectText, list, quoted};

/// What a request asks.
#[derive(Debug, Default)]
struct Request {
    input: Option<Document>,
    unknowns: Vec<Ref>,
    mask_rule: Option<Ref>,
    disable_inlining: Vec<String>,
    mappings: Option<Map<String, serde_json::Value>>,
    targets: Vec<String>,
    /// The options as they were sent, for the log.
    options: String,
    /// Members that are not the API's, for the log.
    rest: Option<String>,
}

/// The types of answers, each with the target that it stands for.
const TYPES: [(&str, Wanted); 10] = [
    ("application/vnd.opa.multitarget+json", Wanted::Several),
    (
        "application/vnd.opa.ucast.all+json",
        Wanted::One("ucast", "all"),
    ),
    (
        "application/vnd.opa.ucast.minimal+json",
        Wanted::One("ucast", "minimal"),
    ),
    (
        "application/vnd.opa.ucast.prisma+json",
        Wanted::One("ucast", "prisma"),
    ),
    (
        "application/vnd.opa.ucast.linq+json",
        Wanted::One("ucast", "linq"),
    ),
    (
        "application/vnd.opa.sql.postgresql+json",
        Wanted::One("sql", "postgresql"),
    ),
    (
        "application/vnd.opa.sql.mysql+json",
        Wanted::One("sql", "mysql"),
    ),
    (
        "application/vnd.opa.sql.sqlserver+json",
        Wanted::One("sql", "sqlserver"),
    ),
    (
        "application/vnd.opa.sql.sqlite+json",
        Wanted::One("sql", "sqlite"),
    ),
    ("application/json", Wanted::One("", "")),
];

#[derive(Clone, Copy)]
enum Wanted {
    /// A filter for this target.
    One(&'static str, &'static str),
    /// One for each target that the request names.
    Several,
}

/// `POST /v1/compile/{path}`
pub fn post(incoming: &Incoming<'_>, rest: &str) -> Result<Answer, Refusal> {
    let mut metrics = Metrics::default();
    let started = Instant::now();
    let keys = path::document(rest).map_err(Refusal::bad)?;
    if keys.is_empty() {
        return Err(Refusal::bad("missing required 'path' parameter"));
    }
    let rule = reference(&keys);
    let mut request = read(incoming, &rule)?;
    metrics.time(metrics::QUERY_PARSE, started);
    annotated(incoming, &rule, &mut request)?;
    let (media, wanted) = accepted(incoming)?;
    let targets = targets(wanted, &request.targets)?;
    let masks = match &request.mask_rule {
        None => None,
        Some(rule) => masks(incoming, rule, &request, &mut metrics)?,
    };
    let partial = remaining(incoming, &rule, &request, &mut metrics)?;
    let filters = filters(incoming, &partial, &targets, &request, &mut metrics)?;
    let shown = |filter: &Option<String>| {
        filter.as_ref().map(|filter| {
            ObjectText::default()
                .with("query", filter)
                .with_some("masks", masks.as_deref())
                .finish()
        })
    };
    let result = match wanted {
        Wanted::One(..) => filters.first().and_then(shown),
        Wanted::Several => Some(several(&targets, filters.iter().map(shown))),
    };
    metrics.time(metrics::HANDLER, incoming.started);
    log(incoming, rest, media, &request, result.as_deref(), &metrics)?;
    let mut object = ObjectText::default().with_some("result", result.as_deref());
    if incoming.wants_metrics() {
        object.put("metrics", &metrics.json());
    }
    let mut answer = Answer::json(StatusCode::OK, object.finish(), incoming.is_pretty());
    answer.headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(media))];
    Ok(answer)
}

/// `data` and keys below it.
fn reference(keys: &[String]) -> Ref {
    let term = |value| Term {
        span: Span::default(),
        value,
    };
    let root = term(TermValue::Var("data".into()));
    let keys = keys
        .iter()
        .map(|key| term(TermValue::String(key.as_str().into())));
    std::iter::once(root).chain(keys).collect()
}

/// A reference that a request names.
fn parsed(text: &str) -> Result<Ref, String> {
    let mut sources = Sources::default();
    let source = sources.add("", text);
    syntax::parse_ref(&sources, source, &ParseOptions::default()).map_err(|errors| {
        let lines: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        lines.join("\n")
    })
}

fn read(incoming: &Incoming<'_>, rule: &Ref) -> Result<Request, Refusal> {
    let malformed =
        |error: String| Refusal::bad(format!("error(s) occurred while decoding request: {error}"));
    let mut request = Request {
        options: "{}".to_owned(),
        ..Request::default()
    };
    if incoming.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(request);
    }
    with_arena(|arena| {
        let body = first(&incoming.body, arena).map_err(malformed)?;
        let wrong = |name: &str, found: Value<'_>, expected: &str| {
            malformed(format!(
                "json: cannot unmarshal {} into Go struct field alias.{name} of type {expected}",
                kind(found)
            ))
        };
        let texts = |name: &str, value: Value<'_>| -> Result<Vec<String>, Refusal> {
            let Value::Array(items) = value else {
                return Err(wrong(name, value, "[]string"));
            };
            let text = |item: Value<'_>| match item {
                Value::String(text) => Ok(text.to_owned()),
                other => Err(wrong(name, other, "string")),
            };
            items.iter().map(text).collect()
        };
        let Value::Object(members) = body else {
            return Err(malformed(format!(
                "json: cannot unmarshal {} into Go value of type server.alias",
                kind(body)
            )));
        };
        request.input = given(body.field("input")).map(Document::copy_of);
        if let Some(unknowns) = given(body.field("unknowns")) {
            for text in texts("unknowns", unknowns)? {
                let unknown = parsed(&text).map_err(|error| {
                    Refusal::bad(format!("error(s) occurred while parsing unknowns: {error}"))
                })?;
                request.unknowns.push(unknown);
            }
        }
        if let Some(options) = given(body.field("options")) {
            if !matches!(options, Value::Object(_)) {
                return Err(wrong("options", options, "struct"));
            }
            request.options = to_string(options);
            let option = |name: &str| given(options.field(name));
            if let Some(value) = option("disableInlining") {
                request.disable_inlining = texts("options.disableInlining", value)?;
            }
            if let Some(value) = option("targetDialects") {
                request.targets = texts("options.targetDialects", value)?;
            }
            match option("targetSQLTableMappings") {
                None => {}
                Some(value @ Value::Object(_)) => {
                    request.mappings = serde_json::from_str(&to_string(value)).ok();
                }
                Some(other) => {
                    return Err(wrong(
                        "options.targetSQLTableMappings",
                        other,
                        "map[string]interface {}",
                    ));
                }
            }
            match option("maskRule") {
                None | Some(Value::String("")) => {}
                Some(Value::String(name)) => request.mask_rule = Some(mask_rule(name, rule)?),
                Some(other) => return Err(wrong("options.maskRule", other, "string")),
            }
        }
        let mut more = ObjectText::default();
        let mut has_more = false;
        for (key, value) in members.entries() {
            let name = key.as_str().unwrap_or_default();
            if !["input", "query", "unknowns", "options"].contains(&name) {
                has_more = true;
                more.put(name, &to_string(value));
            }
        }
        request.rest = has_more.then(|| more.finish());
        Ok(request)
    })
}

/// The rule of masks that a request names: a path below `data`, or beside the rule of the filter.
fn mask_rule(name: &str, rule: &Ref) -> Result<Ref, Refusal> {
    let text = if name.starts_with("data.") {
        name.to_owned()
    } else {
        let package = rule.split_last().map_or(rule.as_slice(), |(_, rest)| rest);
        format!("{}.{name}", ref_text(package))
    };
    parsed(&text).map_err(|_| {
        Refusal::bad(format!(
            "error(s) occurred while parsing mask_rule name: {name} is no reference"
        ))
    })
}

/// What the annotations of the rule say, where the request does not.
fn annotated(incoming: &Incoming<'_>, rule: &Ref, request: &mut Request) -> Result<(), Refusal> {
    let policy = incoming.snapshot.policies.policy();
    let annotations = policy.annotations(rule);
    let wants_unknowns = request.unknowns.is_empty();
    let mut faults = Vec::new();
    for annotation in annotations {
        let Some(compile) = &annotation.compile else {
            continue;
        };
        for unknown in &compile.unknowns {
            if !wants_unknowns {
                break;
            }
            match ref_root(unknown) {
                Some("input" | "data") => request.unknowns.push(unknown.clone()),
                _ => faults.push((
                    "invalid_unknown",
                    Fault::at(
                        annotation.span,
                        format!(
                            "unknowns must be prefixed with `input` or `data`: {}",
                            ref_text(unknown)
                        ),
                    ),
                )),
            }
        }
        if request.mask_rule.is_none()
            && let Some(mask) = &compile.mask_rule
        {
            request.mask_rule = Some(if ref_root(mask) == Some("data") {
                mask.clone()
            } else {
                let package = rule.split_last().map_or(rule.as_slice(), |(_, rest)| rest);
                let mask = mask.iter().cloned().map(|mut part| {
                    if let TermValue::Var(name) = &part.value {
                        part.value = TermValue::String(name.clone());
                    }
                    part
                });
                package.iter().cloned().chain(mask).collect()
            });
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(refused(policy.sources(), &faults))
}

fn ref_root(reference: &Ref) -> Option<&str> {
    match &reference.first()?.value {
        TermValue::Var(name) => Some(name.as_ref()),
        _ => None,
    }
}

fn refused(sources: &Sources, faults: &[(&str, Fault)]) -> Refusal {
    let errors = faults.iter().map(|(code, fault)| {
        let mut object = ObjectText::default()
            .with_string("code", code)
            .with_string("message", &fault.message);
        if let Some(span) = fault.span
            && let Some(source) = sources.get(span.source)
        {
            object.put("location", &errors::place(&source.name, span.row, span.col));
        }
        if let Some(details) = &fault.details {
            let details = ObjectText::default().with_string("details", details);
            object.put("details", &details.finish());
        }
        object.finish()
    });
    Refusal::new(
        StatusCode::BAD_REQUEST,
        code::EVALUATION,
        errors::EVALUATION,
    )
    .with_errors(errors.collect())
}

/// The type of the answer that the client asks for.
fn accepted(incoming: &Incoming<'_>) -> Result<(&'static str, Wanted), Refusal> {
    let accept = incoming.headers.get(header::ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let bad = |what: String| Err(Refusal::bad(format!("Accept header: {what}")));
    if accept.is_empty() {
        return bad("missing required header".to_owned());
    }
    if accept.contains(',') {
        return bad("multiple headers not supported".to_owned());
    }
    match TYPES.iter().find(|(media, _)| *media == accept) {
        Some(found) => Ok(*found),
        None => bad(format!("unsupported header: {accept}")),
    }
}

fn targets(wanted: Wanted, named: &[String]) -> Result<Vec<Target>, Refusal> {
    let one = |kind: &str, dialect: &str| Target::new(kind, dialect).map_err(Refusal::internal);
    match wanted {
        Wanted::One(kind, dialect) => Ok(vec![one(kind, dialect)?]),
        Wanted::Several => named
            .iter()
            .map(|name| {
                let (kind, dialect) = name.split_once('+').unwrap_or((name, ""));
                one(kind, dialect)
            })
            .collect(),
    }
}

/// The masks of columns, which the filter comes with.
fn masks(
    incoming: &Incoming<'_>,
    rule: &Ref,
    request: &Request,
    metrics: &mut Metrics,
) -> Result<Option<String>, Refusal> {
    let started = Instant::now();
    let keys = rule.iter().skip(1).map(|part| match &part.value {
        TermValue::String(key) => Some(key.to_string()),
        _ => None,
    });
    let Some(keys) = keys.collect::<Option<Vec<String>>>() else {
        let rule = ref_text(rule);
        return Err(Refusal::bad(format!(
            "expected a rule of masks, found {rule}"
        )));
    };
    with_arena(|arena| {
        let world = World {
            input: request.input.as_ref().map(Document::value),
            runtime: Some(&incoming.app.runtime),
            limit: incoming.app.settings().evaluation_limit,
            ..World::default()
        };
        let outcome = ask::document(&incoming.snapshot, &keys, world, arena);
        incoming.log_prints(&outcome.prints);
        let value = match &outcome.answer {
            Ok(value) => *value,
            Err(failed) => return Err(errors::evaluation(failed)),
        };
        metrics.time(metrics::MASK_RULE, started);
        match value {
            None => Ok(None),
            Some(Value::Object(object)) if object.entries().is_empty() => Ok(None),
            Some(value @ Value::Object(_)) => Ok(Some(to_string(value))),
            Some(other) => Err(Refusal::internal(format!(
                "convert masks: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                kind(other)
            ))),
        }
    })
}

/// What remains of the rule.
fn remaining(
    incoming: &Incoming<'_>,
    rule: &Ref,
    request: &Request,
    metrics: &mut Metrics,
) -> Result<Remaining, Refusal> {
    let started = Instant::now();
    metrics.set(metrics::QUERY_COMPILE, 0);
    let policy = incoming.snapshot.policies.policy();
    let unknowns: Vec<String> = request.unknowns.iter().map(|it| ref_text(it)).collect();
    let question = PartialQuery {
        query: &ref_text(rule),
        package: None,
        imports: &[],
        unknowns: &unknowns,
        disable_inlining: &request.disable_inlining,
        shallow_inlining: false,
        truths: true,
        // What only this server can call must be decided here.
        nondeterministic_builtins: true,
        data: &incoming.snapshot.data,
        input: request.input.as_ref(),
        prepare: &ask::timed,
    };
    let partial = policy.partial(&question).map_err(|error| match error {
        PartialError::Query(failure) => match failure.step {
            Step::Parse => errors::query(&failure, &ref_text(rule)),
            Step::Compile => errors::modules(&failure),
        },
        PartialError::Evaluation(error) => {
            errors::evaluation(&Failed::new(&error, &[], policy.sources()))
        }
    })?;
    metrics.time(metrics::PARTIAL_EVAL, started);
    Ok(partial)
}

/// The filter for each target as JSON text; `None` lets nothing pass.
fn filters(
    incoming: &Incoming<'_>,
    partial: &Remaining,
    targets: &[Target],
    request: &Request,
    metrics: &mut Metrics,
) -> Result<Vec<Option<String>>, Refusal> {
    let started = Instant::now();
    let sources = incoming.snapshot.policies.policy().sources();
    let refused = |faults: Vec<Fault>| {
        let faults: Vec<_> = faults.into_iter().map(|fault| (CODE, fault)).collect();
        refused(sources, &faults)
    };
    let mappings = request.mappings.as_ref();
    let faults = checks::check(partial, targets, &short_unknowns(mappings));
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let filter = |target: &Target| -> Result<Option<String>, Refusal> {
        if partial.queries.is_empty() {
            return Ok(None);
        }
        let names = Mappings::of(mappings, *target).map_err(Refusal::bad)?;
        let condition =
            tree::condition(&partial.queries, names).map_err(|fault| refused(vec![fault]))?;
        if !target.is_sql() {
            return Ok(Some(ucast::text(condition.as_ref())));
        }
        let clause =
            sql::text(condition.as_ref(), *target).map_err(|fault| refused(vec![fault]))?;
        Ok(Some(quoted(&clause)))
    };
    let filters = targets.iter().map(filter).collect();
    metrics.time(metrics::TRANSLATE, started);
    filters
}

/// The filters by the name of their target; the first variant of UCAST stands for all.
fn several(targets: &[Target], filters: impl Iterator<Item = Option<String>>) -> String {
    let mut object = ObjectText::default();
    let mut seen = Vec::new();
    for (target, filter) in targets.iter().zip(filters) {
        let name = if target.is_sql() {
            target.names()[0]
        } else {
            "ucast"
        };
        if let Some(filter) = filter
            && !seen.contains(&name)
        {
            seen.push(name);
            object.put(name, &filter);
        }
    }
    object.finish()
}

/// Tells the recorder of the filter, under the type that OPA gives such decisions.
fn log(
    incoming: &Incoming<'_>,
    path: &str,
    media: &str,
    request: &Request,
    result: Option<&str>,
    metrics: &Metrics,
) -> Result<(), Refusal> {
    let id = incoming.app.recorder.next_id();
    let unknowns = request.unknowns.iter().map(|it| quoted(&ref_text(it)));
    let mask = request.mask_rule.as_ref();
    let custom = ObjectText::default()
        .with("options", &request.options)
        .with("unknowns", &list(unknowns))
        .with_string("type", "open-policy-agent/compile")
        .with_string(
            "mask_rule",
            &mask.map_or_else(String::new, |it| ref_text(it)),
        )
        .with_some("request_metadata", request.rest.as_deref())
        .finish();
    let partial = Partial {
        unknowns: request.unknowns.iter().map(|it| ref_text(it)).collect(),
        disable_inlining: request.disable_inlining.clone(),
        nondeterministic_builtins: true,
        filter: Some(media.to_owned()),
    };
    let verdict = Verdict::deny(verdict::code::PARTIAL);
    let told = Told {
        path,
        input: request.input.as_ref().map(Document::value),
        result,
        verdict: Some(&verdict),
        partial: Some(&partial),
        custom: Some(&custom),
        ..Told::new(id.as_deref(), metrics)
    };
    tell(incoming, &told, &Outcome::in_part(metrics)).map_err(Refusal::internal)
}
