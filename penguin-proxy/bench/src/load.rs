//! The load: one thread, one loop, an exact account of every request.

pub mod answer;
mod connection;

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use self::connection::{Connection, Progress};

const TICK: Token = Token(usize::MAX);
/// A proxy that answers nothing for this long has failed.
const SILENCE: Duration = Duration::from_secs(5);

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each connection asks again as soon as it has its answer.
    Busy,
    /// The same, with a new connection for each request.
    Fresh,
    /// So many requests a second, whatever becomes of the answers; latency counts from when a request was due.
    Rate(u32),
}

/// What is sent to one proxy, and for how long.
#[derive(Debug)]
pub struct Load<'a> {
    pub proxy: SocketAddr,
    pub request: &'a [u8],
    pub connections: usize,
    pub pace: Pace,
    /// Before anything counts.
    pub warm_up: Duration,
    pub time: Duration,
}

/// What came back in the time that counts.
#[derive(Debug)]
pub struct Account {
    pub requests: u64,
    /// Bytes of the body of each answer.
    pub body: u64,
    pub time: Duration,
    /// Processor time of the proxy.
    pub cpu: Duration,
    latencies: Vec<Duration>,
}

impl Account {
    /// The latency that `share` of all requests did not exceed.
    pub fn quantile(&mut self, share: f64) -> Duration {
        self.latencies.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below the length"
        )]
        let index = ((self.latencies.len() as f64) * share) as usize;
        self.latencies
            .get(index.min(self.latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// Runs a load. `cpu` tells the processor time that the proxy has used so far.
///
/// # Errors
///
/// At the first answer that is missing, wrong or late: there is no comparing with a proxy that fails.
pub fn run(load: &Load<'_>, cpu: impl Fn() -> Result<Duration>) -> Result<Account> {
    let mut poll = Poll::new()?;
    let mut connections = Vec::with_capacity(load.connections);
    for id in 0..load.connections {
        connections.push(Connection::open(load, poll.registry(), Token(id))?);
    }
    let timer = match load.pace {
        Pace::Rate(rate) => Some(ticks(rate, poll.registry())?),
        Pace::Busy | Pace::Fresh => None,
    };
    let began = Instant::now();
    let (mut from, mut used) = (None, Duration::ZERO);
    let mut account = Account {
        requests: 0,
        body: 0,
        time: Duration::ZERO,
        cpu: Duration::ZERO,
        latencies: Vec::with_capacity(1 << 16),
    };
    let mut due: VecDeque<Instant> = VecDeque::new();
    let mut idle: Vec<usize> = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        wait(&mut poll, &mut events, Some(SILENCE))?;
        ensure!(!events.is_empty(), "no answer for {SILENCE:?}");
        let now = Instant::now();
        if from.is_none() && now - began >= load.warm_up {
            (from, used) = (Some(Instant::now()), cpu()?);
        }
        if let Some(from) = from
            && now - from >= load.time
        {
            account.cpu = cpu()?.saturating_sub(used);
            account.time = from.elapsed();
            return Ok(account);
        }
        for event in &events {
            if event.token() == TICK {
                if let Some(timer) = &timer {
                    let mut count = [0; 8];
                    rustix::io::read(timer, &mut count)?;
                    due.extend((0..u64::from_ne_bytes(count)).map(|_| now));
                }
                continue;
            }
            let id = event.token().0;
            let connection = &mut connections[id];
            match connection.advance(event.is_readable(), &mut buffer)? {
                Progress::Under => {}
                Progress::Ready => idle.push(id),
                Progress::Answered { asked, body } => {
                    if from.is_some() {
                        account.requests += 1;
                        account.body = body;
                        account.latencies.push(asked.elapsed());
                    }
                    match load.pace {
                        Pace::Busy => connection.ask(load.request, Instant::now())?,
                        Pace::Fresh => *connection = Connection::open(load, poll.registry(), Token(id))?,
                        Pace::Rate(_) => idle.push(id),
                    }
                }
            }
        }
        if matches!(load.pace, Pace::Rate(_)) {
            // The request that is due longest goes to the connection that was used last.
            while !due.is_empty()
                && let Some(id) = idle.pop()
            {
                let since = due.pop_front().unwrap_or(now);
                connections[id].ask(load.request, since)?;
            }
            if due.len() > 100_000 {
                bail!("the proxy does not keep up");
            }
        } else {
            for id in idle.drain(..) {
                connections[id].ask(load.request, Instant::now())?;
            }
        }
    }
}

/// Waits for events, also when a signal comes in between.
pub fn wait(poll: &mut Poll, events: &mut Events, patience: Option<Duration>) -> std::io::Result<()> {
    loop {
        match poll.poll(events, patience) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            waited => return waited,
        }
    }
}

/// A timer that becomes readable `rate` times a second.
fn ticks(rate: u32, registry: &mio::Registry) -> Result<rustix::fd::OwnedFd> {
    let timer = rustix::time::timerfd_create(
        TimerfdClockId::Monotonic,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let period = Timespec {
        tv_sec: 0,
        tv_nsec: i64::from(1_000_000_000 / rate),
    };
    let plan = Itimerspec {
        it_interval: period,
        it_value: period,
    };
    rustix::time::timerfd_settime(&timer, TimerfdTimerFlags::empty(), &plan)?;
    registry.register(&mut SourceFd(&timer.as_raw_fd()), TICK, Interest::READABLE)?;
    Ok(timer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pace: Pace, request: &[u8]) -> Account {
        let load = Load {
            proxy: crate::upstream::start().unwrap(),
            request,
            connections: 4,
            pace,
            warm_up: Duration::from_millis(50),
            time: Duration::from_millis(500),
        };
        run(&load, || Ok(Duration::ZERO)).unwrap()
    }

    #[test]
    fn every_pace_is_kept_up() {
        let request = b"GET /page HTTP/1.1\r\nHost: penguin.example\r\n\r\n";
        for pace in [Pace::Busy, Pace::Fresh, Pace::Rate(500)] {
            let mut account = load(pace, request);
            // A connection that was forgotten would show here: there are four, and each has many turns.
            assert!(account.requests > 20, "{pace:?}: {account:?}");
            assert!(account.body > 5_000);
            assert!(account.quantile(0.5) <= account.quantile(0.99));
        }
    }

    #[test]
    fn what_is_no_answer_ends_a_load() {
        let load = Load {
            proxy: crate::upstream::start().unwrap(),
            request: b"GET /unknown HTTP/1.1\r\n\r\n",
            connections: 1,
            pace: Pace::Busy,
            warm_up: Duration::ZERO,
            time: Duration::from_secs(1),
        };
        assert!(run(&load, || Ok(Duration::ZERO)).is_err());
    }
}
