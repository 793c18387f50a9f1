//! Connections to the app: pools, exchanges, retries, health check.

mod conn;
mod connect;
mod exchange;
mod failure;
mod health_check;
pub mod http1;
mod http2;
mod idle_limit;
mod pending_connect;
mod pool;
mod probe;
mod response_body;
mod retry;
mod send;
mod usage;

use std::rc::Rc;
use std::time::Instant;

pub(crate) use self::exchange::Answered;
pub(crate) use self::failure::UpstreamFailure;
pub(crate) use self::health_check::watch_health;
use self::http2::H2Pool;
use self::pool::Pool;
pub(crate) use self::response_body::{IncompleteResponse, UpstreamBody};
pub(crate) use self::send::send;
use crate::context::Worker;

/// One thread's connections to the app.
#[derive(Debug)]
pub(crate) struct Upstream {
    worker: Rc<Worker>,
    pool: Pool,
    h2_pool: H2Pool,
}

impl Upstream {
    pub(crate) fn new(worker: &Rc<Worker>) -> Rc<Self> {
        Rc::new(Self {
            worker: Rc::clone(worker),
            pool: Pool::default(),
            h2_pool: H2Pool::default(),
        })
    }

    /// Closes connections that are too old, have ended, or lead to an address that the app has left. Returns how many
    /// idle ones remain.
    pub(crate) fn sweep(&self, now: Instant) -> usize {
        self.pool.sweep(now, &self.worker.shared);
        self.h2_pool.sweep(now, &self.worker.shared);
        let idle = self.pool.len() + self.h2_pool.idle();
        self.worker.counters().upstream_idle.set(idle as u64);
        idle
    }
}
