//! The policy step around a service, from certificates to answers, with the policies of this repository.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failing test may panic")]

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum_core::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use pki_types::CertificateDer;
use precinct_audit::{Decision, Outcome};
use precinct_bundle::{Files, Limits};
use precinct_gateway::decider::{Compiled, Decider as _, Reloadable};
use precinct_gateway::layer::service::Guarded;
use precinct_gateway::layer::{Decisions, Gateway, PeerCertificates, Recorder};
use precinct_gateway::registry::Registry;
use precinct_gateway::step_up::StepUp;
use precinct_gateway::svid::TrustBundles;
use precinct_jose::{Algorithm, Key, compact, jwk};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

const RESEARCHER: &str = "spiffe://poc.local/agents/mcp-client/dspy-researcher/dev";
const OPERATOR: &str = "spiffe://poc.local/agents/mcp-client/night-operator/dev";

/// An authority of a trust domain.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self {
            issuer,
            certificate,
        }
    }

    fn leaf(&self, uris: &[&str], change: impl FnOnce(&mut CertificateParams)) -> PeerCertificates {
        let mut params = CertificateParams::default();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.subject_alt_names = uris
            .iter()
            .map(|uri| SanType::URI((*uri).try_into().unwrap()))
            .collect();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        PeerCertificates(vec![certificate.der().clone()])
    }
}

#[derive(Default)]
struct Records {
    kept: Mutex<Vec<Decision>>,
    broken: bool,
}

impl Recorder for Records {
    fn record(&self, decision: &Decision) -> Result<(), String> {
        if self.broken {
            return Err("the disk is full".to_owned());
        }
        self.kept.lock().unwrap().push(decision.clone());
        Ok(())
    }
}

struct World {
    authority: Authority,
    gateway: Gateway,
    policy: Arc<Reloadable>,
    records: Arc<Records>,
    step_up_key: Key,
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

fn registry() -> Registry {
    let text = std::fs::read_to_string(policies().join("capabilities.yaml")).unwrap();
    Registry::parse("capabilities.yaml", &text).unwrap()
}

fn files(modules: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (path, text) in modules {
        let bytes = text.as_bytes().to_vec();
        files.add(path, bytes, &Limits::default()).unwrap();
    }
    files
}

fn world(change: impl FnOnce(&mut Gateway)) -> World {
    world_recorded(Records::default(), change)
}

fn world_recorded(records: Records, change: impl FnOnce(&mut Gateway)) -> World {
    let authority = Authority::new();
    let mut trust = TrustBundles::default();
    trust.add_der("poc.local", &authority.certificate).unwrap();
    let policy = Arc::new(Reloadable::new());
    let folder = precinct_bundle::directory::read(&policies(), &Limits::default(), |path| {
        path.ends_with("_test.rego") || path.ends_with("capabilities.yaml")
    })
    .unwrap();
    policy.activate(&folder, Some(&registry().data())).unwrap();
    let records = Arc::new(records);
    let step_up_key = Key::ed25519_from_seed([7; 32]);
    let public = jwk::to_json(&step_up_key.to_public().unwrap());
    let mut gateway = Gateway::new(
        Arc::clone(&policy) as _,
        trust,
        registry(),
        Arc::clone(&records) as _,
    );
    gateway.step_up = Some(Arc::new(StepUp {
        issuer: "https://login.example".to_owned(),
        audience: "gateway".to_owned(),
        keys: StepUp::keys(&json!({"keys": [public]}).to_string()).unwrap(),
        acr_values: vec!["phrh".to_owned()],
        max_age: Duration::from_mins(5),
    }));
    change(&mut gateway);
    World {
        authority,
        gateway,
        policy,
        records,
        step_up_key,
    }
}

async fn upstream(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let decisions = request.extensions().get::<Decisions>().unwrap().0.len();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let answer =
        json!({"decisions": decisions, "bytes": body.len(), "usage": {"total_tokens": 60_000}});
    Ok(Response::new(Body::from(answer.to_string())))
}

struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    body: Value,
}

