//! Limit of concurrent requests with a short queue. Requests beyond the queue are rejected immediately.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bound, shared by all threads.
#[derive(Debug)]
pub struct InFlight {
    permits: Arc<Semaphore>,
    limit: usize,
    queue: usize,
    timeout: Duration,
    waiting: AtomicUsize,
}

/// The right to one request at the app, given back when dropped.
#[derive(Debug)]
#[must_use = "the permit is given back when dropped"]
pub struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// No permit was available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shed {
    /// The queue is full.
    #[error("{limit} requests are in flight and {queue} wait")]
    QueueFull {
        /// Requests that may be in flight.
        limit: usize,
        /// Requests that may wait.
        queue: usize,
    },
    /// No permit became free in time.
    #[error("no permit among {limit} became free within {timeout:?}")]
    TimedOut {
        /// Requests that may be in flight.
        limit: usize,
        /// How long was waited.
        timeout: Duration,
    },
}

impl InFlight {
    /// At most `limit` requests at once; at most `queue` more wait, each for at most `timeout`.
    pub fn new(limit: usize, queue: usize, timeout: Duration) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            limit,
            queue,
            timeout,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A permit at once, if one is free and nobody waits for it.
    pub fn try_enter(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Permit { _permit: permit })
    }

    /// A permit, after a short wait if need be.
    ///
    /// # Errors
    /// When the queue is full, or timeout ran out.
    pub async fn enter(&self) -> Result<Permit, Shed> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        // Boxed, because it is large and rare: what is polled for every request is not to be as large.
        Box::pin(self.wait()).await
    }

    async fn wait(&self) -> Result<Permit, Shed> {
        let Some(_waiter) = self.join_queue() else {
            return Err(Shed::QueueFull {
                limit: self.limit,
                queue: self.queue,
            });
        };
        let permits = Arc::clone(&self.permits);
        match tokio::time::timeout(self.timeout, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Permit { _permit: permit }),
            // The semaphore is never closed; were it, nobody would get in.
            Ok(Err(_)) | Err(_) => Err(Shed::TimedOut {
                limit: self.limit,
                timeout: self.timeout,
            }),
        }
    }

    fn join_queue(&self) -> Option<Waiter<'_>> {
        let room = |waiting: usize| (waiting < self.queue).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()?;
        Some(Waiter(&self.waiting))
    }
}

/// A seat in the queue; left when dropped, also by a client that goes away while it waits.
struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    }

    #[test]
    fn queue_is_bounded_and_in_order() {
        runtime().block_on(async {
            let limit = InFlight::new(1, 1, Duration::from_secs(1));
            let first = limit.enter().await.expect("a free permit");
            let mut second = Box::pin(limit.enter());
            let mut context = Context::from_waker(Waker::noop());
            assert!(second.as_mut().poll(&mut context).is_pending());
            assert_eq!(
                (
                    1 - limit.permits.available_permits(),
                    limit.waiting.load(Ordering::Relaxed)
                ),
                (1, 1)
            );
            assert_eq!(
                limit.enter().await.unwrap_err(),
                Shed::QueueFull { limit: 1, queue: 1 }
            );
            drop(first);
            assert!(
                limit.try_enter().is_none(),
                "the permit belongs to the one that waits"
            );
            assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
            drop(second);
            assert_eq!(
                (
                    1 - limit.permits.available_permits(),
                    limit.waiting.load(Ordering::Relaxed)
                ),
                (0, 0)
            );
        });
    }

    #[test]
    fn queued_request_times_out() {
        runtime().block_on(async {
            let timeout = Duration::from_millis(250);
            let limit = InFlight::new(1, 1, timeout);
            let _place = limit.enter().await;
            assert_eq!(
                limit.enter().await.unwrap_err(),
                Shed::TimedOut { limit: 1, timeout }
            );
            assert_eq!(limit.waiting.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn cancelled_waiter_leaves_the_queue() {
        runtime().block_on(async {
            let limit = InFlight::new(1, 1, Duration::from_secs(1));
            let _place = limit.enter().await;
            let mut gone = Box::pin(limit.enter());
            assert!(
                gone.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            drop(gone);
            assert_eq!(limit.waiting.load(Ordering::Relaxed), 0);
        });
    }
}
