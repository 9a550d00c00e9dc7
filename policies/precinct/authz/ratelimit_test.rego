package precinct.authz.ratelimit_test

import data.precinct.authz.ratelimit

researcher := "spiffe://poc.local/agents/researcher/dev-1"

analyst := "spiffe://poc.local/agents/analyst/prod-2"

monitor := "spiffe://poc.local/agents/monitor/x"

test_first_request_is_allowed if {
	ratelimit.allow with input as {"caller_spiffe_id": researcher, "session_request_count": 0}
}

test_last_request_of_each_budget_is_allowed if {
	ratelimit.allow with input as {"caller_spiffe_id": researcher, "session_request_count": 99}
	ratelimit.allow with input as {"caller_spiffe_id": analyst, "session_request_count": 49}
	ratelimit.allow with input as {"caller_spiffe_id": monitor, "session_request_count": 199}
}

test_request_at_the_budget_is_denied if {
	ratelimit.allow == false with input as {"caller_spiffe_id": researcher, "session_request_count": 100}
	ratelimit.allow == false with input as {"caller_spiffe_id": analyst, "session_request_count": 50}
	ratelimit.allow == false with input as {"caller_spiffe_id": monitor, "session_request_count": 200}
}

test_request_over_the_budget_has_a_reason if {
	ratelimit.deny_reason == "session_budget_exhausted" with input as {
		"caller_spiffe_id": researcher,
		"session_request_count": 140,
	}
}

test_request_at_the_budget_has_a_reason if {
	ratelimit.deny_reason == "session_budget_exhausted" with input as {
		"caller_spiffe_id": analyst,
		"session_request_count": 50,
	}
}

test_request_within_the_budget_has_no_reason if {
	not ratelimit.deny_reason with input as {"caller_spiffe_id": analyst, "session_request_count": 49}
}

test_fractions_count if {
	ratelimit.allow with input as {"caller_spiffe_id": analyst, "session_request_count": 49.999}
	ratelimit.allow == false with input as {"caller_spiffe_id": analyst, "session_request_count": 50.001}
}

test_fifty_point_zero_is_fifty if {
	ratelimit.deny_reason == "session_budget_exhausted" with input as {
		"caller_spiffe_id": analyst,
		"session_request_count": 50.0,
	}
}

test_negative_count_is_allowed if {
	ratelimit.allow with input as {"caller_spiffe_id": analyst, "session_request_count": -1}
}

test_count_beyond_machine_integers_is_denied if {
	ratelimit.allow == false with input as {
		"caller_spiffe_id": analyst,
		"session_request_count": 123456789012345678901234567890,
	}
}

# Values of all types have one order: null < booleans < numbers < strings < arrays < objects < sets.
test_null_and_booleans_are_less_than_any_number if {
	every value in [null, true, false] {
		ratelimit.allow with input as {"caller_spiffe_id": analyst, "session_request_count": value}
	}
}

test_strings_and_collections_are_more_than_any_number if {
	every value in ["1", "", [], {}] {
		ratelimit.deny_reason == "session_budget_exhausted" with input as {
			"caller_spiffe_id": analyst,
			"session_request_count": value,
		}
	}
}

test_missing_count_is_denied_without_reason if {
	ratelimit.allow == false with input as {"caller_spiffe_id": analyst}
	not ratelimit.deny_reason with input as {"caller_spiffe_id": analyst}
}

test_missing_caller_is_denied_without_reason if {
	ratelimit.allow == false with input as {"session_request_count": 1}
	not ratelimit.deny_reason with input as {"session_request_count": 1}
}

test_unknown_class_is_denied_without_reason if {
	ratelimit.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/tester/x",
		"session_request_count": 1,
	}
	not ratelimit.deny_reason with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/tester/x",
		"session_request_count": 1000,
	}
}

test_caller_of_a_wrong_type_is_denied if {
	every caller in [7, true, null, [researcher], {"id": researcher}] {
		ratelimit.allow == false with input as {"caller_spiffe_id": caller, "session_request_count": 1}
	}
}

test_class_is_the_fourth_segment if {
	ratelimit.extract_class(researcher) == "researcher"
	ratelimit.extract_class(analyst) == "analyst"
	ratelimit.extract_class("a/b/c/d/e") == "e"
}

# The path of a client holds its kind before its name: the class of `dspy-researcher` is `mcp-client`.
test_class_of_a_client_is_its_kind if {
	ratelimit.extract_class("spiffe://poc.local/agents/mcp-client/dspy-researcher/dev") == "mcp-client"
}

test_client_has_no_budget if {
	ratelimit.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev",
		"session_request_count": 1,
	}
}

test_short_path_has_no_class if {
	not ratelimit.extract_class("spiffe://poc.local/agents")
	not ratelimit.extract_class("")
}

test_empty_segment_is_a_class_without_budget if {
	ratelimit.extract_class("spiffe://poc.local/agents/") == ""
	ratelimit.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/",
		"session_request_count": 1,
	}
}
