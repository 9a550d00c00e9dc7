//! What is signed, and that nothing is sent unsigned.

use std::time::Duration;

use precinct_jose::hash::{Hash, hex};
use serde_json::json;

use super::{KEYS, bucket, scope, service, signer};
use crate::{fetch, refused, with_variables, within};

#[test]
fn requests_are_signed_as_they_are_sent() {
    let listener = bucket();
    let mut configuration = service(&listener, &json!({"environment_credentials": {}}));
    configuration["headers"] = json!({"X-Tenant": "acme"});
    let client = within(&configuration, &json!({}), with_variables(&KEYS));
    fetch(&client).unwrap();
    client
        .fetch("a b/c?list-type=2", "v1", Some(Duration::from_secs(1)), 100)
        .unwrap();
    client.post_packed("/logs", b"packed").unwrap();
    let received = listener.received();
    for request in &received {
        assert_eq!(signer(request, "secret"), "AKID");
        assert_eq!(scope(request), "eu-central-1/s3/aws4_request");
        let payload = hex(&Hash::Sha256.digest(&request.body));
        assert_eq!(
            request.header("x-amz-content-sha256"),
            Some(payload.as_str())
        );
        assert_eq!(request.header("x-amz-security-token"), None);
        assert_eq!(request.header("x-tenant"), Some("acme"));
    }
    assert_eq!(received[1].path, "/a%20b/c?list-type=2");
    let authorization = received[1].header("authorization").unwrap();
    let names = "SignedHeaders=host;if-none-match;prefer;x-amz-content-sha256;x-amz-date;x-tenant,";
    assert!(authorization.contains(names), "{authorization}");
}

#[test]
fn other_services_and_temporary_keys_are_signed_for() {
    for name in ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"] {
        let listener = bucket();
        let form = json!({"environment_credentials": {}, "service": "execute-API", "signature_version": "4"});
        let variables = [KEYS[0], KEYS[1], KEYS[2], (name, "session")];
        let surroundings = with_variables(&variables);
        fetch(&within(
            &service(&listener, &form),
            &json!({}),
            surroundings,
        ))
        .unwrap();
        let request = listener.only();
        signer(&request, "secret");
        assert_eq!(scope(&request), "eu-central-1/execute-api/aws4_request");
        assert_eq!(request.header("x-amz-security-token"), Some("session"));
        assert_eq!(request.header("x-amz-content-sha256"), None);
    }
}

#[test]
fn nothing_is_sent_without_keys() {
    for (missing, _) in KEYS {
        let listener = bucket();
        let variables: Vec<_> = KEYS
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        let form = json!({"environment_credentials": {}});
        let client = within(
            &service(&listener, &form),
            &json!({}),
            with_variables(&variables),
        );
        let error = fetch(&client).unwrap_err();
        let expected = format!(
            "failed to get aws credentials: all AWS credential providers failed: no {missing} set in environment"
        );
        assert_eq!(error.message, expected);
        assert!(listener.received().is_empty());
    }
}

#[test]
fn what_can_not_sign_is_refused_at_the_start() {
    for (form, expected) in [
        (
            json!({}),
            "a AWS credential service must be specified when S3 signing is enabled",
        ),
        (
            json!({"environment_credentials": null}),
            "a AWS credential service must be specified",
        ),
        (
            json!({"environment_credentials": {"region": "x"}}),
            "unknown field `region`",
        ),
        (json!({"environment": {}}), "unknown field `environment`"),
        (
            json!({"metadata_credentials": {}}),
            "at least aws_region must be specified",
        ),
        (
            json!({"assume_role_credentials": {"aws_signing": {"sso_credentials": {}}}}),
            "unsupported AWS signing plugin with AssumeRole credential provider: found sso_credentials",
        ),
        (
            json!({"environment_credentials": {}, "service": "ECR"}),
            "aws service \"ecr\" must be used with service type \"oci\"",
        ),
        (
            json!({"environment_credentials": {}, "signature_version": "4b"}),
            "signature_version: expected \"4\" or \"4a\", found \"4b\"",
        ),
        (
            json!({"assume_role_credentials": {}}),
            "expected aws_signing, found none",
        ),
        (
            json!({"assume_role_credentials": {"aws_signing": {}}}),
            "assume_role_credentials: aws_signing: a AWS credential service must be specified",
        ),
        (
            json!({"assume_role_credentials": {"aws_signing": {"web_identity_credentials": {}}}}),
            "RoleArn must be set in configuration",
        ),
        (
            json!({"web_identity_credentials": {"iam_role_arn": "arn"}}),
            "iam_role_arn comes from the environment",
        ),
    ] {
        let service = json!({"url": "https://acme", "credentials": {"s3_signing": form}});
        let error = refused(&service, &json!({}));
        let place = "config error: services.acme: credentials: s3_signing: ";
        assert!(error.starts_with(place), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
