//! What an evaluation did, as the REST API writes it.

use precinct_interpreter::trace::{Detail, Event, Subject, filtered, pretty};
use precinct_rego::ast::json::body_json;
use precinct_rego::source::Sources;
use precinct_rego::syntax::{self, ParseOptions};

use crate::http::parameters::Parameters;
use crate::http::text::{ObjectText, list, quoted};

/// How much of a trace an answer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Explain {
    /// Nothing.
    #[default]
    Off,
    /// What policies say with `trace`.
    Notes,
    /// What failed.
    Fails,
    /// Everything but how indices and unification went.
    Full,
    /// Everything.
    Debug,
}

impl Explain {
    /// What a request asks for.
    #[must_use]
    pub fn of(parameters: &Parameters) -> Self {
        let modes = parameters.all("explain").map(|mode| match mode {
            "notes" => Self::Notes,
            "fails" => Self::Fails,
            "full" => Self::Full,
            "debug" => Self::Debug,
            _ => Self::Off,
        });
        modes
            .into_iter()
            .find(|mode| *mode != Self::Off)
            .unwrap_or_default()
    }

    fn select(self, events: &[Event]) -> Vec<Event> {
        match self {
            Self::Off => Vec::new(),
            Self::Notes => filtered(events, Detail::Notes),
            Self::Fails => filtered(events, Detail::Fails),
            Self::Full | Self::Debug => filtered(events, Detail::Full),
        }
    }

    /// The member `explanation`; `None` if nothing is to be said. For people it is a list of lines.
    #[must_use]
    pub fn json(self, events: &[Event], sources: &Sources, for_people: bool) -> Option<String> {
        let events = self.select(events);
        if for_people && events.is_empty() {
            return Some(r#"[""]"#.to_owned());
        }
        if events.is_empty() {
            return None;
        }
        if for_people {
            let text = pretty::text(&events, sources, false);
            return Some(list(text.lines().map(quoted)));
        }
        Some(list(events.iter().map(event)))
    }
}

fn event(event: &Event) -> String {
    let (kind, node) = match event.subject {
        Subject::Rule => ("rule", quoted(&event.text)),
        Subject::Body => ("body", body(&event.text, 0)),
        Subject::Expr(index) => {
            let text = body(&event.text, index);
            let inner = text
                .strip_prefix('[')
                .and_then(|text| text.strip_suffix(']'));
            ("expr", inner.unwrap_or(&text).to_owned())
        }
    };
    let locals = event.locals.iter().map(|(name, value)| {
        let key = ObjectText::default()
            .with("type", "\"var\"")
            .with_string("value", name)
            .finish();
        ObjectText::default()
            .with("key", &key)
            .with("value", &term(value))
            .finish()
    });
    let mut object = ObjectText::default()
        .with_string("op", &event.op.as_str().to_ascii_lowercase())
        .with("query_id", &event.query.to_string())
        .with("parent_id", &event.parent.to_string())
        .with("type", &quoted(kind))
        .with("node", &node)
        .with("locals", &list(locals));
    if !event.message.is_empty() {
        object.put("message", &quoted(&event.message));
    }
    object.finish()
}

/// A body as OPA's JSON tree; text that is no body stays text.
fn body(text: &str, _index: usize) -> String {
    let mut sources = Sources::default();
    let id = sources.add("", text);
    let options = ParseOptions {
        all_future_keywords: true,
        ..ParseOptions::default()
    };
    match syntax::parse_query(&sources, id, &options) {
        Ok(body) => body_json(
            &body,
            &sources,
            precinct_rego::ast::json::JsonOptions::default(),
        ),
        Err(_) => quoted(text),
    }
}

/// A ground value as OPA's JSON tree.
fn term(text: &str) -> String {
    let tree = body(text, 0);
    let parsed: Option<serde_json::Value> = serde_json::from_str(&tree).ok();
    let term = parsed.and_then(|tree| tree.get(0)?.get("terms").cloned());
    term.map_or_else(|| quoted(text), |term| term.to_string())
}
