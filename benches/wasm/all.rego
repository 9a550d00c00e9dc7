# The five decisions as one, so that OPA's module reads its input once.
package bench

import data.precinct.authz
import data.precinct.authz.destination
import data.precinct.authz.models
import data.precinct.authz.ratelimit
import data.precinct.authz.stepup

all := [authz.allow, destination.allow, models.allow, ratelimit.allow, stepup.decision]
