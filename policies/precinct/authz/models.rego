package precinct.authz.models

import rego.v1

# Map agent classes to allowed model providers
allowed_providers := {
	"researcher": {"groq", "openai"},
	"analyst": {"anthropic", "openai"},
	"monitor": {"groq"},
}

default allow := false

allow if {
	agent_class := extract_class(input.caller_spiffe_id)
	providers := allowed_providers[agent_class]
	input.model_provider in providers
}

deny_reason := sprintf(
	"agent class '%s' not authorized for provider '%s'",
	[extract_class(input.caller_spiffe_id), input.model_provider],
) if {
	agent_class := extract_class(input.caller_spiffe_id)
	providers := allowed_providers[agent_class]
	not input.model_provider in providers
}

extract_class(spiffe_id) := class if {
	parts := split(spiffe_id, "/")
	class := parts[4]
}
