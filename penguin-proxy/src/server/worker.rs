//! One serving thread: its runtime, its listener, and the gateway that handles its connections' requests.

use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use tokio::runtime::{Builder, LocalOptions};

use crate::client_state::ClientState;
use crate::connection::{self, Clients, Handler, Responding};
use crate::context::{Shared, Worker};
use crate::gateway::{self, Gateway, ResponseBody};
use crate::reject_reason::RejectReason;
use crate::upstream::Upstream;

/// Hands requests of client connections to the gateway.
pub(super) struct GatewayHandler {
    worker: Rc<Worker>,
    upstream: Rc<Upstream>,
}

impl Handler for GatewayHandler {
    type Body = ResponseBody;

    fn respond(&self, client: &Rc<ClientState>, request: Request<Incoming>) -> Responding<ResponseBody> {
        Gateway::new(&self.worker, &self.upstream, client).respond(request)
    }

    fn reject_before_parse(&self, client: &Rc<ClientState>, reason: RejectReason, seen: &[u8]) -> Vec<u8> {
        gateway::rejected_before_parse(&self.worker, client, reason, seen)
    }
}

/// Joins connections, gateway and upstream for one thread.
pub(super) fn clients(index: usize, shared: &Arc<Shared>) -> (Rc<Upstream>, Rc<Clients<GatewayHandler>>) {
    let worker = Worker::new(index, shared);
    let upstream = Upstream::new(&worker);
    let handler = GatewayHandler {
        worker: Rc::clone(&worker),
        upstream: Rc::clone(&upstream),
    };
    (upstream, Clients::new(worker, handler))
}

/// Serves until the drain is over for this thread.
pub(super) fn run(index: usize, shared: &Arc<Shared>, listener: TcpListener) {
    let runtime = match Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("creating a runtime failed: {error}");
            return;
        }
    };
    runtime.block_on(async move {
        let (upstream, clients) = clients(index, shared);
        let sweep = connection::sweep(Rc::clone(&clients), move |now| upstream.sweep(now));
        let sweeping = tokio::task::spawn_local(sweep);
        if let Err(error) = connection::accept(&clients, listener).await {
            tracing::error!("cannot accept connections any more: {error}");
        }
        clients.all_closed().await;
        sweeping.abort();
        clients.flush_log();
    });
}
