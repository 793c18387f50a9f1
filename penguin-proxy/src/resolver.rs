//! Resolver of the app's name: asks on a timer and whenever a connection fails, keeps the last good addresses.

mod dns_lookup;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

pub use self::dns_lookup::Lookup;
use crate::config::UpstreamAddress;

/// A moved app is found after this at the latest.
const PERIOD: Duration = Duration::from_secs(1);
/// Connect failures may ask more often, but not more often than this.
const SHORTEST: Duration = Duration::from_millis(100);

/// The app's addresses, for all threads.
#[derive(Debug)]
pub(crate) struct Resolver {
    upstream: UpstreamAddress,
    lookup: Lookup,
    addresses: watch::Sender<Arc<[SocketAddr]>>,
    wanted: Notify,
    /// Connections ask to be looked at again.
    pub(crate) probe_wanted: Notify,
    resolutions: AtomicU64,
    failures: AtomicU64,
}

impl Resolver {
    pub(crate) fn new(upstream: UpstreamAddress, lookup: Lookup) -> Self {
        let addresses = watch::Sender::new(Arc::from(upstream.fixed()));
        Self {
            upstream,
            lookup,
            addresses,
            wanted: Notify::new(),
            probe_wanted: Notify::new(),
            resolutions: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// Where the app is, as far as is known.
    pub(crate) fn addresses(&self) -> Arc<[SocketAddr]> {
        Arc::clone(&self.addresses.borrow())
    }

    /// Whether the app is still there.
    pub(crate) fn holds(&self, address: SocketAddr) -> bool {
        self.addresses.borrow().contains(&address)
    }

    /// Tells of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<[SocketAddr]>> {
        self.addresses.subscribe()
    }

    /// A connection failed: resolve and probe soon.
    pub(crate) fn refresh(&self) {
        self.wanted.notify_one();
        self.probe_wanted.notify_one();
    }

    pub(crate) fn resolutions(&self) -> u64 {
        self.resolutions.load(Ordering::Relaxed)
    }

    pub(crate) fn resolution_failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Takes the addresses of a lookup, in any order: name servers rotate them.
    fn learn(&self, mut found: Vec<SocketAddr>) {
        found.sort_unstable();
        found.dedup();
        let changed = self.addresses.send_if_modified(|known| {
            let differs = **known != *found;
            if differs {
                *known = Arc::from(found);
            }
            differs
        });
        if changed {
            tracing::info!(addresses = ?self.addresses(), "{} resolves to", self.upstream);
        }
    }

    /// Resolves for as long as the proxy runs. Ends at once where there is nothing to resolve.
    pub(crate) async fn run(&self) {
        let Some(name) = self.upstream.name() else {
            return;
        };
        let mut failing = false;
        loop {
            match self.lookup.ask(name, self.upstream.port()).await {
                Ok(found) if !found.is_empty() => {
                    self.resolutions.fetch_add(1, Ordering::Relaxed);
                    if std::mem::take(&mut failing) {
                        tracing::info!("DNS lookup of {name} works again");
                    }
                    self.learn(found);
                }
                outcome => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    let why = outcome
                        .err()
                        .map_or_else(|| "no address".to_owned(), |error| error.to_string());
                    if !std::mem::replace(&mut failing, true) {
                        let known = self.addresses();
                        tracing::warn!(last_known = ?known, "DNS lookup of {name} failed, retrying: {why}");
                    }
                }
            }
            sleep(SHORTEST).await;
            drop(timeout(PERIOD.saturating_sub(SHORTEST), self.wanted.notified()).await);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::task::Poll;

    use super::*;
    use crate::cli::defaults;
    use crate::config::Config;

    #[test]
    fn rotated_dns_responses_are_no_change() {
        let config = Config::new(&defaults()).unwrap();
        let target = Resolver::new(config.upstream, Lookup::with(|_, _| Ok(Vec::new())));
        let mut changes = target.subscribe();
        let (a, b) = ("10.0.0.1:80".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        target.learn(vec![a, b]);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        target.learn(vec![b, a, b]);
        assert!(!changes.has_changed().unwrap());
        assert_eq!(*target.addresses(), [a, b]);
    }

    /// Somebody who waits to be told.
    struct Waiting<'a>(std::pin::Pin<Box<tokio::sync::futures::Notified<'a>>>);

    impl<'a> Waiting<'a> {
        fn for_news(notify: &'a Notify) -> Self {
            Self(Box::pin(notify.notified()))
        }

        async fn is_told(&mut self) -> bool {
            poll_fn(|cx| Poll::Ready(self.0.as_mut().poll(cx).is_ready())).await
        }
    }

    /// A failed connection is the first sign that the app has moved.
    #[tokio::test]
    async fn failed_connection_triggers_lookup_and_probe() {
        let config = Config::new(&defaults()).unwrap();
        let target = Resolver::new(config.upstream, Lookup::with(|_, _| Ok(Vec::new())));
        let mut resolving = Waiting::for_news(&target.wanted);
        let mut probing = Waiting::for_news(&target.probe_wanted);
        assert!(!resolving.is_told().await && !probing.is_told().await);
        target.refresh();
        assert!(resolving.is_told().await && probing.is_told().await);
    }
}
