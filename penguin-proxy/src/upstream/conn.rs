//! HTTP/1.1 connection to the app with at most one request.
//!
//! It is not a task of its own: the request polls it. This saves a task, a lock and a wake-up per request.

mod outgoing;

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body::Frame;
use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use self::outgoing::Outgoing;
use super::http1::{Answer, Fault, HEAD, Incoming, Piece, ends_a_head, read_head};
use super::usage::InUse;
use crate::buffer::read;
use crate::request_body::RequestBody;

/// A connection that is in use or waits in the pool.
#[derive(Debug)]
pub(crate) struct UpstreamConn {
    stream: TcpStream,
    outgoing: Outgoing,
    /// The beginning of a head that did not come in one piece.
    head: BytesMut,
    /// What was read and not used yet.
    input: Bytes,
    incoming: Incoming,
    /// The app has sent something since the last request.
    answered: bool,
    /// The connection carries no request after this one.
    last: bool,
    pub(super) address: SocketAddr,
    /// Since when the app may have been done with the last request.
    ///
    /// Not when the proxy was done with it: what a slow client takes later was sent before.
    pub(super) idle_since: Instant,
    /// How long it had been idle before the present request.
    pub(super) idle_for: Duration,
    /// The idle limit that the app promises with `Keep-Alive: timeout=`.
    pub(super) promised: Option<Duration>,
    /// None while it waits in the pool.
    pub(super) in_use: Option<InUse>,
}

impl UpstreamConn {
    pub(super) fn new(stream: TcpStream, address: SocketAddr, in_use: InUse) -> Box<Self> {
        Box::new(Self {
            stream,
            outgoing: Outgoing::default(),
            head: BytesMut::new(),
            input: Bytes::new(),
            incoming: Incoming::Ended,
            answered: false,
            last: false,
            address,
            idle_since: Instant::now(),
            idle_for: Duration::ZERO,
            promised: None,
            in_use: Some(in_use),
        })
    }

