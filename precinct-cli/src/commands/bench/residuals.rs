//! Partial evaluations: of the query's text on, since OPA's clients of this kind come with a query of their own.

use precinct_interpreter::partial::PartialQuery;

use super::{Args, Question, defined, each_time, repeated};
use crate::commands::eval::Stopped;
use crate::commands::residual;
use crate::host;
use crate::present::benchmark::Benchmark;

/// What OPA calls the time of a partial evaluation.
const PARTIAL_EVALUATION: &str = "timer_rego_partial_eval_ns";

/// Measures and prints.
pub(super) fn measure(args: &Args, question: &Question<'_>) -> Result<(), Stopped> {
    let asked = PartialQuery {
        query: question.text,
        package: question.package.as_deref(),
        imports: &args.import,
        unknowns: &args.unknowns,
        disable_inlining: &[],
        shallow_inlining: false,
        truths: false,
        nondeterministic_builtins: false,
        data: question.data,
        input: question.input,
        prepare: &host::prepare,
    };
    each_time(args, || {
        let measured = repeated(|| {
            let found = question.policy.partial(&asked);
            let found = found.map_err(|error| Stopped::Errors(residual::shown(error)))?;
            defined(args, found.queries.is_empty())
        })?;
        let mut shown = Benchmark::new(&measured, args.benchmem);
        if args.metrics {
            shown.spread(PARTIAL_EVALUATION, &measured.times);
        }
        Ok(shown)
    })
}
