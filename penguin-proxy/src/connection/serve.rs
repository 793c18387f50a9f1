//! Task of one client connection: runs hyper, closes on request of the sweep, hibernates when idle.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hyper::server::conn::http1;
use tokio::net::TcpStream;

use super::handler::ConnectionService;
use super::{ClientSocket, Clients, Handler, close, http2};
use crate::client_state::{ClientState, CloseReason, Phase};
use crate::reject_reason::RejectReason;
use crate::request_limits::HEAD_LIMIT;

/// How hyper's part of a connection ended.
enum Outcome {
    Done,
    Failed(hyper::Error),
    Closed(CloseReason),
}

/// Takes the connection off the list however its task ends, a panic included.
struct Registered<H> {
    clients: Rc<Clients<H>>,
    connection: Rc<ClientState>,
}

impl<H> Drop for Registered<H> {
    fn drop(&mut self) {
        self.clients.worker.counters().connections_closed.add(1);
        self.clients.connections.remove(&self.connection);
    }
}

/// Serves one client until its connection is closed. The connection is on the list as soon as this returns, before its
/// task runs for the first time: the end of the drain waits for all that are on the list.
pub(super) fn serve<H: Handler>(
    clients: Rc<Clients<H>>,
    stream: TcpStream,
    peer: SocketAddr,
    surplus: bool,
) -> impl Future<Output = ()> {
    let connection = clients.connections.add(peer);
    connection.set_surplus(surplus);
    serve_registered(Registered { clients, connection }, stream)
}

async fn serve_registered<H: Handler>(registered: Registered<H>, stream: TcpStream) {
    let clients = Rc::clone(&registered.clients);
    let connection = Rc::clone(&registered.connection);
    let mut socket = ClientSocket::new(stream, Rc::clone(&connection));
    let (outcome, phase) = loop {
        if let Some(outcome) = hibernate(&clients, &connection, &mut socket).await {
            break (outcome, connection.phase());
        }
        // Boxed, like all that follows: the task of a hibernated connection must be small.
        let (outcome, phase, back) = Box::pin(work(&clients, &connection, socket)).await;
        socket = back;
        if let Some(outcome) = outcome {
            break (outcome, phase);
        }
    };
    let (stream, unread) = socket.into_parts();
    let unread = unread.freeze();
    if connection.speaks_http2() {
        return Box::pin(http2::serve(clients, connection, stream, unread)).await;
    }
    if let Some(takeover) = connection.take_takeover() {
        return takeover.run(stream, unread).await;
    }
    Box::pin(finish(&clients, &connection, (outcome, phase), stream, &unread)).await;
}

/// Waits for the client to send something, holding nothing but the socket. Tells if the connection ends instead.
async fn hibernate<H>(
    clients: &Clients<H>,
    connection: &Rc<ClientState>,
    socket: &mut ClientSocket,
) -> Option<Outcome> {
    clients.connections.hibernate(connection);
    let outcome = poll_fn(|cx| {
        connection.wake_me(cx.waker());
        if let Some(why) = connection.close_reason() {
            return Poll::Ready(Some(Outcome::Closed(why)));
        }
        socket
            .poll_arrival(cx)
            .map(|bytes| (!bytes).then_some(Outcome::Done))
    })
    .await;
    clients.connections.resume(connection);
    outcome
}

/// Has hyper serve requests until the connection ends, or until it has been idle for so long that hyper's buffers, and
/// hyper itself, are better let go. Tells how it ended, if it did.
async fn work<H: Handler>(
    clients: &Rc<Clients<H>>,
    connection: &Rc<ClientState>,
    socket: ClientSocket,
) -> (Option<Outcome>, Phase, ClientSocket) {
    let service = ConnectionService {
        clients: Rc::clone(clients),
        client: Rc::clone(connection),
    };
    let mut http = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT * 2)
        // The limit of the rule that names it stands in front of this one.
        .max_header_size(HEAD_LIMIT)
        .header_read_timeout(None)
        .serve_connection(socket, service);
    let outcome = poll_fn(|cx| {
        connection.wake_me(cx.waker());
        if let Some(why) = connection.close_reason() {
            return Poll::Ready(Some(Outcome::Closed(why)));
        }
        match Pin::new(&mut http).poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Some(Outcome::Done)),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Outcome::Failed(error))),
            Poll::Pending if connection.speaks_http2() => Poll::Ready(Some(Outcome::Done)),
            Poll::Pending if connection.may_hibernate(clients.connections.is_crowded()) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    let phase = connection.phase();
    // Drops the request in flight, if any: its record writes its own line.
    let parts = http.into_parts();
    connection.response_ended();
    // hyper is given no byte beyond the request that it serves, so that its buffer holds nothing for the next.
    (outcome, phase, parts.io)
}

/// Says what there is left to say, writes the line of a request that never became one, closes.
async fn finish<H: Handler>(
    clients: &Clients<H>,
    connection: &Rc<ClientState>,
    (outcome, phase): (Outcome, Phase),
    stream: TcpStream,
    unread: &[u8],
) {
    let worker = &clients.worker;
    let reject = |reason| clients.handler.reject_before_parse(connection, reason, unread);
    if let Some(refusal) = connection.refused_head() {
        return close::with_message(worker, stream, &reject(refusal)).await;
    }
    match outcome {
        Outcome::Closed(CloseReason::HeadTimeout) => {
            close::with_message(worker, stream, &reject(RejectReason::HeadTimeout)).await;
        }
        Outcome::Failed(error) if error.is_parse() => {
            // The scan refuses all that hyper refuses; should it not, hyper has answered with a bare status.
            reject(RejectReason::RequestLine);
            close::in_order(worker, stream).await;
        }
        _ if connection.is_to_be_reset() => close::reset(stream),
        Outcome::Failed(_) | Outcome::Closed(_) if phase == Phase::Answering => {
            close::reset(stream);
        }
        // No unread byte resets the connection, so nothing is lost by closing it at once.
        Outcome::Done if connection.client_has_sent_all() && unread.is_empty() => drop(stream),
        // A client that leaves in the middle of a head has said nothing worth a line.
        Outcome::Closed(_) | Outcome::Failed(_) | Outcome::Done => close::in_order(worker, stream).await,
    }
}

#[cfg(test)]
mod tests;
