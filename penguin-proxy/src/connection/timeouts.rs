//! Periodic check of all time limits of one thread's connections, every 100 ms.
//!
//! Reading a few cells per connection is cheaper than a timer per request. Hibernated connections are ordered by idle
//! time and cost nothing until they are due.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Clients;
use super::list::Connections;
use crate::client_state::{ClientState, CloseReason, Phase, UploadState};
use crate::config::Config;
use crate::drain::Phase as DrainPhase;

/// How finely limits are kept.
const PERIOD: Duration = Duration::from_millis(100);

/// An idle connection keeps its buffers for the next request this long.
const HIBERNATE_AFTER: Duration = Duration::from_millis(250);

/// With nothing but idle connections, the sweep pauses this long, or until something happens.
const PAUSE: Duration = Duration::from_secs(1);

/// Sweeps until dropped. `sweep_upstream` looks after the connections to the app and returns how many are idle.
pub(crate) async fn sweep<H>(clients: Rc<Clients<H>>, sweep_upstream: impl Fn(Instant) -> usize) {
    let worker = &clients.worker;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut phase = worker.shared.phase.subscribe();
    let mut closing_since = None;
    loop {
        let now = ticks.tick().await.into_std();
        let drain = *phase.borrow_and_update();
        worker.phase.set(drain);
        if drain >= DrainPhase::Closing && closing_since.is_none() {
            closing_since = Some(now);
        }
        let connections = &clients.connections;
        check_timeouts(connections, &worker.shared.config, drain, closing_since, now);
        worker.counters().hibernated.set(connections.hibernated() as u64);
        let idle = sweep_upstream(now);
        worker.log.flush();
        if connections.all_hibernated() && idle == 0 && drain == DrainPhase::Serving {
            connections.set_pausing(true);
            tokio::select! {
                () = connections.resumed() => {}
                _ = phase.changed() => {}
                () = sleep(PAUSE) => {}
            }
            connections.set_pausing(false);
            ticks.reset();
        }
    }
}

/// Ends, wakes or hibernates the connections for which it is time.
pub(super) fn check_timeouts(
    connections: &Connections,
    config: &Config,
    drain: DrainPhase,
    closing_since: Option<Instant>,
    now: Instant,
) {
    let cut = |connection: &Rc<ClientState>| {
        if let Some(why) = close_reason_due(connection, config, drain, closing_since, now) {
            connection.close(why);
        }
    };
    connections.each_busy(|connection| {
        cut(connection);
        let farewell = closing_since.is_some() && connection.speaks_http2();
        let idle = connection.phase() == Phase::Idle
            && now.saturating_duration_since(connection.since()) >= HIBERNATE_AFTER;
        if check_request(connection, config, now) || farewell || (idle && connection.request_hibernation()) {
            connection.wake();
        }
    });
    let due = if drain == DrainPhase::Serving {
        now.checked_sub(config.timeouts.client_idle)
    } else {
        Some(now)
    };
    if let Some(due) = due {
        connections.each_idle(due, cut);
    }
}

/// Whether a connection must end, and why.
fn close_reason_due(
    connection: &ClientState,
    config: &Config,
    drain: DrainPhase,
    closing_since: Option<Instant>,
    now: Instant,
) -> Option<CloseReason> {
    let past = |since: Instant, limit: Duration| now.saturating_duration_since(since) >= limit;
    let timeouts = &config.timeouts;
    if drain == DrainPhase::Cut {
        return Some(CloseReason::Drain);
    }
    if connection
        .write_blocked()
        .is_some_and(|since| past(since, timeouts.send))
    {
        return Some(CloseReason::SendTimeout);
    }
    if connection
        .half_closed()
        .is_some_and(|since| past(since, timeouts.half_close))
    {
        return Some(CloseReason::HalfClosed);
    }
    let resting = connection.phase() == Phase::Idle && connection.write_blocked().is_none();
    if resting && closing_since.is_some_and(|since| past(since, config.drain.idle())) {
        return Some(CloseReason::Idle);
    }
    match connection.phase() {
        Phase::Idle if resting && past(connection.since(), timeouts.client_idle) => Some(CloseReason::Idle),
        Phase::Head if past(connection.since(), timeouts.head) => Some(CloseReason::HeadTimeout),
        Phase::Tunnel if past(connection.since(), timeouts.tunnel_idle) => Some(CloseReason::Idle),
        Phase::Idle | Phase::Head | Phase::Answering | Phase::Tunnel | Phase::Streams => None,
    }
}

