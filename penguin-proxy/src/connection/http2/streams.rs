//! Streams of one HTTP/2 connection: one task and one [`ClientState`] each.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;

use super::resets::{Resets, Standing};
use crate::client_state::ClientState;
use crate::connection::{Clients, Handler, Responding};

/// What the streams of a connection have in common.
pub(super) struct Streams<H> {
    clients: Rc<Clients<H>>,
    parent: Rc<ClientState>,
    open: Cell<usize>,
    /// The stream whose request hyper has just handed over, until it hands over the task that answers it.
    newest: RefCell<Option<Listed<H>>>,
    resets: Cell<Resets>,
    standing: Cell<Standing>,
}

impl<H> Streams<H> {
    pub(super) fn new(clients: &Rc<Clients<H>>, parent: &Rc<ClientState>) -> Rc<Self> {
        Rc::new(Self {
            clients: Rc::clone(clients),
            parent: Rc::clone(parent),
            open: Cell::new(0),
            newest: RefCell::new(None),
            resets: Cell::new(Resets::new(Instant::now())),
            standing: Cell::new(Standing::Good),
        })
    }

    pub(super) fn none_open(&self) -> bool {
        self.open.get() == 0
    }

    /// What the requests that the client cancelled mean for the connection.
    pub(super) fn standing(&self) -> Standing {
        self.standing.get()
    }

    /// Takes requests.
    pub(super) fn service(self: &Rc<Self>) -> StreamService<H> {
        StreamService(Rc::clone(self))
    }

    /// Runs what answers them.
    pub(super) fn executor(self: &Rc<Self>) -> StreamExecutor<H> {
        StreamExecutor(Rc::clone(self))
    }
}

/// A stream on the list of connections. It leaves the list however its task ends, a panic included.
struct Listed<H> {
    streams: Rc<Streams<H>>,
    stream: Rc<ClientState>,
}

impl<H> Listed<H> {
    fn new(streams: &Rc<Streams<H>>) -> Self {
        let stream = streams.clients.connections.add_stream(&streams.parent);
        let open = streams.open.get();
        streams.open.set(open + 1);
        if open == 0 {
            streams.parent.has_streams(true);
        }
        Self {
            streams: Rc::clone(streams),
            stream,
        }
    }
}

impl<H> Drop for Listed<H> {
    fn drop(&mut self) {
        let Self { streams, stream } = self;
        let open = streams.open.get() - 1;
        streams.open.set(open);
        if open == 0 {
            streams.parent.has_streams(false);
        }
        let mut resets = streams.resets.get();
        if stream.is_abandoned() {
            let standing = resets.cancelled(Instant::now());
            if standing > streams.standing.get() {
                streams.standing.set(standing);
                streams.parent.wake();
            }
        } else {
            resets.completed();
        }
        streams.resets.set(resets);
        streams.clients.connections.remove(stream);
    }
}

/// Hands each request to the handler, as that of a connection of its own.
pub(super) struct StreamService<H>(Rc<Streams<H>>);

impl<H: Handler> Service<Request<Incoming>> for StreamService<H> {
    type Response = Response<H::Body>;
    type Error = Infallible;
    type Future = Responding<H::Body>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let Self(streams) = self;
        let listed = Listed::new(streams);
        let stream = Rc::clone(&listed.stream);
        *streams.newest.borrow_mut() = Some(listed);
        streams.clients.handler.respond(&stream, request)
    }
}

/// hyper calls it directly after the service, with the task that the service's answer belongs to.
pub(super) struct StreamExecutor<H>(Rc<Streams<H>>);

impl<H> Clone for StreamExecutor<H> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<H: Handler, F: Future + 'static> hyper::rt::Executor<F> for StreamExecutor<H> {
    fn execute(&self, answering: F) {
        // Other tasks would belong to CONNECT, which is refused.
        if let Some(listed) = self.0.newest.take() {
            tokio::task::spawn_local(answer(listed, answering));
        }
    }
}

/// Answers one request, unless the sweep cuts it: what is dropped here is reset on the wire.
async fn answer<H, F: Future>(listed: Listed<H>, answering: F) {
    let mut answering = pin!(answering);
    poll_fn(|cx| {
        listed.stream.wake_me(cx.waker());
        if listed.stream.close_reason().is_some() {
            return Poll::Ready(());
        }
        answering.as_mut().poll(cx).map(drop)
    })
    .await;
}
