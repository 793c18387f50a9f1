//! A client that speaks HTTP/2 without TLS from its first byte: a load balancer whose target group has protocol
//! version HTTP2 or GRPC.
//!
//! hyper multiplexes. Each stream is a task, and to the gateway, the bodies and the sweep it is a connection of one
//! request. What is left for this module is what belongs to all streams together: farewell, idleness, abuse.

mod resets;
mod socket;
mod streams;

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::server::conn::http2;
use tokio::net::TcpStream;

use self::socket::Http2Socket;
use self::streams::Streams;
use super::close::{self, Cut};
use super::phases::Connection;
use crate::gateway::unheard;
use crate::request_rules::Refusal;
use crate::server::Worker;

/// Streams that a client may have open at once.
const STREAMS: u32 = 128;
/// What a client may send ahead on one stream, and on all together, while the app takes nothing.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What one stream may have ready for a client that takes nothing.
const SEND_BUFFER: usize = 64 * 1024;
/// The rule for requests is stricter and has a page to show; this one stands behind it.
const HEADER_LIST: u32 = 64 * 1024;
/// Malformed requests on one connection before it ends.
const MALFORMED: usize = 64;
/// An idle client is told farewell this long before the connection is closed, lest its next request meet the close.
const FAREWELL: Duration = Duration::from_secs(2);
/// `GOAWAY`, no stream in particular, `ENHANCE_YOUR_CALM` (RFC 9113 §6.8).
const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0xb];

/// How a connection ended.
enum Outcome {
    Done,
    Failed(hyper::Error),
    Cut(Cut),
    Abused,
}

/// Serves a client whose preface has come, until its connection is closed.
pub(super) async fn serve(worker: Rc<Worker>, connection: Rc<Connection>, stream: TcpStream, early: Bytes) {
    let streams = Streams::new(&worker, &connection);
    let (socket, left) = Http2Socket::new(stream, early, &connection);
    let outcome = {
        let mut http = pin!(
            http2::Builder::new(streams.executor())
                .max_concurrent_streams(STREAMS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_send_buf_size(SEND_BUFFER)
                .max_header_list_size(HEADER_LIST)
                .max_local_error_reset_streams(MALFORMED)
                .serve_connection(socket, streams.service())
        );
        let mut farewell: Option<Instant> = None;
        poll_fn(|cx| {
            connection.wake_me(cx.waker());
            let cut = connection.cut_reason();
            if let Some(why) = cut.filter(|why| *why != Cut::Idle) {
                return Poll::Ready(Outcome::Cut(why));
            }
            if streams.are_abused() {
                return Poll::Ready(Outcome::Abused);
            }
            if farewell.is_none() && (cut.is_some() || worker.is_closing()) {
                // GOAWAY: whatever the client sent before it saw this is still answered.
                http.as_mut().graceful_shutdown();
                farewell = Some(Instant::now());
            }
            if cut.is_some()
                && streams.none_open()
                && farewell.is_some_and(|since| since.elapsed() > FAREWELL)
            {
                return Poll::Ready(Outcome::Cut(Cut::Idle));
            }
            http.as_mut().poll(cx).map(|result| match result {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::Failed(error),
            })
        })
        .await
    };
    let Some(stream) = left.take() else { return };
    match outcome {
        Outcome::Abused => {
            unheard(&worker, &connection, Refusal::Http2Resets, &[]);
            close::with_message(stream, &GO_AWAY).await;
        }
        Outcome::Failed(error) => {
            if broke_the_rules(&error) {
                unheard(&worker, &connection, Refusal::Http2, &[]);
            }
            close::in_order(stream).await;
        }
        Outcome::Cut(Cut::SendTimeout | Cut::Drain) => close::reset(stream),
        Outcome::Cut(_) | Outcome::Done => close::in_order(stream).await,
    }
}

/// Whether the client spoke HTTP/2 so badly that the connection had to end.
fn broke_the_rules(error: &hyper::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<h2::Error>())
        .is_some_and(h2::Error::is_library)
}
