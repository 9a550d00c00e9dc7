//! What credentials are made of besides the configuration.

use std::fmt;
use std::sync::Arc;

/// What a name of a variable stands for.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment of the process, and where clouds tell machines who they are.
#[derive(Clone)]
pub struct Surroundings {
    variables: Arc<Lookup>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables hold secrets.
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        Self::with_variables(|name| std::env::var(name).ok())
    }
}

impl Surroundings {
    /// The surroundings of a process with these environment variables.
    pub fn with_variables(
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            variables: Arc::new(variables),
        }
    }

    /// An environment variable that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }
}