/// Whether the request in flight has run into a limit that the gateway must answer.
fn check_request(connection: &ClientState, config: &Config, now: Instant) -> bool {
    let window = config.timeouts.rate_window;
    let least = config
        .bounds
        .min_body_rate
        .saturating_mul(window.as_secs().max(1));
    // A stream in both directions is answered while it goes on, and its client may well have nothing to say.
    let conversing = connection.is_stream() && connection.response_deadline().has_response_started();
    let slow = connection.upload().state() == UploadState::Underway
        && !conversing
        && connection.upload().check_rate(now, window, least);
    if slow {
        connection.upload().wake();
    }
    connection.response_deadline().check(now) || slow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::defaults;

    fn config() -> Config {
        Config::new(&defaults()).unwrap()
    }

    fn connection() -> ClientState {
        ClientState::new(1, "127.0.0.1:1".parse().unwrap())
    }

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn head_timeout_and_client_idle_timeout() {
        let (config, connection) = (config(), connection());
        let at = |seconds| close_reason_due(&connection, &config, DrainPhase::Serving, None, later(seconds));
        assert_eq!(at(74), None);
        assert_eq!(at(76), Some(CloseReason::Idle));
        connection.bytes_received();
        assert_eq!(at(9), None);
        assert_eq!(at(11), Some(CloseReason::HeadTimeout));
    }

    #[test]
    fn flowing_response_has_no_time_limit() {
        let (config, connection) = (config(), connection());
        connection.request_began(false);
        assert_eq!(
            close_reason_due(&connection, &config, DrainPhase::Serving, None, later(100_000)),
            None
        );
        connection.write_went(false);
        assert_eq!(
            close_reason_due(&connection, &config, DrainPhase::Serving, None, later(61)),
            Some(CloseReason::SendTimeout)
        );
    }

    #[test]
    fn closing_keeps_requests_and_closes_idle_connections_later() {
        let (config, connection) = (config(), connection());
        let at = |c: &ClientState, seconds| {
            close_reason_due(
                c,
                &config,
                DrainPhase::Closing,
                Some(Instant::now()),
                later(seconds),
            )
        };
        assert_eq!(at(&connection, 29), None);
        assert_eq!(at(&connection, 31), Some(CloseReason::Idle));
        connection.request_began(false);
        assert_eq!(at(&connection, 31), None);
    }

    #[test]
    fn hibernated_connection_is_closed_by_idle_timeout_and_drain() {
        let (config, peer) = (config(), "127.0.0.1:1".parse().unwrap());
        let idle = || {
            let connections = Connections::default();
            let connection = connections.add(peer);
            connections.hibernate(&connection);
            (connections, connection)
        };
        let (connections, connection) = idle();
        check_timeouts(&connections, &config, DrainPhase::Serving, None, later(74));
        assert_eq!(connection.close_reason(), None);
        check_timeouts(&connections, &config, DrainPhase::Serving, None, later(76));
        assert_eq!(connection.close_reason(), Some(CloseReason::Idle));
        let (connections, connection) = idle();
        let closing = Some(Instant::now());
        check_timeouts(&connections, &config, DrainPhase::Closing, closing, later(29));
        assert_eq!(connection.close_reason(), None);
        check_timeouts(&connections, &config, DrainPhase::Closing, closing, later(31));
        assert_eq!(connection.close_reason(), Some(CloseReason::Idle));
        let (connections, connection) = idle();
        check_timeouts(&connections, &config, DrainPhase::Cut, closing, later(0));
        assert_eq!(connection.close_reason(), Some(CloseReason::Drain));
    }

    #[test]
    fn idle_connection_hibernates_after_250_ms() {
        let (config, connections) = (config(), Connections::default());
        let connection = connections.add("127.0.0.1:1".parse().unwrap());
        let after = |wait| {
            let now = connection.since() + wait;
            check_timeouts(&connections, &config, DrainPhase::Serving, None, now);
            connection.may_hibernate(false)
        };
        assert!(!after(HIBERNATE_AFTER / 2));
        assert!(after(HIBERNATE_AFTER));
        connection.write_went(false);
        assert!(!after(HIBERNATE_AFTER * 2), "its response has not left");
    }

    #[test]
    fn tunnel_idle_timeout() {
        let (config, connection) = (config(), connection());
        let at = |now| close_reason_due(&connection, &config, DrainPhase::Serving, None, now);
        connection.tunnel_carries();
        let began = Instant::now();
        assert_eq!(at(began + Duration::from_secs(3_599)), None);
        assert_eq!(at(began + Duration::from_secs(3_601)), Some(CloseReason::Idle));
        while connection.since() == Instant::now() {}
        let before = connection.since();
        connection.tunnel_carries();
        assert!(connection.since() > before, "bytes begin the wait anew");
    }

    #[test]
    fn first_byte_timeout_fires_once() {
        let (config, connection) = (config(), connection());
        connection.request_began(false);
        connection.response_deadline().set(Duration::ZERO);
        assert!(check_request(&connection, &config, later(1)));
        assert!(connection.response_deadline().is_missed());
        assert!(!check_request(&connection, &config, later(2)));
    }
}
