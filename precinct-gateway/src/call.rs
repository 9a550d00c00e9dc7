//! What a request asks for: MCP over JSON-RPC 2.0, and model calls in the form of `OpenAI`'s API.

use serde_json::Value;

/// One action that needs a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `tools/call`, `resources/read`, `prompts/get`, `model/inference`, or another JSON-RPC method.
    pub action: String,
    /// The tool, for `tools/call`.
    pub tool: Option<String>,
    /// The resource's URI, for `resources/read`.
    pub resource: Option<String>,
    /// The prompt, for `prompts/get`.
    pub prompt: Option<String>,
    /// The model, for `model/inference`.
    pub model: Option<String>,
    /// The arguments or messages as they stand in the request.
    pub arguments: Value,
    /// The JSON-RPC id, to answer with; `None` for notifications and model calls.
    pub id: Option<Value>,
}

/// Why a body is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Not JSON.
    #[error("the body is not JSON: {0}")]
    Json(String),
    /// JSON of another form.
    #[error("{0}")]
    Form(String),
}

/// How many calls one batch may hold.
pub const BATCH_LIMIT: usize = 100;

/// Reads an MCP body: one JSON-RPC request or a batch of them. Responses that a client sends (`result`, `error`)
/// carry no action and give no call.
///
/// # Errors
/// When the body is not JSON, or not JSON-RPC 2.0, or lacks what its method needs.
pub fn mcp(body: &[u8]) -> Result<Vec<Call>, CallError> {
    match parse(body)? {
        Value::Array(items) if items.is_empty() => form("a batch must hold at least one request"),
        Value::Array(items) if items.len() > BATCH_LIMIT => form(&format!(
            "a batch may hold {BATCH_LIMIT} requests, found {}",
            items.len()
        )),
        Value::Array(items) => items
            .into_iter()
            .filter_map(|item| message(item).transpose())
            .collect(),
        item => Ok(message(item)?.into_iter().collect()),
    }
}

/// Reads a model call: `/chat/completions`, `/completions`, `/embeddings`, `/responses`.
///
/// # Errors
/// When the body is not a JSON object with the text `model`.
pub fn openai(body: &[u8]) -> Result<Call, CallError> {
    let Value::Object(mut object) = parse(body)? else {
        return form("a model call is a JSON object");
    };
    let model = match object.get("model") {
        Some(Value::String(model)) if !model.is_empty() => model.clone(),
        _ => return form("a model call names its \"model\" as text"),
    };
    let arguments = ["messages", "input", "prompt"]
        .iter()
        .find_map(|name| object.remove(*name))
        .unwrap_or(Value::Null);
    Ok(Call {
        action: "model/inference".to_owned(),
        tool: None,
        resource: None,
        prompt: None,
        model: Some(model),
        arguments,
        id: None,
    })
}

fn parse(body: &[u8]) -> Result<Value, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError::Json(error.to_string()))
}

fn form<T>(message: &str) -> Result<T, CallError> {
    Err(CallError::Form(message.to_owned()))
}

fn message(item: Value) -> Result<Option<Call>, CallError> {
    let Value::Object(mut object) = item else {
        return form("a JSON-RPC message is an object");
    };
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return form("a JSON-RPC message has \"jsonrpc\": \"2.0\"");
    }
    let id = object.remove("id");
    let action = match object.remove("method") {
        Some(Value::String(method)) if !method.is_empty() => method,
        None if object.contains_key("result") || object.contains_key("error") => return Ok(None),
        _ => return form("a JSON-RPC request names its \"method\" as text"),
    };
    let mut params = match object.remove("params") {
        Some(Value::Object(params)) => params,
        None => serde_json::Map::new(),
        Some(_) => return form("\"params\" of an MCP request is an object"),
    };
    let mut text = |name: &str| match params.remove(name) {
        Some(Value::String(value)) if !value.is_empty() => Ok(Some(value)),
        _ => form(&format!("{action} names {name:?} as text")),
    };
    let (mut tool, mut resource, mut prompt) = (None, None, None);
    match action.as_str() {
        "tools/call" => tool = text("name")?,
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
            resource = text("uri")?;
        }
        "prompts/get" => prompt = text("name")?,
        _ => {}
    }
    let arguments = match action.as_str() {
        "tools/call" | "prompts/get" => params.remove("arguments").unwrap_or(Value::Null),
        _ => Value::Object(params),
    };
    Ok(Some(Call {
        action,
        tool,
        resource,
        prompt,
        model: None,
        arguments,
        id,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_call_names_its_tool_and_arguments() {
        let body = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"web_search","arguments":{"q":"x"}}}"#;
        let calls = mcp(body).unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].tool.as_deref(), Some("web_search"));
        assert_eq!(calls[0].arguments, json!({"q": "x"}));
        assert_eq!(calls[0].id, Some(json!(7)));
    }

    #[test]
    fn each_request_of_a_batch_is_a_call() {
        let body =
            br#"[{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a"}},
            {"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"p"}},
            {"jsonrpc":"2.0","id":3,"result":{}}]"#;
        let calls = mcp(body).unwrap();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[0].resource.as_deref(), Some("file:///a"));
        assert_eq!(calls[1].prompt.as_deref(), Some("p"));
    }

    #[test]
    fn bodies_of_another_form_are_refused() {
        for body in [
            &b"{"[..],
            b"[]",
            b"7",
            br#"{"method":"tools/call"}"#,
            br#"{"jsonrpc":"2.0","method":"tools/call","params":{}}"#,
            br#"{"jsonrpc":"2.0","method":"tools/call","params":[1]}"#,
            br#"{"jsonrpc":"2.0","method":7}"#,
        ] {
            assert!(mcp(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_model_call_names_its_model() {
        let call = openai(br#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#).unwrap();
        assert_eq!(call.action, "model/inference");
        assert_eq!(call.model.as_deref(), Some("m"));
        assert!(openai(br#"{"messages":[]}"#).is_err());
    }
}
