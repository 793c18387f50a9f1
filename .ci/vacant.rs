//! Addresses that nobody listens on, for the tests of all crates.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;

use socket2::{Domain, Socket, Type};

/// Sockets that are bound and never listen.
static BOUND: Mutex<Vec<Socket>> = Mutex::new(Vec::new());

/// Returns an address of loopback that refuses connections, until a server that was told of it listens there.
///
/// Until the tests end, the kernel gives its port to nobody who asks for any free port.
pub(crate) fn vacant() -> SocketAddr {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // As servers do: both may then be bound to it, while at most one of them listens.
    socket.set_reuse_address(true).unwrap();
    socket
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    BOUND.lock().unwrap().push(socket);
    address
}
