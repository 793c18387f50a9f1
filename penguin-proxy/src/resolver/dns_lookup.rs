//! DNS lookup through the system's resolver, or a function for tests.
//!
//! `getaddrinfo` reads the same `/etc/hosts` and `/etc/resolv.conf` as every other program in the container, does not
//! cache, and works in a static glibc binary (2.34 or later). It blocks, so it runs on a thread of its own; a lookup
//! that hangs is abandoned.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Lookups that may hang at once before no more are started.
const HANGING: usize = 4;
/// How long a response is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A way to resolve names.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String, u16) -> Answer + Send + Sync>);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

impl Lookup {
    /// The system's resolver.
    pub fn system() -> Self {
        let free = Arc::new(Semaphore::new(HANGING));
        Self(Arc::new(move |name, port| {
            let free = Arc::clone(&free);
            Box::pin(async move {
                let Ok(permit) = free.try_acquire_owned() else {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "earlier lookups have not finished",
                    ));
                };
                let lookup = tokio::task::spawn_blocking(move || {
                    let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
                    drop(permit);
                    found
                });
                match tokio::time::timeout(TIMEOUT, lookup).await {
                    Ok(Ok(found)) => found,
                    Ok(Err(lost)) => Err(io::Error::other(lost)),
                    Err(_) => Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "no response from the name server within 2 s",
                    )),
                }
            })
        }))
    }

    /// A resolver of the caller's: called with name and port for every lookup.
    pub fn with(resolve: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |name, port| {
            let found = resolve(&name, port);
            Box::pin(async move { found })
        }))
    }

    /// Asks once.
    pub(crate) async fn ask(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (self.0)(name.to_owned(), port).await
    }
}
