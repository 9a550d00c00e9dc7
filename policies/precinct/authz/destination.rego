package precinct.authz.destination

import rego.v1

# Approved external destinations
approved_destinations := {
	"api.groq.com",
	"api.openai.com",
	"api.anthropic.com",
}

default allow := false

allow if {
	input.destination_host in approved_destinations
}

deny_reason := "destination_not_approved" if {
	not input.destination_host in approved_destinations
}
