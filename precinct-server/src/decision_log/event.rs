//! The event of a decision as JSON.

use crate::decision::Event;
use crate::http::text::{ObjectText, list, quoted};

/// The event, with these labels (a JSON object) and those headers of the request that are named.
#[must_use]
pub fn text(event: &Event<'_>, labels: &str, headers: &[String]) -> String {
    let mut object = ObjectText::default()
        .with("labels", labels)
        .with_string("decision_id", event.id);
    if !event.revisions.is_empty() {
        let bundles =
            event
                .revisions
                .iter()
                .fold(ObjectText::default(), |object, (name, revision)| {
                    let inner = ObjectText::default().with_string("revision", revision);
                    object.with(name, &inner.finish())
                });
        object.put("bundles", &bundles.finish());
    }
    if !event.path.is_empty() {
        object.put("path", &quoted(event.path));
    }
    if !event.query.is_empty() {
        object.put("query", &quoted(event.query));
    }
    let error = event.error.map(quoted);
    let asker = (!event.requested_by.is_empty()).then(|| quoted(event.requested_by));
    object = object
        .with_some("input", event.input)
        .with_some("result", event.result)
        .with_some("nd_builtin_cache", event.answers)
        .with_some("error", error.as_deref())
        .with_some("requested_by", asker.as_deref())
        .with_string("timestamp", &event.timestamp.to_string())
        .with("metrics", &event.metrics.json())
        .with_some("rule_labels", event.rule_labels)
        .with_some("custom", event.custom);
    if let Some(context) = context(event, headers) {
        object.put("request_context", &context);
    }
    object.finish()
}

fn context(event: &Event<'_>, names: &[String]) -> Option<String> {
    let mut found = false;
    let mut headers = ObjectText::default();
    for name in names {
        let values: Vec<String> = event
            .headers
            .get_all(name)
            .iter()
            .map(|value| quoted(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        if !values.is_empty() {
            found = true;
            headers.put(name, &list(values));
        }
    }
    let http = ObjectText::default().with("headers", &headers.finish());
    let context = ObjectText::default().with("http", &http.finish());
    found.then(|| context.finish())
}
