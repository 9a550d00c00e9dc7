//! Bundles of registries.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use precinct_jose::hash::{Hash, hex};
use precinct_server::configuration::Configuration;
use precinct_server::services::surroundings::Aws;
use precinct_server::services::{Client, FetchError, Fetched};
use serde_json::{Value, json};

use crate::listener::{Answer, Listener, Received};
use crate::{client, refused, with_variables, within};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

fn digest(bytes: &str) -> String {
    format!("sha256:{}", hex(&Hash::Sha256.digest(bytes.as_bytes())))
}

/// What is at the paths of a repository, below `/v2/org/policies`.
#[derive(Clone, Default)]
struct Images(BTreeMap<String, String>);

impl Images {
    /// A repository whose tag `1` is an image with a bundle.
    fn with_bundle() -> Self {
        let mut images = Self::default();
        let image = images.image("bundle", LAYER);
        images.tag("1", &image);
        images
    }

    fn tag(&mut self, tag: &str, manifest: &str) {
        self.0
            .insert(format!("manifests/{tag}"), manifest.to_owned());
        let by_digest = format!("manifests/{}", digest(manifest));
        self.0.insert(by_digest, manifest.to_owned());
    }

    /// The manifest of an image with such a layer.
    fn image(&mut self, bytes: &str, kind: &str) -> String {
        self.0
            .insert(format!("blobs/{}", digest(bytes)), bytes.to_owned());
        let other = json!({"mediaType": "text/plain", "digest": digest("other"), "size": 5});
        let layer = json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
        json!({"schemaVersion": 2, "layers": [other, layer]}).to_string()
    }

    /// The manifest of an index.
    fn index(&mut self, manifests: &[&str]) -> String {
        let entries = manifests.iter().map(|manifest| {
            let by_digest = format!("manifests/{}", digest(manifest));
            self.0.insert(by_digest, (*manifest).to_owned());
            json!({"digest": digest(manifest), "platform": {"os": "linux", "architecture": "amd64"}})
        });
        json!({"schemaVersion": 2, "manifests": entries.collect::<Vec<_>>()}).to_string()
    }

    fn answer(&self, request: &Received) -> Answer {
        let path = request.path.strip_prefix("/v2/org/policies/").unwrap();
        match self.0.get(path) {
            Some(text) => (200, text.clone()),
            None => (404, String::new()),
        }
    }

    fn listen(self) -> Listener {
        Listener::plain(move |request| self.answer(request))
    }
}

fn service(listener: &Listener) -> Value {
    json!({"url": listener.url, "type": "oci"})
}

fn pull(client: &Client, version: &str, etag: &str) -> Result<Fetched, FetchError> {
    client.fetch(&format!("registry/org/policies{version}"), etag, None, 100)
}

fn bundle() -> Fetched {
    Fetched::New {
        bytes: b"bundle".to_vec(),
        etag: digest("bundle").replace("sha256:", ""),
    }
}

#[test]
fn the_layer_with_the_bundle_is_fetched_when_it_changed() {
    let listener = Images::with_bundle().listen();
    let client = client(&service(&listener));
    let fetched = pull(&client, ":1", "").unwrap();
    assert_eq!(fetched, bundle());
    let Fetched::New { etag, .. } = fetched else {
        panic!()
    };
    assert_eq!(pull(&client, ":1", &etag).unwrap(), Fetched::Unchanged);
    let received = listener.received();
    let paths: Vec<&str> = received
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    let manifest = "/v2/org/policies/manifests/1";
    let blob = format!("/v2/org/policies/blobs/{}", digest("bundle"));
    assert_eq!(paths, [manifest, &blob, manifest]);
    let accepted = received[0].header("accept").unwrap();
    assert!(accepted.contains("application/vnd.oci.image.index.v1+json"));
}

#[test]
fn an_index_is_searched_for_the_image_with_the_bundle() {
    let mut images = Images::default();
    let about_others = images.image("provenance", LAYER);
    let other = images.image("other", "application/vnd.docker.image.rootfs.diff.tar.gzip");
    let image = images.image("bundle", LAYER);
    let within = images.index(&[&other, &image]);
    let index = images.index(&[&about_others, &within]);
    let index = index.replacen("\"os\":\"linux\"", "\"os\":\"unknown\"", 1);
    let index = index.replacen(
        "\"architecture\":\"amd64\"",
        "\"architecture\":\"unknown\"",
        1,
    );
    images.tag("1", &index);
    assert_eq!(
        pull(&client(&service(&images.listen())), ":1", "").unwrap(),
        bundle()
    );
}

