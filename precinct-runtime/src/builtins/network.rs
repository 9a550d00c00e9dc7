//! Which hosts builtins may talk to.

use crate::context::Context;
use crate::error::BuiltinError;

/// The hosts that builtins may resolve and send requests to, `allow_net` in OPA's capabilities. Kept in
/// [`Context::shared`]; an embedding program sets its own with [`crate::context::SharedState::set`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkAccess {
    /// `None` allows every host, an empty list none.
    pub allowed_hosts: Option<Vec<String>>,
}

/// Fails unless policies may talk to `host`.
pub fn check_host(context: &Context<'_>, host: &str) -> Result<(), BuiltinError> {
    let access = context.shared::<NetworkAccess>();
    match &access.allowed_hosts {
        Some(allowed) if !allowed.iter().any(|name| name == host) => {
            Err(BuiltinError::new(format!("disallowed host: {host}")))
        }
        _ => Ok(()),
    }
}
