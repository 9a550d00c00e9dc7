//! What is signed for all regions.

use precinct_jose::der::Reader;
use precinct_jose::hash::{Hash, hex};
use precinct_jose::key::{Curve, EcPublic};
use precinct_jose::signature;
use serde_json::json;

use super::{bucket, service};
use crate::listener::Received;
use crate::{fetch, with_variables, within};

/// The keys of the example of AWS's own clients, and the point that follows from them.
const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKISORANDOMAASORANDOM"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
    ),
    ("AWS_SESSION_TOKEN", "session"),
    ("AWS_REGION", "us-east-1"),
];
const X: &str = "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb";
const Y: &str = "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";

/// Verifies the signature of a request over what came.
fn verify(request: &Received) {
    let authorization = request.header("authorization").unwrap();
    let rest = authorization
        .strip_prefix("AWS4-ECDSA-P256-SHA256 Credential=")
        .unwrap();
    let (credential, rest) = rest.split_once(", SignedHeaders=").unwrap();
    let (names, signature) = rest.split_once(", Signature=").unwrap();
    let scope = credential.strip_prefix("AKISORANDOMAASORANDOM/").unwrap();
    let date = request.header("x-amz-date").unwrap();
    assert_eq!(scope, format!("{}/s3/aws4_request", &date[..8]));
    let headers: String = names
        .split(';')
        .flat_map(|name| [name, ":", request.header(name).unwrap(), "\n"])
        .collect();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let (method, payload) = (&request.method, hex(&Hash::Sha256.digest(&request.body)));
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
    let digest = hex(&Hash::Sha256.digest(canonical.as_bytes()));
    let text = format!("AWS4-ECDSA-P256-SHA256\n{date}\n{scope}\n{digest}");
    let decoded = |digits: &str| data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap();
    let signature = decoded(signature);
    let mut numbers = Reader::new(&signature).sequence().unwrap();
    let (r, s) = (numbers.unsigned().unwrap(), numbers.unsigned().unwrap());
    let point = EcPublic {
        curve: Curve::P256,
        x: decoded(X),
        y: decoded(Y),
    };
    let digest = Hash::Sha256.digest(text.as_bytes());
    signature::verify_ecdsa(&point, &digest, r, s).unwrap();
}

#[test]
fn requests_are_signed_for_all_regions() {
    let listener = bucket();
    let form = json!({"environment_credentials": {}, "signature_version": "4a"});
    let mut configuration = service(&listener, &form);
    configuration["headers"] = json!({"X-Tenant": "acme"});
    let client = within(&configuration, &json!({}), with_variables(&KEYS));
    fetch(&client).unwrap();
    client.fetch("a b?x=2&list=a%20b", "v1", None, 100).unwrap();
    client.post_packed("/logs", b"packed").unwrap();
    let received = listener.received();
    for request in &received {
        verify(request);
        assert_eq!(request.header("x-amz-region-set"), Some("*"));
        assert_eq!(request.header("x-amz-security-token"), Some("session"));
    }
    assert_eq!(received[1].path, "/a%20b?list=a%20b&x=2");
    let authorization = received[2].header("authorization").unwrap();
    let names = "SignedHeaders=content-encoding;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token;x-tenant,";
    assert!(authorization.contains(names), "{authorization}");
}
