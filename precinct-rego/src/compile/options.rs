//! How modules and queries are compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::ast::{Import, Ref};
use crate::capabilities::Capabilities;

/// Whether the base documents have something at a path (`["a", "b"]` is `data.a.b`).
pub type PathCheck = Arc<dyn Fn(&[Arc<str>]) -> bool + Send + Sync>;

/// Fetches the JSON document at an address, for schemas that refer to others; the error is shown to the author.
pub type FetchSchema = Arc<dyn Fn(&str) -> Result<serde_json::Value, String> + Send + Sync>;

/// How modules are compiled.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options of a command line, in any combination"
)]
pub struct CompileOptions {
    /// Builtins and features that policies can use.
    pub capabilities: Arc<Capabilities>,
    /// Refuse what OPA's strict mode refuses: unused imports and variables, deprecated builtins.
    pub strict: bool,
    /// Keep `print` calls; otherwise they are taken out.
    pub prints: bool,
    /// Names of builtins that must not be called.
    pub unsafe_builtins: BTreeSet<String>,
    /// Let functions be called that nobody defines.
    pub allow_undefined_functions: bool,
    /// Bind the sides of equations in test rules, so that failures can show their values.
    pub rewrite_tests: bool,
    /// JSON schemas by their path behind `schema` (`[]` describes `input` everywhere).
    pub schemas: BTreeMap<Vec<Arc<str>>, serde_json::Value>,
    /// How schemas get at documents on the hosts that the capabilities allow; without it, they cannot.
    pub fetch_schema: Option<FetchSchema>,
    /// Heed the `schemas` of annotations.
    pub use_schema_annotations: bool,
    /// Refuse rules at paths where the base documents have something.
    pub path_check: Option<PathCheck>,
    /// Look for such rules only below these paths (`a/b`); everywhere if there are none.
    pub path_check_roots: Vec<String>,
    /// After how many errors the compiler gives up; 0 is never.
    pub error_limit: usize,
}

impl CompileOptions {
    /// OPA's default options.
    #[must_use]
    pub fn new(capabilities: Arc<Capabilities>) -> Self {
        Self {
            capabilities,
            strict: false,
            prints: false,
            unsafe_builtins: BTreeSet::new(),
            allow_undefined_functions: false,
            rewrite_tests: false,
            schemas: BTreeMap::new(),
            fetch_schema: None,
            use_schema_annotations: true,
            path_check: None,
            path_check_roots: Vec::new(),
            error_limit: 10,
        }
    }
}

impl fmt::Debug for CompileOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompileOptions")
            .field("strict", &self.strict)
            .field("prints", &self.prints)
            .field("unsafe_builtins", &self.unsafe_builtins)
            .field("error_limit", &self.error_limit)
            .finish_non_exhaustive()
    }
}

/// What surrounds a query.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// The package whose rules can be named without their path; with its leading `data`.
    pub package: Option<Ref>,
    /// Imports.
    pub imports: Vec<Import>,
    /// Keep `print` calls.
    pub prints: bool,
    /// The values of the expressions are asked for, not only whether they hold.
    pub values: bool,
    /// Read `==` as `=` once the variables are safe: what then remains of a query that is evaluated in part is shorter.
    pub equations: bool,
    /// Names of builtins that this query must not call; `None` takes those of the modules.
    pub unsafe_builtins: Option<BTreeSet<String>>,
}
