//! How long the steps of a request took, under OPA's names.

use std::time::Instant;

use crate::http::text::ObjectText;

/// Reading the input.
pub const INPUT_PARSE: &str = "timer_rego_input_parse_ns";
/// Parsing a query.
pub const QUERY_PARSE: &str = "timer_rego_query_parse_ns";
/// Compiling a query.
pub const QUERY_COMPILE: &str = "timer_rego_query_compile_ns";
/// Evaluating.
pub const QUERY_EVAL: &str = "timer_rego_query_eval_ns";
/// Partial evaluation.
pub const PARTIAL_EVAL: &str = "timer_rego_partial_eval_ns";
/// Evaluating the rule of masks.
pub const MASK_RULE: &str = "timer_compile_eval_mask_rule_ns";
/// From conditions to filters.
pub const TRANSLATE: &str = "timer_compile_translate_queries_ns";
/// Parsing a module.
pub const MODULE_PARSE: &str = "timer_rego_module_parse_ns";
/// Compiling modules.
pub const MODULE_COMPILE: &str = "timer_rego_module_compile_ns";
/// The whole request.
pub const HANDLER: &str = "timer_server_handler_ns";
/// Whether the query had been compiled before.
pub const CACHE_HIT: &str = "counter_server_query_cache_hit";

/// Nanoseconds and counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    values: Vec<(&'static str, u64)>,
}

impl Metrics {
    /// Notes the time since a moment.
    pub fn time(&mut self, name: &'static str, since: Instant) {
        let ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.set(name, ns);
    }

    /// Notes a number.
    pub fn set(&mut self, name: &'static str, value: u64) {
        match self.values.iter_mut().find(|(found, _)| *found == name) {
            Some((_, there)) => *there = value,
            None => self.values.push((name, value)),
        }
    }

    /// A number, if it was noted.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        let mut values = self.values.iter();
        values.find_map(|(found, value)| (*found == name).then_some(*value))
    }

    /// All of them as a JSON object, ordered by name.
    #[must_use]
    pub fn json(&self) -> String {
        let mut values = self.values.clone();
        values.sort_unstable();
        let object = values
            .iter()
            .fold(ObjectText::default(), |object, (name, value)| {
                object.with(name, &value.to_string())
            });
        object.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_name_counts() {
        let mut metrics = Metrics::default();
        metrics.set(QUERY_EVAL, 1);
        metrics.set(CACHE_HIT, 0);
        metrics.set(QUERY_EVAL, 2);
        let expected = r#"{"counter_server_query_cache_hit":0,"timer_rego_query_eval_ns":2}"#;
        assert_eq!(metrics.json(), expected);
    }
}
