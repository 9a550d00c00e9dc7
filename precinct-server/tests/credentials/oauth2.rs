//! Tokens that an OAuth server gives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use precinct_jose::compact::Compact;
use precinct_jose::{Algorithm, Key};
use rcgen::KeyPair;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::certificates::Authority;
use crate::listener::{Answer, Listener, Received};
use crate::{fetch, refused, with_keys};

/// A service without TLS, and a token endpoint with it.
struct Stage {
    folder: TempDir,
    authority: Authority,
    service: Listener,
    endpoint: Listener,
}

impl Stage {
    /// The token endpoint numbers its tokens, which are good for so many seconds.
    fn new(seconds: i64) -> Self {
        let count = AtomicUsize::new(0);
        Self::answering(move |_| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let token = format!("token-{number}");
            let given =
                json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds});
            (200, given.to_string())
        })
    }

    fn answering(answer: impl Fn(&Received) -> Answer + Send + 'static) -> Self {
        let authority = Authority::new();
        Self {
            folder: tempfile::tempdir().unwrap(),
            service: Listener::plain(|_| (200, "bundle".to_owned())),
            endpoint: Listener::tls(authority.server(false), answer),
            authority,
        }
    }

    /// The configuration of the service.
    fn configuration(&self, form: Value) -> Value {
        let authorities = self.folder.path().join("ca.pem");
        std::fs::write(&authorities, self.authority.pem()).unwrap();
        let Value::Object(mut form) = form else {
            panic!()
        };
        form.insert(
            "token_url".to_owned(),
            json!(format!("{}/token", self.endpoint.url)),
        );
        json!({
            "url": self.service.url,
            "tls": {"ca_cert": authorities},
            "credentials": {"oauth2": form},
        })
    }

    /// The fields of the only request for a token, after one to the service.
    fn fields(&self, form: Value, keys: &Value) -> BTreeMap<String, String> {
        fetch(&with_keys(&self.configuration(form), keys)).unwrap();
        let request = self.endpoint.only();
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/token")
        );
        let kind = request.header("content-type");
        assert_eq!(kind, Some("application/x-www-form-urlencoded"));
        let fields = request.form();
        let by_name: BTreeMap<_, _> = fields.iter().cloned().collect();
        assert_eq!(by_name.len(), fields.len(), "{fields:?}");
        by_name
    }

    /// What the service was told.
    fn authorizations(&self) -> Vec<String> {
        let received = self.service.received();
        let told = received
            .iter()
            .map(|request| request.header("authorization"));
        told.map(|value| value.unwrap().to_owned()).collect()
    }
}

fn named(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(owned).collect()
}

/// The header and the claims of an assertion that a key signed.
fn verified(
    assertion: &str,
    key: &Key,
    algorithm: Algorithm,
) -> (Map<String, Value>, Map<String, Value>) {
    let compact = Compact::parse(assertion).unwrap();
    compact.verify(key, algorithm).unwrap();
    let claims = serde_json::from_slice(&compact.payload).unwrap();
    (compact.header, claims)
}

#[test]
fn a_secret_gets_a_token() {
    let stage = Stage::new(3600);
    let form = json!({
        "client_id": "precinct",
        "client_secret": "open sesame",
        "scopes": ["bundles", "logs:write"],
        "additional_headers": {"X-Tenant": "acme"},
        "additional_parameters": {"audience": "a&b=c"},
    });
    let fields = stage.fields(form, &json!({}));
    let expected = [
        ("audience", "a&b=c"),
        ("grant_type", "client_credentials"),
        ("scope", "bundles logs:write"),
    ];
    assert_eq!(fields, named(&expected));
    let request = stage.endpoint.only();
    // "precinct:open sesame"
    let basic = "Basic cHJlY2luY3Q6b3BlbiBzZXNhbWU=";
    assert_eq!(request.header("authorization"), Some(basic));
    assert_eq!(request.header("x-tenant"), Some("acme"));
    assert_eq!(stage.authorizations(), ["Bearer token-0"]);
}

