//! Accept loop of one listener; ends when the drain closes the port.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;

use super::serve::serve;
use super::{Clients, Handler};
use crate::drain::Phase;

/// Client connections beyond the limit that are still accepted: the load balancer's health check is answered on them,
/// everything else is rejected with a response.
pub(crate) const SPARE_CONNECTIONS: usize = 32;
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
pub(crate) async fn accept<H: Handler>(clients: &Rc<Clients<H>>, listener: StdListener) -> io::Result<()> {
    let worker = &clients.worker;
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
            Ok((stream, peer)) => take(clients, stream, peer),
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
    // Connections that the kernel has queued were promised a response: a closed listener would reset them.
    let queued = listener.into_std()?;
    while let Ok((stream, peer)) = queued.accept() {
        stream.set_nonblocking(true)?;
        take(clients, TcpStream::from_std(stream)?, peer);
    }
    Ok(())
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn take<H: Handler>(clients: &Rc<Clients<H>>, stream: TcpStream, peer: SocketAddr) {
    let worker = &clients.worker;
    let open = worker.shared.open_connections();
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
    tokio::task::spawn_local(serve(Rc::clone(clients), stream, peer, surplus));
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream as StdStream};

    use tokio::runtime::{Builder, LocalOptions};

    use super::*;
    use crate::access_log::AccessLog;
    use crate::cli::defaults;
    use crate::config::Config;
    use crate::resolver::Lookup;
    use crate::server::Server;

    /// The thread has no other connection: nothing but the queued one keeps it from ending.
    #[test]
    fn connection_queued_when_the_listener_closes_is_answered() {
        let mut arguments = defaults();
        arguments.listen = "127.0.0.1:0".into();
        arguments.admin_listen = "127.0.0.1:0".into();
        let log = AccessLog::new(std::io::sink(), true).unwrap();
        let server = Server::bind(Config::new(&arguments).unwrap(), Lookup::system(), log).unwrap();
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let mut client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        client
            .write_all(b"GET /healthz/ready HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        listener.set_nonblocking(true).unwrap();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default());
        runtime.unwrap().block_on(async {
            let clients = server.clients();
            clients.worker.shared.phase.send_replace(Phase::Closing);
            accept(&clients, listener).await.unwrap();
            clients.all_closed().await;
        });
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}
