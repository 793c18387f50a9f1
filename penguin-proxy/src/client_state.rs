//! State of one client connection, or of one HTTP/2 stream: phase, time limits, upload, close reason.
//!
//! Plain cells for one thread, no lock. The socket, the gateway and the bodies write it; the sweep reads it and may
//! close the connection.

mod close_reason;
mod response_deadline;
mod takeover;
mod upload;

use std::cell::{Cell, RefCell, RefMut};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::Instant;

pub(crate) use self::close_reason::CloseReason;
use self::response_deadline::ResponseDeadline;
pub(crate) use self::takeover::Takeover;
use self::upload::Upload;
pub(crate) use self::upload::UploadState;
use crate::reject_reason::RejectReason;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No byte of a request has come yet.
    Idle,
    /// Part of a request head has come.
    Head,
    /// A request is being answered. Its [`Upload`] tells whether its body has come.
    Answering,
    /// Bytes flow both ways and are not interpreted.
    Tunnel,
    /// Streams of an HTTP/2 connection are open, each in a phase of its own.
    Streams,
}

/// One client connection, as its parts see it; or one stream of an HTTP/2 connection, which is to its parts a
/// connection of a single request.
#[derive(Debug)]
pub(crate) struct ClientState {
    id: u64,
    peer: SocketAddr,
    /// The HTTP/2 connection that this is a stream of.
    parent: Option<Rc<Self>>,
    /// What the client speaks is HTTP/2.
    http2: Cell<bool>,
    /// The client left before its response was complete.
    abandoned: Cell<bool>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    /// The client closed its sending side while its request was being answered; or when it last took bytes after that.
    half_closed: Cell<Option<Instant>>,
    /// The client takes no bytes since then.
    write_blocked: Cell<Option<Instant>>,
    response_deadline: ResponseDeadline,
    upload: Upload,
    /// A head that was refused before hyper saw it.
    refused_head: Cell<Option<RejectReason>>,
    reset: Cell<bool>,
    /// The client sends no request after the last one.
    client_closes: Cell<bool>,
    /// The last request is OPTIONS for the server as a whole in absolute form, which the parser does not tell.
    server_wide: Cell<bool>,
    /// It came when there were as many as are served.
    surplus: Cell<bool>,
    /// Nothing is held for the connection but its socket. Since when it had been idle by then.
    pub(crate) hibernated: Cell<Option<Instant>>,
    /// It has been idle for a while and is to hibernate.
    hibernation_due: Cell<bool>,
    close_reason: Cell<Option<CloseReason>>,
    waker: RefCell<Option<Waker>>,
    takeover: RefCell<Option<Takeover>>,
    /// Trailers that the socket writes, because hyper writes only announced ones.
    trailers: RefCell<Vec<u8>>,
}

impl ClientState {
    pub(crate) fn new(id: u64, peer: SocketAddr) -> Self {
        Self {
            id,
            peer,
            parent: None,
            http2: Cell::new(false),
            abandoned: Cell::new(false),
            phase: Cell::new(Phase::Idle),
            since: Cell::new(Instant::now()),
            half_closed: Cell::new(None),
            write_blocked: Cell::new(None),
            response_deadline: ResponseDeadline::default(),
            upload: Upload::default(),
            refused_head: Cell::new(None),
            reset: Cell::new(false),
            client_closes: Cell::new(false),
            server_wide: Cell::new(false),
            surplus: Cell::new(false),
            hibernated: Cell::new(None),
            hibernation_due: Cell::new(false),
            close_reason: Cell::new(None),
            waker: RefCell::new(None),
            takeover: RefCell::new(None),
            trailers: RefCell::default(),
        }
    }

