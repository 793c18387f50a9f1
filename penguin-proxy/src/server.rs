//! Life of the process: binds the ports, starts the threads, shuts down. Joins connections and gateway.
//!
//! Each serving thread has its own runtime and listener; connections never change threads, so nothing on the request
//! path takes a lock. The thread that calls [`Server::run`] resolves names, checks the app's health, answers the admin
//! port and runs the shutdown.

mod descriptors;
mod listen;
mod metrics_log;
mod shutdown;
pub mod signals;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::SystemTime;
use std::{io, thread};

use tokio::runtime::Builder;
use tokio::sync::mpsc;

pub use self::listen::ListenError;
use self::metrics_log::MetricsLog;
use self::signals::ShutdownSignals;
use crate::access_log::AccessLog;
use crate::config::Config;
use crate::connection::SPARE_CONNECTIONS;
use crate::context::Shared;
use crate::resolver::Lookup;

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
    #[error("{what} failed: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

/// Lowers the number of client connections to what the process can serve. Returns how many idle ones a thread may keep.
fn fit_into_descriptors(config: &mut Config) -> usize {
    let limit = descriptors::raise();
    let shares = descriptors::divide(limit, config.threads, SPARE_CONNECTIONS);
    let wanted = config.bounds.connections;
    if shares.clients < wanted {
        config.bounds.connections = shares.clients;
        if config.bounds.connections_required {
            tracing::warn!(
                descriptors = limit,
                "PROXY_MAX_CONNECTIONS={wanted} does not fit into {limit} file descriptors, {} connections do; hint: raise \
                 the limit `nofile` of the container",
                shares.clients
            );
        } else {
            tracing::info!(
                descriptors = limit,
                connections = shares.clients,
                "client connections are limited by file descriptors"
            );
        }
    }
    shares.idle_per_thread
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> ServerError {
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
            .map_err(failed("reading a listener's address"))?;
        let admin_address = admin
            .local_addr()
            .map_err(failed("reading a listener's address"))?;
        let idle_per_thread = fit_into_descriptors(&mut config);
        let shared = Shared::new(config, address.port(), idle_per_thread, lookup, log);
        Ok(Self {
            shared,
            listeners,
            admin,
            address,
            admin_address,
        })
    }

    /// What a serving thread has, for tests that are one.
    #[cfg(test)]
    pub(crate) fn clients(
        &self,
    ) -> std::rc::Rc<crate::connection::Clients<impl crate::connection::Handler + use<>>> {
        worker::clients(0, &self.shared).1
    }

    /// Where traffic is accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin endpoints are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// Serves until the first signal and the drain that follows it, or the second signal.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread or a runtime.
    pub fn run(self, signals: ShutdownSignals) -> Result<(), ServerError> {
        let control = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed("creating a runtime"))?;
        let mut threads = start_threads(&self.shared, self.listeners)?;
        let shared = self.shared;
        tracing::info!(
            address = %self.address,
            admin = %self.admin_address,
            upstream = %shared.config.upstream,
            threads = shared.config.threads,
            version = env!("CARGO_PKG_VERSION"),
            "listening"
        );
        let mut metrics = MetricsLog::new(&shared);
        let log_deadline = control.block_on(async {
            let resolving = Arc::clone(&shared);
            tokio::spawn(async move { resolving.resolver.run().await });
            tokio::spawn(crate::upstream::watch_health(Arc::clone(&shared)));
            tokio::spawn(crate::admin::serve(Arc::clone(&shared), self.admin));
            tokio::select! {
                deadline = shutdown::until_stopped(&shared, signals, &mut threads) => deadline,
                never = metrics.run(SystemTime::now) => match never {},
            }
        });
        metrics.write(SystemTime::now());
        shared.log.finish(log_deadline);
        // A lookup that hangs in the system must not keep the process.
        control.shutdown_background();
        Ok(())
    }
}

/// Starts one thread per listener. The channel closes once all threads have finished; nothing is ever sent on it.
fn start_threads(
    shared: &Arc<Shared>,
    listeners: Vec<TcpListener>,
) -> Result<mpsc::Receiver<()>, ServerError> {
    let (running, threads) = mpsc::channel(1);
    for (index, listener) in listeners.into_iter().enumerate() {
        let (shared, running) = (Arc::clone(shared), running.clone());
        let serve = move || {
            worker::run(index, &shared, listener);
            drop(running);
        };
        thread::Builder::new()
            .name(format!("serve-{index}"))
            .spawn(serve)
            .map_err(failed("starting a thread"))?;
    }
    Ok(threads)
}