#[test]
fn an_index_is_searched_to_a_depth() {
    let mut images = Images::default();
    let mut manifest = images.image("bundle", LAYER);
    for tag in 1..=5 {
        manifest = images.index(&[&manifest]);
        images.tag(&tag.to_string(), &manifest);
    }
    let client = client(&service(&images.listen()));
    assert_eq!(pull(&client, ":4", "").unwrap(), bundle());
    let error = pull(&client, ":5", "").unwrap_err();
    assert!(
        error.message.contains("nested more than 4 levels deep"),
        "{error:?}"
    );
}

#[test]
fn bytes_are_those_of_the_digest() {
    let mut images = Images::with_bundle();
    let image = images.0["manifests/1"].clone();
    let by_digest = format!("@{}", digest(&image));
    let listener = images.clone().listen();
    assert_eq!(
        pull(&client(&service(&listener)), &by_digest, "").unwrap(),
        bundle()
    );
    for path in [
        format!("blobs/{}", digest("bundle")),
        format!("manifests/{}", digest(&image)),
    ] {
        let text = images.0[&path].clone();
        images.0.insert(path, text + " ");
        let client = client(&service(&images.clone().listen()));
        let error = pull(&client, &by_digest, "").unwrap_err();
        assert!(
            error.message.contains("expected bytes with digest sha256:"),
            "{error:?}"
        );
    }
}

#[test]
fn images_without_a_bundle_are_told() {
    let mut images = Images::default();
    let other = images.image("other", "application/vnd.docker.image.rootfs.diff.tar.gzip");
    images.tag("other", &other);
    images.tag("empty", "{\"layers\": []}");
    images.tag("text", "text");
    images.tag(
        "wrong",
        &json!({"layers": [{"mediaType": LAYER, "digest": "md5:00"}]}).to_string(),
    );
    let large = images.image(&"x".repeat(101), LAYER);
    images.tag("large", &large);
    let client = client(&service(&images.listen()));
    for (version, expected) in [
        (
            ":other",
            format!("other: expected a layer of type {LAYER}, found none"),
        ),
        (":empty", "no layers in manifest".to_owned()),
        (":text", "unable to unmarshal manifest".to_owned()),
        (
            ":wrong",
            "expected sha256:… with 64 digits, found \"md5:00\"".to_owned(),
        ),
        (
            ":large",
            "expected at most 100 bytes, found more".to_owned(),
        ),
        (":none", "404 Not Found".to_owned()),
        ("", "found neither tag nor digest".to_owned()),
    ] {
        let error = pull(&client, version, "").unwrap_err();
        assert!(error.message.contains(&expected), "{error:?}");
    }
    let error = pull(&client, ":none", "").unwrap_err();
    assert_eq!(error.status, Some(404));
}

#[test]
fn registries_are_told_tokens_in_base64() {
    let listener = Images::with_bundle().listen();
    let mut service = service(&listener);
    service["credentials"] = json!({"bearer": {"token": "user:password", "scheme": "Basic"}});
    pull(&client(&service), ":1", "").unwrap();
    for request in listener.received() {
        // "user:password"
        let basic = "Basic dXNlcjpwYXNzd29yZA==";
        assert_eq!(request.header("authorization"), Some(basic));
    }
}

/// A registry that wants to see a token, and gives it to who says the right thing.
fn guarded(expected: Option<&'static str>) -> Listener {
    let images = Images::with_bundle();
    Listener::plain(move |request| {
        if request.path.starts_with("/token?") {
            return if request.header("authorization") == expected {
                (200, json!({"token": "given"}).to_string())
            } else {
                (403, String::new())
            };
        }
        if request.header("authorization") == Some("Bearer given") {
            return images.answer(request);
        }
        let host = request.header("host").unwrap();
        let realm = format!("http://{host}/token");
        let scope = "repository:org/policies:pull";
        (
            401,
            format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"{scope}\""),
        )
    })
}

