//! Estimate of the app's idle timeout, from `Keep-Alive: timeout=` and from observed connections. No I/O.
//!
//! A request that must not be sent twice uses an idle connection only if the app is certainly not closing it at that
//! moment.

use std::time::{Duration, Instant};

/// An idle age below this proves nothing: the app may close after every response and be slow to do so.
const PROOF: Duration = Duration::from_millis(50);
/// A close is remembered for this long.
const MEMORY: Duration = Duration::from_mins(1);
/// An idle connection is given up this long before the promised limit.
const MARGIN: Duration = Duration::from_secs(1);

/// What is known of one address of the app.
#[derive(Debug, Default)]
pub(super) struct IdleLimit {
    /// From `Keep-Alive: timeout=`.
    promised: Option<Duration>,
    /// The longest idle age at which a connection was seen open since the last close.
    seen_open: Duration,
    /// The shortest idle age at which the app closed a connection, and when that was.
    closed: Option<(Duration, Instant)>,
}

impl IdleLimit {
    /// Takes the promise of the latest response.
    pub(super) fn promise(&mut self, promised: Option<Duration>) {
        self.promised = promised;
    }

    /// A connection was open after it had been idle for `age`.
    pub(super) fn saw_open(&mut self, age: Duration) {
        self.seen_open = self.seen_open.max(age);
    }

    /// The app closed a connection that had been idle for at most `age`.
    pub(super) fn saw_closed(&mut self, age: Duration, now: Instant) {
        self.seen_open = self.seen_open.min(age);
        if self.shortest_close(now).is_none_or(|shortest| age < shortest) {
            self.closed = Some((age, now));
        }
    }

    fn shortest_close(&self, now: Instant) -> Option<Duration> {
        let (age, at) = self.closed?;
        (now.saturating_duration_since(at) < MEMORY).then_some(age)
    }

    /// The idle age below which a connection is certainly not being closed: half of what is known.
    pub(super) fn certain(&self, now: Instant) -> Duration {
        let known = self.promised.unwrap_or(self.seen_open);
        let known = self.shortest_close(now).map_or(known, |age| age.min(known));
        if known < PROOF { Duration::ZERO } else { known / 2 }
    }

    /// The idle age at which a connection is given up: `configured`, or sooner where the app promises less.
    pub(super) fn longest(&self, configured: Duration) -> Duration {
        self.promised.map_or(configured, |promised| {
            configured.min(promised.saturating_sub(MARGIN).max(promised / 2))
        })
    }

