package precinct.capabilities_test

import data.precinct.capabilities

researcher := "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev"

operator := "spiffe://poc.local/agents/mcp-client/night-operator/dev"

registry := [
	{
		"id": "tool.default.mcp",
		"adapter": "mcp",
		"protocol": "stdio",
		"tools": {"allow": ["web_search"]},
		"authorization": {"action": "tools/call", "resource": "mcp/*"},
		"step_up": false,
	},
	{
		"id": "tool.highrisk.cli",
		"adapter": "cli",
		"protocol": "exec",
		"tools": {"allow": ["execute_shell"]},
		"authorization": {"action": "tools/call", "resource": "cli/*"},
		"step_up": true,
	},
]

# What the gateway does before it asks: the tool's capability becomes a part of the input.
request(caller, tool, entries) := {
	"caller_spiffe_id": caller,
	"tool_name": tool,
	"action": "tools/call",
	"capability_id": [entry.id | some entry in entries; tool in entry.tools.allow][0],
}

decide(caller, tool, entries) := {"allow": allowed, "step_up": step_up} if {
	asked := request(caller, tool, entries)
	allowed := capabilities.allow with input as asked with data.capabilities as entries
	step_up := capabilities.needs_step_up with input as asked with data.capabilities as entries
}

test_a_researcher_may_use_the_default_tools if {
	decide(researcher, "web_search", registry) == {"allow": true, "step_up": false}
}

test_a_researcher_may_not_use_high_risk_tools if {
	not decide(researcher, "execute_shell", registry).allow
}

test_high_risk_tools_need_a_step_up if {
	decide(operator, "execute_shell", registry) == {"allow": true, "step_up": true}
}

test_a_verified_step_up_is_enough if {
	asked := object.union(request(operator, "execute_shell", registry), {"step_up_verified": true})
	not capabilities.needs_step_up with input as asked with data.capabilities as registry
}

# The tool moves from MCP to a command line: only the registry changes, and the decision stays as it was.
test_a_tool_moves_to_another_adapter_by_the_registry_alone if {
	moved := [object.union(entry, change) |
		some entry in registry
		change := {
			"tool.default.mcp": {"adapter": "cli", "protocol": "exec"},
			"tool.highrisk.cli": {},
		}[entry.id]
	]
	decide(researcher, "web_search", moved) == decide(researcher, "web_search", registry)
}

# The tool becomes one of high risk: again only the registry changes.
test_a_tool_becomes_high_risk_by_the_registry_alone if {
	moved := [
		json.patch(registry[0], [{"op": "replace", "path": "/tools/allow", "value": []}]),
		json.patch(registry[1], [{"op": "add", "path": "/tools/allow/-", "value": "web_search"}]),
	]
	not decide(researcher, "web_search", moved).allow
	decide(operator, "web_search", moved) == {"allow": true, "step_up": true}
}

test_an_unknown_capability_is_denied if {
	asked := {"caller_spiffe_id": researcher, "action": "tools/call", "capability_id": "tool.other"}
	not capabilities.allow with input as asked with data.capabilities as registry
}

test_another_action_is_denied if {
	asked := object.union(request(researcher, "web_search", registry), {"action": "model/inference"})
	not capabilities.allow with input as asked with data.capabilities as registry
}

test_no_capability_is_denied if {
	not capabilities.allow with input as {"caller_spiffe_id": researcher, "action": "tools/call"}
}

test_without_a_registry_everything_is_denied if {
	asked := request(researcher, "web_search", registry)
	not capabilities.allow with input as asked with data.capabilities as []
}
