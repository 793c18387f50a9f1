//! What a connection is doing, shared between its socket and its service.
//!
//! hyper knows, but does not tell. The socket sees the first byte of a request and the last one of an answer leave;
//! the service sees the request complete and the body end. Together they know.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing was received yet.
    Fresh = 0,
    /// The last request is answered, the next one has not begun.
    Idle = 1,
    /// A request has begun to arrive.
    Arriving = 2,
    /// A request is being answered.
    Answering = 3,
    /// The answer is complete and on its way out.
    Leaving = 4,
}

/// The phase of one connection.
#[derive(Debug, Clone)]
pub(super) struct SharedPhase(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    phase: AtomicU8,
    arrived: Notify,
}

impl SharedPhase {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            phase: AtomicU8::new(Phase::Fresh as u8),
            arrived: Notify::new(),
        }))
    }

    pub(super) fn get(&self) -> Phase {
        match self.0.phase.load(Ordering::Relaxed) {
            0 => Phase::Fresh,
            1 => Phase::Idle,
            2 => Phase::Arriving,
            3 => Phase::Answering,
            _ => Phase::Leaving,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
        if phase == Phase::Answering {
            self.0.arrived.notify_waiters();
        }
    }

    /// Returns when the next request has arrived in full.
    pub(super) async fn arrived(&self) {
        self.0.arrived.notified().await;
    }
}

impl Phase {
    /// Whether a request is under way that we have not read in full.
    pub(super) fn may_bring_a_request(self) -> bool {
        matches!(self, Self::Fresh | Self::Arriving)
    }

    /// Whether somebody waits for an answer that we owe.
    pub(super) fn owes_an_answer(self) -> bool {
        matches!(self, Self::Answering | Self::Leaving)
    }
}
