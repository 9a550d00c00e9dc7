//! What credentials are made of besides the configuration.

use std::fmt;
use std::sync::Arc;

/// What a name of a variable stands for.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The environment of the process, and where clouds tell machines who they are.
#[derive(Clone)]
pub struct Surroundings {
    variables: Arc<Lookup>,
    aws: Arc<Aws>,
    vaults: Option<Arc<str>>,
}

/// Where AWS gives keys.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The metadata service of machines, without a slash at the end.
    pub machines: String,
    /// The metadata service of containers, without a slash at the end.
    pub containers: String,
    /// What answers instead of all services that have an address in each region.
    pub services: Option<String>,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            machines: "http://169.254.169.254".to_owned(),
            containers: "http://169.254.170.2".to_owned(),
            services: None,
        }
    }
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
            aws: Arc::default(),
            vaults: None,
        }
    }

    /// The folder of whoever runs the process.
    ///
    /// # Errors
    /// When the environment does not say where it is.
    pub fn home(&self) -> Result<String, String> {
        let home = self.variable("HOME");
        home.ok_or_else(|| "user home directory not found: no HOME set in environment".to_owned())
    }

    /// The same surroundings, but for where AWS gives keys.
    #[must_use]
    pub fn with_aws(mut self, aws: Aws) -> Self {
        self.aws = Arc::new(aws);
        self
    }

    /// The same surroundings, but for an address where all vaults of Azure are.
    #[must_use]
    pub fn with_vaults(mut self, address: &str) -> Self {
        self.vaults = Some(address.into());
        self
    }

    /// Where all vaults of Azure are, if not each in its place.
    #[must_use]
    pub fn vaults(&self) -> Option<&str> {
        self.vaults.as_deref()
    }

    /// Where AWS gives keys.
    #[must_use]
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// An environment variable that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }
}
