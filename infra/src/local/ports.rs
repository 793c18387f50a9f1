//! Which ports of this machine are free, and who has one that is not.
//!
//! A port that is found free here may be gone when a program binds it; the program then says so itself. That is rare,
//! and looking first lets us explain the common case before anything is built.

mod owner;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

pub use owner::Owner;

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Somebody listens on it.
    #[error("port {port} is taken{}", .owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default())]
    Taken {
        /// The port.
        port: u16,
        /// Who, if that can be seen.
        owner: Option<Owner>,
    },
    /// It is one of those that only the administrator may bind.
    #[error("port {port} is for the administrator alone")]
    Forbidden {
        /// The port.
        port: u16,
    },
    /// Something else.
    #[error("port {port} cannot be bound")]
    Other {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// A port that is ours until this is dropped: nobody else takes it while we build.
#[derive(Debug)]
pub struct Reserved {
    address: SocketAddr,
    _listeners: [Option<TcpListener>; 2],
}

impl Reserved {
    /// The address, on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The port itself if it is free, any free one for 0.
///
/// # Errors
/// When it is not to be had.
pub fn exactly(port: u16) -> Result<Reserved, PortError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| refused(port, source))?;
    let address = listener.local_addr().map_err(|source| refused(port, source))?;
    // Browsers try ::1 first for `localhost`: another program there would answer in our place. A machine without
    // IPv6 refuses with another error than "taken".
    match TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && port != 0 => Err(refused(port, error)),
        sixth => Ok(Reserved {
            address,
            _listeners: [Some(listener), sixth.ok()],
        }),
    }
}

/// The port if it is free, else any other that is.
///
/// # Errors
/// When no port can be bound at all.
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
    fn a_taken_port_is_named_with_its_owner() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = exactly(port).unwrap_err();
        assert!(matches!(error, PortError::Taken { .. }));
        let message = error.to_string();
        assert!(message.starts_with(&format!("port {port} is taken")), "{message}");
        if cfg!(target_os = "linux") {
            assert!(
                message.ends_with(&format!("(process {})", std::process::id())),
                "{message}"
            );
        }
    }

    #[test]
    fn a_port_that_is_taken_on_every_address_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        assert!(exactly(listener.local_addr().unwrap().port()).is_err());
    }

    #[test]
    fn a_preference_gives_way() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let free = preferably(taken).unwrap().address();
        assert!(free.port() != taken && free.port() != 0);
        assert!(free.ip().is_loopback());
    }

    #[test]
    fn a_reserved_port_is_not_given_twice_and_free_afterwards() {
        // Another program may take the freed port before we do, so one of several tries counts.
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
