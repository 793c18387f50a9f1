//! Serves a router on a listener until it is told to stop, and then lets requests in flight finish.
//!
//! `axum::serve` drains as well, but without a deadline: one half-sent request keeps it alive for ever, and it has
//! no limit on how long a request may take to arrive. So the loop stands here, on hyper. It must not know what the
//! router answers, nor where the wish to stop comes from.

mod connection;
pub mod limits;
pub mod listen;
mod phase;
mod watched;

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::shutdown::{self, Shutdown, Urgency};
use connection::Outcome;
use limits::Limits;

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Requests that were not answered in full: their time was up.
    pub cut: usize,
}

/// How long to wait before accepting again when the process has no file descriptor left.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves until a stop is asked for, then drains for at most as long as the limits allow.
///
/// The listener is closed first, so that nothing new arrives. Connections on which nothing happens close at once,
/// those with a request in flight once it is answered. What is left at the deadline, or when the stop becomes
/// urgent, is cut and counted.
pub async fn run(listener: TcpListener, router: Router, mut shutdown: Shutdown, limits: Limits) -> Drained {
    let (deadline_setter, deadline) = shutdown::channel();
    let mut connections = JoinSet::new();
    let serve = |stream: TcpStream, connections: &mut JoinSet<Outcome>| {
        connections.spawn(connection::serve(
            stream,
            router.clone(),
            shutdown.clone(),
            deadline.clone(),
            limits,
        ));
    };
    let mut stop = shutdown.clone();
    loop {
        tokio::select! {
            () = stop.reached(Urgency::Drain) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve(stream, &mut connections),
                Err(error) => pause_after(&error).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    // Whoever has connected already was let in by the kernel in our name.
    while let Some(stream) = waiting(&listener).await {
        serve(stream, &mut connections);
    }
    drop(listener);
    tracing::info!(
        connections = connections.len(),
        timeout_ms = u64::try_from(limits.drain.as_millis()).unwrap_or(u64::MAX),
        "draining"
    );

    let started = Instant::now();
    let timeout = tokio::time::sleep(limits.drain);
    tokio::pin!(timeout);
    let mut cut = 0;
    let mut count = |outcome| cut += usize::from(matches!(outcome, Ok(Outcome::Cut)));
    let reason = loop {
        tokio::select! {
            joined = connections.join_next() => match joined {
                Some(outcome) => count(outcome),
                None => break "every request was answered",
            },
            () = &mut timeout => break "the drain timeout is over",
            () = shutdown.reached(Urgency::Now) => break "the stop was requested again",
        }
    };
    deadline_setter.stop();
    while let Some(outcome) = connections.join_next().await {
        count(outcome);
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if cut == 0 {
        tracing::info!(duration_ms, reason, "drained");
    } else {
        tracing::warn!(duration_ms, reason, cut, "drained, requests were cut");
    }
    Drained { cut }
}

/// A connection that waits to be accepted right now.
async fn waiting(listener: &TcpListener) -> Option<TcpStream> {
    poll_fn(|context| match listener.poll_accept(context) {
        Poll::Ready(Ok((stream, _))) => Poll::Ready(Some(stream)),
        Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A connection that was gone before we took it is nothing; no file descriptor left is something to wait out.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    ) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep(BREATHER).await;
}
