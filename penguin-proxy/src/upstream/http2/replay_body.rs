//! Request body that is buffered until the response starts, so that it can be sent again. Buffering copies nothing.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::request_body::{IncompleteUpload, RequestBody};

/// Bodies of more bytes are not kept.
const MOST: usize = 64 * 1024;

/// A body that may be sent more than once.
#[derive(Debug)]
pub(super) struct ReplayBuffer(Rc<RefCell<Kept>>);

#[derive(Debug)]
struct Kept {
    body: RequestBody,
    frames: Vec<Piece>,
    bytes: usize,
    recording: bool,
    /// Which replay may go on; an earlier one may still exist.
    playing: u32,
}

#[derive(Clone, Debug)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

/// One run through the body.
#[derive(Debug)]
pub(super) struct ReplayBody {
    kept: Rc<RefCell<Kept>>,
    number: u32,
    position: usize,
}

impl ReplayBuffer {
    pub(super) fn new(body: RequestBody) -> Self {
        Self(Rc::new(RefCell::new(Kept {
            body,
            frames: Vec::new(),
            bytes: 0,
            recording: true,
            playing: 0,
        })))
    }

    /// The body from its beginning. An earlier replay ends.
    pub(super) fn play(&self) -> ReplayBody {
        let mut kept = self.0.borrow_mut();
        kept.playing += 1;
        ReplayBody {
            kept: Rc::clone(&self.0),
            number: kept.playing,
            position: 0,
        }
    }

    /// Whether the body can be played again from its beginning.
    pub(super) fn is_whole(&self) -> bool {
        self.0.borrow().recording
    }

    /// Keeps nothing more.
    pub(super) fn stop(&self) {
        self.0.borrow_mut().recording = false;
    }
}

impl Kept {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        if !self.recording {
            return;
        }
        if let Some(data) = frame.data_ref() {
            self.bytes += data.len();
            self.frames.push(Piece::Data(data.clone()));
        } else if let Some(trailers) = frame.trailers_ref() {
            self.frames.push(Piece::Trailers(trailers.clone()));
        }
        self.recording = self.bytes <= MOST;
    }
}

impl ReplayBody {
    /// Whether the next frame comes from the client and not from what was kept.
    fn is_live(&self, kept: &Kept) -> bool {
        self.position >= kept.frames.len()
    }
}

impl Body for ReplayBody {
    type Data = Bytes;
    type Error = IncompleteUpload;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncompleteUpload>>> {
        let this = self.get_mut();
        let mut kept = this.kept.borrow_mut();
        if kept.playing != this.number {
            return Poll::Ready(Some(Err(IncompleteUpload)));
        }
        if let Some(piece) = kept.frames.get(this.position) {
            this.position += 1;
            return Poll::Ready(Some(Ok(match piece.clone() {
                Piece::Data(data) => Frame::data(data),
                Piece::Trailers(trailers) => Frame::trailers(trailers),
            })));
        }
        let frame = ready!(Pin::new(&mut kept.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            kept.keep(frame);
            this.position = kept.frames.len();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let kept = self.kept.borrow();
        self.is_live(&kept) && kept.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let kept = self.kept.borrow();
        if kept.frames.is_empty() {
            kept.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}
