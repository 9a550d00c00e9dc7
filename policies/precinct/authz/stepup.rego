package precinct.authz.stepup

import rego.v1

high_risk_tools := {
	"execute_shell",
	"database_write",
	"file_delete",
	"send_email",
}

decision := "step_up" if {
	input.tool_name in high_risk_tools
	not input.step_up_verified
}

decision := "allow" if {
	input.tool_name in high_risk_tools
	input.step_up_verified
}

decision := "allow" if {
	not input.tool_name in high_risk_tools
}
