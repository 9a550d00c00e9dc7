package precinct.authz.ratelimit

import rego.v1

# Maximum requests per session, by agent class
budget := {
	"researcher": 100,
	"analyst": 50,
	"monitor": 200,
}

default allow := false

allow if {
	agent_class := extract_class(input.caller_spiffe_id)
	max_requests := budget[agent_class]
	input.session_request_count < max_requests
}

deny_reason := "session_budget_exhausted" if {
	agent_class := extract_class(input.caller_spiffe_id)
	max_requests := budget[agent_class]
	input.session_request_count >= max_requests
}

extract_class(spiffe_id) := class if {
	parts := split(spiffe_id, "/")
	class := parts[4]
}
