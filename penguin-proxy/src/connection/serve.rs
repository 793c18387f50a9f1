//! The task of one client connection: hyper in the middle, the cut from outside, an orderly end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use hyper::server::conn::http1;
use tokio::net::TcpStream;

use super::close::Cut;
use super::phases::{Connection, Phase};
use super::{ClientSocket, close, http2};
use crate::gateway::{Gateway, unheard};
use crate::request_rules::{HEAD_LIMIT, Refusal};
use crate::server::Worker;
use crate::upgrade;

/// How hyper's part of a connection ended.
enum Outcome {
    Done,
    Failed(hyper::Error),
    Cut(Cut),
}

/// Takes the connection off the list however its task ends, a panic included.
struct Registered {
    worker: Rc<Worker>,
    connection: Rc<Connection>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.worker.counters().connections_closed.add(1);
        self.worker.connections.remove(&self.connection);
    }
}

/// Serves one client until its connection is closed.
pub(super) async fn serve(worker: Rc<Worker>, stream: TcpStream, peer: SocketAddr, surplus: bool) {
    let connection = worker.connections.add(peer);
    connection.set_surplus(surplus);
    let _registered = Registered {
        worker: Rc::clone(&worker),
        connection: Rc::clone(&connection),
    };

    let mut socket = ClientSocket::new(stream, Rc::clone(&connection));
    let (outcome, phase) = loop {
        if let Some(why) = rest(&connection, &socket).await {
            break (Outcome::Cut(why), connection.phase());
        }
        // Boxed, like all that follows: the task of a connection at rest is not to be as large as its largest state.
        let (outcome, phase, back) = Box::pin(work(&worker, &connection, socket)).await;
        socket = back;
        if let Some(outcome) = outcome {
            break (outcome, phase);
        }
    };
    let (stream, unread) = socket.into_parts();
    let unread = unread.freeze();
    if connection.speaks_http2() {
        return Box::pin(http2::serve(worker, connection, stream, unread)).await;
    }
    if let Some(tunnel) = connection.take_tunnel() {
        return Box::pin(upgrade::run(&connection, stream, unread, tunnel)).await;
    }
    Box::pin(finish(&worker, &connection, (outcome, phase), stream, &unread)).await;
}

/// Waits for the client to send something, holding nothing but the socket. Tells if the connection is cut instead.
async fn rest(connection: &Rc<Connection>, socket: &ClientSocket) -> Option<Cut> {
    connection.resting.set(true);
    let cut = poll_fn(|cx| {
        connection.wake_me(cx.waker());
        if let Some(why) = connection.cut_reason() {
            return Poll::Ready(Some(why));
        }
        socket.poll_readable(cx).map(|()| None)
    })
    .await;
    connection.resting.set(false);
    cut
}

/// Has hyper serve requests until the connection ends, or until it has been idle for so long that hyper's buffers, and
/// hyper itself, are better let go. Tells how it ended, if it did.
async fn work(
    worker: &Rc<Worker>,
    connection: &Rc<Connection>,
    socket: ClientSocket,
) -> (Option<Outcome>, Phase, ClientSocket) {
    let gateway = Gateway::new(Rc::clone(worker), Rc::clone(connection));
    let mut http = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT * 2)
        // The limit of the rule that names it stands in front of this one.
        .max_header_size(HEAD_LIMIT)
        .header_read_timeout(None)
        .serve_connection(socket, gateway);
    let outcome = poll_fn(|cx| {
        connection.wake_me(cx.waker());
        if let Some(why) = connection.cut_reason() {
            return Poll::Ready(Some(Outcome::Cut(why)));
        }
        match Pin::new(&mut http).poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Some(Outcome::Done)),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Outcome::Failed(error))),
            Poll::Pending if connection.may_rest() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    let phase = connection.phase();
    // Drops the request in flight, if any: its record writes its own line.
    let parts = http.into_parts();
    connection.answer_ended();
    let mut socket = parts.io;
    socket.put_back(parts.read_buf);
    (outcome, phase, socket)
}

/// Says what there is left to say, writes the line of a request that never became one, closes.
async fn finish(
    worker: &Rc<Worker>,
    connection: &Rc<Connection>,
    (outcome, phase): (Outcome, Phase),
    stream: TcpStream,
    unread: &[u8],
) {
    let unheard = |refusal| unheard(worker, connection, refusal, unread);
    if let Some(refusal) = connection.refused_head() {
        return close::with_message(stream, &unheard(refusal)).await;
    }
    match outcome {
        Outcome::Cut(Cut::HeadTimeout) => {
            close::with_message(stream, &unheard(Refusal::HeadTimeout)).await;
        }
        Outcome::Failed(error) if error.is_parse() => {
            // The scan refuses all that hyper refuses; should it not, hyper has answered with a bare status.
            unheard(Refusal::RequestLine);
            close::in_order(stream).await;
        }
        _ if connection.is_to_be_reset() => close::reset(stream),
        Outcome::Failed(_) | Outcome::Cut(_) if matches!(phase, Phase::Uploading | Phase::Answering) => {
            close::reset(stream);
        }
        // A client that leaves in the middle of a head has said nothing worth a line.
        Outcome::Cut(_) | Outcome::Failed(_) | Outcome::Done => close::in_order(stream).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_task<F>(_: impl Fn(Rc<Worker>, TcpStream, SocketAddr, bool) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_at_rest_is_small() {
        let sizes = [size_of_task(serve), size_of::<Connection>()];
        assert!(
            sizes.iter().sum::<usize>() < 1024,
            "{sizes:?}, {}",
            size_of::<ClientSocket>()
        );
    }
}
