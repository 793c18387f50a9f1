//! A steady stream of requests that does not wait for the answers, and an exact account of what became of each.
//!
//! *Open loop*: request *n* is due at a fixed time, whatever happened to those before it, as with real visitors. A
//! service that stands still for a second is thus asked as often as ever, and the requests of that second are in the
//! account with their whole waiting time. Connections are kept alive and used in turn, as a load balancer does.
//!
//! It knows HTTP/1.1 as far as a client must to tell a complete answer from a torn one. It must not know of Docker, nor
//! what the service is. For loopback and modest rates only.

mod connection;
mod report;
mod scripted;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use connection::Connection;
pub(crate) use report::{Outcome, Report, Sample};

/// What to send, where to and how often.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where the service is.
    pub(crate) target: SocketAddr,
    /// Path and query of the GET request.
    pub(crate) path: String,
    /// Requests that are due in each second.
    pub(crate) per_second: u32,
    /// Connections opened beforehand and kept alive. When all are busy, more are opened.
    pub(crate) connections: usize,
    /// Every so many requests, one begins on a new connection, as that of a new visitor. 0 for never.
    pub(crate) newcomer_every: u64,
    /// Requests that a newcomer sends in one go, before any answer.
    pub(crate) newcomer_asks: usize,
    /// Ends by itself after so many requests; otherwise when told to.
    pub(crate) at_most: Option<u64>,
    /// A request without a complete answer after this time is lost.
    pub(crate) patience: Duration,
}

impl Plan {
    /// 200 requests a second over 20 connections; every tenth comes on a new one, with two more right behind it.
    pub(crate) fn steady(target: SocketAddr, path: &str) -> Self {
        Self {
            target,
            path: path.to_owned(),
            per_second: 200,
            connections: 20,
            newcomer_every: 10,
            newcomer_asks: 3,
            at_most: None,
            patience: Duration::from_secs(20),
        }
    }

    fn request(&self) -> String {
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: penguin-load\r\n\r\n",
            self.path, self.target
        )
    }
}

/// A load that is running, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<Report>,
}

impl Load {
    /// Begins to send.
    pub(crate) fn start(plan: Plan) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(drive(plan, &stop, &answered))
            })
        };
        Self {
            stop,
            answered,
            thread,
        }
    }

    /// Requests answered with 200 so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Sends no more, waits for what is under way and gives the account.
    pub(crate) fn finish(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        self.wait()
    }

    /// Waits until the load has ended by itself and gives the account.
    pub(crate) fn wait(self) -> Report {
        self.thread.join().unwrap()
    }
}

async fn drive(plan: Plan, stop: &AtomicBool, answered: &AtomicU64) -> Report {
    let mut report = Report::begin(&plan);
    let request: Arc<str> = plan.request().into();
    let mut idle = VecDeque::new();
    for _ in 0..plan.connections {
        idle.extend(Connection::open(plan.target).await);
    }
    let mut under_way: JoinSet<(Vec<Sample>, Option<Connection>)> = JoinSet::new();
    let begin = tokio::time::Instant::now();
    for number in 1..=plan.at_most.unwrap_or(u64::MAX) {
        let due = begin + Duration::from_secs(1) * u32::try_from(number).unwrap() / plan.per_second;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due) => break,
                Some(ended) = under_way.join_next() => settle(ended.unwrap(), &mut report, &mut idle, answered),
            }
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let newcomer = plan.newcomer_every != 0 && number % plan.newcomer_every == 0;
        let connection = if newcomer {
            None
        } else {
            next_alive(&mut idle, &mut report)
        };
        let times = if newcomer { plan.newcomer_asks } else { 1 };
        let (request, target, patience) = (Arc::clone(&request), plan.target, plan.patience);
        under_way
            .spawn(async move { ask(connection, target, &request, times, due.into_std(), patience).await });
    }
    while let Some(ended) = under_way.join_next().await {
        settle(ended.unwrap(), &mut report, &mut idle, answered);
    }
    report.end();
    report
}

/// The connection that has rested longest, of those that the other side has not closed in the meantime.
fn next_alive(idle: &mut VecDeque<Connection>, report: &mut Report) -> Option<Connection> {
    while let Some(connection) = idle.pop_front() {
        if !connection.is_over() {
            return Some(connection);
        }
        report.closed_while_idle += 1;
    }
    None
}

fn settle(
    (samples, connection): (Vec<Sample>, Option<Connection>),
    report: &mut Report,
    idle: &mut VecDeque<Connection>,
    answered: &AtomicU64,
) {
    let ok = samples.iter().filter(|sample| sample.is_ok()).count();
    answered.fetch_add(ok as u64, Ordering::Relaxed);
    report.samples.extend(samples);
    idle.extend(connection);
}

/// So many requests in one go. Gives the connection back when it can be used again.
async fn ask(
    connection: Option<Connection>,
    target: SocketAddr,
    request: &str,
    times: usize,
    due: Instant,
    patience: Duration,
) -> (Vec<Sample>, Option<Connection>) {
    let opening = match connection {
        Some(connection) => Ok(connection),
        None => Connection::open(target).await,
    };
    let mut connection = match opening {
        Ok(connection) => connection,
        Err(error) => {
            let now = Instant::now();
            let refused = Sample {
                due,
                opened: now,
                first: true,
                ended: now,
                outcome: Outcome::Refused {
                    why: error.to_string(),
                },
            };
            return (vec![refused; times], None);
        }
    };
    let mut samples = Vec::with_capacity(times);
    let mut note = |connection: &Connection, first, outcome| {
        samples.push(Sample {
            due,
            opened: connection.opened(),
            first,
            ended: Instant::now(),
            outcome,
        });
    };
    connection.send(&request.repeat(times)).await;
    let deadline = tokio::time::Instant::now() + patience;
    let mut gone: Option<Outcome> = None;
    for left in (0..times).rev() {
        let first = connection.answers() == 0;
        let outcome = match gone.clone() {
            Some(outcome) => outcome,
            None => match tokio::time::timeout_at(deadline, connection.receive(left > 0)).await {
                Ok(outcome) => outcome,
                Err(_) => Outcome::Lost {
                    phase: connection.phase(),
                    how: format!("nothing more within {patience:?}"),
                },
            },
        };
        gone = match &outcome {
            // RFC 9112, 9.6: what was sent behind it has not been looked at.
            Outcome::Answered { last: true, .. } => Some(Outcome::Refused {
                why: "the answer before it was the last of its connection".to_owned(),
            }),
            Outcome::Answered { .. } => None,
            Outcome::Lost { .. } | Outcome::Refused { .. } => Some(outcome.clone()),
        };
        note(&connection, first, outcome);
    }
    (samples, gone.is_none().then_some(connection))
}
