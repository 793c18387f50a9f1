//! The filter between a client and a server of h2, whose encoder and decoder judge it, in pieces of any size.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame;
use crate::http2_filter::*;

/// One direction of a connection in memory: bytes and who waits for them.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    closed: bool,
    waiting: Option<Waker>,
}

/// A socket in memory, which hands over only a few bytes at a time; the filter is in front of the server's.
struct Socket {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
    piece: usize,
    filter: Option<Filter>,
    passed: VecDeque<u8>,
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.passed.is_empty() {
                let count = out.remaining().min(this.passed.len());
                out.put_slice(&this.passed.drain(..count).collect::<Vec<_>>());
                return Poll::Ready(Ok(()));
            }
            let mut pipe = this.incoming.lock().unwrap();
            if pipe.bytes.is_empty() {
                if pipe.closed {
                    return Poll::Ready(Ok(()));
                }
                pipe.waiting = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let count = pipe.bytes.len().min(this.piece);
            let bytes: Vec<u8> = pipe.bytes.drain(..count).collect();
            let mut passed = bytes.clone();
            if let Some(filter) = &mut this.filter {
                passed.clear();
                filter.received(&bytes, &mut passed).map_err(io::Error::other)?;
            }
            this.passed.extend(passed);
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut pipe = this.outgoing.lock().unwrap();
        let count = bytes.len().min(this.piece);
        pipe.bytes.extend(&bytes[..count]);
        if let Some(filter) = &mut this.filter {
            filter.sent(&bytes[..count]);
        }
        pipe.waiting.take().inspect(Waker::wake_by_ref);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.lock().unwrap();
        pipe.closed = true;
        pipe.waiting.take().inspect(Waker::wake_by_ref);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut pipe = self.outgoing.lock().unwrap();
        pipe.closed = true;
        pipe.waiting.take().inspect(Waker::wake_by_ref);
    }
}

fn sockets(piece: usize) -> (Socket, Socket) {
    let (up, down) = (Arc::<Mutex<Pipe>>::default(), Arc::<Mutex<Pipe>>::default());
    let client = Socket {
        incoming: Arc::clone(&down),
        outgoing: Arc::clone(&up),
        piece: usize::MAX,
        filter: None,
        passed: VecDeque::new(),
    };
    let server = Socket {
        incoming: up,
        outgoing: down,
        piece,
        filter: Some(Filter::new(Role::Requests)),
        passed: VecDeque::new(),
    };
    (client, server)
}

/// Values as clients send them: few, so that they come from the table again; some long, some with every allowed byte.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z0-9]{0,3}".prop_map(String::into_bytes),
        2 => vec(prop_oneof![Just(b'\t'), b' '..=b'~', 0x80..=0xff_u8], 0..200)
            .prop_map(|bytes| bytes.trim_ascii().to_vec()),
        1 => vec(b'!'..=b'~', 1000..3000),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>, bool)>> {
    let name = prop_oneof![
        "x-[a-d]",
        Just("user-agent".to_owned()),
        Just("accept".to_owned()),
        Just("cookie".to_owned()),
    ];
    vec((name, value(), any::<bool>()), 0..6)
}

/// A field that makes the request malformed on this side, and not for the client's library.
fn spoilt(name: &str, value: &[u8]) -> (HeaderName, HeaderValue) {
    let spaced = [value, b" "].concat();
    (
        HeaderName::try_from(name).unwrap(),
        HeaderValue::from_bytes(&spaced).unwrap(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every good request arrives as it was sent, and every malformed one is reset, in whatever order they come: the
    /// client's encoder refers to entries of all of them.
    #[test]
    fn h2_sends_and_h2_receives(
        requests in vec((fields(), proptest::option::weighted(0.2, value())), 1..30),
        piece in 1_usize..5000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (client, server) = sockets(piece);
            let serving = tokio::spawn(async move {
                let mut connection = h2::server::Builder::new()
                    .max_local_error_reset_streams(None)
                    .handshake::<_, Bytes>(server)
                    .await
                    .unwrap();
                while let Some(accepted) = connection.accept().await {
                    let (request, mut respond) = accepted.unwrap();
                    let mut response = Response::new(());
                    for (name, value) in request.headers() {
                        response.headers_mut().append(name, value.clone());
                    }
                    respond.send_response(response, true).unwrap();
                }
            });
            let (sender, connection) = h2::client::handshake(client).await.unwrap();
            let driving = tokio::spawn(connection);
            for (fields, malformed) in &requests {
                let mut request = Request::get("http://a.example/path").body(()).unwrap();
                let headers = request.headers_mut();
                for (name, value, sensitive) in fields {
                    let mut value = HeaderValue::from_bytes(value).unwrap();
                    value.set_sensitive(*sensitive);
                    headers.append(HeaderName::try_from(name.as_str()).unwrap(), value);
                }
                if let Some(value) = malformed {
                    let (name, value) = spoilt("x-a", value);
                    headers.append(name, value);
                }
                let sent: HeaderMap = headers.clone();
                let mut sender = sender.clone().ready().await.unwrap();
                let outcome = sender.send_request(request, true).unwrap().0.await;
                if malformed.is_some() {
                    let error = outcome.expect_err("it is malformed");
                    assert_eq!(error.reason(), Some(h2::Reason::PROTOCOL_ERROR), "{error}");
                    assert!(error.is_reset() && error.is_remote(), "{error}");
                } else {
                    assert_eq!(*outcome.expect("it is well-formed").headers(), sent);
                }
            }
            drop(sender);
            driving.await.unwrap().unwrap();
            serving.await.unwrap();
        });
    }

    /// Whatever comes, in whatever pieces: the same outcome, and no panic.
    #[test]
    fn frames_parse_the_same_in_any_pieces(
        frames in vec((0..12_u8, any::<u8>(), 0..6_u32, vec(any::<u8>(), 0..40)), 0..20),
        cuts in vec(1..60_usize, 1..10),
    ) {
        let mut bytes = vec![b' '; PREFACE];
        for (kind, flags, stream, payload) in &frames {
            bytes.extend(frame(*kind, *flags, *stream, payload));
        }
        let (mut whole, mut whole_out) = (Filter::new(Role::Requests), Vec::new());
        let whole_end = whole.received(&bytes, &mut whole_out);
        let (mut pieces, mut out) = (Filter::new(Role::Requests), Vec::new());
        let (mut rest, mut cuts, mut end) = (&bytes[..], cuts.iter().cycle(), Ok(()));
        while !rest.is_empty() && end.is_ok() {
            let (piece, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
            end = pieces.received(piece, &mut out);
            rest = after;
        }
        prop_assert_eq!(whole_end, end);
        prop_assert_eq!(whole_out, out);
        prop_assert_eq!(whole.take_malformed(), pieces.take_malformed());
    }
}
