//! The streams of one HTTP/2 connection: each a task that can be cut, and to the rest of the proxy a connection of one
//! request.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::Request;
use hyper::body::Incoming;
use hyper::service::Service;

use super::resets::Resets;
use crate::connection::phases::Connection;
use crate::gateway::Gateway;
use crate::server::Worker;

/// What the streams of a connection have in common.
#[derive(Debug)]
pub(super) struct Streams {
    worker: Rc<Worker>,
    trunk: Rc<Connection>,
    open: Cell<usize>,
    /// The stream whose request hyper has just handed over, until it hands over the task that answers it.
    newest: RefCell<Option<Listed>>,
    resets: Cell<Resets>,
    abused: Cell<bool>,
}

impl Streams {
    pub(super) fn new(worker: &Rc<Worker>, trunk: &Rc<Connection>) -> Rc<Self> {
        Rc::new(Self {
            worker: Rc::clone(worker),
            trunk: Rc::clone(trunk),
            open: Cell::new(0),
            newest: RefCell::default(),
            resets: Cell::new(Resets::new(Instant::now())),
            abused: Cell::new(false),
        })
    }

    pub(super) fn none_open(&self) -> bool {
        self.open.get() == 0
    }

    /// Whether the client has cancelled more requests than anybody does who wants answers.
    pub(super) fn are_abused(&self) -> bool {
        self.abused.get()
    }

    /// Takes requests.
    pub(super) fn service(self: &Rc<Self>) -> StreamService {
        StreamService(Rc::clone(self))
    }

    /// Runs what answers them.
    pub(super) fn executor(self: &Rc<Self>) -> StreamExecutor {
        StreamExecutor(Rc::clone(self))
    }
}

/// A stream on the list of connections. It leaves the list however its task ends, a panic included.
#[derive(Debug)]
struct Listed {
    streams: Rc<Streams>,
    stream: Rc<Connection>,
}

impl Listed {
    fn new(streams: &Rc<Streams>) -> Self {
        let stream = streams.worker.connections.add_stream(&streams.trunk);
        let open = streams.open.get();
        streams.open.set(open + 1);
        if open == 0 {
            streams.trunk.has_streams(true);
        }
        Self {
            streams: Rc::clone(streams),
            stream,
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let Self { streams, stream } = self;
        let open = streams.open.get() - 1;
        streams.open.set(open);
        if open == 0 {
            streams.trunk.has_streams(false);
        }
        let mut resets = streams.resets.get();
        if !stream.is_abandoned() {
            resets.completed();
        } else if !resets.cancelled(Instant::now()) {
            streams.abused.set(true);
            streams.trunk.wake();
        }
        streams.resets.set(resets);
        streams.worker.connections.remove(stream);
    }
}

/// Hands each request to the gateway, as that of a connection of its own.
#[derive(Debug)]
pub(super) struct StreamService(Rc<Streams>);

impl Service<Request<Incoming>> for StreamService {
    type Response = <Gateway as Service<Request<Incoming>>>::Response;
    type Error = <Gateway as Service<Request<Incoming>>>::Error;
    type Future = <Gateway as Service<Request<Incoming>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let listed = Listed::new(&self.0);
        let gateway = Gateway::new(Rc::clone(&self.0.worker), Rc::clone(&listed.stream));
        *self.0.newest.borrow_mut() = Some(listed);
        gateway.call(request)
    }
}

/// hyper calls it directly after the service, with the task that the service's answer belongs to.
#[derive(Clone, Debug)]
pub(super) struct StreamExecutor(Rc<Streams>);

impl<F: Future + 'static> hyper::rt::Executor<F> for StreamExecutor {
    fn execute(&self, answering: F) {
        // Other tasks would belong to CONNECT, which is refused.
        if let Some(listed) = self.0.newest.take() {
            tokio::task::spawn_local(answer(listed, answering));
        }
    }
}

/// Answers one request, unless the sweep cuts it: what is dropped here is reset on the wire.
async fn answer<F: Future>(listed: Listed, answering: F) {
    let mut answering = pin!(answering);
    poll_fn(|cx| {
        listed.stream.wake_me(cx.waker());
        if listed.stream.cut_reason().is_some() {
            return Poll::Ready(());
        }
        answering.as_mut().poll(cx).map(drop)
    })
    .await;
}
