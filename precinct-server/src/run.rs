//! A server from its first to its last request.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::app::App;
use crate::log::Level;
use crate::pages;
use crate::routes::dispatch::Surface;
use crate::serve::{Address, Lanes, Limits, Server, tls};

/// Where and how long a server serves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the API is.
    pub addresses: Vec<Address>,
    /// Where health and numbers are, besides.
    pub diagnostics: Vec<Address>,
    /// What clients may demand.
    pub limits: Limits,
    /// How long the server goes on after it was told to end, so that balancers notice.
    pub wait: Duration,
    /// With what connections are made; without it, in clear.
    pub tls: Option<tls::Current>,
    /// How many threads serve; 0 is one a core.
    pub threads: usize,
}

/// What is done when files are to be read again.
type Reload = dyn Fn(&Arc<App>) + Send + Sync;

/// Serves until the process is told to end (SIGTERM, SIGINT); SIGHUP calls `reload`.
///
/// # Errors
/// When an address can't be had.
pub fn run(
    app: Arc<App>,
    options: &Options,
    reload: impl Fn(&Arc<App>) + Send + Sync + 'static,
) -> Result<(), String> {
    let lanes = Lanes::begin(options.threads).map_err(|error| error.to_string())?;
    // This thread accepts connections and hears signals.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(serve(app, options, lanes, Arc::new(reload)))
}

async fn serve(
    app: Arc<App>,
    options: &Options,
    lanes: Lanes,
    reload: Arc<Reload>,
) -> Result<(), String> {
    let server = Arc::new(Server::new(
        Arc::clone(&app),
        options.limits,
        options.tls.clone(),
        lanes,
    ));
    let mut members = Map::new();
    let shown = |addresses: &[Address]| {
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        json!(shown)
    };
    members.insert("addrs".to_owned(), shown(&options.addresses));
    members.insert("diagnostic-addrs".to_owned(), shown(&options.diagnostics));
    app.logger
        .write(Level::Info, "Initializing server.", members);
    let mut listening = JoinSet::new();
    let all = options
        .addresses
        .iter()
        .map(|address| (address, Surface::All));
    let few = options
        .diagnostics
        .iter()
        .map(|address| (address, Surface::Diagnostics));
    for (address, surface) in all.chain(few) {
        let (server, address) = (Arc::clone(&server), address.clone());
        listening.spawn(async move {
            let listened = server.listen(&address, surface).await;
            listened.map_err(|error| format!("listen {address}: {error}"))
        });
    }
    let listen = |kind| signal(kind).map_err(|error| error.to_string());
    let mut end = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    pages::give_back();
    loop {
        tokio::select! {
            _ = end.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {
                let (app, reload) = (Arc::clone(&app), Arc::clone(&reload));
                // Compiling takes its time; requests do not wait for it.
                let _ = tokio::task::spawn_blocking(move || reload(&app)).await;
            }
            ended = listening.join_next() => {
                match ended {
                    Some(Ok(Err(message))) => return Err(message),
                    Some(_) => {}
                    None => return Err("expected an address to listen at, found none".to_owned()),
                }
            }
        }
    }
    app.logger
        .write(Level::Info, "Shutting down...", Map::new());
    tokio::time::sleep(options.wait).await;
    server.end();
    while let Some(ended) = listening.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    app.logger
        .write(Level::Info, "Server shutdown.", Map::new());
    Ok(())
}
