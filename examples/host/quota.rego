# A policy that calls a function of the program that asks it.
package quota

default allow := false

allow if accounts.balance(input.user) >= input.cost

# The program may not know the account.
unknown if not accounts.balance(input.user)
