//! In which phase a connection is, since when, and what made it end. Plain cells: one thread, no lock.
//!
//! The socket, the gateway and the bodies tell a [`Connection`] what happens; the sweep reads it and may cut.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::close::Cut;
use super::upload::{Upload, UploadEnd};
use crate::request_rules::Refusal;
use crate::upgrade::Tunnel;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No byte of a request has come yet.
    Idle,
    /// Part of a request's head has come.
    Head,
    /// A request is being answered, its body still on its way in.
    Uploading,
    /// A request is being answered and has come completely.
    Answering,
    /// Bytes flow both ways and are nobody's business.
    Tunnel,
    /// Streams of an HTTP/2 connection are open, each in a phase of its own.
    Streams,
}

/// One client connection, as its parts see it; or one stream of an HTTP/2 connection, which is to its parts a
/// connection of a single request.
#[derive(Debug)]
pub(crate) struct Connection {
    id: u64,
    peer: SocketAddr,
    /// The HTTP/2 connection that this is a stream of.
    trunk: Option<Rc<Self>>,
    /// What the client speaks is HTTP/2.
    http2: Cell<bool>,
    /// The client left before its answer was complete.
    abandoned: Cell<bool>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    /// Bytes came while a request was being answered: the next head has begun.
    read_ahead: Cell<bool>,
    /// The socket holds back a head that has not ended: it may have come together with the request before it.
    half_head: Cell<bool>,
    /// The client closed its sending side while its request was being answered.
    half_closed: Cell<Option<Instant>>,
    /// The client takes no bytes since then.
    write_blocked: Cell<Option<Instant>>,
    /// When the app must have begun to answer.
    answer_due: Cell<Option<Instant>>,
    answer_overdue: Cell<bool>,
    answered: Cell<bool>,
    answer_within: Cell<Duration>,
    upload: Upload,
    /// A head that was refused before hyper saw it.
    refused_head: Cell<Option<Refusal>>,
    reset: Cell<bool>,
    /// The request asks for another protocol: what follows it may be no HTTP.
    upgrading: Cell<bool>,
    /// It came when there were as many as are served.
    surplus: Cell<bool>,
    /// Nothing is held for the connection but its socket.
    pub(super) resting: Cell<bool>,
    /// It has been idle for a while and better rested.
    rest_due: Cell<bool>,
    cut: Cell<Option<Cut>>,
    waker: RefCell<Option<Waker>>,
    tunnel: RefCell<Option<Box<Tunnel>>>,
}

impl Connection {
    pub(crate) fn new(id: u64, peer: SocketAddr) -> Self {
        Self {
            id,
            peer,
            trunk: None,
            http2: Cell::new(false),
            abandoned: Cell::new(false),
            phase: Cell::new(Phase::Idle),
            since: Cell::new(Instant::now()),
            read_ahead: Cell::new(false),
            half_head: Cell::new(false),
            half_closed: Cell::new(None),
            write_blocked: Cell::new(None),
            answer_due: Cell::new(None),
            answer_overdue: Cell::new(false),
            answered: Cell::new(false),
            answer_within: Cell::new(Duration::ZERO),
            upload: Upload::default(),
            refused_head: Cell::new(None),
            reset: Cell::new(false),
            upgrading: Cell::new(false),
            surplus: Cell::new(false),
            resting: Cell::new(false),
            rest_due: Cell::new(false),
            cut: Cell::new(None),
            waker: RefCell::new(None),
            tunnel: RefCell::new(None),
        }
    }

