package precinct.authz.destination_test

import data.precinct.authz.destination

test_approved_hosts_are_allowed if {
	every host in ["api.groq.com", "api.openai.com", "api.anthropic.com"] {
		destination.allow with input as {"destination_host": host}
	}
}

test_approved_hosts_have_no_reason if {
	every host in ["api.groq.com", "api.openai.com", "api.anthropic.com"] {
		not destination.deny_reason with input as {"destination_host": host}
	}
}

test_other_host_is_denied if {
	destination.allow == false with input as {"destination_host": "evil-exfiltration.example.com"}
}

test_other_host_has_a_reason if {
	destination.deny_reason == "destination_not_approved" with input as {"destination_host": "evil.example.com"}
}

test_missing_host_is_denied if {
	destination.allow == false with input as {}
}

# The reference is bound outside the `not`: without it there is nothing to negate.
test_missing_host_has_no_reason if {
	not destination.deny_reason with input as {}
}

test_null_host_is_denied_with_reason if {
	destination.allow == false with input as {"destination_host": null}
	destination.deny_reason == "destination_not_approved" with input as {"destination_host": null}
}

test_host_of_a_wrong_type_is_denied_with_reason if {
	every host in [443, true, false, ["api.groq.com"], {"host": "api.groq.com"}] {
		destination.allow == false with input as {"destination_host": host}
		destination.deny_reason == "destination_not_approved" with input as {"destination_host": host}
	}
}

test_host_with_port_is_denied if {
	destination.allow == false with input as {"destination_host": "api.groq.com:443"}
}

test_subdomain_is_denied if {
	destination.allow == false with input as {"destination_host": "x.api.groq.com"}
}

test_trailing_dot_is_denied if {
	destination.allow == false with input as {"destination_host": "api.groq.com."}
}

test_hosts_differ_by_case if {
	destination.allow == false with input as {"destination_host": "API.GROQ.COM"}
}

test_empty_host_is_denied if {
	destination.allow == false with input as {"destination_host": ""}
	destination.deny_reason == "destination_not_approved" with input as {"destination_host": ""}
}

test_approved_destinations_can_be_replaced if {
	destination.allow with destination.approved_destinations as {"models.internal"}
		with input as {"destination_host": "models.internal"}
}

test_there_are_three_approved_destinations if {
	count(destination.approved_destinations) == 3
}
