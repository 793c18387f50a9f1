//! HTTP/2 server connection without TLS (prior knowledge), as load balancers with a target group of protocol version
//! HTTP2 or GRPC open it.
//!
//! hyper multiplexes. Each stream is a task with a [`ClientState`] of its own. This module does what concerns all
//! streams together: GOAWAY, idle timeout, reset floods.

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

use self::resets::Standing;
use self::socket::{Http2Socket, SocketState};
use self::streams::Streams;
use super::{Clients, Handler, close};
use crate::client_state::ClientState;
use crate::client_state::CloseReason;
use crate::context::Worker;
use crate::reject_reason::RejectReason;

/// Streams that a client may have open at once.
const STREAMS: u32 = 128;
/// What a client may send ahead on one stream, and on all together, while the app takes nothing.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// What one stream may have ready for a client that takes nothing.
const SEND_BUFFER: usize = 64 * 1024;
/// The rule for requests is stricter and has a page to show; this one stands behind it.
const HEADER_LIST: u32 = 64 * 1024;
/// Streams that are reset before the client is asked to open another connection. That costs nobody anything, and what
/// a connection has counted must not add up for as long as a load balancer keeps it.
const RETIRED: usize = 1000;
/// Stream errors before the connection ends at once: for clients that go on nevertheless, so that what h2 keeps of
/// them is bounded.
const STREAM_ERRORS: usize = 10 * RETIRED;
/// Cancelled requests in one read. Beyond it h2 ends the connection, which clients of a load balancer share.
const RESET_AT_ONCE: usize = 1000;
/// An idle client is sent GOAWAY this long before the connection is closed, lest its next request meet the close.
const FAREWELL: Duration = Duration::from_secs(2);
const ENHANCE_YOUR_CALM: u32 = 0xb;

/// How a connection ended.
enum Outcome {
    Done,
    Failed(hyper::Error),
    Closed(CloseReason),
    Abused,
}

/// Serves a client whose preface has come, until its connection is closed.
pub(super) async fn serve<H: Handler>(
    clients: Rc<Clients<H>>,
    connection: Rc<ClientState>,
    stream: TcpStream,
    early: Bytes,
) {
    let worker = &clients.worker;
    let streams = Streams::new(&clients, &connection);
    let (socket, state) = Http2Socket::new(&clients, &connection, stream, &early);
    let outcome = {
        let mut http = pin!(
            http2::Builder::new(streams.executor())
                .max_concurrent_streams(STREAMS)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_send_buf_size(SEND_BUFFER)
                .max_header_list_size(HEADER_LIST)
                .max_local_error_reset_streams(STREAM_ERRORS)
                .max_pending_accept_reset_streams(RESET_AT_ONCE)
                .serve_connection(socket, streams.service())
        );
        let mut farewell: Option<Instant> = None;
        poll_fn(|cx| {
            connection.wake_me(cx.waker());
            let cut = connection.close_reason();
            if let Some(why) = cut.filter(|why| *why != CloseReason::Idle) {
                return Poll::Ready(Outcome::Closed(why));
            }
            if streams.standing() == Standing::End {
                return Poll::Ready(Outcome::Abused);
            }
            let retired = state.resets() >= RETIRED || streams.standing() == Standing::Retire;
            if farewell.is_none() && (cut.is_some() || retired || worker.is_closing()) {
                // GOAWAY: whatever the client sent before it saw this is still answered.
                http.as_mut().graceful_shutdown();
                farewell = Some(Instant::now());
            }
            match http.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Outcome::Done),
                Poll::Ready(Err(error)) => return Poll::Ready(Outcome::Failed(error)),
                Poll::Pending => {}
            }
            // Only now has the end of a late response left as well.
            let over = cut.is_some() && streams.none_open() && connection.write_blocked().is_none();
            if over && farewell.is_some_and(|since| since.elapsed() > FAREWELL) {
                return Poll::Ready(Outcome::Closed(CloseReason::Idle));
            }
            Poll::Pending
        })
        .await
    };
    let Some(stream) = state.take_stream() else { return };
    let failed = state.failed();
    match outcome {
        Outcome::Abused => {
            clients
                .handler
                .reject_before_parse(&connection, RejectReason::Http2Resets, &[]);
            go_away(worker, stream, &state, ENHANCE_YOUR_CALM).await;
        }
        Outcome::Failed(_) if failed.is_some() => {
            clients
                .handler
                .reject_before_parse(&connection, RejectReason::Http2, &[]);
            let code = failed.map_or(ENHANCE_YOUR_CALM, |failed| failed.code);
            go_away(worker, stream, &state, code).await;
        }
        Outcome::Failed(error) => {
            if broke_the_rules(&error) {
                clients
                    .handler
                    .reject_before_parse(&connection, RejectReason::Http2, &[]);
            }
            close::in_order(worker, stream).await;
        }
        Outcome::Closed(CloseReason::SendTimeout | CloseReason::Drain) => close::reset(stream),
        Outcome::Closed(_) | Outcome::Done => close::in_order(worker, stream).await,
    }
}

/// Closes with a GOAWAY that names no stream in particular (RFC 9113 §6.8). In the middle of another frame it would be
/// taken for the rest of that.
async fn go_away(worker: &Worker, stream: TcpStream, state: &SocketState, code: u32) {
    if state.is_between_frames() {
        let mut frame = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        frame[13..].copy_from_slice(&code.to_be_bytes());
        close::with_message(worker, stream, &frame).await;
    } else {
        close::in_order(worker, stream).await;
    }
}

/// Whether the client spoke HTTP/2 so badly that the connection had to end.
fn broke_the_rules(error: &hyper::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<h2::Error>())
        .is_some_and(h2::Error::is_library)
}
