//! Signatures of AWS, and where the keys for them come from.
//!
//! * [`signature`]: what is signed, with keys of the environment
//! * [`asymmetric`]: what is signed for all regions
//! * [`profile`]: keys in files
//! * [`metadata`]: keys of machines and containers
//! * [`sts`]: keys of roles
//! * [`sso`]: keys of somebody who signed in

mod asymmetric;
mod metadata;
mod profile;
mod signature;
mod sso;
mod sts;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use precinct_jose::hash::{Hash, hex};
use precinct_server::services::Surroundings;
use precinct_server::services::surroundings::Aws;
use serde_json::{Value, json};

use crate::listener::{Listener, Received};
use crate::with_variables;

/// Environment variables with keys.
const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKID"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_REGION", "eu-central-1"),
];

fn bucket() -> Listener {
    Listener::plain(|_| (200, "bundle".to_owned()))
}

fn service(listener: &Listener, form: &Value) -> Value {
    json!({"url": listener.url, "credentials": {"s3_signing": form}})
}

/// The name of the key that signed a request, once the signature is found to be that of the secret over what came.
fn signer(request: &Received, secret: &str) -> String {
    let authorization = request.header("authorization").unwrap();
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
    let parts: BTreeMap<&str, &str> = parts
        .split(',')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    let (key, scope) = parts["Credential"].split_once('/').unwrap();
    let names = parts["SignedHeaders"];
    let headers: String = names
        .split(';')
        .flat_map(|name| {
            [
                name.to_owned(),
                ":".to_owned(),
                request.all(name).join(","),
                "\n".to_owned(),
            ]
        })
        .collect();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let payload = hex(&Hash::Sha256.digest(&request.body));
    let method = &request.method;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
    let date = request.header("x-amz-date").unwrap();
    let digest = hex(&Hash::Sha256.digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let mut derived = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/').chain([text.as_str()]) {
        derived = Hash::Sha256.hmac(&derived, part.as_bytes());
    }
    assert_eq!(parts["Signature"], hex(&derived), "{canonical}");
    key.to_owned()
}

fn scope(request: &Received) -> String {
    let authorization = request.header("authorization").unwrap();
    let (_, credential) = authorization.split_once("Credential=").unwrap();
    let credential = credential.split(',').next().unwrap();
    // Without the key and the day.
    credential.splitn(3, '/').nth(2).unwrap().to_owned()
}

fn later() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

fn at(aws: &Listener, variables: &[(&'static str, &str)]) -> Surroundings {
    with_variables(variables).with_aws(Aws {
        machines: aws.url.clone(),
        containers: aws.url.clone(),
        services: Some(aws.url.clone()),
    })
}
