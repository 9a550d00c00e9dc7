# METADATA
# description: |
#   One decision for a gateway, from all policies of this folder: what is denied is denied with the first reason in the
#   order below; what is not denied may need a step-up; only what is left is allowed.
package precinct.gateway

import data.precinct.authz
import data.precinct.capabilities

# METADATA
# entrypoint: true
default decision := {"result": "deny", "reason": "no_rule_applies"}

decision := {"result": "deny", "reason": reasons[0]} if count(reasons) > 0

decision := {"result": "step_up", "reason": "high_risk_tool"} if {
	count(reasons) == 0
	steps_up
}

decision := {"result": "allow"} if {
	count(reasons) == 0
	not steps_up
	known_action
}

# What a session of MCP consists of besides its calls.
session_actions := {
	"initialize",
	"notifications/cancelled",
	"notifications/initialized",
	"ping",
	"prompts/list",
	"resources/list",
	"resources/templates/list",
	"session/answer",
	"session/end",
	"session/listen",
	"tools/list",
}

known_action if input.action in session_actions

known_action if input.action in {"tools/call", "model/inference"}

steps_up if authz.stepup.decision == "step_up"

steps_up if capabilities.needs_step_up

reasons := [reason |
	some reason in [
		capability_reason,
		tool_reason,
		model_reason,
		destination_reason,
		budget_reason,
	]
	reason != ""
]

default capability_reason := ""

capability_reason := "capability_not_granted" if {
	input.action in {"tools/call", "model/inference"}
	not capabilities.allow
}

default tool_reason := ""

# An operator's tools are those of its capabilities.
tool_reason := "tool_not_allowed" if {
	input.action == "tools/call"
	not authz.allow
	not glob.match("spiffe://poc.local/agents/*/*-operator/*", ["/"], input.caller_spiffe_id)
}

default model_reason := ""

model_reason := "model_provider_not_registered" if {
	input.action == "model/inference"
	not input.model_provider
}

default destination_reason := ""

destination_reason := authz.destination.deny_reason if input.destination_host

default budget_reason := ""

budget_reason := authz.ratelimit.deny_reason