#[test]
fn a_registry_may_want_to_see_a_token_of_its_own() {
    for (credentials, expected) in [
        (json!({}), None),
        (
            json!({"bearer": {"token": "user:password", "scheme": "Basic"}}),
            Some("Basic dXNlcjpwYXNzd29yZA=="),
        ),
    ] {
        let listener = guarded(expected);
        let mut service = service(&listener);
        service["credentials"] = credentials;
        let client = client(&service);
        assert_eq!(pull(&client, ":1", "").unwrap(), bundle());
        assert_eq!(pull(&client, ":1", "").unwrap(), bundle());
        let received = listener.received();
        let asked: Vec<_> = received
            .iter()
            .filter(|request| request.path.starts_with("/token"))
            .collect();
        // The token is kept.
        assert_eq!(asked.len(), 1);
        let query = "/token?service=registry&scope=repository%3Aorg%2Fpolicies%3Apull";
        assert_eq!(asked[0].path, query);
        assert_eq!(received.len(), 6);
    }
}

#[test]
fn a_token_that_is_not_given_is_told() {
    let listener = guarded(Some("Basic other"));
    let error = pull(&client(&service(&listener)), ":1", "").unwrap_err();
    assert_eq!(error.status, Some(403));
    assert!(
        error.message.contains("/token?service=registry"),
        "{error:?}"
    );
    let listener = Listener::plain(|_| (401, "Basic realm=\"registry\"".to_owned()));
    let error = pull(&client(&service(&listener)), ":1", "").unwrap_err();
    assert_eq!(error.status, Some(401));
}

#[test]
fn the_store_of_a_registry_does_not_learn_the_credentials() {
    let store = Listener::plain(|_| (200, "bundle".to_owned()));
    let place = store.url.replace("127.0.0.1", "localhost");
    let images = Images::with_bundle();
    let listener = Listener::plain(move |request| {
        if request.path.contains("/blobs/") {
            (307, place.clone())
        } else {
            images.answer(request)
        }
    });
    let mut service = service(&listener);
    service["credentials"] = json!({"bearer": {"token": "t"}});
    assert_eq!(pull(&client(&service), ":1", "").unwrap(), bundle());
    assert_eq!(store.only().header("authorization"), None);
    for request in listener.received() {
        assert_eq!(request.header("authorization"), Some("Bearer dA=="));
    }
}

#[test]
fn the_registry_of_aws_is_told_a_token() {
    let ends = Timestamp::now() + SignedDuration::from_hours(12);
    let aws = Listener::plain(move |_| {
        let seconds = ends.as_millisecond();
        let data = json!({"authorizationToken": "QVdTOnA=", "expiresAt": seconds / 1000});
        (200, json!({"authorizationData": [data]}).to_string())
    });
    let surroundings = with_variables(&[
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
    ]);
    let surroundings = surroundings.with_aws(Aws {
        services: Some(aws.url.clone()),
        ..Aws::default()
    });
    let listener = Images::with_bundle().listen();
    let mut service = service(&listener);
    service["credentials"] = json!({"s3_signing": {"environment_credentials": {}}});
    let client = within(&service, &json!({}), surroundings);
    assert_eq!(pull(&client, ":1", "").unwrap(), bundle());
    let request = aws.only();
    assert_eq!(
        (request.method.as_str(), request.body.as_slice()),
        ("POST", &b"{}"[..])
    );
    let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    assert_eq!(request.header("x-amz-target"), Some(target));
    assert_eq!(
        request.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
    let authorization = request.header("authorization").unwrap();
    assert!(
        authorization.contains("/eu-central-1/ecr/aws4_request"),
        "{authorization}"
    );
    for request in listener.received() {
        assert_eq!(request.header("authorization"), Some("Basic QVdTOnA="));
    }
}

#[test]
fn what_a_registry_does_not_take_is_refused_at_the_start() {
    let environment = json!({"environment_credentials": {}, "service": "s3"});
    for (credentials, expected) in [
        (
            json!({"azure_managed_identity": {}}),
            "azure_managed_identity: azure managed identities auth: OCI service not supported",
        ),
        (
            json!({"s3_signing": environment}),
            "s3_signing: cannot use aws service \"s3\" with service type \"oci\"",
        ),
    ] {
        let service = json!({"url": "https://acme", "type": "oci", "credentials": credentials});
        let error = refused(&service, &json!({}));
        assert!(error.ends_with(expected), "{error}");
    }
    for part in ["decision_logs", "status"] {
        let service = json!({"acme": {"url": "https://acme", "type": "oci"}});
        let document = json!({"services": service, part: {"service": "acme"}});
        let error = Configuration::of(document, "id".to_owned()).unwrap_err();
        let expected = format!(
            "config error: {part}: expected a service that takes what is sent, found one of type \"oci\""
        );
        assert_eq!(error.to_string(), expected);
    }
}
