package authz_test

import data.authz

test_admins_may_do_everything if {
	authz.allow with input as {"roles": ["admin"], "method": "DELETE", "path": "/users/7"}
}

test_everybody_may_read_what_is_public if {
	authz.allow with input as {"roles": [], "method": "GET", "path": "/public/terms"}
}

test_others_are_told_why_they_may_not if {
	request := {"roles": ["guest"], "method": "GET", "path": "/users/7"}
	not authz.allow with input as request
	authz.reason == "only admins may do that" with input as request
}

test_nothing_is_allowed_to_nobody if {
	not authz.allow with input as {}
}
