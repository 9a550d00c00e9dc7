package precinct.authz.models_test

import data.precinct.authz.models

agent(class) := sprintf("spiffe://poc.local/agents/%s/x", [class])

test_researcher_may_use_groq_and_openai if {
	every provider in ["groq", "openai"] {
		models.allow with input as {"caller_spiffe_id": agent("researcher"), "model_provider": provider}
	}
}

test_analyst_may_use_anthropic_and_openai if {
	every provider in ["anthropic", "openai"] {
		models.allow with input as {"caller_spiffe_id": agent("analyst"), "model_provider": provider}
	}
}

test_monitor_may_use_groq_only if {
	models.allow with input as {"caller_spiffe_id": agent("monitor"), "model_provider": "groq"}
	models.allow == false with input as {"caller_spiffe_id": agent("monitor"), "model_provider": "openai"}
}

test_researcher_may_not_use_anthropic if {
	models.allow == false with input as {"caller_spiffe_id": agent("researcher"), "model_provider": "anthropic"}
}

test_reason_names_class_and_provider if {
	reason := models.deny_reason with input as {"caller_spiffe_id": agent("researcher"), "model_provider": "anthropic"}
	reason == "agent class 'researcher' not authorized for provider 'anthropic'"
}

test_reason_keeps_quotes if {
	reason := models.deny_reason with input as {"caller_spiffe_id": agent("monitor"), "model_provider": "an\"thropic"}
	reason == "agent class 'monitor' not authorized for provider 'an\"thropic'"
}

test_allowed_has_no_reason if {
	not models.deny_reason with input as {"caller_spiffe_id": agent("monitor"), "model_provider": "groq"}
}

test_missing_provider_is_denied_without_reason if {
	models.allow == false with input as {"caller_spiffe_id": agent("analyst")}
	not models.deny_reason with input as {"caller_spiffe_id": agent("analyst")}
}

test_missing_caller_is_denied_without_reason if {
	models.allow == false with input as {"model_provider": "groq"}
	not models.deny_reason with input as {"model_provider": "groq"}
}

test_unknown_class_is_denied_without_reason if {
	models.allow == false with input as {"caller_spiffe_id": agent("tester"), "model_provider": "groq"}
	not models.deny_reason with input as {"caller_spiffe_id": agent("tester"), "model_provider": "groq"}
}

test_client_is_a_class_without_providers if {
	caller := "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev"
	models.extract_class(caller) == "mcp-client"
	models.allow == false with input as {"caller_spiffe_id": caller, "model_provider": "groq"}
}

test_null_provider_is_denied_with_reason if {
	reason := models.deny_reason with input as {"caller_spiffe_id": agent("monitor"), "model_provider": null}
	reason == "agent class 'monitor' not authorized for provider 'null'"
}

# `%s` takes no number: the reason says so, as Go's fmt does.
test_number_as_provider_is_denied_with_reason if {
	reason := models.deny_reason with input as {"caller_spiffe_id": agent("monitor"), "model_provider": 7}
	startswith(reason, "agent class 'monitor' not authorized for provider '%!s(int")
}

test_list_of_providers_is_denied if {
	models.allow == false with input as {"caller_spiffe_id": agent("monitor"), "model_provider": ["groq"]}
}

test_caller_of_a_wrong_type_is_denied if {
	every caller in [7, true, null, [agent("monitor")], {"id": agent("monitor")}] {
		models.allow == false with input as {"caller_spiffe_id": caller, "model_provider": "groq"}
	}
}

test_providers_differ_by_case if {
	models.allow == false with input as {"caller_spiffe_id": agent("monitor"), "model_provider": "Groq"}
}

test_empty_provider_is_denied_with_reason if {
	reason := models.deny_reason with input as {"caller_spiffe_id": agent("monitor"), "model_provider": ""}
	reason == "agent class 'monitor' not authorized for provider ''"
}

test_providers_can_be_replaced if {
	models.allow with models.allowed_providers as {"tester": {"local"}}
		with input as {"caller_spiffe_id": agent("tester"), "model_provider": "local"}
}
