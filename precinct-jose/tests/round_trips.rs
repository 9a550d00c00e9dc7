//! Signatures made with every algorithm verify, also across encodings of the same key, and only untouched ones.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use precinct_jose::{Algorithm, Key, algorithm::Family, compact, hash, jwk, pem, signature};

fn key(name: &str) -> Key {
    let path = format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Key::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Pairs of a private and a public key that fit the algorithm.
fn pair(algorithm: Algorithm) -> (Key, Key) {
    match algorithm.family() {
        Family::Hmac => (
            Key::Symmetric(b"secret".to_vec()),
            Key::Symmetric(b"secret".to_vec()),
        ),
        Family::RsaPkcs1 | Family::RsaPss => (key("rsa-pkcs1"), key("rsa-public")),
        Family::Ecdsa => match algorithm {
            Algorithm::ES256 => (key("p256"), key("p256-public")),
            Algorithm::ES384 => (key("p384"), key("p384-public")),
            _ => (key("p521"), key("p521-public")),
        },
        Family::Eddsa => (key("ed25519"), key("ed25519-public")),
    }
}

#[test]
fn each_algorithm_verifies_what_it_signed_and_nothing_else() {
    for algorithm in Algorithm::ALL {
        let (private, public) = pair(algorithm);
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        let token = compact::sign(&header, b"payload", &private, algorithm).unwrap();
        assert_eq!(
            compact::verify(&token, &public, algorithm).unwrap(),
            b"payload",
            "{algorithm}"
        );
        assert_eq!(
            compact::verify(&token, &private, algorithm).unwrap(),
            b"payload",
            "{algorithm}"
        );
        let forged = token.replacen('.', ".A", 1);
        assert!(
            compact::verify(&forged, &public, algorithm).is_err(),
            "{algorithm}"
        );
        let other = if algorithm == Algorithm::HS256 {
            Algorithm::HS384
        } else {
            Algorithm::HS256
        };
        assert!(
            compact::verify(&token, &public, other).is_err(),
            "{algorithm}"
        );
        let mut bytes = signature::sign(&private, algorithm, b"message").unwrap();
        signature::verify(&public, algorithm, b"message", &bytes).unwrap();
        bytes.push(0);
        assert!(
            signature::verify(&public, algorithm, b"message", &bytes).is_err(),
            "{algorithm}"
        );
        assert!(
            signature::verify(&public, algorithm, b"message", &[]).is_err(),
            "{algorithm}"
        );
    }
}

#[test]
fn encodings_of_one_key_are_read_as_the_same_key() {
    for (one, other) in [
        ("rsa-pkcs1", "rsa-pkcs8"),
        ("rsa-public", "rsa-public-pkcs1"),
        ("rsa-public", "rsa-certificate"),
        ("p256", "p256-pkcs8"),
        ("p384", "p384-pkcs8"),
        ("p521", "p521-pkcs8"),
    ] {
        assert_eq!(key(one), key(other), "{one} {other}");
    }
    for (private, public) in [
        ("rsa-pkcs1", "rsa-public"),
        ("p521", "p521-public"),
        ("ed25519", "ed25519-public"),
    ] {
        assert_eq!(key(private).to_public().unwrap(), key(public));
    }
}

#[test]
fn keys_survive_their_json_form() {
    for name in [
        "rsa-pkcs1",
        "rsa-public",
        "p256",
        "p384-public",
        "p521",
        "ed25519",
        "ed25519-public",
    ] {
        let key = key(name);
        let text = jwk::to_json(&key).to_string();
        assert_eq!(jwk::parse_set(&text).unwrap()[0].key, key, "{name}");
        let set = format!(r#"{{"keys":[{text}]}}"#);
        assert_eq!(jwk::parse_set(&set).unwrap()[0].key, key, "{name}");
    }
}

#[test]
fn the_example_of_rfc_7515_appendix_a1_verifies() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let keys = jwk::parse_set(
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow","kid":"a"}"#,
    )
    .unwrap();
    assert_eq!(keys[0].id.as_deref(), Some("a"));
    compact::verify(token, &keys[0].key, Algorithm::HS256).unwrap();
}

#[test]
fn the_example_of_rfc_8037_appendix_a4_is_reproduced() {
    let keys = jwk::parse_set(
        r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap();
    let token = compact::sign(
        r#"{"alg":"EdDSA"}"#,
        b"Example of Ed25519 signing",
        &keys[0].key,
        Algorithm::EdDSA,
    )
    .unwrap();
    assert_eq!(
        token,
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn malformed_keys_and_tokens_are_errors() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"kty":"x"}"#,
        r#"{"kty":"RSA","n":"AQ"}"#,
        r#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}"#,
        r#"{"keys":3}"#,
    ] {
        assert!(jwk::parse_set(text).is_err(), "{text}");
    }
    for text in [
        "",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN X-----\n-----END X-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        assert!(Key::from_pem(text).is_err(), "{text}");
    }
    for token in ["", "a.b", "a.b.c.d", "e30.e30.", "!.e30.e30"] {
        assert!(
            compact::verify(token, &Key::Symmetric(Vec::new()), Algorithm::HS256).is_err(),
            "{token}"
        );
    }
}

#[test]
fn every_prefix_of_a_key_is_an_error_and_no_crash() {
    for name in ["rsa-pkcs8", "p256-public", "ed25519", "rsa-certificate"] {
        let path = format!("{}/tests/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        let (block, rest) = pem::decode(&std::fs::read_to_string(path).unwrap())
            .map(|(b, r)| (b, r.to_owned()))
            .unwrap();
        assert!(rest.is_empty());
        for length in 0..block.contents.len() {
            let cut = pem::Block {
                contents: block.contents[..length].to_vec(),
                ..block.clone()
            };
            assert!(
                precinct_jose::pkix::from_block(&cut).is_err(),
                "{name} {length}"
            );
        }
        assert_eq!(
            pem::decode(&pem::encode(&block.label, &block.contents))
                .unwrap()
                .0,
            block
        );
    }
}

#[test]
fn digests_are_those_of_the_standards() {
    assert_eq!(
        hash::hex(&hash::Hash::Md5.digest(b"abc")),
        "900150983cd24fb0d6963f7d28e17f72"
    );
    assert_eq!(
        hash::hex(&hash::Hash::Sha1.digest(b"abc")),
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    );
    assert_eq!(
        hash::hex(&hash::Hash::Sha256.hmac(b"key", b"The quick brown fox jumps over the lazy dog")),
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    );
}
