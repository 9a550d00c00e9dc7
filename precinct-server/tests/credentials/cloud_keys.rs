//! Assertions that a cloud signs.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use precinct_jose::compact::Compact;
use precinct_jose::hash::Hash;
use precinct_server::services::Surroundings;
use precinct_server::services::surroundings::Aws;
use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::listener::Listener;
use crate::{fetch, refused, with_variables, within};

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKID"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_REGION", "eu-central-1"),
];

/// The assertion that a token endpoint hears, if a service is asked then.
fn assertion(form: Value, surroundings: Surroundings) -> Result<String, String> {
    let endpoint = Listener::tls(Authority::new().server(false), |_| {
        (
            200,
            json!({"access_token": "t", "token_type": "bearer"}).to_string(),
        )
    });
    let service = Listener::plain(|_| (200, "bundle".to_owned()));
    let Value::Object(mut form) = form else {
        panic!()
    };
    form.insert("token_url".to_owned(), json!(endpoint.url));
    let configuration = json!({
        "url": service.url,
        "allow_insecure_tls": true,
        "credentials": {"oauth2": form},
    });
    let fetched = fetch(&within(&configuration, &json!({}), surroundings));
    if let Err(error) = fetched {
        assert!(service.received().is_empty());
        return Err(error.message);
    }
    assert_eq!(service.only().header("authorization"), Some("Bearer t"));
    let fields: BTreeMap<_, _> = endpoint.only().form().into_iter().collect();
    let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(fields["client_assertion_type"], jwt);
    Ok(fields["client_assertion"].clone())
}

/// The digest of what is signed of an assertion, in base64.
fn digest(assertion: &str, hash: Hash) -> String {
    let signed = Compact::parse(assertion).unwrap().signing_input.as_bytes();
    BASE64.encode(&hash.digest(signed))
}

fn kms_form(algorithm: &str) -> Value {
    json!({
        "client_id": "c",
        "aws_kms": {"name": "alias/mine", "algorithm": algorithm},
        "aws_signing": {"service": "kms", "environment_credentials": {}},
        "additional_claims": {"aud": "issuer"},
    })
}

fn with_kms(kms: &Listener) -> Surroundings {
    with_variables(&KEYS).with_aws(Aws {
        services: Some(kms.url.clone()),
        ..Aws::default()
    })
}

#[test]
fn a_key_of_aws_signs() {
    for (algorithm, name, hash, width) in [
        ("ECDSA_SHA_256", "ES256", Hash::Sha256, 32),
        ("ECDSA_SHA_384", "ES384", Hash::Sha384, 48),
        ("ECDSA_SHA_512", "ES512", Hash::Sha512, 66),
    ] {
        // The numbers 0x80 and 1, as DER has them.
        let der = BASE64.encode(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 1]);
        let kms = Listener::plain(move |_| (200, json!({"Signature": der}).to_string()));
        let assertion = assertion(kms_form(algorithm), with_kms(&kms)).unwrap();
        let request = kms.only();
        assert_eq!(request.header("x-amz-target"), Some("TrentService.Sign"));
        assert_eq!(
            request.header("content-type"),
            Some("application/x-amz-json-1.1")
        );
        let authorization = request.header("authorization").unwrap();
        assert!(authorization.contains("/eu-central-1/kms/aws4_request"));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let expected = json!({
            "KeyId": "alias/mine",
            "Message": digest(&assertion, hash),
            "MessageType": "DIGEST",
            "SigningAlgorithm": algorithm,
        });
        assert_eq!(body, expected);
        let compact = Compact::parse(&assertion).unwrap();
        assert_eq!(compact.header_text("alg"), Some(name));
        let claims: Value = serde_json::from_slice(&compact.payload).unwrap();
        assert_eq!(claims["aud"], "issuer");
        let mut signature = vec![0; 2 * width];
        signature[width - 1] = 0x80;
        signature[2 * width - 1] = 1;
        assert_eq!(compact.signature, signature);
    }
}

