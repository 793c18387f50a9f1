//! TCP ports: availability and owners.
//!
//! A port that is free here may be taken before a program binds it; the program then reports that itself. Checking first
//! explains the common case before anything is built.

mod owner;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

pub use owner::Owner;

/// A port that cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Another program listens on it.
    #[error("port {port} is in use{}", .owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default())]
    Taken {
        /// The port.
        port: u16,
        /// Its owner, if known.
        owner: Option<Owner>,
    },
    /// A privileged port.
    #[error("port {port} requires root privileges")]
    Forbidden {
        /// The port.
        port: u16,
    },
    /// Another error.
    #[error("cannot bind port {port}")]
    Other {
        /// The port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
}

/// A port that is reserved until this value is dropped.
#[derive(Debug)]
pub struct Reserved {
    address: SocketAddr,
    _listeners: [Option<TcpListener>; 2],
}

impl Reserved {
    /// Returns the loopback address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Reserves this port, or any free port for 0.
///
/// # Errors
/// Fails if the port cannot be bound.
pub fn exactly(port: u16) -> Result<Reserved, PortError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| refused(port, source))?;
    let address = listener.local_addr().map_err(|source| refused(port, source))?;
    // Browsers try ::1 first for `localhost`; another program there would respond instead. Without IPv6 the error is not
    // "address in use".
    match TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => Err(refused(port, error)),
        sixth => Ok(Reserved {
            address,
            _listeners: [Some(listener), sixth.ok()],
        }),
    }
}

/// Reserves this port if it is free, else any free port.
///
/// # Errors
/// Fails if no port can be bound.
pub fn preferably(port: u16) -> Result<Reserved, PortError> {
    exactly(port).or_else(|_| exactly(0))
}

fn refused(port: u16, source: io::Error) -> PortError {
    match source.kind() {
        io::ErrorKind::AddrInUse => PortError::Taken {
            port,
            owner: owner::of(port),
        },
        io::ErrorKind::PermissionDenied => PortError::Forbidden { port },
        _ => PortError::Other { port, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_in_use_is_reported_with_owner() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = exactly(port).unwrap_err();
        assert!(matches!(error, PortError::Taken { .. }));
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("port {port} is in use")),
            "{message}"
        );
        if cfg!(target_os = "linux") {
            assert!(
                message.ends_with(&format!("(process {})", std::process::id())),
                "{message}"
            );
        }
    }

    #[test]
    fn port_in_use_on_wildcard_address_is_detected() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        assert!(exactly(listener.local_addr().unwrap().port()).is_err());
    }

    #[test]
    fn preferred_port_falls_back_to_a_free_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let free = preferably(taken).unwrap().address();
        assert!(free.port() != taken && free.port() != 0);
        assert!(free.ip().is_loopback());
    }

    #[test]
    fn reserved_port_is_exclusive_until_dropped() {
        // Retried, since another program may take the freed port.
        let freed = (0..20).any(|_| {
            let first = exactly(0).unwrap();
            let port = first.address().port();
            assert!(exactly(port).is_err());
            drop(first);
            exactly(port).is_ok()
        });
        assert!(freed);
    }
}