    /// One stream of an HTTP/2 connection.
    pub(super) fn stream_of(trunk: &Rc<Self>, id: u64) -> Self {
        Self {
            trunk: Some(Rc::clone(trunk)),
            ..Self::new(id, trunk.peer)
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

    /// The socket delivered bytes.
    pub(crate) fn bytes_came(&self) {
        match self.phase.get() {
            Phase::Idle => self.enter(Phase::Head),
            Phase::Answering => self.read_ahead.set(true),
            Phase::Head | Phase::Uploading | Phase::Tunnel | Phase::Streams => {}
        }
    }

    /// Whether part of a head waits for its end.
    pub(crate) fn holds_half_a_head(&self, holds: bool) {
        self.half_head.set(holds);
    }

    /// A head is complete: from here on the gateway answers.
    pub(crate) fn request_began(&self, has_body: bool) {
        self.upload.began(has_body);
        self.answer_overdue.set(false);
        self.answered.set(false);
        self.read_ahead.set(false);
        self.phase.set(if has_body {
            Phase::Uploading
        } else {
            Phase::Answering
        });
    }

    /// Bytes of the request's body came; gives their total. The app has that much longer to begin its answer.
    pub(crate) fn upload_moved(&self, bytes: u64) -> u64 {
        if self.answer_due.get().is_some() {
            self.answer_due
                .set(Some(Instant::now() + self.answer_within.get()));
        }
        self.upload.fed(bytes)
    }

    /// The request's body has come completely, or will never do so. The first word counts.
    pub(crate) fn upload_ended(&self, end: UploadEnd) {
        self.upload.ended(end);
        if end == UploadEnd::Complete && self.phase.get() == Phase::Uploading {
            self.phase.set(Phase::Answering);
        }
    }

    pub(crate) fn upload_end(&self) -> UploadEnd {
        self.upload.end()
    }

    /// Bytes of the present request's body so far.
    pub(crate) fn upload_bytes(&self) -> u64 {
        self.upload.bytes()
    }

    /// The answer's last byte has been handed to hyper.
    pub(crate) fn answer_ended(&self) {
        self.answer_due.set(None);
        self.upgrading.set(false);
        let next_began = self.read_ahead.replace(false) || self.half_head.get();
        match self.phase.get() {
            Phase::Answering | Phase::Uploading if next_began => self.enter(Phase::Head),
            Phase::Answering | Phase::Uploading => self.enter(Phase::Idle),
            Phase::Idle | Phase::Head | Phase::Tunnel | Phase::Streams => {}
        }
    }

    /// The client sent FIN. True when that may be kept from hyper because a complete request is being answered.
    pub(crate) fn sending_side_closed(&self) -> bool {
        let answering = self.phase.get() == Phase::Answering;
        if answering && self.half_closed.get().is_none() {
            self.half_closed.set(Some(Instant::now()));
        }
        answering
    }

    /// Since when a half-closed client waits.
    pub(crate) fn half_closed(&self) -> Option<Instant> {
        self.half_closed
            .get()
            .filter(|_| self.phase.get() == Phase::Answering)
    }

    /// The socket took bytes, or takes none for now.
    pub(crate) fn write_went(&self, on: bool) {
        if on {
            self.write_blocked.set(None);
        } else if self.write_blocked.get().is_none() {
            self.write_blocked.set(Some(Instant::now()));
        }
    }

    /// Since when the client takes no bytes.
    pub(crate) fn write_blocked(&self) -> Option<Instant> {
        self.write_blocked.get()
    }

    /// The app must begin to answer within this, counted from now or from the last byte of the request's body.
    pub(crate) fn expect_answer(&self, within: Duration) {
        self.answer_within.set(within);
        self.answer_due.set(Some(Instant::now() + within));
    }

    /// The wait for the app's answer is over.
    pub(crate) fn answer_came(&self) {
        self.answer_due.set(None);
        self.answered.set(true);
    }

    /// Whether the wait for the app's answer is over.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.get()
    }

    /// Bytes that are no request: hyper has not seen and will not see them.
    pub(crate) fn refuse_head(&self, refusal: Refusal) {
        self.refused_head.set(Some(refusal));
    }

    pub(crate) fn refused_head(&self) -> Option<Refusal> {
        self.refused_head.get()
    }

    /// Whether the request that is being answered asks for another protocol.
    pub(crate) fn is_upgrading(&self) -> bool {
        self.upgrading.get()
    }

    pub(crate) fn set_upgrading(&self, upgrading: bool) {
        self.upgrading.set(upgrading);
    }

    /// The connection must not look as if its last answer were complete.
    pub(crate) fn must_reset(&self) {
        self.reset.set(true);
    }

    pub(crate) fn is_to_be_reset(&self) -> bool {
        self.reset.get()
    }

    /// Whether the first byte of the answer did not come in time.
    pub(crate) fn is_answer_overdue(&self) -> bool {
        self.answer_overdue.get()
    }

    /// Marks the wait as too long. True when it newly is.
    pub(crate) fn check_answer_due(&self, now: Instant) -> bool {
        if self.answer_due.get().is_some_and(|due| due <= now) {
            self.answer_due.set(None);
            self.answer_overdue.set(true);
            return true;
        }
        false
    }

    /// Whether it came when there were as many connections as are served.
    pub(crate) fn is_surplus(&self) -> bool {
        self.trunk
            .as_ref()
            .map_or(&self.surplus, |trunk| &trunk.surplus)
            .get()
    }

    pub(crate) fn set_surplus(&self, surplus: bool) {
        self.surplus.set(surplus);
    }

    /// The connection has been idle for a while: true when it newly is to rest.
    pub(super) fn let_rest(&self) -> bool {
        let newly = !self.resting.get() && !self.http2.get();
        self.rest_due.set(newly);
        newly
    }

    /// Whether all that hyper holds can be let go: it has been idle, still is, and its last answer has left.
    pub(super) fn may_rest(&self) -> bool {
        self.rest_due.replace(false) && self.phase.get() == Phase::Idle && self.write_blocked.get().is_none()
    }

    /// Ends the connection at its next turn.
    pub(crate) fn cut(&self, why: Cut) {
        if self.cut.get().is_none() {
            self.cut.set(Some(why));
        }
        self.wake();
    }

    pub(crate) fn cut_reason(&self) -> Option<Cut> {
        self.cut.get()
    }

    /// Why it ended, or the HTTP/2 connection that it was a stream of.
    pub(crate) fn why_cut(&self) -> Option<Cut> {
        let trunk = || self.trunk.as_ref().and_then(|trunk| trunk.cut.get());
        self.cut.get().or_else(trunk)
    }

    /// The client's first bytes were those of HTTP/2.
    pub(super) fn speak_http2(&self) {
        self.http2.set(true);
        self.enter(Phase::Idle);
    }

    pub(super) fn speaks_http2(&self) -> bool {
        self.http2.get()
    }

    /// Whether this is one stream of several on a connection.
    pub(crate) fn is_stream(&self) -> bool {
        self.trunk.is_some()
    }

    /// Streams are open now, or none is left.
    pub(super) fn has_streams(&self, some: bool) {
        self.enter(if some { Phase::Streams } else { Phase::Idle });
    }

    /// The client left before its answer was complete.
    pub(crate) fn abandon(&self) {
        self.abandoned.set(true);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }

    /// Gives the connection's task a turn.
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

    /// Leaves the app's side of an upgraded connection for when hyper has let go of the client's.
    pub(crate) fn put_tunnel(&self, tunnel: Tunnel) {
        *self.tunnel.borrow_mut() = Some(Box::new(tunnel));
    }

    pub(crate) fn take_tunnel(&self) -> Option<Box<Tunnel>> {
        let tunnel = self.tunnel.borrow_mut().take();
        if tunnel.is_some() {
            self.enter(Phase::Tunnel);
        }
        tunnel
    }
}

#[cfg(test)]
mod tests;
