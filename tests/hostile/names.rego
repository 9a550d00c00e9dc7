package std["Option"].str["u8"]

# Names that mean something else in Rust.

self if input.user == "alice"

fn(x) := concat("-", ["fn", x])

type := fn(input.user)

Some contains input.user

None := data.roles["admin"]

rt := {"input": input.user}

cx[x] := y if some x, y in input.limits

input_is_odd if input["not a name"]["クレート"] == 1

arena := [x | some x in input.list; x > 1]

Ok := count(arena)

main := x if x := Some with input.user as "bob"

replaced := x if x := type with input.user as "carol"

mocked := x if x := type with concat as upper_concat

upper_concat(_, parts) := upper(parts[1])