impl World {
    fn service(
        &self,
    ) -> Guarded<
        impl tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
    > {
        self.gateway.clone().layer().layer(service_fn(upstream))
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.service().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            challenge: parts
                .headers
                .get("www-authenticate")
                .map(|value| value.to_str().unwrap().to_owned()),
            body: serde_json::from_slice(&body).unwrap(),
        }
    }

    /// A call of a tool by a caller.
    fn call(&self, caller: &str, tool: &str, arguments: &Value) -> Request<Body> {
        let body = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        });
        self.post(caller, "/mcp", &body)
    }

    fn post(&self, caller: &str, path: &str, body: &Value) -> Request<Body> {
        let certificates = self.authority.leaf(&[caller], |_| ());
        Request::post(path)
            .header("host", "api.groq.com")
            .extension(certificates)
            .body(Body::from(body.to_string()))
            .unwrap()
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": "https://login.example",
            "aud": ["gateway"],
            "sub": OPERATOR,
            "acr": "phrh",
            "jti": "one",
            "iat": now,
            "auth_time": now,
            "exp": now + 60,
        });
        change(&mut claims);
        let header = r#"{"alg":"EdDSA"}"#;
        let payload = claims.to_string();
        compact::sign(
            header,
            payload.as_bytes(),
            &self.step_up_key,
            Algorithm::EdDSA,
        )
        .unwrap()
    }

    fn last_record(&self) -> Decision {
        self.records.kept.lock().unwrap().last().unwrap().clone()
    }
}

fn with_token(mut request: Request<Body>, token: &str) -> Request<Body> {
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

fn refused(answer: &Answer) -> (u16, String, String) {
    let text = |name: &str| answer.body[name].as_str().unwrap_or("").to_owned();
    assert!(text("decision_id").starts_with("dec-"), "{}", answer.body);
    (answer.status.as_u16(), text("code"), text("reason"))
}

fn told(status: u16, code: &str, reason: &str) -> (u16, String, String) {
    (status, code.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn an_allowed_call_reaches_the_inner_service_with_its_decision() {
    let world = world(|_| ());
    let answer = world
        .ask(world.call(RESEARCHER, "web_search", &json!({"q": "x"})))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["decisions"], 1);
    let record = world.last_record();
    assert_eq!(record.result, Outcome::Allow);
    assert_eq!(
        record.input_text("capability_id").unwrap(),
        "tool.default.mcp"
    );
    assert!(record.bundle_digest.starts_with("sha256:"));
    assert!(record.metrics.policy_rules_evaluated > 0);
}

#[tokio::test]
async fn a_denied_call_is_told_code_reason_and_decision() {
    let world = world(|_| ());
    let arguments = json!({"url": "https://evil-exfiltration.example.com/x"});
    let answer = world
        .ask(world.call(RESEARCHER, "web_search", &arguments))
        .await;
    assert_eq!(
        refused(&answer),
        told(403, "denied", "destination_not_approved")
    );
    let record = world.last_record();
    assert_eq!(answer.body["decision_id"], record.decision_id.as_str());
    assert_eq!(record.result, Outcome::Deny);
}

#[tokio::test]
async fn a_tool_outside_the_registry_is_denied() {
    let world = world(|_| ());
    let answer = world
        .ask(world.call(RESEARCHER, "unheard_of", &json!({})))
        .await;
    assert_eq!(
        refused(&answer),
        told(403, "capability_unknown", "capability_not_registered")
    );
}

#[tokio::test]
async fn one_denied_call_of_a_batch_denies_the_batch() {
    let world = world(|_| ());
    let call = |id: u32, tool: &str| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}});
    let both = json!([call(1, "web_search"), call(2, "execute_shell")]);
    let answer = world.ask(world.post(RESEARCHER, "/mcp", &both)).await;
    assert_eq!(
        refused(&answer),
        told(403, "denied", "capability_not_granted")
    );
    assert_eq!(world.records.kept.lock().unwrap().len(), 2);
    let fine = json!([call(1, "web_search"), call(2, "arxiv_search")]);
    let answer = world.ask(world.post(RESEARCHER, "/mcp", &fine)).await;
    assert_eq!(answer.body["decisions"], 2, "{}", answer.body);
}

