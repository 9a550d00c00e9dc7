//! Compiled patterns that outlive an evaluation.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// So many patterns are kept. Policies with more of them, or with patterns out of their inputs, start over.
const KEPT: usize = 1024;

/// Compiled patterns of one kind by their text, for all threads that evaluate a policy.
pub struct Patterns<T> {
    known: RwLock<HashMap<String, Arc<T>>>,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self {
            known: RwLock::default(),
        }
    }
}

impl<T> Patterns<T> {
    /// The compiled pattern of a text; compiles it if it is not known. What cannot be compiled is not kept.
    pub fn get<E>(&self, text: &str, compile: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = known.get(text) {
            return Ok(Arc::clone(pattern));
        }
        drop(known);
        let pattern = Arc::new(compile()?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), Arc::clone(&pattern));
        Ok(pattern)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_and_a_bad_one_each_time() {
        let patterns = Patterns::default();
        let mut compiled = 0;
        for _ in 0..2 {
            let pattern = patterns.get("a", || {
                compiled += 1;
                Ok::<_, ()>(1)
            });
            assert_eq!(*pattern.unwrap(), 1);
        }
        assert_eq!(compiled, 1);
        assert_eq!(patterns.get("b", || Err("bad")), Err("bad"));
        assert_eq!(patterns.get("b", || Ok::<_, ()>(2)), Ok(Arc::new(2)));
    }

    #[test]
    fn the_number_of_patterns_is_bounded() {
        let patterns = Patterns::default();
        for n in 0..=KEPT {
            patterns.get(&n.to_string(), || Ok::<_, ()>(n)).unwrap();
        }
        assert_eq!(patterns.known.read().unwrap().len(), 1);
    }
}
