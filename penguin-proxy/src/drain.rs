//! Drain plan, validated at start, and drain phase. No I/O.
//!
//! ```text
//! SIGTERM ── pre-drain: not ready, everything else as before ── closing: `Connection: close` on every response ── end
//! ```

use std::fmt;
use std::time::Duration;

/// The proxy is gone this long before the platform would kill it.
const MARGIN: Duration = Duration::from_secs(2);
/// What is left for requests in flight must be at least this.
const LEAST_CLOSING: Duration = Duration::from_secs(1);

pub(crate) const REMEDY: &str = "make PROXY_PRE_DRAIN shorter (0s where no load balancer is in front), or PROXY_STOP_TIMEOUT \
                                 and the platform's stop timeout longer";

/// What happens when, counted from SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainPlan {
    pre_drain: Duration,
    stop_timeout: Duration,
    idle: Duration,
}

/// A pre-drain that leaves no time to finish.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "leaves no time to finish requests: {} and the 2s before the kill do not fit into PROXY_STOP_TIMEOUT={}",
    humantime::format_duration(*.pre_drain),
    humantime::format_duration(*.stop_timeout)
)]
pub struct Misfit {
    pre_drain: Duration,
    stop_timeout: Duration,
}

impl DrainPlan {
    /// Checks that the phases fit before the platform's kill.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when less than a second would be left for requests in flight.
    pub fn new(pre_drain: Duration, stop_timeout: Duration, idle: Duration) -> Result<Self, Misfit> {
        if pre_drain + LEAST_CLOSING + MARGIN > stop_timeout {
            return Err(Misfit {
                pre_drain,
                stop_timeout,
            });
        }
        Ok(Self {
            pre_drain,
            stop_timeout,
            idle,
        })
    }

    /// How long the proxy goes on as before. In full, also without a request: load balancers were measured to send for 15
    /// to 19 s after a stop, and the first request of a quiet site counts as much as any.
    pub fn pre_drain(&self) -> Duration {
        self.pre_drain
    }

    /// When the platform kills.
    pub fn stop_timeout(&self) -> Duration {
        self.stop_timeout
    }

    /// How long an idle connection is kept for a last request, from the end of the pre-drain.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// When whatever is left is cut, counted from SIGTERM.
    pub fn bound(&self) -> Duration {
        self.stop_timeout.saturating_sub(MARGIN)
    }
}

/// The timeline as `penguin-proxy check` prints it.
impl fmt::Display for DrainPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, at: Duration, what: &str| {
            writeln!(
                f,
                "  {:>8}  {what}",
                format!("+{}", humantime::format_duration(at))
            )
        };
        row(
            f,
            Duration::ZERO,
            "SIGTERM: not ready any more; still accepts and serves as before",
        )?;
        row(
            f,
            self.pre_drain,
            "closing: accepts no more, answers with Connection: close, finishes what is in flight",
        )?;
        let idle = self.pre_drain + self.idle;
        if idle < self.bound() {
            row(f, idle, "closes connections that stayed idle")?;
        }
        row(
            f,
            self.bound(),
            "cuts whatever is left; ends earlier as soon as nothing is left",
        )?;
        row(f, self.stop_timeout, "SIGKILL by the platform")
    }
}

/// Where the proxy stands between start and end. Phases only ever advance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing has asked it to stop.
    #[default]
    Serving,
    /// Asked to stop: not ready, otherwise as before.
    PreDrain,
    /// Accepts no more; every response is the last of its connection.
    Closing,
    /// Out of time, or told twice: everything is cut.
    Cut,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pre: u64, stop: u64, idle: u64) -> Result<DrainPlan, Misfit> {
        DrainPlan::new(
            Duration::from_secs(pre),
            Duration::from_secs(stop),
            Duration::from_secs(idle),
        )
    }

    #[test]
    fn plan_must_leave_one_second_to_finish() {
        assert!(plan(15, 30, 30).is_ok());
        assert!(plan(27, 30, 30).is_ok());
        assert!(plan(28, 30, 30).is_err());
        assert!(plan(0, 3, 0).is_ok());
        assert!(plan(0, 2, 0).is_err());
    }

    #[test]
    fn phases_advance_in_order() {
        assert!(
            Phase::Serving < Phase::PreDrain
                && Phase::PreDrain < Phase::Closing
                && Phase::Closing < Phase::Cut
        );
    }

    #[test]
    fn the_timeline_on_fargate() {
        insta::assert_snapshot!(plan(15, 30, 30).unwrap());
    }

    #[test]
    fn the_timeline_under_compose() {
        insta::assert_snapshot!(plan(0, 10, 1).unwrap());
    }
}
