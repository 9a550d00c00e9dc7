//! Who issues step-up tokens. A real one asks a person; this one believes that whoever reaches it has approved.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use precinct_gateway::step_up::StepUp;
use precinct_jose::{Algorithm, Key, compact, jwk};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

const ISSUER: &str = "https://login.poc.local";
const AUDIENCE: &str = "gateway";
/// Phishing-resistant, hardware-protected.
const CLASS: &str = "phrh";
const LIFETIME: Duration = Duration::from_mins(1);

/// An issuer with a key of its own.
pub struct Login {
    key: Key,
}

/// An approval that is asked for.
#[derive(Deserialize)]
pub struct Approval {
    /// The SPIFFE ID of the agent.
    pub agent: String,
    /// The tool that it may call.
    pub tool: String,
}

impl Login {
    /// An issuer with a fresh key.
    pub fn new() -> Result<Self> {
        let mut seed = [0; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut seed)
            .map_err(|_| anyhow!("the system gives no random bytes"))?;
        Ok(Self {
            key: Key::ed25519_from_seed(seed),
        })
    }

    /// What the gateway demands of a token.
    pub fn step_up(&self) -> Result<StepUp> {
        let public = self.key.to_public().context("the issuer's public key")?;
        let keys = json!({"keys": [jwk::to_json(&public)]}).to_string();
        Ok(StepUp {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys: StepUp::keys(&keys).map_err(|reason| anyhow!(reason))?,
            acr_values: vec![CLASS.to_owned()],
            max_age: Duration::from_mins(5),
        })
    }

    /// A token for one call of one tool by one agent.
    pub fn approve(&self, approval: &Approval) -> Result<String> {
        let now = Timestamp::now();
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": approval.agent,
            "tool": approval.tool,
            "acr": CLASS,
            "jti": Uuid::new_v4().to_string(),
            "auth_time": now.as_second(),
            "iat": now.as_second(),
            "exp": now.as_second() + i64::try_from(LIFETIME.as_secs())?,
        });
        let payload = claims.to_string();
        compact::sign(
            r#"{"alg":"EdDSA"}"#,
            payload.as_bytes(),
            &self.key,
            Algorithm::EdDSA,
        )
        .map_err(|error| anyhow!("{error}"))
    }
}

/// Answers `POST /approve` with a token.
pub async fn serve(desk: TcpListener, login: Arc<Login>) -> Result<()> {
    let routes = Router::new()
        .route("/approve", post(approve))
        .with_state(login);
    axum::serve(desk, routes).await.context("serve approvals")
}

async fn approve(
    State(login): State<Arc<Login>>,
    Json(approval): Json<Approval>,
) -> Result<String, StatusCode> {
    login
        .approve(&approval)
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
