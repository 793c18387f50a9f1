//! One request on one HTTP/1.1 connection: sends it and returns the response head; the body follows as a stream.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::net::TcpStream;

use super::Upstream;
use super::conn::UpstreamConn;
use super::failure::UpstreamFailure;
use super::http1::Fault;
use super::response_body::UpstreamBody;
use crate::client_state::ClientState;
use crate::request_body::RequestBody;
use crate::termination_code::TerminationCode;

/// What came back from the app.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A response whose body is still to come.
    Response(Response<UpstreamBody>),
    /// The app changed the protocol: the bare socket, and what was read beyond the head.
    Switched(Response<()>, TcpStream, Bytes),
}

/// Sends a request and waits for the head of its response, for which `request` gives up its fields.
pub(super) async fn exchange(
    upstream: &Rc<Upstream>,
    client: &Rc<ClientState>,
    mut conn: Box<UpstreamConn>,
    request: &mut Parts,
    body: RequestBody,
    reused: bool,
) -> Result<Answered, UpstreamFailure> {
    conn.send(request, body, reused);
    let head = poll_fn(|cx| match conn.poll_head(cx, request) {
        Poll::Ready(head) => Poll::Ready(head.map_err(|fault| failure(&mut conn, &fault))),
        Poll::Pending if client.response_deadline().is_missed() => Poll::Ready(Err(UpstreamFailure::new(
            TerminationCode::UpstreamWaitTimeout,
            "no response in time",
        ))),
        Poll::Pending => Poll::Pending,
    })
    .await;
    client.response_deadline().response_started();
    let response = head?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let sent = poll_fn(|cx| conn.poll_send(cx)).await;
        sent.map_err(|fault| failure(&mut conn, &fault))?;
        let (stream, unread) = conn.into_socket();
        return Ok(Answered::Switched(response, stream, unread));
    }
    Ok(Answered::Response(
        response.map(|()| UpstreamBody::on_conn(conn, upstream)),
    ))
}

fn failure(conn: &mut UpstreamConn, fault: &Fault) -> UpstreamFailure {
    let end = match fault {
        Fault::TooLarge => TerminationCode::UpstreamHeadTooLarge,
        Fault::Malformed(_) => TerminationCode::UpstreamHeadMalformed,
        Fault::Closed | Fault::Unsent | Fault::Broken(_) | Fault::Upload => {
            TerminationCode::UpstreamWaitClosed
        }
    };
    UpstreamFailure {
        end,
        reason: fault.to_string(),
        unanswered: end == TerminationCode::UpstreamWaitClosed && !conn.has_answered(),
        unsent: matches!(fault, Fault::Unsent).then(|| Box::new(conn.take_unsent())),
    }
}
