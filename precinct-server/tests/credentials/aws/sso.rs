//! Keys of somebody who signed in.

use jiff::{SignedDuration, Timestamp};
use precinct_jose::hash::{Hash, hex};
use precinct_server::services::{FetchError, Fetched};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{at, bucket, later, scope, service, signer};
use crate::listener::Listener;
use crate::{fetch, within};

const CONFIG: &str = "\
[profile work]
sso_session = mine
sso_account_id = 1234
sso_role_name = reader
region = eu-west-1

[sso-session mine]
sso_start_url = https://mine.awsapps.com/start
sso_region = us-east-1
";

/// A home with a token, and a service that gives keys for tokens.
struct Stage {
    home: TempDir,
    listener: Listener,
    aws: Listener,
}

impl Stage {
    fn new(token: &Value) -> Self {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join(".aws/sso/cache");
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        let name = hex(&Hash::Sha1.digest(b"mine"));
        std::fs::write(cache.join(format!("{name}.json")), token.to_string()).unwrap();
        let aws = Listener::plain(|request| {
            if request.method == "POST" {
                let renewed =
                    json!({"accessToken": "new", "expiresIn": 3600, "refreshToken": "r2"});
                return (200, renewed.to_string());
            }
            let keys = json!({
                "accessKeyId": "TEMP",
                "secretAccessKey": "secret",
                "sessionToken": "session",
                "expiration": later().as_millisecond(),
            });
            (200, json!({"roleCredentials": keys}).to_string())
        });
        Self {
            home,
            listener: bucket(),
            aws,
        }
    }

    fn fetch_twice(&self, form: &Value) -> Result<Fetched, FetchError> {
        let variables = [
            ("HOME", self.home.path().to_str().unwrap()),
            ("AWS_PROFILE", "work"),
        ];
        let configuration = service(&self.listener, &json!({"sso_credentials": form}));
        let client = within(&configuration, &json!({}), at(&self.aws, &variables));
        fetch(&client)?;
        fetch(&client)
    }
}

fn ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(1)
}

fn token(ends: Timestamp, registration_ends: Timestamp) -> Value {
    json!({
        "accessToken": "old",
        "expiresAt": ends.to_string(),
        "registrationExpiresAt": registration_ends.to_string(),
        "refreshToken": "r1",
        "clientId": "id",
        "clientSecret": "cs",
        "region": "us-east-1",
    })
}

#[test]
fn a_token_is_good_for_keys() {
    for (form, region) in [
        (json!({}), "eu-west-1"),
        (json!({"aws_region": "eu-west-3"}), "eu-west-3"),
    ] {
        let stage = Stage::new(&token(later(), later()));
        stage.fetch_twice(&form).unwrap();
        let request = stage.aws.only();
        let path = "/federation/credentials?account_id=1234&role_name=reader";
        assert_eq!(request.path, path);
        assert_eq!(request.header("authorization"), Some("Bearer old"));
        assert_eq!(request.header("x-amz-sso_bearer_token"), Some("old"));
        for request in stage.listener.received() {
            assert_eq!(signer(&request, "secret"), "TEMP");
            assert_eq!(scope(&request), format!("{region}/s3/aws4_request"));
            assert_eq!(request.header("x-amz-security-token"), Some("session"));
        }
    }
}

#[test]
fn a_token_that_has_ended_is_renewed() {
    let stage = Stage::new(&token(ago(), later()));
    stage.fetch_twice(&json!({})).unwrap();
    let received = stage.aws.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].path, "/token");
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    let expected = json!({
        "clientId": "id",
        "clientSecret": "cs",
        "refreshToken": "r1",
        "grantType": "refresh_token",
    });
    assert_eq!(body, expected);
    assert_eq!(received[1].header("authorization"), Some("Bearer new"));
}

#[test]
fn what_is_missing_is_told() {
    let mut unrenewable = token(ago(), later());
    unrenewable["refreshToken"] = json!("");
    for (token, form, expected) in [
        (
            token(ago(), ago()),
            json!({}),
            "cannot refresh token, registration expired",
        ),
        (
            unrenewable,
            json!({}),
            "failed to refresh token: refresh token is empty",
        ),
        (json!(1), json!({}), "failed to unmarshal cache file"),
        (
            json!({}),
            json!({"cache_path": "/nowhere"}),
            "failed to load cache file: /nowhere/",
        ),
        (
            json!({}),
            json!({"path": "/nowhere"}),
            "failed to load config file: /nowhere",
        ),
        (
            json!({}),
            json!({"profile": "other"}),
            "failed to find profile other",
        ),
    ] {
        let stage = Stage::new(&token);
        let error = stage.fetch_twice(&form).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
        assert!(stage.listener.received().is_empty());
    }
}
