//! The threads that serve. Each has connections of its own, which stay with it: no thread takes work from another, and none
//! has to be woken for what another has read.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hyper::rt::Executor;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How many requests that take long a thread may have handed on at the same time.
const HANDED_ON: usize = 64;

/// The threads that serve; they end with the last clone of this.
#[derive(Clone, Debug)]
pub struct Lanes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    lanes: Vec<Lane>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Lane {
    handle: Handle,
    /// The thread ends when this is dropped.
    _ending: oneshot::Sender<()>,
}

impl Lanes {
    /// Begins so many threads; for 0, one a core.
    ///
    /// # Errors
    /// When the system gives no more.
    pub fn begin(threads: usize) -> io::Result<Self> {
        let threads = match threads {
            0 => thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let lanes = (0..threads).map(|_| Lane::begin());
        Ok(Self(Arc::new(Inner {
            lanes: lanes.collect::<Result<_, _>>()?,
            turn: AtomicUsize::new(0),
        })))
    }

    /// Gives something to do to the thread whose turn it is.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let turn = self.0.turn.fetch_add(1, Ordering::Relaxed);
        // There is at least one.
        if let Some(lane) = self.0.lanes.get(turn % self.0.lanes.len().max(1)) {
            lane.handle.spawn(future);
        }
    }
}

/// The requests of an HTTP/2 connection are answered by all threads: there may be no other connection.
impl<F> Executor<F> for Lanes
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawn(future);
    }
}

impl Lane {
    fn begin() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(HANDED_ON)
            .build()?;
        let handle = runtime.handle().clone();
        let (ending, ended) = oneshot::channel();
        thread::Builder::new()
            .name("serving".to_owned())
            .spawn(move || {
                // Nothing is sent; it is dropped.
                let _: Result<(), _> = runtime.block_on(ended);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            handle,
            _ending: ending,
        })
    }
}
