//! Enforces every limit in time of one thread's connections, ten times a second.
//!
//! One look at a few cells per connection is cheaper than a timer per request, and stricter: the head's limit is a
//! total, and an idle connection is never mistaken for a slow one.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::close::Cut;
use super::phases::{Connection, Phase};
use crate::config::Config;
use crate::drain::Phase as DrainPhase;
use crate::server::Worker;

/// How finely limits are kept.
const PERIOD: Duration = Duration::from_millis(100);

/// An idle connection keeps its buffers for the next request this long.
const RESTLESS: Duration = Duration::from_secs(1);

/// Sweeps until dropped.
pub(crate) async fn sweep(worker: Rc<Worker>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut closing_since = None;
    loop {
        let now = ticks.tick().await.into_std();
        let drain = *worker.shared.phase.borrow();
        worker.phase.set(drain);
        if drain >= DrainPhase::Closing && closing_since.is_none() {
            closing_since = Some(now);
        }
        let config = &worker.shared.config;
        let mut resting = 0;
        worker.connections.each(|connection| {
            resting += u64::from(connection.resting.get());
            if let Some(why) = verdict(connection, config, drain, closing_since, now) {
                connection.cut(why);
            }
            let farewell = closing_since.is_some() && connection.speaks_http2();
            let idle = connection.phase() == Phase::Idle
                && now.saturating_duration_since(connection.since()) >= RESTLESS;
            if judge_request(connection, config, now) || farewell || (idle && connection.let_rest()) {
                connection.wake();
            }
        });
        worker.counters().resting.set(resting);
        worker.pool.sweep(now, &worker.shared);
        worker.trunks.sweep(now, &worker.shared);
        let idle = worker.pool.len() + worker.trunks.idle();
        worker.counters().upstream_idle.set(idle as u64);
        worker.lines.borrow_mut().flush();
    }
}

/// Whether a connection must end, and why.
fn verdict(
    connection: &Connection,
    config: &Config,
    drain: DrainPhase,
    closing_since: Option<Instant>,
    now: Instant,
) -> Option<Cut> {
    let past = |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
    let timeouts = &config.timeouts;
    if drain == DrainPhase::Cut {
        return Some(Cut::Drain);
    }
    if connection
        .write_blocked()
        .is_some_and(|since| past(since, timeouts.send))
    {
        return Some(Cut::SendTimeout);
    }
    if connection
        .half_closed()
        .is_some_and(|since| past(since, timeouts.half_close))
    {
        return Some(Cut::HalfClosed);
    }
    let resting = connection.phase() == Phase::Idle && connection.write_blocked().is_none();
    if resting && closing_since.is_some_and(|since| past(since, config.drain.idle())) {
        return Some(Cut::Idle);
    }
    match connection.phase() {
        Phase::Idle if resting && past(connection.since(), timeouts.client_idle) => Some(Cut::Idle),
        Phase::Head if past(connection.since(), timeouts.head) => Some(Cut::HeadTimeout),
        Phase::Idle | Phase::Head | Phase::Uploading | Phase::Answering | Phase::Tunnel | Phase::Streams => {
            None
        }
    }
}

/// Whether the request in flight has run into a limit that the gateway must answer.
fn judge_request(connection: &Connection, config: &Config, now: Instant) -> bool {
    let window = config.timeouts.rate_window;
    let least = config
        .bounds
        .min_body_rate
        .saturating_mul(window.as_secs().max(1));
    // A stream in both directions is answered while it goes on, and its client may well have nothing to say.
    let conversing = connection.is_stream() && connection.is_answered();
    let slow = connection.phase() == Phase::Uploading
        && !conversing
        && connection.upload().judge(now, window, least);
    if slow {
        connection.upload().wake();
    }
    connection.check_answer_due(now) || slow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::defaults;

    fn config() -> Config {
        Config::new(&defaults()).unwrap()
    }

    fn connection() -> Connection {
        Connection::new(1, "127.0.0.1:1".parse().unwrap())
    }

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_head_has_ten_seconds_in_total_and_an_idle_connection_longer_than_the_load_balancer() {
        let (config, connection) = (config(), connection());
        let at = |seconds| verdict(&connection, &config, DrainPhase::Serving, None, later(seconds));
        assert_eq!(at(74), None);
        assert_eq!(at(76), Some(Cut::Idle));
        connection.bytes_came();
        assert_eq!(at(9), None);
        assert_eq!(at(11), Some(Cut::HeadTimeout));
    }

    #[test]
    fn an_answer_that_flows_has_no_limit() {
        let (config, connection) = (config(), connection());
        connection.request_began(false);
        assert_eq!(
            verdict(&connection, &config, DrainPhase::Serving, None, later(100_000)),
            None
        );
        connection.write_went(false);
        assert_eq!(
            verdict(&connection, &config, DrainPhase::Serving, None, later(61)),
            Some(Cut::SendTimeout)
        );
    }

    #[test]
    fn closing_spares_requests_and_keeps_idle_connections_for_a_while() {
        let (config, connection) = (config(), connection());
        let at = |c: &Connection, seconds| {
            verdict(
                c,
                &config,
                DrainPhase::Closing,
                Some(Instant::now()),
                later(seconds),
            )
        };
        assert_eq!(at(&connection, 29), None);
        assert_eq!(at(&connection, 31), Some(Cut::Idle));
        connection.request_began(false);
        assert_eq!(at(&connection, 31), None);
    }

    #[test]
    fn a_silent_app_is_noticed_once() {
        let (config, connection) = (config(), connection());
        connection.request_began(false);
        connection.expect_answer(Duration::ZERO);
        assert!(judge_request(&connection, &config, later(1)));
        assert!(connection.is_answer_overdue());
        assert!(!judge_request(&connection, &config, later(2)));
    }
}
