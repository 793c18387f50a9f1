//! Serves a router until a shutdown is requested, then lets requests in flight finish under a deadline.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;

use crate::shutdown::{Phase, ShutdownHandle};

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// Every request in flight was answered.
    Complete,
    /// The drain timeout was over, or the shutdown was forced; connections that were left are closed.
    Aborted,
}

/// Opens the port. `[::]` accepts IPv4 too, and becomes `0.0.0.0` on a machine without IPv6.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let mut bound = TcpListener::bind(address).await;
    if let Err(error) = &bound
        && address.is_ipv6()
        && address.ip().is_unspecified()
        && error.kind() != io::ErrorKind::AddrInUse
    {
        bound = TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await;
    }
    bound.with_context(|| format!("cannot listen on APP_LISTEN={address}"))
}

/// Serves until a shutdown is requested, then drains for at most `drain_timeout`.
///
/// `axum::serve` waits for a half-sent request without end, hence the deadline.
pub async fn run(
    listener: TcpListener,
    router: Router,
    mut shutdown: ShutdownHandle,
    drain_timeout: Duration,
) -> Drain {
    let mut draining = shutdown.clone();
    let signal = async move { draining.reached(Phase::Draining).await };
    let make_service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, make_service).with_graceful_shutdown(signal);
    let mut server = tokio::spawn(server.into_future());
    shutdown.reached(Phase::Draining).await;
    tracing::info!(timeout = ?drain_timeout, "draining");
    let started = Instant::now();
    let reason = tokio::select! {
        _ = &mut server => None,
        () = tokio::time::sleep(drain_timeout) => Some("the drain timeout is over"),
        () = shutdown.reached(Phase::Forced) => Some("the shutdown was forced"),
    };
    let duration = started.elapsed();
    let Some(reason) = reason else {
        tracing::info!(?duration, "drained");
        return Drain::Complete;
    };
    tracing::warn!(?duration, reason, "drain aborted, requests in flight are cut off");
    server.abort();
    Drain::Aborted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_includes_ipv4() {
        let listener = listen("[::]:0".parse().unwrap()).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    }

    #[tokio::test]
    async fn address_of_another_machine_is_named() {
        let error = listen("192.0.2.1:3000".parse().unwrap()).await.unwrap_err();
        assert!(
            format!("{error:#}").starts_with("cannot listen on APP_LISTEN=192.0.2.1:3000: Cannot assign"),
            "{error:#}"
        );
    }
}
