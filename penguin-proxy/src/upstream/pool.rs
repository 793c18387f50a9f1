//! Connections to the app that wait for their next request. One pool per thread, the freshest first.

use std::cell::RefCell;
use std::task::{Context, Waker};
use std::time::Instant;

use super::link::Link;
use crate::server::Shared;

/// More idle connections than this are not kept.
const MOST: usize = 128;

/// The idle connections of one thread.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    #[expect(
        clippy::vec_box,
        reason = "a link is large and moves between here and its requests"
    )]
    idle: RefCell<Vec<Box<Link>>>,
}

impl Pool {
    /// A connection that is alive as far as one look tells, to an address that is still the app's.
    pub(super) fn take(&self, cx: &mut Context<'_>, shared: &Shared) -> Option<Box<Link>> {
        loop {
            let mut link = self.idle.borrow_mut().pop()?;
            let fresh = link.idle_since.elapsed() < shared.config.timeouts.upstream_idle;
            if fresh && shared.target.holds(link.address) && link.poll_is_free(cx) {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for the next request, unless there are so many already.
    pub(super) fn put(&self, mut link: Box<Link>, most: usize) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MOST.min(most) {
            link.rest();
            idle.push(link);
        }
    }

    /// Connections that wait.
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().len()
    }

    /// Lets go of connections that are too old, have died, or lead to an address that the app has left.
    pub(crate) fn sweep(&self, now: Instant, shared: &Shared) {
        let mut cx = Context::from_waker(Waker::noop());
        self.idle.borrow_mut().retain_mut(|link| {
            now.saturating_duration_since(link.idle_since) < shared.config.timeouts.upstream_idle
                && shared.target.holds(link.address)
                && link.poll_is_free(&mut cx)
        });
    }
}
