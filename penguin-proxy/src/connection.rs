//! Client connection from accept to close.
//!
//! hyper parses HTTP. This module owns the socket, tracks the phase of the connection, enforces time limits and closes
//! in order. The handler that it is given answers the requests.

mod accept;
mod close;
mod handler;
mod http2;
mod list;
mod preface;
mod reading;
mod serve;
mod socket;
mod timeouts;

use std::rc::Rc;

pub(crate) use self::accept::{SPARE_CONNECTIONS, accept};
pub(crate) use self::handler::{Handler, Responding};
use self::list::Connections;
use self::socket::ClientSocket;
pub(crate) use self::timeouts::sweep;
use crate::context::Worker;

/// One thread's client connections, and what handles their requests.
pub(crate) struct Clients<H> {
    worker: Rc<Worker>,
    connections: Connections,
    handler: H,
}

impl<H> Clients<H> {
    pub(crate) fn new(worker: Rc<Worker>, handler: H) -> Rc<Self> {
        Rc::new(Self {
            worker,
            connections: Connections::default(),
            handler,
        })
    }

    /// Ready when no connection is open.
    pub(crate) async fn all_closed(&self) {
        self.connections.all_closed().await;
    }

    /// Hands the access log's lines so far to its writer.
    pub(crate) fn flush_log(&self) {
        self.worker.log.flush();
    }
}