#[test]
fn a_token_is_used_until_it_is_about_to_end() {
    let secret = json!({"client_id": "c", "client_secret": "s"});
    for (seconds, expected) in [
        (3600, ["Bearer token-0", "Bearer token-0"]),
        (12, ["Bearer token-0", "Bearer token-0"]),
        (9, ["Bearer token-0", "Bearer token-1"]),
        (-1, ["Bearer token-0", "Bearer token-1"]),
    ] {
        let stage = Stage::new(seconds);
        let client = with_keys(&stage.configuration(secret.clone()), &json!({}));
        fetch(&client).unwrap();
        client.post_json("/status", b"{}").unwrap();
        assert_eq!(stage.authorizations(), expected, "{seconds}");
    }
}

#[test]
fn an_assertion_is_signed_for_client_credentials() {
    let stage = Stage::new(3600);
    let pair = KeyPair::generate().unwrap();
    let keys = json!({"mine": {"algorithm": "ES256", "private_key": pair.serialize_pem()}});
    let form = json!({
        "grant_type": "client_credentials",
        "client_id": "precinct",
        "signing_key": "mine",
        "thumbprint": "8F1BDDDE9982299E62749C20EDDBAAC57F619D04",
        "include_jti_claim": true,
        "scopes": ["bundles"],
        "additional_claims": {"aud": "https://issuer", "iss": "precinct"},
    });
    let fields = stage.fields(form, &keys);
    let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(fields["grant_type"], "client_credentials");
    assert_eq!(fields["client_id"], "precinct");
    assert_eq!(fields["client_assertion_type"], jwt);
    let key = Key::from_pem(&pair.public_key_pem()).unwrap();
    let (header, claims) = verified(&fields["client_assertion"], &key, Algorithm::ES256);
    let expected = json!({"alg": "ES256", "typ": "JWT", "x5t": "jxvd3pmCKZ5idJwg7duqxX9hnQQ="});
    assert_eq!(Value::Object(header), expected);
    assert_eq!(claims["aud"], "https://issuer");
    assert_eq!(claims["iss"], "precinct");
    assert_eq!(claims["scope"], "bundles");
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    let seconds = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(seconds("exp") - seconds("iat"), 600);
    assert_eq!(stage.endpoint.only().header("authorization"), None);
    assert_eq!(stage.authorizations(), ["Bearer token-0"]);
}

#[test]
fn an_assertion_is_a_grant_of_its_own() {
    let stage = Stage::new(3600);
    let keys = json!({"mine": {"algorithm": "HS256", "private_key": "secret"}});
    let form = json!({
        "grant_type": "jwt_bearer",
        "signing_key": "mine",
        "additional_claims": {"exp": 7},
    });
    let fields = stage.fields(form, &keys);
    assert_eq!(fields.len(), 2);
    assert_eq!(
        fields["grant_type"],
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    );
    let key = Key::Symmetric(b"secret".to_vec());
    let (header, claims) = verified(&fields["assertion"], &key, Algorithm::HS256);
    assert_eq!(Value::Object(header), json!({"alg": "HS256", "typ": "JWT"}));
    assert_eq!(claims["exp"], 7);
    assert!(!claims.contains_key("jti"));
}

#[test]
fn an_assertion_of_somebody_else_is_passed_on() {
    let stage = Stage::new(3600);
    let kind = "urn:example:saml";
    let form =
        json!({"client_id": "c", "client_assertion": "a.b.c", "client_assertion_type": kind});
    let expected = [
        ("client_assertion", "a.b.c"),
        ("client_assertion_type", kind),
        ("client_id", "c"),
        ("grant_type", "client_credentials"),
    ];
    assert_eq!(stage.fields(form, &json!({})), named(&expected));
}

