//! One request on one connection: out, and the answer's head back. Its body follows as a stream.

use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::net::TcpStream;

use super::answer_body::UpstreamBody;
use super::http1::Fault;
use super::link::Link;
use crate::access_log::End;
use crate::body::RequestBody;
use crate::connection::Connection;
use crate::server::Worker;

/// What came back from the app.
#[derive(Debug)]
pub(crate) enum Answered {
    /// An answer whose body is still to come.
    Response(Response<UpstreamBody>),
    /// The app changed the protocol: the bare socket, and what was read beyond the head.
    Switched(Response<()>, TcpStream, Bytes),
}

/// Why there is no answer, and what that means for the client.
#[derive(Debug)]
pub(crate) struct UpstreamFailure {
    pub(crate) end: End,
    pub(crate) reason: String,
    /// The connection died before a single byte of an answer: a repeatable request may be sent again.
    pub(super) unanswered: bool,
}

impl UpstreamFailure {
    pub(crate) fn new(end: End, reason: impl fmt::Display) -> Self {
        Self {
            end,
            reason: reason.to_string(),
            unanswered: false,
        }
    }
}

/// Sends a request and waits for the head of its answer, for which `request` gives up its fields.
pub(super) async fn exchange(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    mut link: Box<Link>,
    request: &mut Parts,
    body: RequestBody,
) -> Result<Answered, UpstreamFailure> {
    link.send(request, body);
    let head = poll_fn(|cx| match link.poll_head(cx, request) {
        Poll::Ready(head) => Poll::Ready(head.map_err(|fault| failure(&link, &fault))),
        Poll::Pending if client.is_answer_overdue() => Poll::Ready(Err(UpstreamFailure::new(
            End::UpstreamSilent,
            "no answer in time",
        ))),
        Poll::Pending => Poll::Pending,
    })
    .await;
    client.answer_came();
    let response = head?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let sent = poll_fn(|cx| link.poll_send(cx)).await;
        sent.map_err(|fault| failure(&link, &fault))?;
        let (stream, unread) = link.into_socket();
        return Ok(Answered::Switched(response, stream, unread));
    }
    Ok(Answered::Response(
        response.map(|()| UpstreamBody::on_link(link, worker)),
    ))
}

fn failure(link: &Link, fault: &Fault) -> UpstreamFailure {
    let end = match fault {
        Fault::TooLarge => End::UpstreamTooLarge,
        Fault::Malformed(_) => End::UpstreamMalformed,
        Fault::Closed | Fault::Broken(_) | Fault::Upload => End::UpstreamClosed,
    };
    UpstreamFailure {
        end,
        reason: fault.to_string(),
        unanswered: end == End::UpstreamClosed && !link.has_answered(),
    }
}
