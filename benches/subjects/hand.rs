//! The five policies by hand, twice: as written without a thought for speed, and as a careful Rust author writes them.
//!
//! * [`plain`]: segments in a vector, sets as slices
//! * [`decide`]: compares of slices, no vector, sets as `match`

use super::{Call, Results};

/// All five policies.
#[inline]
pub fn decide(call: &Call<'_>) -> Results {
    let class = class(call.caller_spiffe_id.as_bytes());
    Results {
        tool: tool(call),
        destination: matches!(
            call.destination_host,
            "api.groq.com" | "api.openai.com" | "api.anthropic.com"
        ),
        model: model(class, call.model_provider),
        budget: budget(class, call.session_request_count),
        step_up: step_up(call),
    }
}

fn tool(call: &Call<'_>) -> bool {
    let caller = call.caller_spiffe_id;
    let researcher = caller
        .strip_prefix("spiffe://poc.local/agents/mcp-client/")
        .and_then(|rest| rest.strip_suffix("/dev"))
        .is_some_and(|name| !name.as_bytes().contains(&b'.'));
    (researcher
        && matches!(
            call.tool_name,
            "web_search" | "arxiv_search" | "document_retrieve"
        ))
        || caller == "spiffe://poc.local/gateways/mcp-security-gateway/dev"
}

/// The fourth segment, found in one pass over the bytes.
fn class(caller: &[u8]) -> &[u8] {
    let mut rest = caller;
    for _ in 0..4 {
        match rest.iter().position(|&byte| byte == b'/') {
            Some(slash) => rest = &rest[slash + 1..],
            None => return b"",
        }
    }
    let end = rest.iter().position(|&byte| byte == b'/');
    &rest[..end.unwrap_or(rest.len())]
}

fn model(class: &[u8], provider: &str) -> bool {
    match class {
        b"researcher" => matches!(provider, "groq" | "openai"),
        b"analyst" => matches!(provider, "anthropic" | "openai"),
        b"monitor" => provider == "groq",
        _ => false,
    }
}

fn budget(class: &[u8], requests: i64) -> bool {
    match class {
        b"researcher" => requests < 100,
        b"analyst" => requests < 50,
        b"monitor" => requests < 200,
        _ => false,
    }
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

/// All five policies, as they come to mind.
#[inline]
pub fn plain(call: &Call<'_>) -> Results {
    let caller = call.caller_spiffe_id;
    let segments: Vec<&str> = caller.split('/').collect();
    let class = segments.get(4).copied();
    let researcher = caller.len() >= "spiffe://poc.local/agents/mcp-client//dev".len()
        && caller.starts_with("spiffe://poc.local/agents/mcp-client/")
        && caller.ends_with("/dev")
        && !caller["spiffe://poc.local/agents/mcp-client/".len()..].contains('.');
    let admin = caller == "spiffe://poc.local/gateways/mcp-security-gateway/dev";
    let providers: &[&str] = match class {
        Some("researcher") => &["groq", "openai"],
        Some("analyst") => &["anthropic", "openai"],
        Some("monitor") => &["groq"],
        _ => &[],
    };
    let most = match class {
        Some("researcher") => Some(100),
        Some("analyst") => Some(50),
        Some("monitor") => Some(200),
        _ => None,
    };
    let high_risk = HIGH_RISK_TOOLS.contains(&call.tool_name);
    Results {
        tool: researcher && SEARCH_TOOLS.contains(&call.tool_name) || admin,
        destination: DESTINATIONS.contains(&call.destination_host),
        model: providers.contains(&call.model_provider),
        budget: most.is_some_and(|most| call.session_request_count < most),
        step_up: if high_risk && !call.step_up_verified {
            "step_up"
        } else {
            "allow"
        },
    }
}

const SEARCH_TOOLS: [&str; 3] = ["web_search", "arxiv_search", "document_retrieve"];
const DESTINATIONS: [&str; 3] = ["api.groq.com", "api.openai.com", "api.anthropic.com"];
const HIGH_RISK_TOOLS: [&str; 4] = [
    "execute_shell",
    "database_write",
    "file_delete",
    "send_email",
];
