//! How many requests may be with the app at once, and a short queue before the door. Beyond the queue a request
//! is shed at once: a client that is told to come back in a moment is better off than one that waits in a line
//! which only grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bound, shared by all threads.
#[derive(Debug)]
pub struct InFlight {
    places: Arc<Semaphore>,
    limit: usize,
    queue: usize,
    patience: Duration,
    waiting: AtomicUsize,
}

/// The right to be with the app, given back when dropped.
#[derive(Debug)]
#[must_use = "the place is given back when dropped"]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// There was no place.
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
    /// No place became free in time.
    #[error("no place among {limit} became free within {patience:?}")]
    Impatient {
        /// Requests that may be in flight.
        limit: usize,
        /// How long was waited.
        patience: Duration,
    },
}

impl InFlight {
    /// At most `limit` requests at once; at most `queue` more wait, each for at most `patience`.
    pub fn new(limit: usize, queue: usize, patience: Duration) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            queue,
            patience,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place at once, if one is free and nobody waits for it.
    pub fn try_enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }

    /// A place, after a short wait if need be.
    ///
    /// # Errors
    /// When the queue is full, or patience ran out.
    pub async fn enter(&self) -> Result<Place, Shed> {
        if let Some(place) = self.try_enter() {
            return Ok(place);
        }
        // Boxed, because it is large and rare: what is polled for every request is not to be as large.
        Box::pin(self.wait()).await
    }

    async fn wait(&self) -> Result<Place, Shed> {
        let Some(_seat) = self.take_seat() else {
            return Err(Shed::QueueFull {
                limit: self.limit,
                queue: self.queue,
            });
        };
        let places = Arc::clone(&self.places);
        match tokio::time::timeout(self.patience, places.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            // The semaphore is never closed; were it, nobody would get in.
            Ok(Err(_)) | Err(_) => Err(Shed::Impatient {
                limit: self.limit,
                patience: self.patience,
            }),
        }
    }

    /// How many requests are in flight.
    pub fn taken(&self) -> usize {
        self.limit - self.places.available_permits().min(self.limit)
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn take_seat(&self) -> Option<Seat<'_>> {
        let room = |waiting: usize| (waiting < self.queue).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()?;
        Some(Seat(&self.waiting))
    }
}

/// A seat in the queue; left when dropped, also by a client that goes away while it waits.
struct Seat<'a>(&'a AtomicUsize);

impl Drop for Seat<'_> {
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
    fn the_queue_is_short_and_in_order() {
        runtime().block_on(async {
            let limit = InFlight::new(1, 1, Duration::from_secs(1));
            let first = limit.enter().await.expect("a free place");
            let mut second = Box::pin(limit.enter());
            let mut context = Context::from_waker(Waker::noop());
            assert!(second.as_mut().poll(&mut context).is_pending());
            assert_eq!((limit.taken(), limit.waiting()), (1, 1));
            assert_eq!(
                limit.enter().await.unwrap_err(),
                Shed::QueueFull { limit: 1, queue: 1 }
            );
            drop(first);
            assert!(
                limit.try_enter().is_none(),
                "the place belongs to the one that waits"
            );
            assert!(matches!(second.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
            drop(second);
            assert_eq!((limit.taken(), limit.waiting()), (0, 0));
        });
    }

    #[test]
    fn patience_ends() {
        runtime().block_on(async {
            let patience = Duration::from_millis(250);
            let limit = InFlight::new(1, 1, patience);
            let _place = limit.enter().await;
            assert_eq!(
                limit.enter().await.unwrap_err(),
                Shed::Impatient { limit: 1, patience }
            );
            assert_eq!(limit.waiting(), 0);
        });
    }

    #[test]
    fn who_leaves_the_queue_leaves_the_seat() {
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
            assert_eq!(limit.waiting(), 0);
        });
    }
}
