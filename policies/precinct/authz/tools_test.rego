package precinct.authz_test

import data.precinct.authz

researcher := "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev"

gateway_admin := "spiffe://poc.local/gateways/mcp-security-gateway/dev"

test_researcher_may_search_the_web if {
	authz.allow with input as {"caller_spiffe_id": researcher, "tool_name": "web_search"}
}

test_researcher_may_search_arxiv if {
	authz.allow with input as {"caller_spiffe_id": researcher, "tool_name": "arxiv_search"}
}

test_researcher_may_retrieve_documents if {
	authz.allow with input as {"caller_spiffe_id": researcher, "tool_name": "document_retrieve"}
}

test_researcher_may_not_send_requests if {
	not authz.allow with input as {"caller_spiffe_id": researcher, "tool_name": "http_request"}
}

test_gateway_admin_may_use_any_tool if {
	authz.allow with input as {"caller_spiffe_id": gateway_admin, "tool_name": "execute_shell"}
}

test_gateway_admin_needs_no_tool_name if {
	authz.allow with input as {"caller_spiffe_id": gateway_admin}
}

test_denied_is_false_and_not_undefined if {
	authz.allow == false with input as {}
}

test_missing_caller_is_denied if {
	authz.allow == false with input as {"tool_name": "web_search"}
}

test_missing_tool_is_denied if {
	authz.allow == false with input as {"caller_spiffe_id": researcher}
}

test_null_caller_is_denied if {
	authz.allow == false with input as {"caller_spiffe_id": null, "tool_name": "web_search"}
}

test_caller_of_a_wrong_type_is_denied if {
	every caller in [7, true, [researcher], {"id": researcher}] {
		authz.allow == false with input as {"caller_spiffe_id": caller, "tool_name": "web_search"}
	}
}

test_tool_of_a_wrong_type_is_denied if {
	every tool in [7, true, null, ["web_search"], {"name": "web_search"}] {
		authz.allow == false with input as {"caller_spiffe_id": researcher, "tool_name": tool}
	}
}

test_input_that_is_no_object_is_denied if {
	every value in ["text", 7, null, [], true] {
		authz.allow == false with input as value
	}
}

test_tool_names_differ_by_case if {
	authz.allow == false with input as {"caller_spiffe_id": researcher, "tool_name": "Web_Search"}
}

test_tool_names_are_not_prefixes if {
	authz.allow == false with input as {"caller_spiffe_id": researcher, "tool_name": "web_search2"}
	authz.allow == false with input as {"caller_spiffe_id": researcher, "tool_name": "web_searc"}
	authz.allow == false with input as {"caller_spiffe_id": researcher, "tool_name": ""}
}

# An empty list of delimiters means `.`, so that the star takes slashes but no dots.
test_star_takes_slashes if {
	authz.allow with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/a/b/dev",
		"tool_name": "web_search",
	}
}

test_star_takes_no_dots if {
	authz.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dspy.researcher/dev",
		"tool_name": "web_search",
	}
}

test_star_takes_nothing_at_all if {
	authz.allow with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client//dev",
		"tool_name": "web_search",
	}
}

test_prefix_and_suffix_may_not_overlap if {
	authz.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dev",
		"tool_name": "web_search",
	}
}

test_pattern_is_anchored_at_both_ends if {
	authz.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/x/dev/",
		"tool_name": "web_search",
	}
	authz.allow == false with input as {
		"caller_spiffe_id": " spiffe://poc.local/agents/mcp-client/x/dev",
		"tool_name": "web_search",
	}
}

test_production_agents_are_denied if {
	authz.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/agents/mcp-client/dspy-researcher/prod",
		"tool_name": "web_search",
	}
}

test_admin_of_another_gateway_is_denied if {
	authz.allow == false with input as {
		"caller_spiffe_id": "spiffe://poc.local/gateways/mcp-security-gateway/dev2",
		"tool_name": "web_search",
	}
}
