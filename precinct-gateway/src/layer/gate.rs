//! The steps from a request to its decisions.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use precinct_audit::decision::{new_id, timestamp};
use precinct_audit::{Decision, Metrics, Outcome};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::refusal::{Code, Refusal};
use super::{Gateway, PeerCertificates, destination};
use crate::call::{self, Call};
use crate::context::{Context, capability};
use crate::decider::Decided;
use crate::identity::SpiffeId;
use crate::registry::{Capability, Registry};
use crate::state::Exceeded;
use crate::step_up::Proof;
use crate::svid::SvidError;
use crate::verdict::{Verdict, code};

/// A request that passes.
pub(super) struct Passed {
    pub(super) decisions: Vec<Decision>,
    pub(super) caller: SpiffeId,
    pub(super) session: String,
    pub(super) tools: Vec<String>,
    /// The capability whose tokens the answer uses.
    pub(super) metered: Option<String>,
}

/// A refusal before it has its record.
struct Refused {
    code: Code,
    verdict: Verdict,
    challenge: Option<String>,
}

impl Refused {
    fn new(code: Code, reason: &str) -> Self {
        Self {
            code,
            verdict: Verdict::deny(reason),
            challenge: None,
        }
    }
}

/// One decision in the making.
struct Judged {
    input: Value,
    decided: Decided,
    duration_ns: u64,
    outcome: Result<(), Refused>,
}

impl Gateway {
    /// Decides on a request.
    pub(super) async fn judge(&self, parts: &Parts, body: &Bytes) -> Result<Passed, Refusal> {
        let (caller, calls) = match self.understood(parts, body) {
            Ok(understood) => understood,
            Err((refused, input)) => return Err(self.refuse_early(refused, input)),
        };
        let session = self.session_of(&parts.headers, &caller);
        let registry = self.registry.load_full();
        let mut passed = Passed {
            decisions: Vec::with_capacity(calls.len()),
            session,
            tools: Vec::new(),
            metered: None,
            caller,
        };
        for call in &calls {
            let judged = self.judge_call(parts, &passed, &registry, call).await;
            let decision = self.decision(&judged);
            let id = decision.decision_id.clone();
            if let Err(reason) = self.recorder.record(&decision) {
                return Err(Refusal {
                    code: Code::Unavailable,
                    reason: format!("the decision was not recorded: {reason}"),
                    decision_id: id,
                    challenge: None,
                });
            }
            if let Err(refused) = judged.outcome {
                return Err(refusal(refused, id));
            }
            passed.decisions.push(decision);
            passed.tools.extend(call.tool.clone());
            if call.model.is_some() {
                passed.metered = capability_of(&registry, parts, call)
                    .filter(|capability| capability.rate_limit.is_some())
                    .map(|capability| capability.id.clone());
            }
        }
        Ok(passed)
    }

    /// The refusal of a request whose body is too large, or broke off.
    pub(super) fn refuse_body(&self, code: Code, reason: &str) -> Refusal {
        self.refuse_early(Refused::new(code, reason), json!({}))
    }

