//! Shared context: what all threads share, and what one serving thread has.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::access_log::{AccessLog, ThreadLog};
use crate::config::Config;
use crate::drain::Phase;
use crate::limits::{ClientRate, InFlight, RetryBudget, RetryPlan};
use crate::metrics::{self, Counters};
use crate::readiness::Readiness;
use crate::resolver::{Lookup, Resolver};

/// What all threads share. Everything in it is read far more often than written.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// The port that traffic comes to.
    pub(crate) port: u16,
    /// Where the proxy stands between start and end.
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) readiness: Readiness,
    pub(crate) resolver: Resolver,
    /// One set of counters per serving thread.
    pub(crate) counters: Vec<Arc<Counters>>,
    /// Requests that wait for an app that cannot be reached.
    pub(crate) pending_connects: AtomicUsize,
    /// Requests that the app is busy with.
    pub(crate) in_flight: InFlight,
    pub(crate) client_rate: Option<ClientRate>,
    pub(crate) retries: RetryBudget,
    /// Idle connections to the app that a thread may keep.
    pub(crate) idle_per_thread: usize,
    pub(crate) log: AccessLog,
}

/// A request waits this long for the app to have room; longer queues only make everybody late.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);
/// A client's requests are averaged over this: a page with thirty files is no flood.
const CLIENT_WINDOW: Duration = Duration::from_secs(10);

impl Shared {
    /// State at start. `port` is where traffic is accepted.
    pub(crate) fn new(
        config: Config,
        port: u16,
        idle_per_thread: usize,
        lookup: Lookup,
        log: AccessLog,
    ) -> Arc<Self> {
        let bounds = &config.bounds;
        Arc::new(Self {
            port,
            phase: watch::Sender::new(Phase::Serving),
            readiness: Readiness::default(),
            resolver: Resolver::new(config.upstream.clone(), lookup),
            counters: (0..config.threads).map(|_| Arc::default()).collect(),
            pending_connects: AtomicUsize::new(0),
            in_flight: InFlight::new(bounds.in_flight, bounds.queued, QUEUE_TIMEOUT),
            client_rate: bounds
                .client_rate
                .map(|rate| ClientRate::new(rate, CLIENT_WINDOW)),
            retries: RetryBudget::new(RetryPlan::default(), Instant::now()),
            idle_per_thread,
            log,
            config,
        })
    }

    /// Client connections that are open now.
    pub(crate) fn open_connections(&self) -> u64 {
        metrics::open_connections(&self.counters)
    }

    /// Why the load balancer is told to send no requests, in one phrase.
    pub(crate) fn not_ready_reason(&self) -> Option<&'static str> {
        let checked = self.config.upstream_health.is_some();
        self.readiness.not_ready_reason(*self.phase.borrow(), checked)
    }
}

/// What belongs to one serving thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Rc<ThreadLog>,
    /// A copy of the shared phase, refreshed by the sweep and the acceptor: no atomic on the request path.
    pub(crate) phase: Cell<Phase>,
}

impl Worker {
    pub(crate) fn new(index: usize, shared: &Arc<Shared>) -> Rc<Self> {
        Rc::new(Self {
            shared: Arc::clone(shared),
            log: ThreadLog::new(&shared.counters[index], &shared.log, shared.config.log_query),
            phase: Cell::new(Phase::Serving),
        })
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.log.counters
    }

    /// Whether a response must be the last one of its connection.
    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() >= Phase::Closing
    }
}
