//! Whole evaluations, by either engine, of an input that is read already or still to be read.

use precinct_interpreter::policy::Query;
use precinct_runtime::Document;
use precinct_runtime::json::{Decoder, to_string};

use super::{Args, Format, MOST, Question, TIME, WARM, defined, each_time, repeated};
use crate::commands::eval::{Engine, Stopped};
use crate::host;
use crate::native::{self, Trouble, World};
use crate::present::benchmark::{Benchmark, Measured};

/// What OPA calls the time of an evaluation.
const EVALUATION: &str = "timer_rego_query_eval_ns";

/// Measures and prints.
pub(super) fn measure(args: &Args, question: &Question<'_>) -> Result<(), Stopped> {
    let package = question.package.as_deref();
    let query = question
        .policy
        .query(question.text, package, &args.import)
        .map_err(|failure| Stopped::Errors(host::failure_shown(&failure)))?;
    let subject = Subject {
        args,
        query: &query,
        data: question.data,
        input: question.input,
        text: question.input.map(|input| to_string(input.value())),
    };
    each_time(args, || subject.benchmark())
}

/// What is measured.
struct Subject<'s> {
    args: &'s Args,
    query: &'s Query,
    data: &'s Document,
    input: Option<&'s Document>,
    /// The input as JSON.
    text: Option<String>,
}

impl Subject<'_> {
    fn benchmark(&self) -> Result<Benchmark, Stopped> {
        let args = self.args;
        let engines = match args.engine.as_slice() {
            [] if args.format == Format::Pretty => &[Engine::Interpreter, Engine::Native],
            named => named,
        };
        let first = engines.first().copied().unwrap_or_default();
        let parsed = self.by(first, false)?;
        let mut shown = Benchmark::new(&parsed, args.benchmem);
        if args.metrics {
            shown.spread(EVALUATION, &parsed.times);
        }
        for engine in engines {
            let name = engine.name();
            let others;
            let parsed = if *engine == first {
                &parsed
            } else {
                others = match self.by(*engine, false) {
                    // Nobody asked for it by name.
                    Err(Stopped::Message(message)) if args.engine.is_empty() => {
                        eprintln!("{name}: not measured: {message}");
                        continue;
                    }
                    measured => measured?,
                };
                &others
            };
            shown.way(&format!("{name}_parsed"), parsed, args.benchmem);
            if self.text.is_some() {
                let read = self.by(*engine, true)?;
                shown.way(&format!("{name}_bytes"), &read, args.benchmem);
            }
        }
        Ok(shown)
    }

    /// `read` is from the bytes of the input on.
    fn by(&self, engine: Engine, read: bool) -> Result<Measured, Stopped> {
        match engine {
            Engine::Interpreter => self.interpreted(read),
            Engine::Native => self.natively(read),
        }
    }

    fn interpreted(&self, read: bool) -> Result<Measured, Stopped> {
        let mut arena = host::arena();
        let text = self.text.as_deref().filter(|_| read);
        repeated(|| {
            self.once(&arena, text)?;
            arena.reset();
            Ok(())
        })
    }

    fn once(&self, arena: &precinct_runtime::Arena, text: Option<&str>) -> Result<(), Stopped> {
        let input = match text {
            Some(text) => {
                let read = Decoder::new(arena).decode(text.as_bytes());
                Some(read.map_err(|error| Stopped::Message(error.to_string()))?)
            }
            None => self.input.map(Document::value),
        };
        let mut context = host::prepare(self.query.context(arena))
            .with_documents(self.data)
            .with_input(input);
        let answers = self
            .query
            .rows(&mut context)
            .map_err(|error| Stopped::Errors(vec![host::eval_shown(&error)]))?;
        defined(self.args, answers.is_empty())
    }

    fn natively(&self, read: bool) -> Result<Measured, Stopped> {
        let ask = |count: usize| {
            let world = World {
                data: self.data,
                input: self.input,
                reads_input: read,
                timeout: None,
                count,
                strict_builtin_errors: false,
                measured: true,
            };
            native::answers(self.query, &world).map_err(|trouble| match trouble {
                Trouble::Program(message) => Stopped::Message(message),
                Trouble::Evaluation(shown) => Stopped::Errors(vec![*shown]),
            })
        };
        let first = ask(WARM)?;
        defined(self.args, first.rows.is_empty())?;
        let fastest = first.times.iter().copied().min().unwrap_or(1).max(1);
        let count = usize::try_from(host::nanos_of(TIME) / fastest).unwrap_or(MOST);
        let answered = ask(count.clamp(1, MOST))?;
        Ok(Measured {
            times: answered.times,
            memory: answered.memory,
        })
    }
}
