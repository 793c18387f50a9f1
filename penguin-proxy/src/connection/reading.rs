//! State machine of reading from an HTTP/1 client: what the next read waits for, and who wakes the task then.
//!
//! No I/O. Bytes behind a request are kept unread until the response to that request has been sent: they may belong to
//! another protocol by then, and their errors must not affect the response.

use bytes::BytesMut;

use super::preface::{self, Look};
use crate::head_scan::{Event, Framing, HeadScan, ScanLimits};
use crate::reject_reason::RejectReason;

/// What the next read waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The head of a request. The socket wakes: bytes or the end.
    Head,
    /// The body of a request. The socket wakes: bytes or the end.
    Body,
    /// The request is complete, its response is not. The socket wakes: bytes of the next request, the end, a reset.
    Response,
    /// Likewise, and one of these has come and is kept. Only [`Inbox::response_sent`] leads on: the socket is not asked.
    Paused,
    /// More of what may be the HTTP/2 preface. The socket wakes: bytes or the end.
    Preface,
    /// Nothing: the preface is complete, HTTP/1 ends here.
    Http2,
    /// Nothing: a rule was broken, in a body or else in a head.
    Refused { refusal: RejectReason, in_body: bool },
}

/// What a client has sent and hyper has not seen, and where in the messages it stands.
#[derive(Debug)]
pub(super) struct Inbox {
    reading: Reading,
    scan: HeadScan,
    /// No head has been complete yet: the client may still turn out to speak HTTP/2.
    fresh: bool,
    /// The client has closed its sending side, or reset the connection.
    ended: bool,
    /// The beginning of a head, until its end has come.
    head: BytesMut,
    /// Bytes that hyper may see and had no room for.
    passed: BytesMut,
    /// Bytes that have not been looked at.
    ahead: BytesMut,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            reading: Reading::Head,
            scan: HeadScan::new(ScanLimits::default()),
            fresh: true,
            ended: false,
            head: BytesMut::new(),
            passed: BytesMut::new(),
            ahead: BytesMut::new(),
        }
    }

    pub(super) fn reading(&self) -> Reading {
        self.reading
    }

    /// Whether the end has come, and everything before it has been forwarded.
    pub(super) fn is_at_end(&self) -> bool {
        self.ended && self.ahead.is_empty() && self.passed.is_empty()
    }

    /// Whether something can be done without asking the socket.
    pub(super) fn has_some(&self) -> bool {
        self.ended || !self.ahead.is_empty() || !self.passed.is_empty()
    }

    /// Bytes that hyper may see and had no room for.
    pub(super) fn passed(&mut self) -> &mut BytesMut {
        &mut self.passed
    }

    /// Takes bytes that were kept, so that they can be looked at.
    pub(super) fn take_ahead(&mut self) -> BytesMut {
        std::mem::take(&mut self.ahead)
    }

    /// Keeps bytes without looking at them, or the end if there are none.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.end();
        } else {
            self.ahead.extend_from_slice(bytes);
        }
        if self.reading == Reading::Response {
            self.reading = Reading::Paused;
        }
    }

    /// The client will send nothing more.
    pub(super) fn end(&mut self) {
        self.ended = true;
        if self.reading == Reading::Preface {
            // Too short for HTTP/2, so it is a request of an unknown version.
            self.refuse(RejectReason::Version, false);
        }
    }

    /// Looks at bytes, and forwards those that hyper may see: into `out` as far as it has room.
    pub(super) fn look_at(&mut self, bytes: &[u8], out: &mut impl Room) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.reading {
                Reading::Head | Reading::Body => {}
                Reading::Response | Reading::Paused => return self.keep(rest),
                // Shown in the log, or read again by the one who speaks HTTP/2.
                Reading::Preface | Reading::Http2 | Reading::Refused { .. } => {
                    self.head.extend_from_slice(rest);
                    if self.reading == Reading::Preface {
                        self.compare_with_preface();
                    }
                    return;
                }
            }
            let step = self.scan.next(rest);
            let seen;
            (seen, rest) = rest.split_at(step.taken);
            let in_body = self.reading == Reading::Body;
            match step.event {
                Event::Partial if in_body => self.pass(seen, out),
                Event::Partial => self.head.extend_from_slice(seen),
                Event::Head(framing) => {
                    if !self.head.is_empty() {
                        let head = std::mem::take(&mut self.head);
                        self.pass(&head, out);
                    }
                    self.pass(seen, out);
                    self.fresh = false;
                    self.reading = match framing {
                        Framing::Length(0) => Reading::Response,
                        Framing::Length(_) | Framing::Chunked => Reading::Body,
                    };
                }
                Event::End => {
                    self.pass(seen, out);
                    self.reading = Reading::Response;
                }
                // The preface looks like a request of an unknown version.
                Event::Refused(RejectReason::Version) if self.fresh => self.reading = Reading::Preface,
                Event::Refused(refusal) => self.refuse(refusal, in_body),
            }
        }
    }

    fn compare_with_preface(&mut self) {
        match preface::look(&self.head) {
            Look::Begun => {}
            Look::Complete => self.reading = Reading::Http2,
            Look::Other => self.refuse(RejectReason::Version, false),
        }
    }

    fn refuse(&mut self, refusal: RejectReason, in_body: bool) {
        self.reading = Reading::Refused { refusal, in_body };
    }

    fn pass(&mut self, bytes: &[u8], out: &mut impl Room) {
        let now = if self.passed.is_empty() {
            bytes.len().min(out.room())
        } else {
            0
        };
        out.put(&bytes[..now]);
        self.passed.extend_from_slice(&bytes[now..]);
    }

    /// The response to the last request, if there was one, has been sent: the next request may be read. True if
    /// nobody but the caller will wake the task for it.
    pub(super) fn response_sent(&mut self) -> bool {
        let paused = self.reading == Reading::Paused;
        if paused || self.reading == Reading::Response {
            self.reading = Reading::Head;
        }
        paused
    }

    /// Whether the last request is OPTIONS for the server as a whole in absolute form.
    pub(super) fn is_server_wide(&self) -> bool {
        self.scan.is_server_wide()
    }

    /// Whether bytes behind the last request are kept.
    pub(super) fn has_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Bytes of memory that it holds beside itself.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.head.capacity() + self.passed.capacity() + self.ahead.capacity()
    }

    /// Everything that came and was not forwarded.
    pub(super) fn into_unread(self) -> BytesMut {
        let mut unread = self.head;
        unread.extend_from_slice(&self.ahead);
        unread
    }
}

/// Where bytes are forwarded to.
pub(super) trait Room {
    /// Bytes that fit.
    fn room(&self) -> usize;
    /// Adds bytes that fit.
    fn put(&mut self, bytes: &[u8]);
}

impl Room for hyper::rt::ReadBufCursor<'_> {
    fn room(&self) -> usize {
        self.remaining()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.put_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
