//! Pauses between polls of an operation: longer the longer it takes, longer still after errors, with jitter.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// Polling interval.
pub(super) struct PollInterval {
    pause: Duration,
    trouble: u32,
}

impl PollInterval {
    pub(super) fn new() -> Self {
        Self {
            pause: Duration::from_millis(400),
            trouble: 0,
        }
    }

    pub(super) fn steady(&mut self) {
        self.trouble = 0;
        self.pause = (self.pause.mul_f64(1.25)).min(Duration::from_secs(4));
    }

    pub(super) fn slow_down(&mut self) {
        self.trouble = (self.trouble + 1).min(4);
    }

    /// Returns the interval: doubled per failed poll, plus up to a quarter of jitter.
    pub(super) fn next(&self) -> Duration {
        let chance = RandomState::new().build_hasher().finish() % 256;
        let pause = self.pause * 2_u32.pow(self.trouble);
        pause + pause.mul_f64(f64::from(u8::try_from(chance).unwrap_or(0)) / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_slows_down_and_trouble_slows_it_further() {
        let mut interval = PollInterval::new();
        assert!(interval.next() <= Duration::from_millis(500));
        for _ in 0..100 {
            interval.steady();
        }
        let calm = interval.next();
        assert!(calm >= Duration::from_secs(4) && calm <= Duration::from_secs(5));
        for _ in 0..100 {
            interval.slow_down();
        }
        let troubled = interval.next();
        assert!(troubled >= Duration::from_secs(64) && troubled <= Duration::from_secs(80));
        interval.steady();
        assert!(interval.next() <= Duration::from_secs(5));
    }

    #[test]
    fn tools_that_start_together_do_not_ask_together() {
        let interval = PollInterval::new();
        let first = interval.next();
        assert!((0..100).any(|_| interval.next() != first));
    }
}
