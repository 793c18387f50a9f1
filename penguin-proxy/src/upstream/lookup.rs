//! From a name to addresses: the system's resolver, or a test's.
//!
//! The system's `getaddrinfo` reads the same `/etc/hosts` and `/etc/resolv.conf` as every other program in the
//! container, keeps no answers of its own, and works inside a static glibc binary of 2.34 or later, which holds both
//! of these sources. It blocks, so it runs on a thread of its own; one that hangs is left behind.

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
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

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
                        "earlier lookups still hang",
                    ));
                };
                let lookup = tokio::task::spawn_blocking(move || {
                    let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
                    drop(permit);
                    found
                });
                match tokio::time::timeout(PATIENCE, lookup).await {
                    Ok(Ok(found)) => found,
                    Ok(Err(lost)) => Err(io::Error::other(lost)),
                    Err(_) => Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "no answer from the name server within 2 s",
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
