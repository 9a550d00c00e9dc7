//! Numbers for `/metrics`, in Prometheus' text form, under the names that OPA's dashboards use.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, TextEncoder};

use crate::native::loader::Loading;
use crate::shadow::Comparison;

/// The buckets of request durations, in seconds.
const BUCKETS: [f64; 11] = [
    1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0,
];

/// The numbers of one server.
#[derive(Clone, Debug)]
pub struct Registry {
    all: prometheus::Registry,
    durations: Option<HistogramVec>,
    decisions: Option<IntCounterVec>,
    reloads: Option<IntCounterVec>,
    shadowed: Option<IntCounterVec>,
    libraries: Option<IntCounterVec>,
}

impl Default for Registry {
    fn default() -> Self {
        let registry = prometheus::Registry::new();
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "http_request_duration_seconds",
                "A histogram of duration for requests.",
            )
            .buckets(BUCKETS.to_vec()),
            &["code", "handler", "method"],
        )
        .ok();
        let counter = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(Opts::new(name, help), &[label]).ok()
        };
        let decisions = counter(
            "precinct_decisions_total",
            "Decisions by the engine that made them.",
            "engine",
        );
        let reloads = counter(
            "precinct_reloads_total",
            "Attempts to activate other policies, by how they went.",
            "outcome",
        );
        let shadowed = counter(
            "precinct_shadow_decisions_total",
            "Decisions that candidates were to make beside the active policies, by what came of it.",
            "outcome",
        );
        let libraries = counter(
            "precinct_native_libraries_total",
            "Shared libraries that bundles carry, by what became of them.",
            "outcome",
        );
        // The names are different and valid, so nothing is refused.
        if let Some(durations) = &durations {
            let _ = registry.register(Box::new(durations.clone()));
        }
        for counter in [&decisions, &reloads, &shadowed, &libraries]
            .into_iter()
            .flatten()
        {
            let _ = registry.register(Box::new(counter.clone()));
        }
        Self {
            all: registry,
            durations,
            decisions,
            reloads,
            shadowed,
            libraries,
        }
    }
}

impl Registry {
    /// Notes a request.
    pub fn request(&self, handler: &str, method: &str, status: u16, took: Duration) {
        if let Some(durations) = &self.durations {
            durations
                .with_label_values(&[&status.to_string(), handler, &method.to_ascii_lowercase()])
                .observe(took.as_secs_f64());
        }
    }

    /// Notes a decision of an engine: `interpreter`, `native` or `library`.
    pub fn decision(&self, engine: &str) {
        if let Some(decisions) = &self.decisions {
            decisions.with_label_values(&[engine]).inc();
        }
    }

    /// Notes an attempt to activate other policies.
    pub fn reload(&self, succeeded: bool) {
        if let Some(reloads) = &self.reloads {
            let outcome = if succeeded { "activated" } else { "rejected" };
            reloads.with_label_values(&[outcome]).inc();
        }
    }

    /// Notes what became of the library of a bundle.
    pub fn library(&self, loading: &Loading) {
        if let Some(libraries) = &self.libraries {
            libraries.with_label_values(&[loading.name()]).inc();
        }
    }

    /// Notes what came of a decision that candidates were to make.
    pub fn shadowed(&self, comparison: Comparison) {
        if let Some(shadowed) = &self.shadowed {
            shadowed.with_label_values(&[comparison.name()]).inc();
        }
    }

    /// How many decisions candidates were to make, by what came of it.
    #[must_use]
    pub fn shadow(&self) -> BTreeMap<&'static str, u64> {
        let count = |comparison: Comparison| {
            let counter = self.shadowed.as_ref()?;
            let count = counter.with_label_values(&[comparison.name()]).get();
            Some((comparison.name(), count))
        };
        Comparison::ALL.into_iter().filter_map(count).collect()
    }

    /// All numbers as text.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = TextEncoder::new().encode(&self.all.gather(), &mut text);
        text
    }
}
