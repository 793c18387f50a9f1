//! Pool of HTTP/2 connections to the app: usually one per thread, another when the app allows no more streams.

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

use super::replay_body::ReplayBody;
use super::socket::{SocketState, UpstreamSocket};
use crate::context::{Shared, Worker};
use crate::http2_filter::Flaw;
use crate::upstream::connect::{ConnectError, connect};
use crate::upstream::pending_connect::Addresses;

/// Streams on one connection, if the app does not want fewer.
const STREAMS: usize = 100;
/// Stands for what the app has not said yet. It says a number of 32 bits, or nothing, which is `usize::MAX` for h2.
const UNSAID: usize = usize::MAX - 1;
/// Streams that are reset before a connection gets no new ones: what h2 counts of a connection's stream errors must
/// not add up until the connection ends.
const RETIRED: usize = 1000;
const STREAM_ERRORS: usize = 10 * RETIRED;
/// How often an app that has been connected to is looked at until it speaks.
const LOOK: Duration = Duration::from_millis(1);
/// What the app may send ahead on one stream while its client takes nothing; and on all together, so much that
/// clients who take nothing never hold up the others.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
/// What one stream may have ready for an app that takes nothing.
const SEND_BUFFER: usize = 64 * 1024;
/// Largest head of a response, as in HTTP/1.1.
const HEADER_LIST: u32 = 64 * 1024;

/// One connection.
#[derive(Debug)]
pub(crate) struct H2Connection {
    pub(super) address: SocketAddr,
    sender: http2::SendRequest<ReplayBody>,
    streams: Cell<usize>,
    /// What the app takes at once, as far as it has said.
    most: Rc<Cell<usize>>,
    socket: Rc<SocketState>,
    idle_since: Cell<Instant>,
}

/// The right to one stream, given back when dropped.
#[derive(Debug)]
pub(crate) struct StreamPermit(Rc<H2Connection>);

impl StreamPermit {
    fn new(connection: &Rc<H2Connection>) -> Self {
        connection.streams.set(connection.streams.get() + 1);
        Self(Rc::clone(connection))
    }

    pub(super) fn connection(&self) -> &H2Connection {
        &self.0
    }

    /// What was wrong with the latest malformed message on its connection, if nobody has asked before.
    pub(super) fn take_flaw(&self) -> Option<Flaw> {
        self.0.socket.take_flaw()
    }

    /// Sends a request. Dropping the future resets the stream.
    pub(super) fn send(
        &self,
        request: Request<ReplayBody>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        self.0.sender.clone().send_request(request)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
        self.0.idle_since.set(Instant::now());
    }
}

/// The shared connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct H2Pool {
    open: RefCell<Vec<Rc<H2Connection>>>,
    dialing: Cell<bool>,
    dialed: Notify,
    /// Why the last attempt to connect failed.
    failed: RefCell<Option<Rc<ConnectError>>>,
}

/// While it lives, others wait for the connection that is being opened.
struct Dialing<'a>(&'a H2Pool);

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        self.0.dialing.set(false);
        self.0.dialed.notify_waiters();
    }
}

impl H2Pool {
    /// A permit on an open connection, or on a new one; and whether it is new.
    pub(super) async fn permit(
        &self,
        worker: &Rc<Worker>,
        addresses: &mut Addresses,
    ) -> Result<(StreamPermit, bool), Rc<ConnectError>> {
        loop {
            if let Some(permit) = self.free(&worker.shared) {
                return Ok((permit, false));
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
            Ok(connection) => {
                let permit = StreamPermit::new(&connection);
                self.open.borrow_mut().push(connection);
                Ok((permit, true))
            }
            Err(error) => {
                let error = Rc::new(error);
                *self.failed.borrow_mut() = Some(Rc::clone(&error));
                Err(error)
            }
        }
    }

    /// A permit on a connection that is alive as far as one look tells, to an address that is still the app's.
    fn free(&self, shared: &Shared) -> Option<StreamPermit> {
        let open = self.open.borrow();
        let connection = open.iter().find(|connection| {
            !connection.sender.is_closed()
                && connection.socket.resets() < RETIRED
                && connection.streams.get() < connection.most.get().min(STREAMS)
                && shared.resolver.holds(connection.address)
        });
        connection.map(StreamPermit::new)
    }

    async fn dial(
        &self,
        worker: &Rc<Worker>,
        addresses: &mut Addresses,
    ) -> Result<Rc<H2Connection>, ConnectError> {
        let limit = worker.shared.config.timeouts.connect;
        let due = Instant::now() + limit;
        let (stream, address) = connect(addresses, limit).await?;
        let failed = |source| ConnectError::Failed { address, source };
        let (socket, state) = UpstreamSocket::new(stream);
        let (sender, mut connection) = http2::Builder::new(LocalTasks)
            .initial_max_send_streams(UNSAID)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(HEADER_LIST)
            .max_local_error_reset_streams(STREAM_ERRORS)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| failed(io::Error::other(error)))?;
        // What the app takes at once stands in its first frame. Streams beyond it would be refused.
        while connection.current_max_send_streams() == UNSAID {
            if poll_fn(|cx| Poll::Ready(Pin::new(&mut connection).poll(cx).is_ready())).await {
                return Err(failed(io::Error::other("the app does not speak HTTP/2")));
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
        Ok(Rc::new(H2Connection {
            address,
            sender,
            streams: Cell::new(0),
            most,
            socket: state,
            idle_since: Cell::new(Instant::now()),
        }))
    }

    /// Connections without a request.
    pub(crate) fn idle(&self) -> usize {
        let open = self.open.borrow();
        open.iter()
            .filter(|connection| connection.streams.get() == 0)
            .count()
    }

    /// Lets go of connections that are too old, have ended, or lead to an address that the app has left. Requests
    /// that are on their way on one of them keep it open.
    pub(crate) fn sweep(&self, now: Instant, shared: &Shared) {
        self.open.borrow_mut().retain(|connection| {
            let idle = now.saturating_duration_since(connection.idle_since.get());
            !connection.sender.is_closed()
                && shared.resolver.holds(connection.address)
                && (connection.streams.get() > 0 || idle < shared.config.timeouts.upstream_idle)
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
