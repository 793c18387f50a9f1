//! Pool of idle HTTP/1.1 connections to the app, one per thread; the youngest is used first.
//!
//! A request that may be sent twice takes any open connection. Others take one that the app is certainly not closing,
//! see [`IdleLimit`]. The pool keeps no more than recent concurrency needs: an idle connection costs a small app a
//! thread or a slot.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use super::conn::UpstreamConn;
use super::idle_limit::IdleLimit;
use super::usage::{InUse, Usage};
use crate::context::Shared;

/// More idle connections than this are not kept.
const MOST: usize = 128;

/// What a request needs of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Open, as far as is known: the request can be sent again.
    Open,
    /// Certainly open: the request must not be sent twice.
    CertainlyOpen,
}

/// The idle connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    #[expect(
        clippy::vec_box,
        reason = "a conn is large and moves between here and its requests"
    )]
    idle: RefCell<Vec<Box<UpstreamConn>>>,
    /// By address. Hardly ever more than one.
    limits: RefCell<Vec<(SocketAddr, IdleLimit)>>,
    usage: Usage,
}

impl Pool {
    /// Counts a connection that is about to be used.
    pub(super) fn enter(&self) -> InUse {
        self.usage.enter()
    }

    /// An idle connection that meets the need, to an address that is still the app's.
    pub(super) fn take(
        &self,
        cx: &mut Context<'_>,
        shared: &Shared,
        need: Need,
    ) -> Option<Box<UpstreamConn>> {
        let mut idle = self.idle.borrow_mut();
        if idle.is_empty() {
            return None;
        }
        let now = Instant::now();
        let configured = shared.config.timeouts.upstream_idle;
        while let Some(mut conn) = idle.pop() {
            let age = now.saturating_duration_since(conn.idle_since);
            let taken = self.with_limit(conn.address, |limit| {
                if age >= limit.longest(configured) || !shared.resolver.holds(conn.address) {
                    return None;
                }
                let open = match need {
                    Need::Open => conn.poll_is_free(cx),
                    Need::CertainlyOpen => conn.is_open(),
                };
                if !open {
                    limit.saw_closed(age, now);
                    return None;
                }
                limit.saw_open(age);
                // The oldest tells most of the app's limit, so that the first of many requests need not wait for a sweep.
                if need == Need::CertainlyOpen
                    && age >= limit.certain(now)
                    && let Some(oldest) = idle.first()
                    && oldest.address == conn.address
                    && oldest.is_open()
                {
                    limit.saw_open(now.saturating_duration_since(oldest.idle_since));
                }
                Some(need == Need::Open || age < limit.certain(now))
            });
            match taken {
                None => {}
                Some(true) => {
                    conn.idle_for = age;
                    conn.in_use = Some(self.enter());
                    return Some(conn);
                }
                // Those below are older. The request opens a connection in place of one of them.
                Some(false) => {
                    let address = conn.address;
                    idle.push(conn);
                    self.trim(&mut idle, 1, address, configured);
                    return None;
                }
            }
        }
        None
    }

    /// Keeps a connection for the next request, unless there are so many already.
    pub(super) fn put(&self, mut conn: Box<UpstreamConn>, shared: &Shared) {
        let most = MOST.min(shared.idle_per_thread);
        let configured = shared.config.timeouts.upstream_idle;
        conn.release_buffers();
        let address = conn.address;
        let promised = conn.promised;
        let keeps = self.with_limit(address, |limit| {
            limit.promise(promised);
            !limit.longest(configured).is_zero()
        });
        let mut idle = self.idle.borrow_mut();
        if keeps && idle.len() < most {
            idle.push(conn);
            self.trim(&mut idle, 0, address, configured);
        }
    }

    /// Closes what recent concurrency does not need, while `more` connections are about to be used.
    ///
    /// As long as the app's limit is not known the oldest one stays as well: its age is what tells.
    #[expect(clippy::vec_box, reason = "as above")]
    fn trim(
        &self,
        idle: &mut Vec<Box<UpstreamConn>>,
        more: usize,
        address: SocketAddr,
        configured: Duration,
    ) {
        let spare = usize::from(self.with_limit(address, |limit| limit.is_learning(configured)));
        let used = self.usage.now() + more;
        let most = (self.usage.recent_peak().max(used) + spare).saturating_sub(used);
        if idle.len() > most {
            let first = spare.min(most);
            idle.drain(first..first + idle.len() - most);
        }
    }

    /// A connection closed under a request although it had been idle for no longer than this.
    pub(super) fn closed_at_reuse(&self, address: SocketAddr, age: Duration) {
        self.with_limit(address, |limit| limit.saw_closed(age, Instant::now()));
    }

    fn with_limit<T>(&self, address: SocketAddr, look: impl FnOnce(&mut IdleLimit) -> T) -> T {
        let mut limits = self.limits.borrow_mut();
        let at = limits.iter().position(|(known, _)| *known == address);
        let at = at.unwrap_or_else(|| {
            limits.push((address, IdleLimit::default()));
            limits.len() - 1
        });
        look(&mut limits[at].1)
    }

    /// Connections that wait.
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().len()
    }

    /// Lets go of connections that are too old, have died, or lead to an address that the app has left.
    pub(crate) fn sweep(&self, now: Instant, shared: &Shared) {
        self.usage.advance(now);
        let mut cx = Context::from_waker(Waker::noop());
        let configured = shared.config.timeouts.upstream_idle;
        self.idle.borrow_mut().retain_mut(|conn| {
            let age = now.saturating_duration_since(conn.idle_since);
            let open = conn.poll_is_free(&mut cx);
            let kept = self.with_limit(conn.address, |limit| {
                if open {
                    limit.saw_open(age);
                } else {
                    limit.saw_closed(age, now);
                }
                age < limit.longest(configured)
            });
            open && kept && shared.resolver.holds(conn.address)
        });
        let mut limits = self.limits.borrow_mut();
        if limits.len() > 1 {
            limits.retain(|(address, _)| shared.resolver.holds(*address));
        }
    }
}
