//! Open-loop load generator with an exact report of every request.
//!
//! *Open loop*: requests are due at fixed times, regardless of earlier ones, like real traffic. If the service stalls,
//! requests continue, and their whole waiting time is reported. Connections are kept alive and used in turn, like by a
//! load balancer. Supports HTTP/1.1 as far as needed to detect incomplete responses. For loopback and modest rates.

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

/// Configuration of a load.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Address of the service.
    pub(crate) target: SocketAddr,
    /// Path and query of the GET request.
    pub(crate) path: String,
    /// Requests per second.
    pub(crate) per_second: u32,
    /// Connections opened in advance; more are opened when all are busy.
    pub(crate) connections: usize,
    /// Every n-th request uses a new connection; 0 for never.
    pub(crate) newcomer_every: u64,
    /// Requests pipelined on a new connection.
    pub(crate) newcomer_asks: usize,
    /// Number of requests; `None` runs until stopped.
    pub(crate) at_most: Option<u64>,
    /// Timeout of a response; the request is lost afterwards.
    pub(crate) patience: Duration,
}

impl Plan {
    /// 200 requests per second over 20 connections; every tenth on a new connection with two more pipelined.
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

/// A running load, on its own thread.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<Report>,
}

impl Load {
    /// Starts sending.
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

    /// Returns the number of 200 responses so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Stops sending, waits for pending requests and returns the report.
    pub(crate) fn finish(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        self.wait()
    }

    /// Waits for the end and returns the report.
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

/// Returns the connection that was idle longest and is still open.
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

/// Sends `times` requests at once. Returns the connection if it can be reused.
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
                    how: format!("no more data within {patience:?}"),
                },
            },
        };
        gone = match &outcome {
            // RFC 9112, 9.6: requests after it were not processed.
            Outcome::Decision { last: true, .. } => Some(Outcome::Refused {
                why: "the previous response closed the connection".to_owned(),
            }),
            Outcome::Decision { .. } => None,
            Outcome::Lost { .. } | Outcome::Refused { .. } => Some(outcome.clone()),
        };
        note(&connection, first, outcome);
    }
    (samples, gone.is_none().then_some(connection))
}