#[tokio::test]
async fn a_step_up_is_challenged_and_its_token_passes_once() {
    let world = world(|_| ());
    let call = || world.call(OPERATOR, "execute_shell", &json!({}));
    let answer = world.ask(call()).await;
    assert_eq!(
        refused(&answer),
        told(401, "step_up_required", "high_risk_tool")
    );
    let challenge = answer.challenge.unwrap();
    assert!(challenge.contains("error=\"insufficient_user_authentication\""));
    assert!(challenge.contains("acr_values=\"phrh\", max_age=\"300\""));

    let token = world.token(|_| ());
    let answer = world.ask(with_token(call(), &token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer = world.ask(with_token(call(), &token)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_challenged_again() {
    let world = world(|_| ());
    let now = jiff::Timestamp::now().as_second();
    let wrong: [(&str, Value); 11] = [
        ("iss", json!("https://other.example")),
        ("aud", json!("another")),
        ("sub", json!(RESEARCHER)),
        ("acr", json!("0")),
        ("jti", json!("")),
        ("exp", json!(now - 1)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 3600)),
        ("auth_time", json!(now - 3600)),
        ("auth_time", Value::Null),
        ("tool", json!("file_write")),
    ];
    for (claim, value) in wrong {
        let token = world.token(|claims| claims[claim] = value.clone());
        let request = with_token(world.call(OPERATOR, "execute_shell", &json!({})), &token);
        let answer = world.ask(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{claim}: {value}");
    }
    let unsigned = format!(
        "{}..",
        precinct_jose::base64::encode_url(br#"{"alg":"none"}"#)
    );
    let other = Key::ed25519_from_seed([8; 32]);
    let forged = compact::sign(r#"{"alg":"EdDSA"}"#, b"{}", &other, Algorithm::EdDSA).unwrap();
    for token in [unsigned, forged, "x".to_owned()] {
        let request = with_token(world.call(OPERATOR, "execute_shell", &json!({})), &token);
        assert_eq!(world.ask(request).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn only_certificates_of_the_trust_bundle_are_an_identity() {
    let world = world(|_| ());
    let refused_for = async |certificates: Option<PeerCertificates>| {
        let mut request = world.call(RESEARCHER, "web_search", &json!({}));
        request.extensions_mut().remove::<PeerCertificates>();
        if let Some(certificates) = certificates {
            request.extensions_mut().insert(certificates);
        }
        let answer = world.ask(request).await;
        let (status, code, reason) = refused(&answer);
        assert_eq!((status, code.as_str()), (403, "identity_invalid"));
        reason
    };
    let leaf = |uris: &[&str]| world.authority.leaf(uris, |_| ());
    let stranger = Authority::new().leaf(&[RESEARCHER], |_| ());
    let authority = world.authority.leaf(&[RESEARCHER], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let signer = world.authority.leaf(&[RESEARCHER], |params| {
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    });
    let unusable = world.authority.leaf(&[RESEARCHER], |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    });
    let expired = world.authority.leaf(&[RESEARCHER], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    for (certificates, reason) in [
        (None, "no client certificate"),
        (Some(leaf(&[])), "found 0"),
        (Some(leaf(&[RESEARCHER, OPERATOR])), "found 2"),
        (Some(leaf(&["https://poc.local/a"])), "is no SPIFFE ID"),
        (Some(leaf(&["spiffe://poc.local"])), "has a path"),
        (Some(leaf(&["spiffe://other.local/a"])), "no trust bundle"),
        (Some(stranger), "not trusted"),
        (Some(authority), "able to sign"),
        (Some(signer), "able to sign"),
        (Some(unusable), "digitalSignature"),
        (Some(expired), "not trusted"),
    ] {
        let found = refused_for(certificates).await;
        assert!(found.contains(reason), "{found} has no {reason}");
    }
}

#[tokio::test]
async fn limits_of_the_registry_are_enforced() {
    let world = world(|_| ());
    let body = json!({"model": "llama", "messages": []});
    let ask = || world.ask(world.post(RESEARCHER, "/openai/v1/chat/completions", &body));
    // Each answer uses 60,000 tokens of 100,000 a minute.
    for _ in 0..2 {
        let answer = ask().await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    assert_eq!(
        refused(&ask().await),
        told(429, "rate_limited", "tokens_per_minute")
    );
}

#[tokio::test]
async fn sessions_count_and_belong_to_their_caller() {
    let world = world(|_| ());
    let counts = async |caller: &str, session: &str| {
        let mut request = world.call(caller, "web_search", &json!({}));
        let name = session.parse().unwrap();
        request.headers_mut().insert("mcp-session-id", name);
        world.ask(request).await;
        let record = world.last_record();
        let input: Value = serde_json::from_str(record.input.unwrap().get()).unwrap();
        (
            input["session_request_count"].as_u64().unwrap(),
            input["prior_tools"].as_array().unwrap().len(),
        )
    };
    assert_eq!(counts(RESEARCHER, "a").await, (0, 0));
    assert_eq!(counts(RESEARCHER, "a").await, (1, 1));
    assert_eq!(counts(RESEARCHER, "b").await, (0, 0));
    assert_eq!(counts(OPERATOR, "a").await, (0, 0));
}

#[tokio::test]
async fn bodies_that_can_not_be_understood_are_refused() {
    let world = world(|gateway| gateway.body_limit = 100);
    let post = |body: &str| {
        let certificates = world.authority.leaf(&[RESEARCHER], |_| ());
        Request::post("/mcp")
            .extension(certificates)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let (status, code, _) = refused(&world.ask(post("{")).await);
    assert_eq!((status, code.as_str()), (400, "request_invalid"));
    let (status, code, _) = refused(&world.ask(post(&"x".repeat(101))).await);
    assert_eq!((status, code.as_str()), (413, "request_too_large"));
}

#[tokio::test]
async fn without_a_policy_or_a_record_nothing_passes() {
    let none = world(|gateway| gateway.decider = Arc::new(Reloadable::new()));
    let answer = none
        .ask(none.call(RESEARCHER, "web_search", &json!({})))
        .await;
    assert_eq!(refused(&answer), told(403, "denied", "policy_failed"));

    let elsewhere = world(|gateway| gateway.path = "precinct/nothing/here".to_owned());
    let answer = elsewhere
        .ask(elsewhere.call(RESEARCHER, "web_search", &json!({})))
        .await;
    assert_eq!(refused(&answer), told(403, "denied", "policy_undefined"));

    let broken = Records {
        broken: true,
        ..Records::default()
    };
    let full = world_recorded(broken, |_| ());
    let answer = full
        .ask(full.call(RESEARCHER, "web_search", &json!({})))
        .await;
    let (status, code, _) = refused(&answer);
    assert_eq!((status, code.as_str()), (503, "unavailable"));
}

#[tokio::test]
async fn a_new_policy_decides_from_the_next_request_on_and_a_bad_one_changes_nothing() {
    let world = world(|_| ());
    let ask = || world.ask(world.call(RESEARCHER, "web_search", &json!({})));
    assert_eq!(ask().await.status, StatusCode::OK);
    let closed =
        "package precinct.gateway\n\ndecision := {\"result\": \"deny\", \"reason\": \"closed\"}\n";
    world
        .policy
        .activate(&files(&[("p.rego", closed)]), None)
        .unwrap();
    assert_eq!(refused(&ask().await), told(403, "denied", "closed"));
    let error = world
        .policy
        .activate(&files(&[("p.rego", "package p\n\nx if {")]), None);
    assert!(error.unwrap_err().contains("rego_parse_error"));
    assert_eq!(refused(&ask().await), told(403, "denied", "closed"));
}

#[tokio::test]
async fn each_decision_names_a_bundle_that_is_kept_with_the_registry_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let kept = precinct_audit::Bundles::beside(folder.path()).unwrap();
    let policy = Arc::new(Reloadable::keeping(kept.clone()));
    let modules = [(
        "p.rego",
        "package precinct.gateway\n\ndecision := \"allow\"\n",
    )];
    let data = registry().data();
    policy.activate(&files(&modules), Some(&data)).unwrap();
    let world = world(|gateway| gateway.decider = Arc::clone(&policy) as _);
    let answer = world
        .ask(world.call(RESEARCHER, "web_search", &json!({})))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let digest = world.records.kept.lock().unwrap()[0].bundle_digest.clone();
    let archive = kept.get(digest.parse().unwrap()).unwrap().unwrap();
    let files = precinct_bundle::archive::read(&archive, &Limits::default()).unwrap();
    let bundle = precinct_bundle::Bundle::read(&files).unwrap();
    assert_eq!(Registry::of_bundle(&bundle).unwrap(), registry());
}

#[tokio::test]
async fn what_is_compiled_in_decides_and_counts_as_what_is_interpreted() {
    let folder = tempfile::tempdir().unwrap();
    let kept = precinct_audit::Bundles::beside(folder.path()).unwrap();
    let compiled = Compiled::new(precinct_policies::Compiled).unwrap();
    let compiled = Arc::new(compiled.keeping(&kept).unwrap());
    let compiled_in = world(|gateway| gateway.decider = Arc::clone(&compiled) as _);
    let interpreted = world(|_| ());
    for (caller, tool) in [
        (RESEARCHER, "web_search"),
        (RESEARCHER, "execute_shell"),
        (OPERATOR, "execute_shell"),
        (OPERATOR, "nothing"),
    ] {
        let mut answers = Vec::new();
        for world in [&compiled_in, &interpreted] {
            let answer = world.ask(world.call(caller, tool, &json!({}))).await;
            let record = world.last_record();
            answers.push((
                answer.status,
                record.result,
                record.reason,
                record.value.map(|value| value.to_string()),
                record.metrics.policy_rules_evaluated,
            ));
        }
        assert_eq!(answers[0], answers[1], "{caller} {tool}");
    }
    let record = compiled_in.records.kept.lock().unwrap()[0].clone();
    assert!(record.metrics.policy_rules_evaluated > 0);
    assert!(
        kept.get(record.bundle_digest.parse().unwrap())
            .unwrap()
            .is_some()
    );
    let undefined = compiled.decide("no/such/rule", b"{}").unwrap();
    assert_eq!(undefined.value, Ok(None));
}

#[tokio::test]
async fn what_differs_from_one_evaluation_to_the_next_is_on_record() {
    let world = world(|_| ());
    let policy = "package precinct.gateway\n\ndecision := {\"result\": \"deny\", \"reason\": uuid.rfc4122(\"<x>\")}\n";
    let policies = files(&[("p.rego", policy)]);
    world.policy.activate(&policies, None).unwrap();
    let answer = world
        .ask(world.call(RESEARCHER, "web_search", &json!({})))
        .await;
    let record = world.last_record();
    let answers: Value = serde_json::from_str(record.nd_builtin_cache.unwrap().get()).unwrap();
    let made: Vec<&Value> = answers["uuid.rfc4122"]
        .as_object()
        .unwrap()
        .values()
        .collect();
    assert_eq!(made, [&json!(refused(&answer).2)]);
    // A failure names the policy that failed.
    let policy =
        "package precinct.gateway\n\ndecision := \"allow\" if to_number(input.tool_name) > 2\n";
    let digest = world
        .policy
        .activate(&files(&[("p.rego", policy)]), None)
        .unwrap();
    let answer = world
        .ask(world.call(RESEARCHER, "web_search", &json!({})))
        .await;
    let record = world.last_record();
    assert_eq!(
        (answer.status.as_u16(), &record.bundle_digest),
        (403, &digest)
    );
    assert!(record.strict_builtin_errors);
}
