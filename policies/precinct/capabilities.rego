# METADATA
# description: |
#   Which agents may use which capabilities of the registry. Tools are not named here: the gateway looks up the
#   capability of a tool or a model and hands over its ID, so that a tool can move without a change of this policy.
package precinct.capabilities

# Agents by their role, the last but one segment of their SPIFFE ID, and what they are granted.
grants := {
	"*-researcher": {"tool.default.mcp", "model.groq.openai_compat"},
	"*-operator": {"tool.default.mcp", "tool.highrisk.cli"},
}

# The registry's entry for the request.
capability := entry if {
	some entry in data.capabilities
	entry.id == input.capability_id
}

default allow := false

allow if {
	some role, granted in grants
	glob.match(concat("", ["spiffe://poc.local/agents/*/", role, "/*"]), ["/"], input.caller_spiffe_id)
	input.capability_id in granted
	capability.authorization.action == input.action
}

default needs_step_up := false

needs_step_up if {
	capability.step_up
	not input.step_up_verified
}
