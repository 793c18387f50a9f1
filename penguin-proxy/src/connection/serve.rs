//! The task of one client connection: hyper in the middle, the cut from outside, an orderly end.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use hyper::server::conn::http1;
use tokio::net::TcpStream;

use super::phases::{Connection, Cut, Phase};
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

    let gateway = Gateway::new(Rc::clone(&worker), Rc::clone(&connection));
    let socket = ClientSocket::new(stream, Rc::clone(&connection));
    let (outcome, stream, unread) = {
        let mut http = http1::Builder::new()
            .max_buf_size(HEAD_LIMIT * 2)
            // The limit of the rule that names it stands in front of this one.
            .max_header_size(HEAD_LIMIT)
            .header_read_timeout(None)
            .serve_connection(socket, gateway);
        let outcome = poll_fn(|cx| {
            connection.wake_me(cx.waker());
            if let Some(why) = connection.cut_reason() {
                return Poll::Ready(Outcome::Cut(why));
            }
            pin!(&mut http).poll(cx).map(|result| match result {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::Failed(error),
            })
        })
        .await;
        let phase = connection.phase();
        // Drops the request in flight, if any: its record writes its own line.
        let parts = http.into_parts();
        connection.answer_ended();
        let (stream, waiting) = parts.io.into_parts();
        let unread = [parts.read_buf, waiting.freeze()].concat();
        ((outcome, phase), stream, unread)
    };
    if connection.speaks_http2() {
        // Boxed: the task of an HTTP/1 connection is not to be as large as that of an HTTP/2 connection.
        return Box::pin(http2::serve(worker, connection, stream, unread.into())).await;
    }
    if let Some(tunnel) = connection.take_tunnel() {
        return upgrade::run(&connection, stream, unread.into(), tunnel).await;
    }
    finish(&worker, &connection, outcome, stream, &unread).await;
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
