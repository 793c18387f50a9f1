//! Opens the port, or says in one sentence why it cannot be had.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::net::TcpListener;

/// How many connections the kernel may hold until we take them.
const BACKLOG: i32 = 1024;

/// Why the port could not be opened.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody else has it.
    #[error(
        "port {port} is in use: stop the program that holds it (`ss -ltnp 'sport = :{port}'` names it), or set \
         APP_LISTEN to another port"
    )]
    InUse {
        /// The port.
        port: u16,
    },
    /// We may not have it.
    #[error(
        "port {port} may be opened by root alone: set APP_LISTEN to a port from 1024 up, such as {address}:3000"
    )]
    Denied {
        /// The port.
        port: u16,
        /// The address, as it is written before a port.
        address: String,
    },
    /// The machine has no such address.
    #[error(
        "{address} is not an address of this machine: set APP_LISTEN to [::]:{port} for all that it has (`ip addr` \
         lists them)"
    )]
    NotHere {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
    },
    /// Something else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// Address and port.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Opens the port. `[::]` takes IPv4 too, and is `0.0.0.0` on a machine without IPv6.
pub fn open(address: SocketAddr) -> Result<TcpListener, ListenError> {
    match bind(address) {
        Err(error) if is_every_ipv6(address) && means_no_ipv6(&error) => {
            let every_ipv4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
            bind(every_ipv4).map_err(|error| explain(every_ipv4, error))
        }
        bound => bound.map_err(|error| explain(address, error)),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if is_every_ipv6(address) {
        // The default of the machine is anybody's guess.
        socket.set_only_v6(false)?;
    }
    // A restart need not wait for the last connections of the former process.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn is_every_ipv6(address: SocketAddr) -> bool {
    address.is_ipv6() && address.ip().is_unspecified()
}

/// `EAFNOSUPPORT` where the kernel has no IPv6, `EADDRNOTAVAIL` where it is switched off.
fn means_no_ipv6(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

fn explain(address: SocketAddr, source: io::Error) -> ListenError {
    let port = address.port();
    match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { port },
        io::ErrorKind::PermissionDenied => ListenError::Denied {
            port,
            address: match address.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
        },
        io::ErrorKind::AddrNotAvailable => ListenError::NotHere {
            address: address.ip(),
            port,
        },
        _ => ListenError::Other { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_address_means_ipv4_too() {
        let listener = open("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_is_explained() {
        let first = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = open(first.local_addr().unwrap()).unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }), "{error}");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_explained() {
        let error = open("192.0.2.1:3000".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "192.0.2.1 is not an address of this machine: set APP_LISTEN to [::]:3000 for all that it has (`ip \
             addr` lists them)"
        );
    }
}
