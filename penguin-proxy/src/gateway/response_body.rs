//! Response body: streamed from the app or made by the proxy, counted, never collected.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::access_log::RequestLog;
use crate::client_state::ClientState;
use crate::compression::{Encoded, EncodedError};
use crate::forwarding;
use crate::upstream::http1::write_fields;
use crate::upstream::{IncompleteResponse, UpstreamBody};

/// The body of a response, from the app or the proxy to the client.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    content: Content,
    /// Writes its line when the body is dropped; none for the health path and for the 101 of a tunnel.
    request_log: Option<Box<RequestLog>>,
    client: Rc<ClientState>,
    /// The client has been told how long it is.
    announced: bool,
    /// How long the app may send nothing.
    timeout: Option<Duration>,
    broken: Option<IncompleteResponse>,
    /// The client asked for trailers, and the socket writes them.
    trailers: bool,
}

#[derive(Debug)]
enum Content {
    Own(Option<Bytes>),
    Passing(Encoded<UpstreamBody>),
}

impl ResponseBody {
    /// A response that the proxy makes.
    pub(crate) fn own(bytes: Bytes, client: &Rc<ClientState>, request_log: Option<Box<RequestLog>>) -> Self {
        let content = Content::Own(Some(bytes).filter(|bytes| !bytes.is_empty()));
        Self {
            content,
            request_log,
            client: Rc::clone(client),
            announced: true,
            timeout: None,
            broken: None,
            trailers: false,
        }
    }

    /// The app's response, forwarded; it may pause for as long as `timeout`.
    pub(crate) fn passing(
        body: Encoded<UpstreamBody>,
        client: &Rc<ClientState>,
        mut request_log: Box<RequestLog>,
        timeout: Option<Duration>,
    ) -> Self {
        if body.is_end_stream() {
            request_log.completed();
        }
        Self {
            announced: body.size_hint().exact().is_some(),
            content: Content::Passing(body),
            request_log: Some(request_log),
            client: Rc::clone(client),
            timeout,
            broken: None,
            trailers: false,
        }
    }

    /// Has the client's socket write trailers, for which the response must be chunked.
    pub(crate) fn with_trailers(mut self) -> Self {
        self.trailers = !self.announced && !self.client.is_stream();
        self
    }

    fn note(&mut self, frame: Option<&Frame<Bytes>>) {
        let over = self.is_end_stream();
        let Some(request_log) = &mut self.request_log else {
            return;
        };
        if let Some(data) = frame.and_then(Frame::data_ref) {
            request_log.sent(data.len() as u64);
        }
        if over || frame.is_none() {
            request_log.completed();
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.request_log = None;
        self.client.response_ended();
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = IncompleteResponse;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncompleteResponse>>> {
        let this = self.get_mut();
        // A slow client is still taking what came before: the socket wakes once it has.
        if this.broken.is_some() && !this.client.is_stream() && this.client.write_blocked().is_some() {
            return Poll::Pending;
        }
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
            Content::Passing(body) => match (Pin::new(body).poll_frame(cx), this.timeout) {
                (Poll::Ready(frame), timeout) => {
                    if timeout.is_some() {
                        this.client.response_deadline().response_continued();
                    }
                    frame.map(|frame| frame.map_err(incomplete))
                }
                (Poll::Pending, Some(timeout)) if this.client.response_deadline().is_missed() => {
                    Some(Err(IncompleteResponse::Stalled(timeout)))
                }
                (Poll::Pending, timeout) => {
                    if let Some(timeout) = timeout {
                        this.client.response_deadline().expect_more(timeout);
                    }
                    return Poll::Pending;
                }
            },
        };
        match frame {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    forwarding::response_trailers(trailers);
                }
                this.note(Some(&frame));
                if let Some(trailers) = frame.trailers_ref().filter(|_| this.trailers) {
                    let mut lines = this.client.trailers();
                    write_fields(trailers, &mut lines);
                    lines.extend_from_slice(b"\r\n");
                    drop(lines);
                    this.note(None);
                    return Poll::Ready(None);
                }
                if stream {
                    this.client.write_went(false);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                if let Some(request_log) = &mut this.request_log {
                    request_log.incomplete(error.termination_code(), error.to_string(), this.announced);
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

fn incomplete(error: EncodedError<IncompleteResponse>) -> IncompleteResponse {
    match error {
        EncodedError::Body(error) => error,
        EncodedError::Codec(error) => IncompleteResponse::Truncated(format!("compression failed: {error}")),
    }
}
