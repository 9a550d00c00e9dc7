# The step-up policy once more, under `import rego.v2`, where `not` covers its whole expression: a missing
# `tool_name` makes `input.tool_name in high_risk_tools` undefined, and so its negation true.
package precinct.authz.stepup_v2_test

import rego.v2

import data.precinct.authz.stepup

decision := "step_up" if {
	input.tool_name in stepup.high_risk_tools
	not input.step_up_verified
}

decision := "allow" if {
	input.tool_name in stepup.high_risk_tools
	input.step_up_verified
}

decision := "allow" if {
	not input.tool_name in stepup.high_risk_tools
}

test_missing_tool_is_allowed_under_v2 if {
	decision == "allow" with input as {}
}

test_missing_tool_is_undefined_under_v1 if {
	not stepup.decision with input as {}
}

test_high_risk_tool_needs_step_up_under_both if {
	decision == "step_up" with input as {"tool_name": "execute_shell"}
	stepup.decision == "step_up" with input as {"tool_name": "execute_shell"}
}

test_verified_tool_is_allowed_under_both if {
	decision == "allow" with input as {"tool_name": "execute_shell", "step_up_verified": true}
	stepup.decision == "allow" with input as {"tool_name": "execute_shell", "step_up_verified": true}
}

test_other_tool_is_allowed_under_both if {
	decision == "allow" with input as {"tool_name": "web_search"}
	stepup.decision == "allow" with input as {"tool_name": "web_search"}
}
