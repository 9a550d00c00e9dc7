package shop

default allow := false

allow if {
	input["user-id"] == "u-1"
	input.order.total < 100
	every item in input.order.items { item != "" }
}

reason := "too many" if input.order.count > 10

tagged contains key if some key, true in input.labels

risky if input.risk > 0.5
