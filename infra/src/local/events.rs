//! Everything that can happen during a local run, in one channel.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// A child wrote a line.
    Line {
        /// Which one.
        child: usize,
        /// The line, without its end.
        text: String,
    },
    /// A probe of a child succeeded: for the first time, or after it was unhealthy.
    Healthy {
        /// Which one.
        child: usize,
    },
    /// A child was given all the time it has, and no probe succeeded.
    NeverHealthy {
        /// Which one.
        child: usize,
        /// What the last probe said.
        probe: String,
    },
    /// A child was healthy and is not any more.
    Unhealthy {
        /// Which one.
        child: usize,
        /// What the last probe said.
        probe: String,
    },
    /// A child is gone, and all that it wrote has been handed over before.
    Ended {
        /// Which one.
        child: usize,
    },
    /// Ctrl-C, or another signal that asks us to end.
    Stop,
    /// cargo is done.
    Built {
        /// How.
        status: io::Result<ExitStatus>,
    },
}

/// The receiving end, and the signals of the process.
#[derive(Debug)]
pub struct Events {
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl Events {
    /// A channel without signals: for tests that send [`Event::Stop`] themselves.
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver }
    }

    /// A channel into which SIGINT, SIGTERM and SIGHUP (the terminal was closed; not under `nohup`) come as
    /// [`Event::Stop`].
    ///
    /// # Errors
    /// When the system refuses to register a handler.
    pub fn with_signals() -> io::Result<Self> {
        let events = Self::new();
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        // Under `nohup` the closed terminal is of no interest.
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

    /// An end to send from.
    pub fn sender(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// The next event; `None` when `deadline` passes first.
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

/// True if SIGHUP was set to be ignored by whoever started us, according to the kernel's account of this process: a
/// mask in which the lowest bit is signal 1.
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen_in_the_mask() {
        assert!(ignores_hangup(
            "Name:\tinfra\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"
        ));
        assert!(!ignores_hangup(
            "Name:\tinfra\nSigIgn:\t0000000000001000\nSigCgt:\t1\n"
        ));
        assert!(!ignores_hangup(""));
    }
}
