//! TCP connect with several addresses: staggered attempts; addresses that leave DNS are given up.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The next address is tried beside the present one after this.
const STAGGER: Duration = Duration::from_millis(200);
/// A neighbour that acknowledges nothing for this long is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

type Attempt = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("DNS lookup returned no address")]
    Unresolved,
    #[error("no connection to {address} within {}", humantime::format_duration(*.limit))]
    TimedOut { address: SocketAddr, limit: Duration },
    #[error("{address}: {source}")]
    Failed { address: SocketAddr, source: io::Error },
}

impl ConnectError {
    /// Whether it may as well be load that is in the way: this host has no descriptor, port or memory left, or a
    /// neighbour on it does not fetch its connections fast enough. On loopback nothing else swallows a packet.
    pub(crate) fn may_be_load(&self) -> bool {
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        const ENOMEM: i32 = 12;
        const EADDRNOTAVAIL: i32 = 99;
        let code = match self {
            Self::Failed { source, .. } => source.raw_os_error(),
            Self::TimedOut { address, .. } => return address.ip().is_loopback(),
            Self::Unresolved => None,
        };
        matches!(code, Some(ENFILE | EMFILE | ENOMEM | EADDRNOTAVAIL))
    }
}

/// Connects to whichever address answers first within `limit`.
pub(super) async fn connect(
    addresses: &mut watch::Receiver<Arc<[SocketAddr]>>,
    limit: Duration,
) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let due = Instant::now() + limit;
    let mut untried: Vec<SocketAddr> = addresses.borrow_and_update().to_vec();
    untried.reverse();
    let mut running: Vec<(SocketAddr, Attempt)> = Vec::new();
    let mut last = ConnectError::Unresolved;
    loop {
        if let Some(address) = untried.pop() {
            running.push((address, Box::pin(open(address))));
        } else if running.is_empty() {
            return Err(last);
        }
        let next = if untried.is_empty() {
            due
        } else {
            due.min(Instant::now() + STAGGER)
        };
        tokio::select! {
            biased;
            (address, outcome) = first(&mut running) => match outcome {
                Ok(stream) => return Ok((stream, address)),
                Err(source) => last = ConnectError::Failed { address, source },
            },
            Ok(()) = addresses.changed() => {
                let known = addresses.borrow_and_update();
                running.retain(|(address, _)| known.contains(address));
                untried = known.iter().filter(|address| running.iter().all(|(tried, _)| tried != *address)).copied().collect();
            }
            () = sleep_until(next) => if next == due {
                let address = running.first().map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |(address, _)| *address);
                return Err(ConnectError::TimedOut { address, limit });
            },
        }
    }
}

/// The first attempt that comes to an end, taken out of the list.
async fn first(running: &mut Vec<(SocketAddr, Attempt)>) -> (SocketAddr, io::Result<TcpStream>) {
    poll_fn(|cx| {
        for index in 0..running.len() {
            if let Poll::Ready(outcome) = running[index].1.as_mut().poll(cx) {
                return Poll::Ready((running.swap_remove(index).0, outcome));
            }
        }
        Poll::Pending
    })
    .await
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    // A container that vanishes sends no FIN: both make the kernel notice where the proxy alone would wait.
    let socket = SockRef::from(&stream);
    drop(socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(5))
        .with_interval(Duration::from_secs(1))
        .with_retries(3);
    drop(socket.set_tcp_keepalive(&keepalive));
    Ok(stream)
}

/// Whether the other side has closed, so that nothing can be sent to it.
pub(super) fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_load_can_cause_do_not_mean_absence() {
        let limit = Duration::from_secs(1);
        let timed_out = |address: &str| ConnectError::TimedOut {
            address: address.parse().unwrap(),
            limit,
        };
        let failed = |code| ConnectError::Failed {
            address: "127.0.0.1:3000".parse().unwrap(),
            source: io::Error::from_raw_os_error(code),
        };
        let (emfile, econnrefused, ehostunreach) = (24, 111, 113);
        for load in [
            timed_out("127.0.0.1:3000"),
            timed_out("[::1]:3000"),
            failed(emfile),
        ] {
            assert!(load.may_be_load(), "{load}");
        }
        for absence in [
            timed_out("10.0.0.7:3000"),
            failed(econnrefused),
            failed(ehostunreach),
            ConnectError::Unresolved,
        ] {
            assert!(!absence.may_be_load(), "{absence}");
        }
    }
}
