package precinct.authz.stepup_test

import data.precinct.authz.stepup

test_each_high_risk_tool_needs_step_up if {
	every tool in ["execute_shell", "database_write", "file_delete", "send_email"] {
		stepup.decision == "step_up" with input as {"tool_name": tool, "step_up_verified": false}
	}
}

test_each_high_risk_tool_is_allowed_after_step_up if {
	every tool in ["execute_shell", "database_write", "file_delete", "send_email"] {
		stepup.decision == "allow" with input as {"tool_name": tool, "step_up_verified": true}
	}
}

test_other_tool_is_allowed if {
	stepup.decision == "allow" with input as {"tool_name": "web_search"}
}

test_other_tool_is_allowed_whatever_was_verified if {
	every verified in [true, false, null, 0] {
		stepup.decision == "allow" with input as {"tool_name": "web_search", "step_up_verified": verified}
	}
}

test_missing_verification_needs_step_up if {
	stepup.decision == "step_up" with input as {"tool_name": "execute_shell"}
}

# Only `false` and undefined fail a condition: null, zero and the empty string hold.
test_any_value_but_false_counts_as_verified if {
	every verified in [null, 0, "", [], {}, "false"] {
		stepup.decision == "allow" with input as {"tool_name": "execute_shell", "step_up_verified": verified}
	}
}

# `not input.tool_name in …` binds the reference outside the `not`: see stepup_v2_test.rego for the difference.
test_missing_tool_leaves_the_decision_undefined if {
	not stepup.decision with input as {}
}

test_missing_tool_after_step_up_leaves_the_decision_undefined if {
	not stepup.decision with input as {"step_up_verified": true}
}

test_null_tool_is_not_high_risk if {
	stepup.decision == "allow" with input as {"tool_name": null}
}

test_tool_of_a_wrong_type_is_not_high_risk if {
	every tool in [7, true, false, ["execute_shell"], {"name": "execute_shell"}] {
		stepup.decision == "allow" with input as {"tool_name": tool}
	}
}

test_tool_names_differ_by_case if {
	stepup.decision == "allow" with input as {"tool_name": "Execute_Shell"}
}

test_empty_tool_is_not_high_risk if {
	stepup.decision == "allow" with input as {"tool_name": ""}
}

test_input_that_is_no_object_leaves_the_decision_undefined if {
	every value in ["text", 7, null, [], true] {
		not stepup.decision with input as value
	}
}

test_high_risk_tools_can_be_replaced if {
	stepup.decision == "step_up" with stepup.high_risk_tools as {"web_search"}
		with input as {"tool_name": "web_search"}
}
