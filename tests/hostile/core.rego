package core

default Result := false

Result if data.std.Option.str.u8.self

default box := "closed"

box := "open" if {
	Result
	not input.shut
}

String := n if n := input.number * 2