    /// One stream of an HTTP/2 connection.
    pub(crate) fn stream_of(parent: &Rc<Self>, id: u64) -> Self {
        Self {
            parent: Some(Rc::clone(parent)),
            ..Self::new(id, parent.peer)
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Since when the connection has been in its phase.
    pub(crate) fn since(&self) -> Instant {
        self.since.get()
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    pub(crate) fn upload(&self) -> &Upload {
        &self.upload
    }

    /// Time limit of the app's response.
    pub(crate) fn response_deadline(&self) -> &ResponseDeadline {
        &self.response_deadline
    }

    /// Bytes of a request are being looked at.
    pub(crate) fn bytes_received(&self) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Whether a request has been handed over whose response hyper does not have completely.
    pub(crate) fn is_answering(&self) -> bool {
        self.phase.get() == Phase::Answering
    }

    /// A head is complete: from here on the gateway answers.
    pub(crate) fn request_began(&self, has_body: bool) {
        self.upload.began(has_body);
        self.response_deadline.reset();
        self.phase.set(Phase::Answering);
    }

    /// Notes whether the client sends no further request: it announced so, or closed its sending side.
    pub(crate) fn set_client_closes(&self, closes: bool) {
        self.client_closes.set(closes);
    }

    /// Whether the client has sent all that it will ever send.
    pub(crate) fn client_has_sent_all(&self) -> bool {
        self.client_closes.get() && self.upload.state() == UploadState::Complete
    }

    /// Bytes of the request body came. The app has that much longer to begin its response. Returns their total.
    pub(crate) fn upload_received(&self, bytes: u64) -> u64 {
        self.response_deadline.extend();
        self.upload.received(bytes)
    }

    /// The response's last byte has been handed to hyper.
    pub(crate) fn response_ended(&self) {
        self.response_deadline.clear();
        if self.is_answering() {
            self.enter(Phase::Idle);
        }
    }

    /// The client sent FIN behind its request.
    pub(crate) fn sending_side_closed(&self) {
        self.half_closed.set(Some(Instant::now()));
    }

    /// Since when a half-closed client has been waiting, for the response or for more of it.
    pub(crate) fn half_closed(&self) -> Option<Instant> {
        self.half_closed.get().filter(|_| self.is_answering())
    }

    /// The socket took bytes, or takes none for now.
    pub(crate) fn write_went(&self, on: bool) {
        if on {
            self.write_blocked.set(None);
            if self.half_closed.get().is_some() {
                self.half_closed.set(Some(Instant::now()));
            }
        } else if self.write_blocked.get().is_none() {
            self.write_blocked.set(Some(Instant::now()));
        }
    }

    /// Since when the client takes no bytes.
    pub(crate) fn write_blocked(&self) -> Option<Instant> {
        self.write_blocked.get()
    }

    /// Bytes that are no request: hyper has not seen and will not see them.
    pub(crate) fn refuse_head(&self, refusal: RejectReason) {
        self.refused_head.set(Some(refusal));
    }

    pub(crate) fn refused_head(&self) -> Option<RejectReason> {
        self.refused_head.get()
    }

    pub(super) fn set_server_wide(&self, server_wide: bool) {
        self.server_wide.set(server_wide);
    }

    /// Whether the last request is OPTIONS for the server as a whole in absolute form.
    pub(crate) fn is_server_wide(&self) -> bool {
        self.server_wide.get()
    }

    /// The connection must not look as if its last response were complete.
    pub(crate) fn must_reset(&self) {
        self.reset.set(true);
    }

    pub(crate) fn is_to_be_reset(&self) -> bool {
        self.reset.get()
    }

    /// Whether it came when there were as many connections as are served.
    pub(crate) fn is_surplus(&self) -> bool {
        self.parent
            .as_ref()
            .map_or(&self.surplus, |parent| &parent.surplus)
            .get()
    }

    pub(crate) fn set_surplus(&self, surplus: bool) {
        self.surplus.set(surplus);
    }

    /// The connection has been idle for a while: true when it newly is to hibernate.
    pub(crate) fn request_hibernation(&self) -> bool {
        let newly = self.hibernated.get().is_none() && !self.http2.get();
        self.hibernation_due.set(newly);
        newly
    }

    /// Whether all that hyper holds can be let go: the connection has been idle or is one of a crowd, still is idle, and
    /// its last response has left.
    pub(crate) fn may_hibernate(&self, crowded: bool) -> bool {
        (self.hibernation_due.replace(false) || crowded)
            && self.phase.get() == Phase::Idle
            && !self.http2.get()
            && self.write_blocked.get().is_none()
    }

    /// Ends the connection at its next turn.
    pub(crate) fn close(&self, reason: CloseReason) {
        if self.close_reason.get().is_none() {
            self.close_reason.set(Some(reason));
        }
        self.wake();
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.close_reason.get()
    }

    /// Why it ended, or the HTTP/2 connection that it was a stream of.
    pub(crate) fn own_or_parent_close_reason(&self) -> Option<CloseReason> {
        let parent = || self.parent.as_ref().and_then(|parent| parent.close_reason.get());
        self.close_reason.get().or_else(parent)
    }

    /// The client's first bytes were those of HTTP/2.
    pub(crate) fn speak_http2(&self) {
        self.http2.set(true);
        self.enter(Phase::Idle);
    }

    pub(crate) fn speaks_http2(&self) -> bool {
        self.http2.get()
    }

    /// Whether this is one stream of several on a connection.
    pub(crate) fn is_stream(&self) -> bool {
        self.parent.is_some()
    }

    /// Streams are open now, or none is left.
    pub(crate) fn has_streams(&self, some: bool) {
        self.enter(if some { Phase::Streams } else { Phase::Idle });
    }

    /// The client left before its response was complete.
    pub(crate) fn abandon(&self) {
        self.abandoned.set(true);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }

    /// Wakes the connection's task.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Remembers whom to wake.
    pub(crate) fn wake_me(&self, waker: &Waker) {
        let mut slot = self.waker.borrow_mut();
        if !slot.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    /// The trailers of the response and the empty line behind them, for the socket to write.
    pub(crate) fn trailers(&self) -> RefMut<'_, Vec<u8>> {
        self.trailers.borrow_mut()
    }

    /// Sets what continues with the socket when hyper has let go of it.
    pub(crate) fn set_takeover(&self, takeover: Takeover) {
        *self.takeover.borrow_mut() = Some(takeover);
    }

    pub(crate) fn take_takeover(&self) -> Option<Takeover> {
        let takeover = self.takeover.borrow_mut().take();
        if takeover.is_some() {
            self.enter(Phase::Tunnel);
        }
        takeover
    }

    /// Bytes pass through the tunnel.
    pub(crate) fn tunnel_carries(&self) {
        self.enter(Phase::Tunnel);
    }
}

#[cfg(test)]
mod tests;
