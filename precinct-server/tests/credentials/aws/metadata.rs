//! Keys of machines and containers.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{KEYS, at, bucket, later, scope, service, signer};
use crate::listener::Listener;
use crate::{fetch, within};

/// A metadata service whose keys end at some time.
fn metadata(code: &'static str, ends: Timestamp) -> Listener {
    Listener::plain(move |request| match request.method.as_str() {
        "PUT" => (200, "ticket\n".to_owned()),
        _ => {
            let payload = json!({
                "Code": code,
                "AccessKeyId": "TEMP",
                "SecretAccessKey": "secret",
                "Token": "session",
                "Expiration": ends.to_string(),
            });
            (200, payload.to_string())
        }
    })
}

#[test]
fn a_machine_has_keys_for_its_role() {
    let (listener, aws) = (bucket(), metadata("Success", later()));
    let form = json!({"metadata_credentials": {"aws_region": "us-east-1", "iam_role": "reader"}});
    let client = within(&service(&listener, &form), &json!({}), at(&aws, &[]));
    fetch(&client).unwrap();
    fetch(&client).unwrap();
    let received = aws.received();
    // Keys are kept as long as they are good.
    assert_eq!(received.len(), 2);
    assert_eq!(
        (received[0].method.as_str(), received[0].path.as_str()),
        ("PUT", "/latest/api/token")
    );
    let life = received[0].header("x-aws-ec2-metadata-token-ttl-seconds");
    assert_eq!(life, Some("60"));
    assert_eq!(
        received[1].path,
        "/latest/meta-data/iam/security-credentials/reader"
    );
    assert_eq!(
        received[1].header("x-aws-ec2-metadata-token"),
        Some("ticket")
    );
    for request in listener.received() {
        assert_eq!(signer(&request, "secret"), "TEMP");
        assert_eq!(scope(&request), "us-east-1/s3/aws4_request");
        assert_eq!(request.header("x-amz-security-token"), Some("session"));
    }
}

#[test]
fn keys_that_are_about_to_end_are_replaced() {
    let soon = Timestamp::now() + SignedDuration::from_mins(4);
    let (listener, aws) = (bucket(), metadata("Success", soon));
    let form = json!({"metadata_credentials": {"aws_region": "us-east-1", "iam_role": "reader"}});
    let client = within(&service(&listener, &form), &json!({}), at(&aws, &[]));
    fetch(&client).unwrap();
    fetch(&client).unwrap();
    assert_eq!(aws.received().len(), 4);
}

#[test]
fn a_container_has_keys_where_the_environment_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "of-file\n").unwrap();
    let file = file.to_str().unwrap();
    let aws = metadata("", later());
    let full = format!("{}/v1/full", aws.url);
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", full.as_str());
    for (variables, path, token) in [
        (
            vec![("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/mine")],
            "/v2/mine",
            None,
        ),
        (
            vec![full, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")],
            "/v1/full",
            Some("t"),
        ),
        (
            vec![full, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)],
            "/v1/full",
            Some("of-file"),
        ),
    ] {
        let listener = bucket();
        let form = json!({"metadata_credentials": {"aws_region": "us-east-1"}});
        let client = within(&service(&listener, &form), &json!({}), at(&aws, &variables));
        fetch(&client).unwrap();
        let request = aws.received().pop().unwrap();
        assert_eq!(request.path, path);
        assert_eq!(request.header("authorization"), token);
        assert_eq!(request.header("x-aws-ec2-metadata-token"), None);
        assert_eq!(signer(&listener.only(), "secret"), "TEMP");
    }
}

#[test]
fn a_metadata_service_without_keys_is_told() {
    for (code, role, variables, expected) in [
        (
            "Failed",
            "reader",
            vec![],
            "metadata service query did not succeed: Failed",
        ),
        (
            "Success",
            "",
            vec![],
            "metadata endpoint cannot be determined",
        ),
        (
            "Success",
            "",
            vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")],
            "unable to get ECS metadata authorization token",
        ),
    ] {
        let (listener, aws) = (bucket(), metadata(code, later()));
        let form = json!({"metadata_credentials": {"aws_region": "us-east-1", "iam_role": role}});
        let client = within(&service(&listener, &form), &json!({}), at(&aws, &variables));
        let error = fetch(&client).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
        assert!(listener.received().is_empty());
    }
    let (listener, aws) = (bucket(), Listener::plain(|_| (404, String::new())));
    let form = json!({"metadata_credentials": {"aws_region": "us-east-1", "iam_role": "reader"}});
    let error = fetch(&within(
        &service(&listener, &form),
        &json!({}),
        at(&aws, &[]),
    ))
    .unwrap_err();
    let expected = "metadata token HTTP request returned unexpected status: 404";
    assert!(error.message.ends_with(expected), "{error:?}");
}

#[test]
fn sources_are_asked_in_order_until_one_has_keys() {
    let aws = metadata("", later());
    let form = json!({
        "metadata_credentials": {"aws_region": "us-east-1"},
        "environment_credentials": {},
    });
    let container = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/mine");
    for (variables, expected) in [
        (vec![KEYS[0], KEYS[1], KEYS[2], container], "AKID"),
        (vec![container], "TEMP"),
    ] {
        let listener = bucket();
        let client = within(&service(&listener, &form), &json!({}), at(&aws, &variables));
        fetch(&client).unwrap();
        assert_eq!(signer(&listener.only(), "secret"), expected);
    }
}
