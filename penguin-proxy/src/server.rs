//! Ports, threads, start and end. Knows no HTTP.
//!
//! Each serving thread has a runtime and a listener of its own; connections never change threads, so nothing on the
//! request path takes a lock. The thread that called [`Server::run`] does the slow business beside them: it resolves
//! names, watches the app, answers the admin port and conducts the drain.

mod conduct;
mod descriptors;
mod listen;
pub mod signals;
pub(crate) mod threads;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};
use std::{io, thread};

use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};

pub use self::listen::ListenError;
use self::signals::StopWishes;
pub(crate) use self::worker::Worker;
use crate::access_log::AccessLog;
use crate::config::Config;
use crate::drain::Phase;
use crate::limits::{ClientRate, InFlight, RetryBudget, RetryPlan};
use crate::metrics::Counters;
use crate::readiness::Readiness;
use crate::upstream::{Lookup, Target};

/// A request waits this long for the app to have room; longer queues only make everybody late.
const QUEUE_PATIENCE: Duration = Duration::from_secs(1);
/// A client's requests are averaged over this: a page with thirty files is no flood.
const CLIENT_WINDOW: Duration = Duration::from_secs(10);

/// Client connections beyond the limit that are still accepted: the load balancer's health check is answered on them,
/// everything else is turned away with an answer.
pub(crate) const SPARE_CONNECTIONS: usize = 32;

/// What all threads share. Everything in it is read far more often than written.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// The port that traffic comes to.
    pub(crate) port: u16,
    /// Where the proxy stands between start and end.
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) readiness: Readiness,
    pub(crate) target: Target,
    /// One set of counters per serving thread.
    pub(crate) counters: Vec<Counters>,
    /// Requests that wait for an app that cannot be reached.
    pub(crate) held: AtomicUsize,
    /// Requests that the app is busy with.
    pub(crate) in_flight: InFlight,
    pub(crate) client_rate: Option<ClientRate>,
    pub(crate) retries: RetryBudget,
    /// Idle connections to the app that a thread may keep.
    pub(crate) idle_per_thread: usize,
    pub(crate) log: AccessLog,
}

/// A proxy whose ports are bound.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    admin: TcpListener,
    address: SocketAddr,
    admin_address: SocketAddr,
}

/// Why a proxy could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A port cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system refuses a thread, a runtime or a socket operation.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

/// Lowers the number of client connections to what the process can serve. Gives how many idle ones a thread may keep.
fn fit_into_descriptors(config: &mut Config) -> usize {
    let limit = descriptors::raise();
    let shares = descriptors::divide(limit, config.threads, SPARE_CONNECTIONS);
    let wanted = config.bounds.connections;
    if shares.clients < wanted {
        config.bounds.connections = shares.clients;
        tracing::warn!(
            descriptors = limit,
            "PROXY_MAX_CONNECTIONS={wanted} does not fit into {limit} file descriptors, {} connections do; hint: raise the \
             limit `nofile` of the container",
            shares.clients
        );
    }
    shares.idle_per_thread
}

fn refused(what: &'static str) -> impl Fn(io::Error) -> ServerError {
    move |source| ServerError::System { what, source }
}

impl Server {
    /// Binds the ports. Nothing is answered before [`Server::run`].
    ///
    /// # Errors
    ///
    /// When a port cannot be had.
    pub fn bind(mut config: Config, lookup: Lookup, log: AccessLog) -> Result<Self, ServerError> {
        let listeners = listen::bind("PROXY_LISTEN", config.listen, config.threads)?;
        let mut admin = listen::bind("PROXY_ADMIN_LISTEN", config.admin_listen, 1)?;
        let admin = admin.remove(0);
        let address = listeners[0]
            .local_addr()
            .map_err(refused("the address of a listener"))?;
        let admin_address = admin.local_addr().map_err(refused("the address of a listener"))?;
        let idle_per_thread = fit_into_descriptors(&mut config);
        let shared = Arc::new(Shared {
            idle_per_thread,
            phase: watch::Sender::new(Phase::Serving),
            readiness: Readiness::default(),
            target: Target::new(config.upstream.clone(), lookup),
            counters: (0..config.threads).map(|_| Counters::default()).collect(),
            held: AtomicUsize::new(0),
            in_flight: InFlight::new(config.bounds.in_flight, config.bounds.queued, QUEUE_PATIENCE),
            client_rate: config
                .bounds
                .client_rate
                .map(|rate| ClientRate::new(rate, CLIENT_WINDOW)),
            retries: RetryBudget::new(RetryPlan::default(), Instant::now()),
            log,
            port: address.port(),
            config,
        });
        Ok(Self {
            shared,
            listeners,
            admin,
            address,
            admin_address,
        })
    }

    /// Where traffic is accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin endpoints are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Serves until a wish to stop has been fulfilled.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or a runtime.
    pub fn run(self, wishes: StopWishes) -> Result<(), ServerError> {
        let Self {
            shared,
            listeners,
            admin,
            address,
            admin_address,
        } = self;
        let control = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(refused("a runtime"))?;
        let (left, mut all_left) = mpsc::channel::<()>(1);
        for (index, listener) in listeners.into_iter().enumerate() {
            let (shared, left) = (Arc::clone(&shared), left.clone());
            let serve = move || {
                worker::run(index, &shared, listener);
                drop(left);
            };
            thread::Builder::new()
                .name(format!("serve-{index}"))
                .spawn(serve)
                .map_err(refused("a thread"))?;
        }
        drop(left);
        tracing::info!(
            address = %address,
            admin = %admin_address,
            upstream = %shared.config.upstream,
            threads = shared.config.threads,
            version = env!("CARGO_PKG_VERSION"),
            "listening"
        );
        control.block_on(async {
            tokio::spawn(crate::upstream::keep_resolved(Arc::clone(&shared)));
            tokio::spawn(crate::readiness::watch_app(Arc::clone(&shared)));
            tokio::spawn(crate::admin::serve(Arc::clone(&shared), admin));
            conduct::until_stopped(&shared, wishes, &mut all_left).await;
        });
        shared.log.finish();
        // A lookup that hangs in the system must not keep the process.
        control.shutdown_background();
        Ok(())
    }
}
