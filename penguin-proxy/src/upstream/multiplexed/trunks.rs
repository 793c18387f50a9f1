//! Connections that many requests share. Usually one per thread; another when the app takes no more streams on the first.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::reel::Playback;
use super::socket::TrunkSocket;
use crate::server::{Shared, Worker};
use crate::upstream::connect::{ConnectError, connect};
use crate::upstream::hold::Addresses;

/// Streams on one connection, if the app does not want fewer.
const STREAMS: usize = 100;
/// Stands for what the app has not said yet.
const UNSAID: usize = STREAMS + 1;
/// How often an app that has been connected to is looked at until it speaks.
const LOOK: Duration = Duration::from_millis(1);
/// What the app may send ahead on one stream while its client takes nothing; and on all together, so much that
/// clients who take nothing never hold up the others.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
/// What one stream may have ready for an app that takes nothing.
const SEND_BUFFER: usize = 64 * 1024;
/// Largest head of an answer, as in HTTP/1.1.
const HEADER_LIST: u32 = 64 * 1024;

/// One connection.
#[derive(Debug)]
pub(crate) struct Trunk {
    pub(super) address: SocketAddr,
    sender: http2::SendRequest<Playback>,
    streams: Cell<usize>,
    /// What the app takes at once, as far as it has said.
    most: Rc<Cell<usize>>,
    idle_since: Cell<Instant>,
}

/// The right to one stream, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Rc<Trunk>);

impl Place {
    fn new(trunk: &Rc<Trunk>) -> Self {
        trunk.streams.set(trunk.streams.get() + 1);
        Self(Rc::clone(trunk))
    }

    pub(super) fn trunk(&self) -> &Trunk {
        &self.0
    }

    /// Sends a request. Dropping the future resets the stream.
    pub(super) fn send(
        &self,
        request: Request<Playback>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        self.0.sender.clone().send_request(request)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
        self.0.idle_since.set(Instant::now());
    }
}

/// The shared connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    open: RefCell<Vec<Rc<Trunk>>>,
    dialing: Cell<bool>,
    dialed: Notify,
    /// Why the last attempt to connect failed.
    failed: RefCell<Option<Rc<ConnectError>>>,
}

/// While it lives, others wait for the connection that is being opened.
struct Dialing<'a>(&'a Trunks);

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        self.0.dialing.set(false);
        self.0.dialed.notify_waiters();
    }
}

impl Trunks {
    /// A place on an open connection, or on a new one; and whether it is new.
    pub(super) async fn place(
        &self,
        worker: &Rc<Worker>,
        addresses: &mut Addresses,
    ) -> Result<(Place, bool), Rc<ConnectError>> {
        loop {
            if let Some(place) = self.free(&worker.shared) {
                return Ok((place, false));
            }
            if !self.dialing.replace(true) {
                break;
            }
            self.dialed.notified().await;
            if let Some(failed) = self.failed.borrow().as_ref() {
                return Err(Rc::clone(failed));
            }
        }
        let _dialing = Dialing(self);
        *self.failed.borrow_mut() = None;
        match self.dial(worker, addresses).await {
            Ok(trunk) => {
                let place = Place::new(&trunk);
                self.open.borrow_mut().push(trunk);
                Ok((place, true))
            }
            Err(error) => {
                let error = Rc::new(error);
                *self.failed.borrow_mut() = Some(Rc::clone(&error));
                Err(error)
            }
        }
    }

    /// A place on a connection that is alive as far as one look tells, to an address that is still the app's.
    fn free(&self, shared: &Shared) -> Option<Place> {
        let open = self.open.borrow();
        let trunk = open.iter().find(|trunk| {
            !trunk.sender.is_closed()
                && trunk.streams.get() < trunk.most.get().min(STREAMS)
                && shared.target.holds(trunk.address)
        });
        trunk.map(Place::new)
    }

    async fn dial(&self, worker: &Rc<Worker>, addresses: &mut Addresses) -> Result<Rc<Trunk>, ConnectError> {
        let limit = worker.shared.config.timeouts.connect;
        let due = Instant::now() + limit;
        let (stream, address) = connect(addresses, limit).await?;
        let failed = |source| ConnectError::Failed { address, source };
        let (sender, mut connection) = http2::Builder::new(LocalTasks)
            .initial_max_send_streams(UNSAID)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(HEADER_LIST)
            .handshake(TokioIo::new(TrunkSocket::new(stream)))
            .await
            .map_err(|error| failed(io::Error::other(error)))?;
        // What the app takes at once stands in its first frame. Streams beyond it would be refused.
        while connection.current_max_send_streams() == UNSAID {
            if poll_fn(|cx| Poll::Ready(Pin::new(&mut connection).poll(cx).is_ready())).await {
                return Err(failed(io::Error::other("it does not speak HTTP/2")));
            }
            if Instant::now() >= due {
                return Err(ConnectError::TimedOut { address, limit });
            }
            sleep(LOOK).await;
        }
        worker.counters().upstream_opened.add(1);
        let most = Rc::new(Cell::new(connection.current_max_send_streams()));
        let told = Rc::clone(&most);
        tokio::task::spawn_local(async move {
            let ended = poll_fn(|cx| {
                told.set(connection.current_max_send_streams());
                Pin::new(&mut connection).poll(cx)
            });
            if let Err(error) = ended.await {
                tracing::debug!("the connection to {address} ended: {error}");
            }
        });
        Ok(Rc::new(Trunk {
            address,
            sender,
            streams: Cell::new(0),
            most,
            idle_since: Cell::new(Instant::now()),
        }))
    }

    /// Connections without a request.
    pub(crate) fn idle(&self) -> usize {
        let open = self.open.borrow();
        open.iter().filter(|trunk| trunk.streams.get() == 0).count()
    }

    /// Lets go of connections that are too old, have ended, or lead to an address that the app has left. Requests
    /// that are on their way on one of them keep it open.
    pub(crate) fn sweep(&self, now: Instant, shared: &Shared) {
        self.open.borrow_mut().retain(|trunk| {
            let idle = now.saturating_duration_since(trunk.idle_since.get());
            !trunk.sender.is_closed()
                && shared.target.holds(trunk.address)
                && (trunk.streams.get() > 0 || idle < shared.config.timeouts.upstream_idle)
        });
    }
}

/// Runs hyper's tasks on the thread of the connection.
#[derive(Clone, Copy, Debug)]
struct LocalTasks;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalTasks {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(async move {
            task.await;
        });
    }
}
