//! Several stacks at once, in one task: whichever gets on is the next to be heard.
//!
//! There are never more than a dozen, so asking all of them whenever one wakes costs nothing, and they may borrow.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Futures that run side by side.
pub(super) struct Together<'a, T>(Vec<Pin<Box<dyn Future<Output = T> + 'a>>>);

impl<T> fmt::Debug for Together<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Together({})", self.0.len())
    }
}

impl<'a, T> Together<'a, T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one; it begins when the next result is waited for.
    pub(super) fn push(&mut self, future: impl Future<Output = T> + 'a) {
        self.0.push(Box::pin(future));
    }

    /// Waits for the next result, or `None` if none is left.
    pub(super) async fn next(&mut self) -> Option<T> {
        poll_fn(|context| {
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            for index in 0..self.0.len() {
                if let Poll::Ready(result) = self.0[index].as_mut().poll(context) {
                    drop(self.0.remove(index));
                    return Poll::Ready(Some(result));
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_to_be_ready_is_heard_first() {
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let mut together = Together::new();
        together.push(async move {
            receiver.await.unwrap();
            "slow"
        });
        together.push(async move {
            sender.send(()).unwrap();
            "quick"
        });
        assert_eq!(together.next().await, Some("quick"));
        assert_eq!(together.next().await, Some("slow"));
        assert_eq!(together.next().await, None);
    }
}
