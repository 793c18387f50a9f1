//! One serving thread: its runtime, its listener, and what its connections share without a lock.

use std::cell::{Cell, RefCell};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::{Builder, LocalOptions};

use super::Shared;
use crate::access_log::Lines;
use crate::connection::{self, Connections};
use crate::drain::Phase;
use crate::metrics::Counters;
use crate::upstream::{Pool, Trunks};

/// What belongs to one serving thread.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    index: usize,
    pub(crate) connections: Connections,
    pub(crate) pool: Pool,
    pub(crate) trunks: Trunks,
    pub(crate) lines: RefCell<Lines>,
    /// A copy of the shared phase, refreshed by the sweep and the acceptor: no atomic on the request path.
    pub(crate) phase: Cell<Phase>,
}

impl Worker {
    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters[self.index]
    }

    /// Whether an answer must be the last one of its connection.
    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() >= Phase::Closing
    }
}

/// Serves until the drain is over for this thread.
pub(super) fn run(index: usize, shared: &Arc<Shared>, listener: TcpListener) {
    let runtime = match Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("the system refuses a runtime: {error}");
            return;
        }
    };
    runtime.block_on(async move {
        let worker = Rc::new(Worker {
            shared: Arc::clone(shared),
            index,
            connections: Connections::default(),
            pool: Pool::default(),
            trunks: Trunks::default(),
            lines: RefCell::new(shared.log.lines()),
            phase: Cell::new(Phase::Serving),
        });
        let sweeping = tokio::task::spawn_local(connection::sweep(Rc::clone(&worker)));
        if let Err(error) = connection::accept(&worker, listener).await {
            tracing::error!("cannot accept connections any more: {error}");
        }
        worker.connections.all_closed().await;
        sweeping.abort();
        worker.lines.borrow_mut().flush();
    });
}
