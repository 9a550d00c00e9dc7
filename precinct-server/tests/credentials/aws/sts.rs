//! Keys of roles that are assumed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{KEYS, at, bucket, later, scope, service, signer};
use crate::listener::Listener;
use crate::{fetch, within};

/// An answer of STS.
fn assumed(action: &str, ends: Timestamp) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
         <AssumedRoleUser><Arn>arn</Arn></AssumedRoleUser><Credentials>\
         <AccessKeyId>TEMP</AccessKeyId><SecretAccessKey>s&amp;t</SecretAccessKey>\
         <SessionToken>session</SessionToken><Expiration>{ends}</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    )
}

#[test]
fn a_role_is_assumed_with_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a.b.c\n").unwrap();
    let listener = bucket();
    let aws = Listener::plain(|_| (200, assumed("AssumeRoleWithWebIdentity", later())));
    let form =
        json!({"web_identity_credentials": {"aws_region": "eu-west-1", "session_name": "mine"}});
    let variables = [
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/reader"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
    ];
    let client = within(&service(&listener, &form), &json!({}), at(&aws, &variables));
    fetch(&client).unwrap();
    fetch(&client).unwrap();
    let request = aws.only();
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/")
    );
    assert_eq!(request.header("authorization"), None);
    let fields: BTreeMap<_, _> = request.form().into_iter().collect();
    let field = |name: &str| fields[name].as_str();
    assert_eq!(field("Action"), "AssumeRoleWithWebIdentity");
    assert_eq!(field("RoleArn"), "arn:aws:iam::1:role/reader");
    assert_eq!(field("RoleSessionName"), "mine");
    assert_eq!(field("WebIdentityToken"), "a.b.c");
    assert_eq!(field("Version"), "2011-06-15");
    for request in listener.received() {
        assert_eq!(signer(&request, "s&t"), "TEMP");
        assert_eq!(scope(&request), "eu-west-1/s3/aws4_request");
        assert_eq!(request.header("x-amz-security-token"), Some("session"));
    }
    for (variables, expected) in [
        (&variables[1..], "no AWS_ROLE_ARN set"),
        (&variables[..1], "no AWS_WEB_IDENTITY_TOKEN_FILE set"),
    ] {
        let client = within(&service(&listener, &form), &json!({}), at(&aws, variables));
        let error = fetch(&client).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
    }
}

#[test]
fn a_role_is_assumed_with_other_keys() {
    let listener = bucket();
    let aws = Listener::plain(|_| (200, assumed("AssumeRole", later())));
    let form = json!({"assume_role_credentials": {
        "aws_region": "us-west-2",
        "iam_role_arn": "arn:aws:iam::1:role/reader",
        "aws_signing": {"environment_credentials": {}},
    }});
    let client = within(&service(&listener, &form), &json!({}), at(&aws, &KEYS));
    fetch(&client).unwrap();
    let request = aws.only();
    assert_eq!(signer(&request, "secret"), "AKID");
    assert_eq!(scope(&request), "eu-central-1/sts/aws4_request");
    let fields: BTreeMap<_, _> = request.form().into_iter().collect();
    assert_eq!(fields["Action"], "AssumeRole");
    assert_eq!(fields["RoleSessionName"], "open-policy-agent");
    let request = listener.only();
    assert_eq!(signer(&request, "s&t"), "TEMP");
    assert_eq!(scope(&request), "us-west-2/s3/aws4_request");
}

#[test]
fn answers_of_sts_without_keys_are_told() {
    for (status, answer, expected) in [
        (
            403,
            String::new(),
            "STS HTTP request returned unexpected status: 403",
        ),
        (
            200,
            "<Other/>".to_owned(),
            "expected AssumeRoleResult with Credentials, found none",
        ),
        (
            200,
            assumed("AssumeRole", later()).replace("AccessKeyId", "Key"),
            "expected AccessKeyId, found none",
        ),
        (
            200,
            assumed("AssumeRole", later()).replace("TEMP", ""),
            "expected an access key and a secret key, found none",
        ),
    ] {
        let listener = bucket();
        let aws = Listener::plain(move |_| (status, answer.clone()));
        let form = json!({"assume_role_credentials": {
            "iam_role_arn": "arn",
            "aws_signing": {"environment_credentials": {}},
        }});
        let client = within(&service(&listener, &form), &json!({}), at(&aws, &KEYS));
        let error = fetch(&client).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
        assert!(listener.received().is_empty());
    }
}
