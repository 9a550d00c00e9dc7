# One line for each request of the input: what the tool policy says, why the destination is refused, and whether a
# step-up is needed.
package examples

decisions[name] := {"tool": tool, "refused": refused, "step_up": step_up} if {
	some name, request in input
	tool := data.precinct.authz.allow with input as request
	refused := {reason | reason := data.precinct.authz.destination.deny_reason with input as request}
	step_up := data.precinct.authz.stepup.decision with input as request
}
