//! A gateway for AI agents whose policy step is precinct's.
//!
//! ```text
//! agent ── mTLS ──> gateway ── policy step ──> MCP upstream
//!                     │  ^
//!                     │  └── policies and registry, watched
//!                     └───── decision records
//! ```
//!
//! `cargo run -p gateway-example` starts all of it with certificates made at start; with `-- --demo` a script of
//! requests runs against it.
//!
//! * [`certificates`]: an authority, the gateway's certificate and the agents'
//! * [`policies`]: a folder of policies, served again when it changes
//! * [`login`]: who issues step-up tokens
//! * [`upstream`]: the tools behind the gateway
//! * [`proxy`]: from the gateway to the tools
//! * [`server`]: the connections of agents
//! * [`demo`]: the script

mod certificates;
mod demo;
mod login;
mod policies;
mod proxy;
mod server;
mod upstream;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use precinct_audit::{Options, Store};
use precinct_gateway::layer::Gateway;
use precinct_gateway::registry::Registry;
use precinct_gateway::state::redis::Redis;
use precinct_gateway::svid::TrustBundles;
use tokio::net::TcpListener;

use certificates::{Authority, TRUST_DOMAIN};
use login::Login;
use policies::Served;
use server::Running;

/// A gateway with mTLS, an MCP upstream and precinct's policy step.
#[derive(Parser)]
struct Args {
    /// Where agents connect.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where step-up tokens are issued: anybody who gets here is believed to have approved.
    #[arg(long, default_value = "127.0.0.1:8444")]
    login: SocketAddr,
    /// The folder with the policies and `capabilities.yaml`.
    #[arg(long, default_value = "policies")]
    policies: PathBuf,
    /// Where decisions are recorded.
    #[arg(long, default_value = "target/gateway/records")]
    records: PathBuf,
    /// Where certificates and keys are written for clients.
    #[arg(long, default_value = "target/gateway/certificates")]
    certificates: PathBuf,
    /// An MCP server (`http://host:port`) instead of the one that comes with the example.
    #[arg(long)]
    upstream: Option<String>,
    /// Keeps sessions, limits and spent tokens in Redis or Valkey (`redis://host:port`), for several gateways at once.
    #[arg(long)]
    redis: Option<String>,
    /// Runs a script of requests on free ports, with a copy of the policies, and ends.
    #[arg(long)]
    demo: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if args.demo {
        return demo::run(&args.policies, args.redis.as_deref()).await;
    }
    let upstream = match &args.upstream {
        Some(upstream) => upstream.clone(),
        None => upstream::start().await?,
    };
    let authority = Authority::new()?;
    let login = Arc::new(Login::new()?);
    let served = Served::watched(&args.policies, &args.records)?;
    let gateway = start(
        args.listen,
        &Parts {
            authority: &authority,
            login: &login,
            served: &served,
            records: &args.records,
            upstream: &upstream,
            redis: args.redis.as_deref(),
        },
    )
    .await?;
    authority.write(&args.certificates)?;
    let desk = TcpListener::bind(args.login)
        .await
        .with_context(|| format!("listen at {}", args.login))?;
    println!("gateway    https://{}/mcp", gateway.address);
    println!("upstream   {upstream}");
    println!("step-up    POST http://{}/approve", args.login);
    println!("records    {}", args.records.display());
    println!("try        {}", example_call(&args, gateway.address));
    tokio::select! {
        ended = login::serve(desk, login) => ended,
        ended = tokio::signal::ctrl_c() => ended.context("wait for ctrl-c"),
    }
}

/// What a gateway is made of.
struct Parts<'p> {
    authority: &'p Authority,
    login: &'p Login,
    served: &'p Served,
    records: &'p Path,
    upstream: &'p str,
    redis: Option<&'p str>,
}

/// How long Redis keeps a session that nobody uses.
const SESSION_LIFETIME: Duration = Duration::from_hours(1);

/// Starts a gateway; it runs until the process ends.
async fn start(listen: SocketAddr, parts: &Parts<'_>) -> Result<Running> {
    let mut trust = TrustBundles::default();
    trust.add_der(TRUST_DOMAIN, parts.authority.certificate())?;
    let records = Store::open(parts.records, Options::default())?;
    let mut gateway = Gateway::new(
        parts.served.decider(),
        trust,
        Registry::clone(&parts.served.registry().load()),
        Arc::new(records),
    );
    gateway.registry = Arc::clone(parts.served.registry());
    gateway.step_up = Some(Arc::new(parts.login.step_up()?));
    if let Some(address) = parts.redis {
        let shared = Redis::connect(address, "gateway:", SESSION_LIFETIME)
            .await
            .with_context(|| format!("connect to {address}"))?;
        gateway.state = Arc::new(shared);
    }
    let service = proxy::router(parts.upstream)?;
    let tls = parts.authority.server()?;
    server::start(listen, tls, gateway.layer(), service).await
}

fn example_call(args: &Args, address: SocketAddr) -> String {
    let folder = args.certificates.display();
    format!(
        "curl --cacert {folder}/authority.pem --cert {folder}/researcher.pem --key {folder}/researcher.key \
         -d '{}' https://{address}/mcp",
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"web_search","arguments":{"q":"rego"}}}"#
    )
}