#[test]
fn a_file_with_an_assertion_is_read_for_each_token() {
    let stage = Stage::new(0);
    let path = stage.folder.path().join("assertion");
    let form = json!({"client_id": "c", "client_assertion_path": path});
    let client = with_keys(&stage.configuration(form), &json!({}));
    let error = fetch(&client).unwrap_err();
    assert!(
        error
            .message
            .starts_with("failed to read client assertion: ")
    );
    for text in ["first\n", "second\n"] {
        std::fs::write(&path, text).unwrap();
        fetch(&client).unwrap();
    }
    let requests = stage.endpoint.received();
    let sent = requests.iter().map(|request| {
        let fields: BTreeMap<_, _> = request.form().into_iter().collect();
        fields["client_assertion"].clone()
    });
    assert_eq!(sent.collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn nothing_is_sent_without_a_token() {
    for (status, answer, expected) in [
        (
            401,
            json!({"error": "invalid_client"}),
            "error in response from OAuth2 token endpoint: {\"error\":\"invalid_client\"}",
        ),
        (
            200,
            json!({"access_token": "t", "token_type": "mac"}),
            "expected bearer, found \"mac\"",
        ),
        (
            200,
            json!({"access_token": " ", "token_type": "bearer"}),
            "expected access_token, found none",
        ),
        (200, json!("t"), "OAuth2 token endpoint: invalid type"),
    ] {
        let stage = Stage::answering(move |_| (status, answer.to_string()));
        let form = json!({"client_id": "c", "client_secret": "s"});
        let error = fetch(&with_keys(&stage.configuration(form), &json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error:?}");
        assert!(stage.service.received().is_empty());
    }
}

#[test]
fn the_endpoint_is_verified_unless_that_is_forgone() {
    let stage = Stage::new(3600);
    let form = json!({"client_id": "c", "client_secret": "s"});
    let mut service = stage.configuration(form);
    service.as_object_mut().unwrap().remove("tls");
    let error = fetch(&with_keys(&service, &json!({}))).unwrap_err();
    assert!(error.message.contains("certificate"), "{error:?}");
    service["allow_insecure_tls"] = json!(true);
    fetch(&with_keys(&service, &json!({}))).unwrap();
    assert_eq!(stage.authorizations(), ["Bearer token-0"]);
}

#[test]
fn what_gets_no_token_is_refused_at_the_start() {
    let pem = KeyPair::generate().unwrap().serialize_pem();
    let keys = json!({
        "mine": {"algorithm": "ES256", "private_key": pem},
        "public": {"key": "public"},
        "wrong": {"algorithm": "RS256", "private_key": pem},
    });
    let (token_url, secret) = ("https://issuer/token", "s");
    for (form, expected) in [
        (
            json!({"token_url": token_url}),
            "please provide one of client_secret, ",
        ),
        (
            json!({"token_url": token_url, "client_secret": secret}),
            "client_id and client_secret required",
        ),
        (
            json!({"token_url": token_url, "client_assertion": "a"}),
            "client_id and client_assertion required",
        ),
        (
            json!({"token_url": token_url, "client_id": "c", "client_secret": secret, "signing_key": "mine"}),
            "can only use one of client_secret, signing_key, aws_kms, azure_keyvault, client_assertion, or client_assertion_path, found client_secret and signing_key",
        ),
        (
            json!({"token_url": "http://issuer/token", "client_id": "c", "client_secret": secret}),
            "token_url required to use https scheme, found \"http://issuer/token\"",
        ),
        (
            json!({"client_id": "c", "client_secret": secret}),
            "token_url required to use https scheme",
        ),
        (
            json!({"token_url": token_url, "grant_type": "password"}),
            "grant_type must be either client_credentials or jwt_bearer, found \"password\"",
        ),
        (
            json!({"token_url": token_url, "grant_type": "jwt_bearer"}),
            "signing_key required for jwt_bearer grant type",
        ),
        (
            json!({"token_url": token_url, "grant_type": "jwt_bearer", "signing_key": "mine", "client_secret": secret}),
            "client_secret is not used",
        ),
        (
            json!({"token_url": token_url, "signing_key": "other"}),
            "signing_key refers to non-existent key \"other\"",
        ),
        (
            json!({"token_url": token_url, "signing_key": "public"}),
            "referenced signing_key does not include a private key",
        ),
        (
            json!({"token_url": token_url, "signing_key": "wrong"}),
            "RS256 takes an RSA key",
        ),
        (
            json!({"token_url": token_url, "signing_key": "mine", "thumbprint": "xyz"}),
            "thumbprint: expected hexadecimal digits",
        ),
        (
            json!({"token_url": token_url, "client_scret": secret}),
            "unknown field `client_scret`",
        ),
    ] {
        let service = json!({"url": "https://acme", "credentials": {"oauth2": form}});
        let error = refused(&service, &keys);
        let place = "config error: services.acme: credentials: oauth2: ";
        assert!(error.starts_with(place), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
