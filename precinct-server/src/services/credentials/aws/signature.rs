//! A request, signed: version 4 is what policies make with `providers.aws.sign_req`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use precinct_runtime::builtins::aws::{self, Scope};
use precinct_runtime::builtins::uri::Uri;

use super::{Keys, Outgoing, asymmetric};
use crate::configuration::credentials::aws::Version;

/// Signs a request to a service of AWS. Whatever is changed about the request afterwards makes the signature wrong.
///
/// # Errors
/// When the request is for no address.
pub fn sign(
    request: &mut Outgoing,
    service: &str,
    version: Version,
    keys: &Keys,
) -> Result<(), String> {
    match version {
        Version::V4 => symmetric(request, service, keys),
        Version::V4A => asymmetric::sign(request, service, keys),
    }
}

fn symmetric(request: &mut Outgoing, service: &str, keys: &Keys) -> Result<(), String> {
    let uri = Uri::parse(&request.url)?;
    // The path that is signed has to be the one that is sent.
    request.url = uri.to_text();
    let mut given = BTreeMap::<String, String>::new();
    for (name, value) in &request.headers {
        given
            .entry(name.to_lowercase())
            .and_modify(|values| {
                values.push(',');
                values.push_str(value);
            })
            .or_insert_with(|| value.clone());
    }
    let scope = Scope {
        service,
        access_key: &keys.access_key,
        secret_key: &keys.secret_key,
        region: &keys.region,
        session_token: &keys.session_token,
        unsigned_payload: false,
    };
    let now = i64::try_from(Timestamp::now().as_nanosecond()).map_err(|error| error.to_string())?;
    let body = request.body.as_deref().unwrap_or_default();
    let (authorization, added) = aws::sign(&scope, &given, request.method, &uri, body, now);
    // What is added takes the place of what was there under the same name, as the signature has it.
    let is_replaced = |name: &str| {
        name.eq_ignore_ascii_case("authorization") || added.contains_key(&name.to_lowercase())
    };
    request.headers.retain(|(name, _)| !is_replaced(name));
    request.header("Authorization", authorization);
    for (name, value) in added {
        request.header(name, value);
    }
    Ok(())
}
