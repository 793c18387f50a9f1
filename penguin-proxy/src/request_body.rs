//! Request body: streamed from the client to the app, counted, bounded, never collected.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::client_state::{ClientState, UploadState};
use crate::forwarding;
use crate::reject_reason::RejectReason;

/// The body of a request, from the client to the app.
pub(crate) struct RequestBody(Option<Upload>);

struct Upload {
    incoming: Incoming,
    client: Rc<ClientState>,
    limit: u64,
    /// A piece that was taken and given back.
    unsent: Bytes,
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("empty", &self.is_empty())
            .finish()
    }
}

/// The request body cannot be forwarded; [`UploadState`] says why.
#[derive(Debug, thiserror::Error)]
#[error("the client closed the connection before the request body was complete")]
pub(crate) struct IncompleteUpload;

impl RequestBody {
    /// No body.
    pub(crate) fn empty() -> Self {
        Self(None)
    }

    /// A body of at most `limit` bytes.
    pub(crate) fn new(incoming: Incoming, client: &Rc<ClientState>, limit: u64) -> Self {
        if incoming.is_end_stream() {
            return Self::empty();
        }
        Self(Some(Upload {
            incoming,
            client: Rc::clone(client),
            limit,
            unsent: Bytes::new(),
        }))
    }

    /// Gives back the piece that was taken last, so that it is the next one.
    pub(crate) fn put_back(&mut self, piece: Bytes) {
        if let Some(upload) = &mut self.0 {
            upload.unsent = piece;
        }
    }

    /// Whether there is nothing that could be sent only once.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// An error of HTTP/2 that was found on this side is a fault of the client's framing, such as malformed trailers.
fn why_broken(error: &hyper::Error) -> UploadState {
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    if cause.is_some_and(|cause| cause.is_library() && cause.is_reset()) {
        UploadState::Refused(RejectReason::Http2)
    } else {
        UploadState::Broken
    }
}

impl Upload {
    fn broke(&self, why: UploadState) -> Poll<Option<Result<Frame<Bytes>, IncompleteUpload>>> {
        self.client.upload().ended(why);
        Poll::Ready(Some(Err(IncompleteUpload)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = IncompleteUpload;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncompleteUpload>>> {
        let Some(upload) = &mut self.get_mut().0 else {
            return Poll::Ready(None);
        };
        if !upload.unsent.is_empty() {
            let piece = std::mem::take(&mut upload.unsent);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if upload.client.upload().is_too_slow() {
            return upload.broke(UploadState::TooSlow);
        }
        let frame = match Pin::new(&mut upload.incoming).poll_frame(cx) {
            Poll::Pending => {
                upload.client.upload().waiting_for_client(cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(frame) => frame,
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let Some(data) = frame.data_ref() {
                    let total = upload.client.upload_received(data.len() as u64);
                    if total > upload.limit {
                        return upload.broke(UploadState::TooLarge);
                    }
                } else if let Some(trailers) = frame.trailers_mut() {
                    forwarding::request_trailers(trailers);
                    upload.client.upload().ended(UploadState::Complete);
                }
                if upload.incoming.is_end_stream() {
                    upload.client.upload().ended(UploadState::Complete);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => upload.broke(why_broken(&error)),
            // hyper takes RST_STREAM(NO_ERROR) for the end of a body; only END_STREAM is one (RFC 9113 §8.1).
            None if upload.client.is_stream() && !upload.incoming.is_end_stream() => {
                upload.broke(UploadState::Broken)
            }
            None => {
                upload.client.upload().ended(UploadState::Complete);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|upload| upload.unsent.is_empty() && upload.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let Some(upload) = &self.0 else {
            return SizeHint::with_exact(0);
        };
        let (mut hint, unsent) = (upload.incoming.size_hint(), upload.unsent.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + unsent);
        }
        hint.set_lower(hint.lower() + unsent);
        hint
    }
}
