package authz

# Who may do what: nobody anything, but for what is said here.
default allow := false

allow if "admin" in input.roles

allow if {
	input.method == "GET"
	startswith(input.path, "/public/")
}

# Why not.
reason := "only admins may do that" if not allow