    /// Whether an older connection would tell more than is known already.
    pub(super) fn is_learning(&self, configured: Duration) -> bool {
        self.promised.is_none() && self.seen_open < configured / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn nothing_is_certain_without_keep_alive_or_observation() {
        let now = Instant::now();
        let mut limit = IdleLimit::default();
        assert_eq!(limit.certain(now), ms(0));
        limit.saw_open(ms(49));
        assert_eq!(limit.certain(now), ms(0));
        limit.saw_open(ms(50));
        limit.saw_open(ms(20));
        assert_eq!(limit.certain(now), ms(25));
        limit.promise(Some(ms(5000)));
        assert_eq!(limit.certain(now), ms(2500));
        limit.promise(Some(ms(0)));
        assert_eq!(limit.certain(now), ms(0));
    }

    #[test]
    fn shortest_close_of_the_last_minute_counts() {
        let now = Instant::now();
        let mut limit = IdleLimit::default();
        limit.promise(Some(ms(5000)));
        limit.saw_closed(ms(2000), now);
        assert_eq!(limit.certain(now), ms(1000));
        limit.saw_closed(ms(400), now + ms(1000));
        assert_eq!(limit.certain(now + ms(1000)), ms(200));
        // A later, longer one neither replaces nor prolongs it.
        limit.saw_closed(ms(3000), now + ms(60_000));
        assert_eq!(limit.certain(now + ms(60_999)), ms(200));
        assert_eq!(limit.certain(now + ms(61_000)), ms(2500));
        limit.saw_closed(ms(3000), now + ms(61_000));
        assert_eq!(limit.certain(now + ms(61_000)), ms(1500));
    }

    #[test]
    fn close_resets_earlier_observations() {
        let now = Instant::now();
        let mut limit = IdleLimit::default();
        limit.saw_open(ms(4000));
        limit.saw_closed(ms(10), now);
        assert_eq!(limit.certain(now + MEMORY), ms(0));
        limit.saw_open(ms(300));
        assert_eq!(limit.certain(now + MEMORY), ms(150));
    }

    #[test]
    fn keep_alive_timeout_shortens_idle_time() {
        let mut limit = IdleLimit::default();
        assert_eq!(limit.longest(ms(4000)), ms(4000));
        assert!(limit.is_learning(ms(4000)));
        limit.saw_open(ms(2000));
        assert!(!limit.is_learning(ms(4000)));
        for (promised, longest) in [(75_000, 4000), (5000, 4000), (3000, 2000), (1000, 500), (0, 0)] {
            limit.promise(Some(ms(promised)));
            assert_eq!(limit.longest(ms(4000)), ms(longest), "{promised}");
        }
    }

    /// An app with an idle limit and a proxy that looks at its idle connections ten times a second, in virtual time.
    struct Model {
        now: Instant,
        app: Duration,
        limit: IdleLimit,
        /// Since when each connection has been idle, the oldest first.
        idle: Vec<Instant>,
    }

    impl Model {
        const CONFIGURED: Duration = ms(4000);

        fn look(&mut self) {
            let Self { now, app, limit, .. } = self;
            self.idle.retain(|since| {
                let age = now.duration_since(*since);
                if age >= *app {
                    limit.saw_closed(age, *now);
                    return false;
                }
                limit.saw_open(age);
                age < limit.longest(Self::CONFIGURED)
            });
        }

        /// Sends a request that must not be sent twice. Returns whether it was sent on a connection that the app closed,
        /// and whether on a used one.
        fn send(&mut self) -> (bool, bool) {
            let Some(since) = self.idle.last().copied() else {
                self.idle.push(self.now);
                return (false, false);
            };
            let age = self.now.duration_since(since);
            let reused = age < self.limit.certain(self.now);
            if reused || self.idle.len() > 1 {
                self.idle.pop();
            }
            self.idle.push(self.now);
            (reused && age >= self.app, reused)
        }
    }

    /// The kernel's word that a connection is closed is not used here: the estimate alone must do.
    #[test]
    fn no_request_is_lost_for_any_idle_timeout_and_gap() {
        for (app, promises) in [500, 1000, 2000, 5000, 30]
            .into_iter()
            .flat_map(|app| [(app, false), (app, true)])
        {
            let mut model = Model {
                now: Instant::now(),
                app: ms(app),
                limit: IdleLimit::default(),
                idle: Vec::new(),
            };
            if promises {
                model.limit.promise(Some(ms(app)));
            }
            let (mut random, mut lost, mut reused) = (fastrand::Rng::with_seed(app), 0, 0);
            for request in 0..10_000 {
                // Gaps around the limit, at each millisecond of it, and bursts in between.
                let gap = match request % 4 {
                    0 => random.u64(0..=app * 2),
                    1 => app + random.u64(0..=100) - 50.min(app),
                    _ => random.u64(0..20),
                };
                let end = model.now + ms(gap);
                while end.duration_since(model.now) > ms(100) {
                    // The sweep is late at times.
                    model.now += ms(random.u64(90..=100));
                    model.look();
                }
                model.now = end;
                let (broke, used) = model.send();
                lost += u32::from(broke);
                reused += u32::from(used);
            }
            assert_eq!(lost, 0, "limit {app} ms, promised: {promises}");
            if app >= 500 {
                assert!(
                    reused > 3000,
                    "limit {app} ms, promised: {promises}: {reused} reused"
                );
            }
        }
    }
}
