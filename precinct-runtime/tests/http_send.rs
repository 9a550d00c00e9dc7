//! `http.send` against servers on this machine.
#![cfg(feature = "http")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use precinct_runtime::builtins::network::NetworkAccess;
use precinct_runtime::context::SharedState;
use precinct_runtime::json::decode::Decoder;
use precinct_runtime::json::encode::to_string;
use precinct_runtime::{Arena, Context, Value, builtin, ops};

/// A server that gives its answers in order, then the last one again, and remembers what it was asked.
struct Server {
    address: String,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
}

fn read_request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn serve(answers: Vec<String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let (seen, counted) = (Arc::clone(&asked), Arc::clone(&count));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            seen.lock().unwrap().push(request);
            let index = counted.fetch_add(1, Ordering::SeqCst);
            let answer = answers.get(index).or(answers.last()).unwrap();
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    Server {
        address,
        asked,
        count,
    }
}

fn ok(headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn ask_with(
    shared: &Arc<SharedState>,
    requests: &[String],
) -> Vec<Result<serde_json::Value, String>> {
    let arena = Arena::new();
    let mut context = Context::new(&arena).with_shared(Arc::clone(shared));
    context.time_ns = 1_800_000_000_000_000_000;
    context.strict_builtin_errors = true;
    let send = builtin::lookup("http.send").unwrap();
    requests
        .iter()
        .map(|request| {
            let request = Decoder::new(&arena)
                .decode_copied(request.as_bytes())
                .unwrap();
            let result: Option<Value<'_>> = ops::call::call_builtin(&mut context, send, &[request])
                .map_err(|error| error.message)?;
            match result {
                Some(value) => Ok(serde_json::from_str(&to_string(value)).unwrap()),
                None => Err(context.builtin_errors.pop().unwrap().message),
            }
        })
        .collect()
}

fn ask(request: &str) -> Result<serde_json::Value, String> {
    ask_with(&Arc::default(), &[request.to_owned()])
        .pop()
        .unwrap()
}

#[test]
fn a_json_body_is_decoded_and_headers_are_lists() {
    let server = serve(vec![ok(
        "Content-Type: application/json\r\nX-A: 1\r\nX-A: 2\r\n",
        r#"{"a": [1, 2]}"#,
    )]);
    let url = format!("http://{}/p?q=1", server.address);
    let response = ask(&format!(
        r#"{{"method": "get", "url": "{url}", "headers": {{"X-Own": "v"}}}}"#
    ))
    .unwrap();
    assert_eq!(response["status"], "200 OK");
    assert_eq!(response["status_code"], 200);
    assert_eq!(response["body"]["a"][1], 2);
    assert_eq!(response["raw_body"], r#"{"a": [1, 2]}"#);
    assert_eq!(response["headers"]["x-a"], serde_json::json!(["1", "2"]));
    let asked = server.asked.lock().unwrap()[0].to_lowercase();
    assert!(asked.starts_with("get /p?q=1 http/1.1\r\n"), "{asked}");
    assert!(asked.contains("x-own: v\r\n"), "{asked}");
}

#[test]
fn bodies_are_sent_as_json_or_raw() {
    let server = serve(vec![ok("", "text")]);
    let url = format!("http://{}/", server.address);
    let response = ask(&format!(
        r#"{{"method": "POST", "url": "{url}", "body": {{"b": [1]}}}}"#
    ))
    .unwrap();
    assert_eq!(response["body"], serde_json::Value::Null);
    ask(&format!(
        r#"{{"method": "PUT", "url": "{url}", "body": 1, "raw_body": "raw"}}"#
    ))
    .unwrap();
    let asked = server.asked.lock().unwrap();
    assert!(asked[0].ends_with("\r\n\r\n{\"b\":[1]}"), "{}", asked[0]);
    assert!(asked[1].ends_with("\r\n\r\nraw"), "{}", asked[1]);
}

#[test]
fn redirects_are_followed_only_on_request() {
    let moved =
        "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
            .to_owned();
    let server = serve(vec![moved.clone(), moved, ok("", "there")]);
    let url = format!("http://{}/a", server.address);
    let response = ask(&format!(r#"{{"method": "GET", "url": "{url}"}}"#)).unwrap();
    assert_eq!(response["status_code"], 302);
    let response = ask(&format!(
        r#"{{"method": "GET", "url": "{url}", "enable_redirect": true}}"#
    ))
    .unwrap();
    assert_eq!(response["raw_body"], "there");
    assert!(server.asked.lock().unwrap()[2].starts_with("GET /next "));
}

#[test]
fn equal_requests_of_one_evaluation_are_sent_once() {
    let server = serve(vec![ok("", "x")]);
    let request = format!(
        r#"{{"method": "GET", "url": "http://{}/"}}"#,
        server.address
    );
    let shared = Arc::default();
    assert!(
        ask_with(&shared, &[request.clone(), request.clone()])
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(server.count.load(Ordering::SeqCst), 1);
    ask_with(&shared, &[request]);
    assert_eq!(server.count.load(Ordering::SeqCst), 2);
}

#[test]
fn responses_are_kept_beyond_an_evaluation_by_headers_or_by_force() {
    let fresh = "Cache-Control: max-age=290304000\r\nDate: Wed, 01 Jan 2025 00:00:00 GMT\r\n";
    for (headers, parameters, sent) in [
        (fresh, r#""cache": true"#, 1),
        ("Cache-Control: no-store\r\n", r#""cache": true"#, 2),
        ("", r#""cache": true"#, 2),
        (
            "Cache-Control: no-store\r\n",
            r#""force_cache": true, "force_cache_duration_seconds": 60"#,
            1,
        ),
    ] {
        let server = serve(vec![ok(headers, "x")]);
        let request = format!(
            r#"{{"method": "GET", "url": "http://{}/", {parameters}}}"#,
            server.address
        );
        let shared = Arc::default();
        for _ in 0..2 {
            assert!(ask_with(&shared, std::slice::from_ref(&request))[0].is_ok());
        }
        assert_eq!(
            server.count.load(Ordering::SeqCst),
            sent,
            "{headers} {parameters}"
        );
    }
}

#[test]
fn a_stale_response_is_confirmed_by_its_host() {
    let stale =
        "Cache-Control: max-age=1\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\nETag: \"e\"\r\n";
    let confirmed = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nCache-Control: max-age=1\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\n\r\n";
    let server = serve(vec![ok(stale, "kept"), confirmed.to_owned()]);
    let request = format!(
        r#"{{"method": "GET", "url": "http://{}/", "cache": true}}"#,
        server.address
    );
    let shared = Arc::default();
    for _ in 0..2 {
        let answers = ask_with(&shared, std::slice::from_ref(&request));
        assert_eq!(answers[0].as_ref().unwrap()["raw_body"], "kept");
    }
    assert!(
        server.asked.lock().unwrap()[1]
            .to_lowercase()
            .contains("if-none-match: \"e\"")
    );
}

#[test]
fn failures_are_errors_or_answers() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/");
    let error = ask(&format!(r#"{{"method": "GET", "url": "{url}"}}"#)).unwrap_err();
    assert!(
        error.starts_with(&format!(
            "http.send: Get \"{url}\": dial tcp {free}: connect: "
        )),
        "{error}"
    );
    let answer = ask(&format!(
        r#"{{"method": "GET", "url": "{url}", "raise_error": false}}"#
    ))
    .unwrap();
    assert_eq!(answer["status_code"], 0);
    assert_eq!(answer["error"]["code"], "eval_http_send_network_error");
    let answer = ask(r#"{"method": "GET", "url": 1, "raise_error": false}"#).unwrap();
    assert_eq!(answer["error"]["code"], "eval_http_send_internal_error");
    assert_eq!(answer["error"]["message"], "\"url\" must be a string");
    for (request, expected) in [
        (
            r#"{"method": "GET", "url": "http://x/", "bad_key": 1}"#,
            "operand 1 invalid request parameters(s): {\"bad_key\"}",
        ),
        (
            r#"{"method": "GET"}"#,
            "operand 1 missing required request parameters(s): {\"url\"}",
        ),
        (
            r#"{"method": "GET", "url": "http://x/", "raise_error": 1}"#,
            "invalid value for raise_error field",
        ),
        (
            r#"{"method": "GET", "url": "http://x/", "timeout": "1x"}"#,
            "invalid timeout value",
        ),
        (
            r#"{"method": "GET", "url": "http://x/", "force_cache": true}"#,
            "'force_cache' set but",
        ),
        (
            r#"{"method": "GET", "url": "http://x/", "max_retry_attempts": -1}"#,
            "invalid value -1 for field",
        ),
    ] {
        let error = ask(request).unwrap_err();
        assert!(error.contains(expected), "{request}: {error}");
    }
}

#[test]
fn a_request_that_takes_too_long_fails_and_is_tried_again_if_asked_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let request = format!(
        r#"{{"method": "GET", "url": "{url}", "timeout": "50ms", "max_retry_attempts": 1}}"#
    );
    let error = ask(&request).unwrap_err();
    assert_eq!(error, format!("http.send: Get {url}: request timed out"));
    drop(listener);
}

#[test]
fn only_allowed_hosts_are_asked() {
    let server = serve(vec![ok("", "x")]);
    let request = format!(
        r#"{{"method": "GET", "url": "http://{}/"}}"#,
        server.address
    );
    let shared = Arc::new(SharedState::default());
    shared.set(Arc::new(NetworkAccess {
        allowed_hosts: Some(vec!["example.com".to_owned()]),
    }));
    let error = ask_with(&shared, &[request]).pop().unwrap().unwrap_err();
    assert_eq!(error, "http.send: disallowed host: 127.0.0.1");
    assert_eq!(server.count.load(Ordering::SeqCst), 0);
}

#[test]
fn tls_is_verified_unless_the_request_says_otherwise() {
    let read = |name: &str| {
        let path = format!(
            "{}/../precinct-jose/tests/keys/{name}.pem",
            env!("CARGO_MANIFEST_DIR")
        );
        precinct_jose::pem::decode(&std::fs::read_to_string(path).unwrap())
            .unwrap()
            .0
            .contents
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![read("rsa-certificate").into()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(read("rsa-pkcs8").into()),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let _ = read_request(&mut stream);
            let _ = stream.write_all(ok("", "secret").as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    let error = ask(&format!(r#"{{"method": "GET", "url": "{url}"}}"#)).unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    let request =
        format!(r#"{{"method": "GET", "url": "{url}", "tls_insecure_skip_verify": true}}"#);
    assert_eq!(ask(&request).unwrap()["raw_body"], "secret");
}
