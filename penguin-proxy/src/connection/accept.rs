//! Takes connections from one listener until the drain closes it.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use super::serve::serve;
use crate::drain::Phase;
use crate::metrics;
use crate::server::{SPARE_CONNECTIONS, Worker};

/// Connections taken in one go before those that are open get their turn.
const BATCH: usize = 16;
/// Pause when the system has no descriptor or memory left for a connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What goes on being wrong is told again after this.
const SILENCE: Duration = Duration::from_secs(10);

/// Accepts until the drain reaches its closing phase, then takes what the kernel has already queued and lets go.
///
/// # Errors
///
/// When the listener cannot be used at all.
pub(crate) async fn accept(worker: &Rc<Worker>, listener: StdListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut phase = worker.shared.phase.subscribe();
    let mut taken = 0;
    let mut told: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Closing) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => take(worker, stream, peer),
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                if told.is_none_or(|at| at.elapsed() >= SILENCE) {
                    told = Some(Instant::now());
                    tracing::warn!("cannot accept a connection: {error}");
                }
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
        taken += 1;
        if taken % BATCH == 0 {
            yield_now().await;
        }
    }
    worker.phase.set(*phase.borrow());
    // Connections that the kernel has queued were promised an answer: a closed listener would reset them.
    let queued = listener.into_std()?;
    while let Ok((stream, peer)) = queued.accept() {
        stream.set_nonblocking(true)?;
        take(worker, TcpStream::from_std(stream)?, peer);
    }
    Ok(())
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn take(worker: &Rc<Worker>, stream: TcpStream, peer: SocketAddr) {
    let open = metrics::open_connections(&worker.shared.counters);
    let room = worker.shared.config.bounds.connections as u64;
    let surplus = open >= room;
    if surplus {
        worker.counters().connections_refused.add(1);
    }
    if open >= room + SPARE_CONNECTIONS as u64 {
        return;
    }
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    worker.counters().connections_opened.add(1);
    tokio::task::spawn_local(serve(Rc::clone(worker), stream, peer, surplus));
}
