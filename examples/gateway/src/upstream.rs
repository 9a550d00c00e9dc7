//! The tools behind the gateway: a small MCP server on a free port of the loopback.

use anyhow::{Context, Result};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Starts the server and gives its address.
pub async fn start() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("listen for the upstream")?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/mcp", post(answer));
    tokio::spawn(async move {
        // Ends with the process.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(format!("http://{address}"))
}

async fn answer(Json(request): Json<Value>) -> Response {
    let answers: Vec<Value> = match &request {
        Value::Array(batch) => batch.iter().filter_map(one).collect(),
        single => one(single).into_iter().collect(),
    };
    match (request.is_array(), answers.as_slice()) {
        (_, []) => StatusCode::ACCEPTED.into_response(),
        (false, [answer]) => Json(answer).into_response(),
        (_, answers) => Json(answers).into_response(),
    }
}

/// Notifications have no ID and get no answer.
fn one(request: &Value) -> Option<Value> {
    let id = request.get("id")?;
    let method = request["method"].as_str().unwrap_or_default();
    Some(match result(method, &request["params"]) {
        Some(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        None => {
            let error = json!({"code": -32601, "message": format!("no method {method}")});
            json!({"jsonrpc": "2.0", "id": id, "error": error})
        }
    })
}

fn result(method: &str, params: &Value) -> Option<Value> {
    match method {
        "initialize" => Some(json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "example-tools", "version": "1"},
        })),
        "ping" => Some(json!({})),
        "tools/list" => {
            let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object"}});
            let tools: Vec<_> = ["web_search", "calculator", "execute_shell"]
                .map(tool)
                .into();
            Some(json!({"tools": tools}))
        }
        // The tools only say what they would do: this is an example of a gateway, not of tools.
        "tools/call" => {
            let name = params["name"].as_str().unwrap_or_default();
            let text = format!("{name} was called with {}", params["arguments"]);
            Some(json!({"content": [{"type": "text", "text": text}], "isError": false}))
        }
        _ => None,
    }
}