    fn understood(
        &self,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<(SpiffeId, Vec<Call>), (Refused, Value)> {
        let caller = self.identity(parts).map_err(|error| {
            let refused = Refused::new(Code::IdentityInvalid, &error.to_string());
            (refused, json!({}))
        })?;
        let calls = calls(parts, body).map_err(|reason| {
            let refused = Refused::new(Code::RequestInvalid, &reason);
            (refused, json!({"caller_spiffe_id": caller.as_str()}))
        })?;
        Ok((caller, calls))
    }

    fn identity(&self, parts: &Parts) -> Result<SpiffeId, SvidError> {
        let chain = parts.extensions.get::<PeerCertificates>();
        let chain = chain.map_or(&[][..], |chain| &chain.0);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.trust.load().verify(chain, now)
    }

    /// A session belongs to its caller; without a name the caller has one session.
    fn session_of(&self, headers: &HeaderMap, caller: &SpiffeId) -> String {
        let name = headers.get(&self.session_header);
        let name = name.and_then(|value| value.to_str().ok()).unwrap_or("");
        format!("{caller} {name}")
    }

    async fn judge_call(
        &self,
        parts: &Parts,
        passed: &Passed,
        registry: &Registry,
        call: &Call,
    ) -> Judged {
        let capability = capability_of(registry, parts, call);
        let destination = destination::of(call, capability)
            .or_else(|| target(parts).filter(|_| call.model.is_some()));
        let session = self.state.begin(&passed.session).await;
        let metadata = metadata(parts);
        let moment = timestamp(jiff::Timestamp::now());
        let known = session.clone().unwrap_or_default();
        let input = |step_up_verified: bool| {
            Context {
                caller: &passed.caller,
                call,
                capability: capability.map(|capability| capability.id.as_str()),
                destination: destination
                    .as_ref()
                    .map(|(host, port)| (host.as_str(), *port)),
                model_provider: capability.and_then(provider),
                session_id: session_name(&passed.session),
                session: &known,
                step_up_verified,
                timestamp: &moment,
                metadata: &metadata,
            }
            .input()
        };
        let mut judged = Judged {
            input: input(false),
            decided: Decided::default(),
            duration_ns: 0,
            outcome: Ok(()),
        };
        judged.outcome = async {
            session.map_err(|error| Refused::new(Code::Unavailable, &error.to_string()))?;
            self.admitted(&passed.caller, call, capability).await?;
            let verdict = self.evaluate(
                &mut judged.input,
                &mut judged.decided,
                &mut judged.duration_ns,
            );
            if verdict.outcome != Outcome::StepUp {
                return settle(verdict, None);
            }
            let Some(step_up) = &self.step_up else {
                return settle(Verdict::deny("step_up_not_configured"), None);
            };
            if !self.proves(parts, passed, call).await? {
                return settle(verdict, Some(step_up.challenge()));
            }
            judged.input = input(true);
            let verdict = self.evaluate(
                &mut judged.input,
                &mut judged.decided,
                &mut judged.duration_ns,
            );
            settle(verdict, Some(step_up.challenge()))
        }
        .await;
        judged
    }

    /// Whether the registry lets a call come to the policy at all.
    async fn admitted(
        &self,
        caller: &SpiffeId,
        call: &Call,
        capability: Option<&Capability>,
    ) -> Result<(), Refused> {
        let Some(capability) = capability else {
            if call.tool.is_none() && call.model.is_none() {
                return Ok(());
            }
            let reason = "capability_not_registered";
            return Err(Refused::new(Code::CapabilityUnknown, reason));
        };
        let Some(limit) = capability.rate_limit else {
            return Ok(());
        };
        let counted = self
            .state
            .request(caller.as_str(), &capability.id, limit)
            .await
            .map_err(|error| Refused::new(Code::Unavailable, &error.to_string()))?;
        counted.map_err(|exceeded| {
            let bound = match exceeded {
                Exceeded::Requests => "requests_per_minute",
                Exceeded::Tokens => "tokens_per_minute",
            };
            Refused::new(Code::RateLimited, bound)
        })
    }

    fn evaluate(&self, input: &mut Value, decided: &mut Decided, duration_ns: &mut u64) -> Verdict {
        let text = input.to_string();
        let start = Instant::now();
        let answer = self.decider.decide(&self.path, text.as_bytes());
        let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        *duration_ns = duration_ns.saturating_add(spent);
        // What went wrong is for the operator, not for the caller.
        *decided = answer.unwrap_or_else(|error| Decided {
            value: Err(error),
            ..Decided::default()
        });
        match &decided.value {
            Ok(value) => Verdict::of(value.as_ref()),
            Err(_) => Verdict::deny(code::FAILED),
        }
    }

    /// Whether the request carries a token that proves a step-up; the token is spent by it.
    async fn proves(&self, parts: &Parts, passed: &Passed, call: &Call) -> Result<bool, Refused> {
        let Some(Proof { token_id, lifetime }) = self.proof(parts, passed, call) else {
            return Ok(false);
        };
        self.state
            .spend(&token_id, lifetime)
            .await
            .map_err(|error| Refused::new(Code::Unavailable, &error.to_string()))
    }

    fn proof(&self, parts: &Parts, passed: &Passed, call: &Call) -> Option<Proof> {
        let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let now = jiff::Timestamp::now().as_second();
        let step_up = self.step_up.as_ref()?;
        step_up
            .verify(token.trim(), &passed.caller, call.tool.as_deref(), now)
            .ok()
    }

    fn decision(&self, judged: &Judged) -> Decision {
        let verdict = match &judged.outcome {
            Ok(()) => Verdict {
                outcome: Outcome::Allow,
                reason: None,
            },
            Err(refused) => refused.verdict.clone(),
        };
        let value = judged.decided.value.as_ref().ok();
        let value = value.and_then(Option::as_ref);
        Decision {
            decision_id: new_id(),
            timestamp: timestamp(jiff::Timestamp::now()),
            bundle_digest: judged.decided.bundle_digest.clone(),
            path: self.path.clone(),
            query: String::new(),
            result: verdict.outcome,
            reason: verdict.reason,
            input: raw(&judged.input),
            value: value.and_then(raw),
            nd_builtin_cache: judged.decided.answers.as_ref().and_then(raw),
            strict_builtin_errors: true,
            partial: None,
            erased: Vec::new(),
            metrics: Metrics {
                evaluation_duration_ns: judged.duration_ns,
                policy_rules_evaluated: judged.decided.rules_evaluated,
            },
        }
    }

    fn refuse_early(&self, refused: Refused, input: Value) -> Refusal {
        let judged = Judged {
            input,
            decided: Decided::default(),
            duration_ns: 0,
            outcome: Err(refused),
        };
        let decision = self.decision(&judged);
        // Nothing is let through by it, so that a record that can't be written changes nothing for the caller.
        let _ = self.recorder.record(&decision);
        match judged.outcome {
            Err(refused) => refusal(refused, decision.decision_id),
            Ok(()) => refusal(Refused::new(Code::RequestInvalid, ""), decision.decision_id),
        }
    }
}

fn settle(verdict: Verdict, challenge: Option<String>) -> Result<(), Refused> {
    let code = match verdict.outcome {
        Outcome::Allow => return Ok(()),
        Outcome::Deny => Code::Denied,
        Outcome::StepUp => Code::StepUpRequired,
    };
    Err(Refused {
        code,
        challenge: challenge.filter(|_| code == Code::StepUpRequired),
        verdict,
    })
}

fn refusal(refused: Refused, decision_id: String) -> Refusal {
    let reason = refused.verdict.reason;
    Refusal {
        code: refused.code,
        reason: reason.unwrap_or_else(|| refused.code.as_str().to_owned()),
        decision_id,
        challenge: refused.challenge,
    }
}

fn raw(value: &Value) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

/// What a request asks for. `GET` and `DELETE` are how MCP listens to a session and ends it.
fn calls(parts: &Parts, body: &Bytes) -> Result<Vec<Call>, String> {
    let plain = |action: &str| {
        vec![Call {
            action: action.to_owned(),
            tool: None,
            resource: None,
            prompt: None,
            model: None,
            arguments: Value::Null,
            id: None,
        }]
    };
    match parts.method {
        Method::GET => Ok(plain("session/listen")),
        Method::DELETE => Ok(plain("session/end")),
        Method::POST if is_model_call(parts.uri.path()) => call::openai(body)
            .map(|call| vec![call])
            .map_err(|error| error.to_string()),
        Method::POST => {
            let calls = call::mcp(body).map_err(|error| error.to_string())?;
            // A message that only answers the server is a step of its session.
            Ok(if calls.is_empty() {
                plain("session/answer")
            } else {
                calls
            })
        }
        _ => Err(format!(
            "expected GET, POST or DELETE, found {}",
            parts.method
        )),
    }
}

fn is_model_call(path: &str) -> bool {
    ["/completions", "/embeddings", "/responses"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn capability_of<'r>(registry: &'r Registry, parts: &Parts, call: &Call) -> Option<&'r Capability> {
    let target = target(parts).filter(|_| call.model.is_some());
    let target = target.as_ref().map(|(host, port)| (host.as_str(), *port));
    capability(registry, call, target)
}

/// Where a model call goes: the request's own address, or its `Host`, with HTTPS's port unless another is named.
fn target(parts: &Parts) -> Option<(String, u16)> {
    let authority = match parts.uri.authority() {
        Some(authority) => authority.clone(),
        None => {
            let host = parts.headers.get(http::header::HOST)?.to_str().ok()?;
            host.parse().ok()?
        }
    };
    let port = authority.port_u16().unwrap_or(443);
    Some((authority.host().to_ascii_lowercase(), port))
}

/// Who runs the models of a capability: `groq` of the resource `groq/*`.
fn provider(capability: &Capability) -> Option<&str> {
    let authorization = capability.authorization.as_ref()?;
    let (provider, _) = authorization.resource.split_once('/')?;
    (authorization.action == "model/inference").then_some(provider)
}

/// The part of a session's key that the caller chose.
fn session_name(key: &str) -> &str {
    key.split_once(' ').map_or("", |(_, name)| name)
}

fn metadata(parts: &Parts) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("method".to_owned(), json!(parts.method.as_str()));
    metadata.insert("path".to_owned(), json!(parts.uri.path()));
    let agent = parts.headers.get(http::header::USER_AGENT);
    if let Some(agent) = agent.and_then(|value| value.to_str().ok()) {
        metadata.insert("user_agent".to_owned(), json!(agent));
    }
    metadata
}