#[test]
fn no_signature_of_aws_is_no_token() {
    let large = BASE64.encode(&[[0x30, 38, 2, 33, 1].as_slice(), &[0; 32], &[2, 1, 1]].concat());
    for (status, answer, expected) in [
        (
            400,
            json!({}),
            "kms sign digest HTTP request returned unexpected status: 400",
        ),
        (
            200,
            json!({"Signature": "MAA="}),
            "kms: failed to sign digest",
        ),
        (
            200,
            json!({"Signature": large}),
            "expected two numbers of 32 bytes, found more",
        ),
    ] {
        let kms = Listener::plain(move |_| (status, answer.to_string()));
        let error = assertion(kms_form("ECDSA_SHA_256"), with_kms(&kms)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

fn vault_form(identity: &Listener, version: &str) -> Value {
    json!({
        "azure_keyvault": {
            "key": "mine",
            "key_version": version,
            "key_algorithm": "PS256",
            "vault": "acme",
        },
        "azure_signing": {
            "service": "keyvault",
            "azure_managed_identity": {"endpoint": identity.url},
        },
    })
}

#[test]
fn a_key_of_azure_signs() {
    for (version, path) in [
        ("", "/keys/mine/sign?api-version=7.4"),
        ("v1", "/keys/mine/v1/sign?api-version=7.4"),
    ] {
        let identity = Listener::plain(|_| (200, json!({"access_token": "az"}).to_string()));
        let signature = BASE64URL_NOPAD.encode(b"signature");
        let vault = Listener::plain(move |_| (200, json!({"value": signature}).to_string()));
        let surroundings = with_variables(&[]).with_vaults(&vault.url);
        let assertion = assertion(vault_form(&identity, version), surroundings).unwrap();
        let query = identity.only().path;
        assert!(
            query.ends_with("resource=https%3A%2F%2Facme.vault.azure.net"),
            "{query}"
        );
        let request = vault.only();
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", path)
        );
        assert_eq!(request.header("authorization"), Some("Bearer az"));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let expected = json!({"alg": "PS256", "value": digest(&assertion, Hash::Sha256)});
        assert_eq!(body, expected);
        let compact = Compact::parse(&assertion).unwrap();
        assert_eq!(compact.header_text("alg"), Some("PS256"));
        assert_eq!(compact.signature, b"signature");
    }
}

#[test]
fn no_signature_of_azure_is_no_token() {
    let identity = Listener::plain(|_| (200, json!({"access_token": "az"}).to_string()));
    let vault = Listener::plain(|_| (403, "forbidden".to_owned()));
    let surroundings = with_variables(&[]).with_vaults(&vault.url);
    let error = assertion(vault_form(&identity, ""), surroundings).unwrap_err();
    let expected = "non 200 status code, got: 403. Body: forbidden";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn keys_that_can_not_sign_are_refused_at_the_start() {
    let kms = |key: Value, signing: Value| json!({"aws_kms": key, "aws_signing": signing});
    let vault = |key: Value, access: Value| json!({"azure_keyvault": key, "azure_signing": access});
    let key = json!({"name": "k", "algorithm": "ECDSA_SHA_256"});
    let vault_key = json!({"key": "k", "vault": "v", "key_algorithm": "ES256"});
    for (form, expected) in [
        (json!({"aws_kms": key}), "aws_kms and aws_signing required"),
        (
            kms(
                json!({"name": "k", "algorithm": "RSASSA_PSS_SHA_256"}),
                json!({}),
            ),
            "unsupported sign algorithm \"RSASSA_PSS_SHA_256\"",
        ),
        (
            kms(json!({"algorithm": "ECDSA_SHA_256"}), json!({})),
            "aws_kms: expected name, found none",
        ),
        (
            kms(key.clone(), json!({"environment_credentials": {}})),
            "expected \"kms\"",
        ),
        (
            kms(key.clone(), json!({"service": "kms"})),
            "aws_signing: a AWS credential service must be specified",
        ),
        (
            json!({"azure_keyvault": vault_key}),
            "azure_keyvault and azure_signing required",
        ),
        (
            vault(
                json!({"key": "k", "vault": "evil/", "key_algorithm": "ES256"}),
                json!({}),
            ),
            "vault: expected letters, digits and hyphens, found \"evil/\"",
        ),
        (
            vault(json!({"vault": "v", "key_algorithm": "ES256"}), json!({})),
            "key: expected letters, digits and hyphens, found \"\"",
        ),
        (
            vault(
                json!({"key": "k", "vault": "v", "key_algorithm": "HS256"}),
                json!({"service": "keyvault", "azure_managed_identity": {}}),
            ),
            "unsupported sign algorithm \"HS256\"",
        ),
        (
            vault(vault_key.clone(), json!({"service": "storage"})),
            "expected \"keyvault\"",
        ),
        (
            vault(vault_key.clone(), json!({"service": "keyvault"})),
            "missing azure managed identity config",
        ),
    ] {
        let Value::Object(mut form) = form else {
            panic!()
        };
        form.insert("token_url".to_owned(), json!("https://issuer/token"));
        let service = json!({"url": "https://acme", "credentials": {"oauth2": form}});
        let error = refused(&service, &json!({}));
        let place = "config error: services.acme: credentials: oauth2: ";
        assert!(error.starts_with(place), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
