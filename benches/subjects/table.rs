//! Measures that alternate in one process, so that the machine's noise falls on all of them alike.
//!
//! With `--only INPUT MEASURE DECISIONS` a benchmark makes that many decisions of one measure and prints nothing: what
//! `benches/instructions.sh` counts instructions of.

use std::time::Instant;

/// One way to decide.
pub struct Measure<'m> {
    name: &'static str,
    decide: Box<dyn FnMut(usize) + 'm>,
}

impl<'m> Measure<'m> {
    /// A decision by `decide`, whose result is kept from the optimiser.
    pub fn new<R>(name: &'static str, mut decide: impl FnMut() -> R + 'm) -> Self {
        let decide = Box::new(move |times| {
            for _ in 0..times {
                std::hint::black_box(decide());
            }
        });
        Self { name, decide }
    }
}

const ROUNDS: usize = 61;
const ROUND_NS: f64 = 1e6;

/// Measures in turns and prints for each: the least and the median time of a decision.
pub fn run(input: &str, measures: &mut [Measure<'_>]) {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--only") {
        if arguments[at + 1] == input {
            let times = arguments[at + 3].parse().unwrap();
            for measure in measures
                .iter_mut()
                .filter(|measure| measure.name == arguments[at + 2])
            {
                (measure.decide)(times);
            }
        }
        return;
    }
    let sizes: Vec<usize> = measures
        .iter_mut()
        .map(|measure| {
            let mut times = 1;
            loop {
                let taken = time(measure, times);
                if taken > ROUND_NS / 4.0 {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        clippy::cast_precision_loss,
                        reason = "a small positive count"
                    )]
                    break ((times as f64 * ROUND_NS / taken) as usize).max(1);
                }
                times *= 2;
            }
        })
        .collect();
    let mut taken = vec![Vec::with_capacity(ROUNDS); measures.len()];
    for _ in 0..ROUNDS {
        for ((measure, &times), taken) in measures.iter_mut().zip(&sizes).zip(&mut taken) {
            #[expect(clippy::cast_precision_loss, reason = "a small count")]
            taken.push(time(measure, times) / times as f64);
        }
    }
    for (measure, mut taken) in measures.iter().zip(taken) {
        taken.sort_by(f64::total_cmp);
        println!(
            "{input:<20} {:<20} min {:>10.1} ns  median {:>10.1} ns",
            measure.name,
            taken[0],
            taken[ROUNDS / 2],
        );
    }
}

fn time(measure: &mut Measure<'_>, times: usize) -> f64 {
    let start = Instant::now();
    (measure.decide)(times);
    start.elapsed().as_secs_f64() * 1e9
}
