//! The five policies as a careful Rust author writes them: compares of slices, no vector, sets as `match`.

use super::{Call, Results};

/// All five policies.
#[inline]
pub fn decide(call: &Call<'_>) -> Results {
    Results {
        tool: tool(call),
        destination: matches!(
            call.destination_host,
            "api.groq.com" | "api.openai.com" | "api.anthropic.com"
        ),
        model: model(call),
        budget: budget(call),
        step_up: step_up(call),
    }
}

fn tool(call: &Call<'_>) -> bool {
    let caller = call.caller_spiffe_id;
    let researcher = caller
        .strip_prefix("spiffe://poc.local/agents/mcp-client/")
        .and_then(|rest| rest.strip_suffix("/dev"))
        .is_some_and(|name| !name.contains('.'));
    (researcher
        && matches!(
            call.tool_name,
            "web_search" | "arxiv_search" | "document_retrieve"
        ))
        || caller == "spiffe://poc.local/gateways/mcp-security-gateway/dev"
}

fn class<'c>(call: &Call<'c>) -> Option<&'c str> {
    call.caller_spiffe_id.split('/').nth(4)
}

fn model(call: &Call<'_>) -> bool {
    match class(call) {
        Some("researcher") => matches!(call.model_provider, "groq" | "openai"),
        Some("analyst") => matches!(call.model_provider, "anthropic" | "openai"),
        Some("monitor") => call.model_provider == "groq",
        _ => false,
    }
}

fn budget(call: &Call<'_>) -> bool {
    let most = match class(call) {
        Some("researcher") => 100,
        Some("analyst") => 50,
        Some("monitor") => 200,
        _ => return false,
    };
    call.session_request_count < most
}

fn step_up(call: &Call<'_>) -> &'static str {
    let high_risk = matches!(
        call.tool_name,
        "execute_shell" | "database_write" | "file_delete" | "send_email"
    );
    if high_risk && !call.step_up_verified {
        "step_up"
    } else {
        "allow"
    }
}
