//! Listeners: one per thread on the same address (`SO_REUSEPORT`).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// Connections that wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 1024;

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{variable}={address}: {source}{}", hint(.source))]
pub struct ListenError {
    variable: &'static str,
    address: SocketAddr,
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; hint: another program listens there: stop it or choose another port",
        io::ErrorKind::PermissionDenied => {
            "; hint: choose a port above 1023, or give the process the right to bind low ports"
        }
        io::ErrorKind::AddrNotAvailable => {
            "; hint: no interface of this host has the address: [::] stands for all of them"
        }
        _ => "",
    }
}

/// Binds `count` listeners to one address.
///
/// Only the first asks whether the port is free: it is bound without sharing, so that a second proxy on the same port
/// fails as it should, and lets the others in afterwards.
///
/// # Errors
///
/// Names the variable, the address and, where there is one, the remedy.
pub(super) fn bind(
    variable: &'static str,
    address: SocketAddr,
    count: usize,
) -> Result<Vec<TcpListener>, ListenError> {
    let failed = |address: SocketAddr| {
        move |source| ListenError {
            variable,
            address,
            source,
        }
    };
    let first = match socket(address, false) {
        Err(error) if lacks_ipv6(address, &error) => {
            let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
            socket(v4, false).map_err(failed(v4))?
        }
        other => other.map_err(failed(address))?,
    };
    let bound = first.local_addr().map_err(failed(address))?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(socket(bound, true).map_err(failed(bound))?);
    }
    Ok(listeners)
}

/// `[::]` on a host whose kernel has IPv6 switched off.
fn lacks_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    const EADDRNOTAVAIL: i32 = 99;
    address.is_ipv6()
        && address.ip().is_unspecified()
        && matches!(error.raw_os_error(), Some(EAFNOSUPPORT | EADDRNOTAVAIL))
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.set_reuse_port(true)?;
    // Accepted connections inherit both: small responses leave at once, and vanished clients are found out.
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(15));
    socket.set_tcp_keepalive(&keepalive)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }

    #[test]
    fn all_threads_share_one_port() {
        let listeners = bind("PROXY_LISTEN", loopback(), 3).unwrap();
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        assert_eq!(ports, [ports[0]; 3]);
    }

    #[test]
    fn accepted_connections_inherit_socket_options() {
        let listener = bind("PROXY_LISTEN", loopback(), 1).unwrap().remove(0);
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        // The connection is queued, or will be in a moment.
        let accepted = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        };
        let socket = socket2::SockRef::from(&accepted);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_mins(1));
    }

    #[test]
    fn second_proxy_on_the_same_port_fails_with_a_hint() {
        let held = bind("PROXY_LISTEN", loopback(), 2).unwrap();
        let taken = held[0].local_addr().unwrap();
        let error = bind("PROXY_LISTEN", taken, 2).unwrap_err().to_string();
        assert!(
            error.contains("PROXY_LISTEN=127.0.0.1") && error.contains("another program listens there"),
            "{error}"
        );
    }
}