    /// Whether another request can be sent now, as far as one look tells: an app that says something unasked, or leaves,
    /// has done so.
    pub(super) fn poll_is_free(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0; 1];
        let unasked = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte));
        unasked.is_pending()
    }

    /// Whether the kernel knows of nothing that the app sent since the last response, its leaving included.
    ///
    /// A system call: the runtime learns of what has come only between two turns.
    pub(super) fn is_open(&self) -> bool {
        let seen = SockRef::from(&self.stream).peek(&mut [MaybeUninit::uninit()]);
        seen.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether the connection can be kept for another request, now that its response has ended.
    pub(super) fn is_reusable(&self) -> bool {
        !self.last && self.outgoing.is_sent() && self.input.is_empty()
    }

    /// Takes a request; nothing moves before it is polled.
    pub(super) fn send(&mut self, head: &Parts, body: RequestBody, reused: bool) {
        self.answered = false;
        // Parsers are known to disagree about where a GET with a body ends.
        self.last = matches!(head.method, Method::GET | Method::HEAD) && !body.is_empty();
        self.outgoing.begin(head, body, reused);
    }

    /// The body of a request of which no byte was taken.
    pub(super) fn take_unsent(&mut self) -> RequestBody {
        self.outgoing.take_unsent()
    }

    /// Whether the app has sent anything since the last request.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    /// Sends what there is to send of the request. Ready when all of it is on its way.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.outgoing.poll_send(&mut self.stream, cx)
    }

    /// Sends the request and reads the head of its response. `request` gives up its fields for the response's.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Parts,
    ) -> Poll<Result<Response<()>, Fault>> {
        if let Poll::Ready(Err(fault)) = self.poll_send(cx) {
            return Poll::Ready(Err(fault));
        }
        loop {
            let bytes = ready!(read(&mut self.stream, cx, 0))?;
            if bytes.is_empty() {
                return Poll::Ready(Err(Fault::Closed));
            }
            self.answered = true;
            self.idle_since = Instant::now();
            if let Some(answer) = self.take_head(bytes, request)? {
                return Poll::Ready(Ok(self.begin_answer(answer)));
            }
        }
    }

    /// Takes the response head out of what has come, once it is there.
    fn take_head(&mut self, mut bytes: Bytes, request: &mut Parts) -> Result<Option<Answer>, Fault> {
        if !self.head.is_empty() {
            let known = self.head.len();
            self.head.extend_from_slice(&bytes);
            // A head that drips is not read anew with every drop.
            if !ends_a_head(&self.head, known) {
                return self.wait_for_more();
            }
            bytes = std::mem::take(&mut self.head).freeze();
        }
        while let Some((end, answer)) = read_head(&bytes, &request.method, &mut request.headers)? {
            if end > HEAD {
                return Err(Fault::TooLarge);
            }
            bytes.advance(end);
            let status = answer.head.status();
            // Informational responses are not forwarded.
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                self.input = bytes;
                return Ok(Some(answer));
            }
        }
        self.head.extend_from_slice(&bytes);
        self.wait_for_more()
    }

    /// A head has begun and goes on, if it is not too large already.
    fn wait_for_more(&self) -> Result<Option<Answer>, Fault> {
        if self.head.len() > HEAD {
            Err(Fault::TooLarge)
        } else {
            Ok(None)
        }
    }

    fn begin_answer(&mut self, answer: Answer) -> Response<()> {
        self.last |= !answer.keep || matches!(answer.incoming, Incoming::UntilClose);
        self.incoming = answer.incoming;
        self.promised = answer.idle_limit;
        answer.head
    }

    /// The next piece of the response body, while the rest of the request goes out.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        loop {
            match self.incoming.next(&mut self.input)? {
                Piece::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Piece::Trailers(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Piece::End => return Poll::Ready(None),
                Piece::More => {}
            }
            if let Poll::Ready(Err(fault)) = self.poll_send(cx) {
                return Poll::Ready(Some(Err(fault)));
            }
            if ready!(self.poll_more(cx))? == 0 {
                self.incoming.closed()?;
            }
        }
    }

    /// Reads more of a body. Returns the number of bytes.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Fault>> {
        let Poll::Ready(bytes) = read(&mut self.stream, cx, self.incoming.wanted()) else {
            self.idle_since = Instant::now();
            return Poll::Pending;
        };
        let bytes = bytes?;
        let count = bytes.len();
        self.input = if self.input.is_empty() {
            bytes
        } else {
            // Part of the line between two chunks.
            Bytes::from([&self.input[..], &bytes].concat())
        };
        Poll::Ready(Ok(count))
    }

    /// Whether all of the response has come.
    pub(super) fn has_ended(&self) -> bool {
        self.incoming.has_ended()
    }

    /// Bytes of the response body that are still to come, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.incoming.left()
    }

    /// Lets go of what only a request needs.
    pub(super) fn release_buffers(&mut self) {
        self.input = Bytes::new();
        self.outgoing.release_buffers();
        self.in_use = None;
    }

    /// The bare socket after an upgrade, with what was read too far.
    pub(super) fn into_socket(self) -> (TcpStream, Bytes) {
        (self.stream, self.input)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::net::TcpListener;
    use std::rc::Rc;

    use http_body::Body as _;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::client_state::ClientState;
    use crate::upstream::pool::Pool;

    /// A connection, and the app's end of it.
    async fn connected() -> (Box<UpstreamConn>, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (app, _) = listener.accept().unwrap();
        (UpstreamConn::new(stream, address, Pool::default().enter()), app)
    }

    fn reset(app: &std::net::TcpStream) {
        SockRef::from(app).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Nothing here gives the runtime a turn in which it could learn of it.
    #[tokio::test]
    async fn close_is_detected_before_the_runtime_polls() {
        for resets in [false, true] {
            let (conn, app) = connected().await;
            assert!(conn.is_open());
            if resets {
                reset(&app);
            }
            drop(app);
            assert!(!conn.is_open(), "reset: {resets}");
        }
        let (conn, mut app) = connected().await;
        std::io::Write::write_all(&mut app, b"unasked").unwrap();
        assert!(!conn.is_open());
    }

    #[tokio::test]
    async fn request_is_unsent_if_a_reused_connection_took_no_byte() {
        let request = || http::Request::post("/").body(()).unwrap().into_parts().0;
        for (reused, resets, unsent) in [(true, true, true), (false, true, false), (true, false, false)] {
            let (mut conn, app) = connected().await;
            if resets {
                reset(&app);
                drop(app);
            }
            let mut head = request();
            conn.send(&head, RequestBody::empty(), reused);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let polled = conn.poll_head(&mut cx, &mut head);
            let found = matches!(polled, Poll::Ready(Err(Fault::Unsent)));
            assert_eq!(found, unsent, "reused: {reused}, reset: {resets}: {polled:?}");
            assert!(!unsent || conn.take_unsent().is_empty());
        }
    }

    /// A request that a client has sent completely.
    async fn received(request: &'static str) -> (Parts, RequestBody) {
        let (mut client, ours) = tokio::io::duplex(64 * 1024);
        client.write_all(request.as_bytes()).await.unwrap();
        let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
        let service = service_fn(move |request| {
            sender.send(request).unwrap();
            std::future::pending::<Result<http::Response<String>, io::Error>>()
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(ours), service));
        let (head, body) = received.recv().await.unwrap().into_parts();
        let state = Rc::new(ClientState::new(1, "127.0.0.1:1".parse().unwrap()));
        (head, RequestBody::new(body, &state, 100))
    }

    const POST: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";

    #[tokio::test]
    async fn unsent_body_leaves_with_the_head_and_is_given_back_whole() {
        let (mut conn, app) = connected().await;
        let (mut head, body) = received(POST).await;
        reset(&app);
        drop(app);
        conn.send(&head, body, true);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let polled = conn.poll_head(&mut cx, &mut head);
        assert!(matches!(polled, Poll::Ready(Err(Fault::Unsent))), "{polled:?}");
        assert_eq!(conn.outgoing.ready_bytes(), POST.len(), "one write");
        let mut body = Box::pin(conn.take_unsent());
        assert_eq!(body.size_hint().exact(), Some(5));
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "hello");
        assert!(body.is_end_stream());
    }
}
