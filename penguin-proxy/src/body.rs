//! Bodies on their way through: streamed, counted, never collected.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::compression::Encoded;
use crate::connection::{Connection, UploadEnd};
use crate::forwarding;
use crate::gateway::Record;
use crate::upstream::{BrokeOff, UpstreamBody};

/// The body of a request, from the client to the app.
pub(crate) struct RequestBody(Option<Upload>);

struct Upload {
    incoming: Incoming,
    client: Rc<Connection>,
    limit: u64,
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("empty", &self.is_empty())
            .finish()
    }
}

/// The request's body cannot be passed on; [`Connection::upload_end`] says why.
#[derive(Debug, thiserror::Error)]
#[error("the request's body broke off")]
pub(crate) struct UploadBroke;

impl RequestBody {
    /// No body.
    pub(crate) fn empty() -> Self {
        Self(None)
    }

    /// A body of at most `limit` bytes.
    pub(crate) fn new(incoming: Incoming, client: &Rc<Connection>, limit: u64) -> Self {
        if incoming.is_end_stream() {
            return Self::empty();
        }
        Self(Some(Upload {
            incoming,
            client: Rc::clone(client),
            limit,
        }))
    }

    /// Whether there is nothing that could be sent only once.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Upload {
    fn broke(&self, why: UploadEnd) -> Poll<Option<Result<Frame<Bytes>, UploadBroke>>> {
        self.client.upload_ended(why);
        Poll::Ready(Some(Err(UploadBroke)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = UploadBroke;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadBroke>>> {
        let Some(upload) = &mut self.get_mut().0 else {
            return Poll::Ready(None);
        };
        if upload.client.upload().is_too_slow() {
            return upload.broke(UploadEnd::TooSlow);
        }
        let frame = match Pin::new(&mut upload.incoming).poll_frame(cx) {
            Poll::Pending => {
                upload.client.upload().starved(cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(frame) => frame,
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let Some(data) = frame.data_ref() {
                    let total = upload.client.upload_moved(data.len() as u64);
                    if total > upload.limit {
                        return upload.broke(UploadEnd::TooLarge);
                    }
                } else if let Some(trailers) = frame.trailers_mut() {
                    forwarding::trailers(trailers);
                    upload.client.upload_ended(UploadEnd::Complete);
                }
                if upload.incoming.is_end_stream() {
                    upload.client.upload_ended(UploadEnd::Complete);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(_)) => upload.broke(UploadEnd::Broken),
            None => {
                upload.client.upload_ended(UploadEnd::Complete);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|upload| upload.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), |upload| upload.incoming.size_hint())
    }
}

/// The body of an answer, from the app or the proxy to the client.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    content: Content,
    /// Writes its line when the body is dropped; none for the health path and for the 101 of a tunnel.
    record: Option<Box<Record>>,
    client: Rc<Connection>,
    broken: Option<BrokeOff>,
}

#[derive(Debug)]
enum Content {
    Own(Option<Bytes>),
    Passing(Encoded<UpstreamBody>),
}

impl AnswerBody {
    /// An answer of the proxy's own.
    pub(crate) fn own(bytes: Bytes, client: &Rc<Connection>, record: Option<Box<Record>>) -> Self {
        let content = Content::Own(Some(bytes).filter(|bytes| !bytes.is_empty()));
        Self {
            content,
            record,
            client: Rc::clone(client),
            broken: None,
        }
    }

    /// The app's answer, passed on.
    pub(crate) fn passing(
        body: Encoded<UpstreamBody>,
        client: &Rc<Connection>,
        mut record: Box<Record>,
    ) -> Self {
        if body.is_end_stream() {
            record.completed();
        }
        Self {
            content: Content::Passing(body),
            record: Some(record),
            client: Rc::clone(client),
            broken: None,
        }
    }

    fn note(&mut self, frame: Option<&Frame<Bytes>>) {
        let over = self.is_end_stream();
        let Some(record) = &mut self.record else { return };
        if let Some(data) = frame.and_then(Frame::data_ref) {
            record.sent(data.len() as u64);
        }
        if over || frame.is_none() {
            record.completed();
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.record = None;
        self.client.answer_ended();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let this = self.get_mut();
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        // A stream's answer is asked for more only when the client has room; in HTTP/1 the socket tells.
        let stream = this.client.is_stream();
        if stream {
            this.client.write_went(true);
        }
        let frame = match &mut this.content {
            Content::Own(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Content::Passing(body) => {
                ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BrokeOff::from))
            }
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    forwarding::trailers(trailers);
                }
                this.note(Some(&frame));
                if stream {
                    this.client.write_went(false);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                if let Some(record) = &mut this.record {
                    record.broke_off(&error);
                }
                // hyper drops what it has not sent yet when it sees an error: let it send first.
                this.broken = Some(error);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                this.note(None);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Own(bytes) => bytes.is_none(),
            Content::Passing(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Passing(body) => body.size_hint(),
        }
    }
}
