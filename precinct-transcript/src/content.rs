//! Files and outputs in their several notations.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use precinct_bundle::archive;
use precinct_bundle::files::{Files, Limits};
use serde_json::{Map, Value, json};

/// The bytes that a content stands for.
pub fn bytes(content: &Value, fill: &dyn Fn(&str) -> String) -> anyhow::Result<Vec<u8>> {
    let (name, value) = parts(content)?;
    Ok(match (name, value) {
        ("text", Value::String(text)) => fill(text).into_bytes(),
        ("base64", Value::String(text)) => STANDARD.decode(text)?,
        ("json", value) => fill(&serde_json::to_string(value)?).into_bytes(),
        ("lines", Value::Array(lines)) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            fill(&(lines.join("\n") + "\n")).into_bytes()
        }
        ("bundle", Value::Object(entries)) => {
            let limits = Limits::default();
            let mut files = Files::default();
            for (path, content) in entries {
                files.add(path.trim_start_matches('/'), bytes(content, fill)?, &limits)?;
            }
            archive::write(&files)?
        }
        _ => bail!("content of an unknown kind: {name}"),
    })
}

fn parts(content: &Value) -> anyhow::Result<(&str, &Value)> {
    let object = content.as_object().context("a content is an object")?;
    let (name, value) = object.iter().next().context("a content has one member")?;
    Ok((name.as_str(), value))
}

/// Reads found bytes in the notation of the recorded content, so that the two can be compared.
/// `unfill` puts placeholders back in the place of addresses and folders.
pub fn like(want: &Value, found: &[u8], unfill: &dyn Fn(&str) -> String) -> anyhow::Result<Value> {
    let (name, inner) = parts(want)?;
    let text = || unfill(&String::from_utf8_lossy(found));
    let value = match name {
        "text" => Value::String(text()),
        "base64" => Value::String(STANDARD.encode(found)),
        "json" => serde_json::from_str(&text()).with_context(|| format!("not JSON: {}", text()))?,
        "lines" => {
            let text = text();
            let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
            lines.sort_unstable();
            json!(lines)
        }
        "bundle" => bundle(inner, found, unfill)?,
        "signatures" => signatures(&text())?,
        "metrics" => metrics(&text()),
        _ => bail!("content of an unknown kind: {name}"),
    };
    let mut object = Map::new();
    object.insert(name.to_owned(), value);
    Ok(Value::Object(object))
}

fn bundle(want: &Value, found: &[u8], unfill: &dyn Fn(&str) -> String) -> anyhow::Result<Value> {
    let files = archive::read(found, &Limits::default())?;
    let mut entries = Map::new();
    for (path, bytes) in files.iter() {
        let name = format!("/{path}");
        let content = match want.get(&name).filter(|want| want.is_object()) {
            Some(want)
                if !want
                    .as_object()
                    .is_some_and(|w| w.keys().any(|k| k.starts_with('$'))) =>
            {
                like(want, bytes, unfill)?
            }
            _ => json!({"text": String::from_utf8_lossy(bytes)}),
        };
        entries.insert(name, content);
    }
    Ok(Value::Object(entries))
}

fn signatures(text: &str) -> anyhow::Result<Value> {
    let document: Value = serde_json::from_str(text)?;
    let mut list = Vec::new();
    for token in document["signatures"].as_array().context("no signatures")? {
        let parts: Vec<&str> = token.as_str().unwrap_or_default().split('.').collect();
        let [header, payload, signature] = parts[..] else {
            bail!("a token of {} parts", parts.len());
        };
        let decode = |part: &str| -> anyhow::Result<Value> {
            Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
        };
        list.push(
            json!({"header": decode(header)?, "payload": decode(payload)?, "signature": signature}),
        );
    }
    Ok(Value::Array(list))
}

/// The names of the samples of a Prometheus page.
fn metrics(text: &str) -> Value {
    let mut names: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap_or_default())
        .collect();
    names.sort_unstable();
    names.dedup();
    json!(names)
}
