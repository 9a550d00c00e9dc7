//! Keys in files with a section for each profile.

use serde_json::json;

use super::{bucket, scope, service, signer};
use crate::{fetch, with_variables, within};

#[test]
fn a_file_with_profiles_is_read_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let write = |key: &str| {
        let text = format!(
            "[default]\naws_access_key_id = other\n[work]\naws_access_key_id = {key}\naws_secret_access_key = secret\naws_session_token = session\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    let listener = bucket();
    let form = json!({"profile_credentials": {"path": path, "profile": "work", "aws_region": "eu-west-1"}});
    let client = within(&service(&listener, &form), &json!({}), with_variables(&[]));
    for key in ["FIRST", "SECOND"] {
        write(key);
        fetch(&client).unwrap();
    }
    let received = listener.received();
    assert_eq!(signer(&received[0], "secret"), "FIRST");
    assert_eq!(signer(&received[1], "secret"), "SECOND");
    assert_eq!(scope(&received[0]), "eu-west-1/s3/aws4_request");
    assert_eq!(received[0].header("x-amz-security-token"), Some("session"));
}

#[test]
fn the_environment_says_which_profile() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let text = "[default]\naws_access_key_id=D\naws_secret_access_key=secret\n[work]\naws_access_key_id=W\naws_secret_access_key=secret\n[half]\naws_access_key_id=H\n";
    let path = home.path().join(".aws/credentials");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let home = home.path().to_str().unwrap();
    let region = ("AWS_REGION", "eu-west-1");
    for (variables, expected) in [
        (vec![("HOME", home), region], Ok("D")),
        (
            vec![
                ("AWS_SHARED_CREDENTIALS_FILE", path),
                ("AWS_PROFILE", "work"),
                region,
            ],
            Ok("W"),
        ),
        (
            vec![("HOME", home), ("AWS_PROFILE", "half"), region],
            Err("does not contain \"aws_secret_access_key\""),
        ),
        (
            vec![("HOME", home), ("AWS_PROFILE", "none"), region],
            Err("expected [none], found none"),
        ),
        (vec![("HOME", home)], Err("no AWS_REGION set")),
        (
            vec![("HOME", "/nowhere"), region],
            Err("failed to read credentials file: /nowhere/.aws/credentials"),
        ),
        (vec![region], Err("no HOME set")),
    ] {
        let listener = bucket();
        let form = json!({"profile_credentials": {}});
        let client = within(
            &service(&listener, &form),
            &json!({}),
            with_variables(&variables),
        );
        match (fetch(&client), expected) {
            (Ok(_), Ok(key)) => assert_eq!(signer(&listener.only(), "secret"), key),
            (Err(error), Err(expected)) => {
                assert!(error.message.contains(expected), "{error:?}");
                assert!(listener.received().is_empty());
            }
            (found, expected) => panic!("{found:?} {expected:?}"),
        }
    }
}
