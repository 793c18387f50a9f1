//! Events of a local run, in one channel.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// An event.
#[derive(Debug)]
pub enum Event {
    /// A child wrote a line.
    Line {
        /// Number of the child.
        child: usize,
        /// The line without its end.
        text: String,
    },
    /// A child became healthy, for the first time or again.
    Healthy {
        /// Number of the child.
        child: usize,
    },
    /// A child did not become healthy in time.
    NeverHealthy {
        /// Number of the child.
        child: usize,
        /// Output of the last probe.
        probe: String,
    },
    /// A healthy child became unhealthy.
    Unhealthy {
        /// Number of the child.
        child: usize,
        /// Output of the last probe.
        probe: String,
    },
    /// A child ended; its lines have been sent before.
    Ended {
        /// Number of the child.
        child: usize,
    },
    /// Ctrl-C or another termination signal.
    Stop,
    /// cargo ended.
    Built {
        /// Its exit status.
        status: io::Result<ExitStatus>,
    },
}

/// Receiver of events, including signals of this process.
#[derive(Debug)]
pub struct Events {
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl Events {
    /// Creates a channel without signals, for tests.
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver }
    }

    /// Creates a channel in which SIGINT, SIGTERM and SIGHUP (unless ignored, as by `nohup`) arrive as [`Event::Stop`].
    ///
    /// # Errors
    /// Fails if a signal handler cannot be registered.
    pub fn with_signals() -> io::Result<Self> {
        let events = Self::new();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        // `nohup` ignores SIGHUP.
        let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
        if !ignores_hangup(&status) {
            signals.add_signal(SIGHUP)?;
        }
        let sender = events.sender();
        thread::spawn(move || {
            for _ in signals.forever() {
                if sender.send(Event::Stop).is_err() {
                    return;
                }
            }
        });
        Ok(events)
    }

    /// Returns a sender.
    pub fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Returns the next event; `None` if `deadline` passes first.
    pub fn next(&self, deadline: Option<Instant>) -> Option<Event> {
        let Some(deadline) = deadline else {
            return self.receiver.recv().ok();
        };
        self.receiver
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .ok()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns true if SIGHUP is ignored, according to the `SigIgn` mask in `/proc/self/status` (lowest bit: signal 1).
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_detected_from_the_signal_mask() {
        assert!(ignores_hangup(
            "Name:\tinfra\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"
        ));
        assert!(!ignores_hangup(
            "Name:\tinfra\nSigIgn:\t0000000000001000\nSigCgt:\t1\n"
        ));
        assert!(!ignores_hangup(""));
    }
}
