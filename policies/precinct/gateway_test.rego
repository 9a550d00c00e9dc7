package precinct.gateway_test

import data.precinct.gateway

registry := [
	{
		"id": "tool.default.mcp",
		"adapter": "mcp",
		"protocol": "stdio",
		"authorization": {"action": "tools/call", "resource": "mcp/*"},
		"step_up": false,
	},
	{
		"id": "tool.highrisk.cli",
		"adapter": "cli",
		"protocol": "exec",
		"authorization": {"action": "tools/call", "resource": "cli/*"},
		"step_up": true,
	},
	{
		"id": "model.groq.openai_compat",
		"adapter": "openai_compat",
		"protocol": "https",
		"authorization": {"action": "model/inference", "resource": "groq/*"},
		"step_up": false,
	},
]

search := {
	"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev",
	"tool_name": "web_search",
	"capability_id": "tool.default.mcp",
	"action": "tools/call",
	"session_request_count": 3,
	"step_up_verified": false,
}

shell := {
	"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/night-operator/dev",
	"tool_name": "execute_shell",
	"capability_id": "tool.highrisk.cli",
	"action": "tools/call",
	"session_request_count": 0,
	"step_up_verified": false,
}

model := {
	"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev",
	"model": "llama",
	"model_provider": "groq",
	"capability_id": "model.groq.openai_compat",
	"action": "model/inference",
	"destination_host": "api.groq.com",
	"destination_port": 443,
}

decide(asked) := answer if {
	answer := gateway.decision with input as asked with data.capabilities as registry
}

test_a_search_is_allowed if decide(search) == {"result": "allow"}

test_a_model_call_is_allowed if decide(model) == {"result": "allow"}

test_a_high_risk_tool_needs_a_step_up if {
	decide(shell) == {"result": "step_up", "reason": "high_risk_tool"}
}

test_a_verified_step_up_is_allowed if {
	decide(object.union(shell, {"step_up_verified": true})) == {"result": "allow"}
}

test_a_destination_is_denied_with_its_reason if {
	asked := object.union(search, {"destination_host": "evil-exfiltration.example.com"})
	decide(asked) == {"result": "deny", "reason": "destination_not_approved"}
}

test_a_capability_that_is_not_granted_is_denied if {
	asked := object.union(shell, {"caller_spiffe_id": search.caller_spiffe_id})
	decide(asked) == {"result": "deny", "reason": "capability_not_granted"}
}

test_a_tool_outside_the_allow_list_is_denied if {
	asked := object.union(search, {"tool_name": "calculator"})
	decide(asked) == {"result": "deny", "reason": "tool_not_allowed"}
}

test_an_exhausted_budget_is_denied if {
	asked := {
		"caller_spiffe_id": "spiffe://poc.local/agents/analyst/x/dev",
		"action": "tools/list",
		"session_request_count": 50,
	}
	decide(asked) == {"result": "deny", "reason": "session_budget_exhausted"}
	decide(object.union(asked, {"session_request_count": 49})) == {"result": "allow"}
}

test_listing_is_allowed if decide({"caller_spiffe_id": "spiffe://poc.local/a/b", "action": "tools/list"}) == {"result": "allow"}

test_an_unknown_action_is_denied if {
	decide({"caller_spiffe_id": "spiffe://poc.local/a/b", "action": "x"}) == {"result": "deny", "reason": "no_rule_applies"}
}

test_an_empty_input_is_denied if decide({}) == {"result": "deny", "reason": "no_rule_applies"}

test_without_a_registry_calls_are_denied if {
	gateway.decision == {"result": "deny", "reason": "capability_not_granted"} with input as search with data.capabilities as []
}
