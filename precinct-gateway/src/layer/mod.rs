//! The policy step as a [`tower_layer::Layer`].
//!
//! ```text
//! request ─> identity ─> calls ─> for each call: capability, limit, session, decision, record
//!                                    │ all allowed                │ one is not
//!                                    v                            v
//!                        inner service, decisions among    403 with code, reason and decision ID,
//!                        the request's extensions          or 401 with a challenge
//! ```
//!
//! * [`gate`]: the steps up to the decision
//! * [`destination`]: where a call goes
//! * [`refusal`]: what a caller is told
//! * [`usage`]: the tokens of an answer
//! * [`service`]: the service around the inner one

pub mod destination;
pub mod gate;
pub mod refusal;
pub mod service;
pub mod usage;

use std::sync::Arc;

use arc_swap::ArcSwap;
use pki_types::CertificateDer;
use precinct_audit::Decision;
use tower_layer::Layer;

use crate::decider::Decider;
use crate::registry::Registry;
use crate::state::{Memory, State};
use crate::step_up::StepUp;
use crate::svid::TrustBundles;
use service::Guarded;

/// The certificates that a client showed, leaf first: what a TLS server puts among a request's extensions.
#[derive(Clone, Debug)]
pub struct PeerCertificates(pub Vec<CertificateDer<'static>>);

/// The decisions that let a request pass, in the order of its calls: among its extensions when the inner service gets
/// it.
#[derive(Clone, Debug)]
pub struct Decisions(pub Arc<[Decision]>);

/// Where decisions are recorded.
pub trait Recorder: Send + Sync {
    /// Records a decision before it takes effect.
    ///
    /// # Errors
    /// Why it was not recorded; the request is then denied.
    fn record(&self, decision: &Decision) -> Result<(), String>;
}

impl Recorder for precinct_audit::Store {
    fn record(&self, decision: &Decision) -> Result<(), String> {
        self.append(decision)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// What the policy step works with.
#[derive(Clone)]
pub struct Gateway {
    /// The policy.
    pub decider: Arc<dyn Decider>,
    /// The path of the decision: `precinct/gateway/decision`.
    pub path: String,
    /// The authorities of each trust domain.
    pub trust: Arc<ArcSwap<TrustBundles>>,
    /// The capabilities.
    pub registry: Arc<ArcSwap<Registry>>,
    /// Sessions, limits and spent tokens.
    pub state: Arc<dyn State>,
    /// Where decisions go.
    pub recorder: Arc<dyn Recorder>,
    /// How a step-up is proved; without it a step-up can't be answered and is a deny.
    pub step_up: Option<Arc<StepUp>>,
    /// The largest body of a request in bytes.
    pub body_limit: usize,
    /// The header that names a session; `mcp-session-id` unless set otherwise. A session belongs to its caller: two
    /// callers that send the same name have two sessions.
    pub session_header: http::HeaderName,
}

impl Gateway {
    /// A gateway with its state in memory, bodies of up to 4 MiB, and no step-up.
    pub fn new(
        decider: Arc<dyn Decider>,
        trust: TrustBundles,
        registry: Registry,
        recorder: Arc<dyn Recorder>,
    ) -> Self {
        Self {
            decider,
            path: "precinct/gateway/decision".to_owned(),
            trust: Arc::new(ArcSwap::from_pointee(trust)),
            registry: Arc::new(ArcSwap::from_pointee(registry)),
            state: Arc::new(Memory::default()),
            recorder,
            step_up: None,
            body_limit: 4 << 20,
            session_header: http::HeaderName::from_static("mcp-session-id"),
        }
    }

    /// The layer.
    pub fn layer(self) -> GatewayLayer {
        GatewayLayer {
            gateway: Arc::new(self),
        }
    }
}

/// See the [module](self).
#[derive(Clone)]
pub struct GatewayLayer {
    gateway: Arc<Gateway>,
}

impl<S> Layer<S> for GatewayLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(Arc::clone(&self.gateway), inner)
    }
}
