//! `#[derive(precinct_runtime::Input)]`: a gateway's own type as the input of compiled policies.
//!
//! The input looks as `serde_json` would write the type; `serde`'s attributes `rename`, `rename_all`, `skip`,
//! `skip_serializing`, `skip_serializing_if`, `flatten`, `transparent`, `tag`, `content` and `untagged` count, and may
//! be given as `#[input(…)]` where a type does not use `serde`. The one difference: a field that is `None` is
//! undefined, not `null`.
//!
//! * [`shape`]: structs and enums as code

mod shape;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `precinct_runtime::TypedInput`.
///
/// ```ignore
/// #[derive(precinct_runtime::Input)]
/// #[serde(rename_all = "camelCase")]
/// struct Request<'r> {
///     user_name: &'r str,             // input.userName
///     scopes: Vec<String>,            // input.scopes[_]
///     session: Option<Session>,       // input.session.id, undefined when there is none
/// }
/// ```
#[proc_macro_derive(Input, attributes(serde, input))]
pub fn derive_input(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    shape::expand(&item)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
