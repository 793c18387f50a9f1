//! Tests of the load generator with scripted servers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::report::{Outcome, Phase};
use super::{Load, Plan, Report, Sample};
use crate::vacant::vacant;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// Steps of a server on a connection; it closes at the end.
#[derive(Clone, Copy)]
enum Step {
    /// Reads one request and sends this.
    Say(&'static str),
    /// Sends this after a delay.
    SayAfter(Duration, &'static str),
    /// Responds to every request with [`OK`].
    Serve,
    /// Reads one request and resets the connection.
    Reset,
    /// Keeps the connection open until the peer closes it.
    Wait,
}

/// Starts a server whose `n`th connection follows the `n`th script (the last one repeats). Also counts connections.
fn server(scripts: &'static [&'static [Step]]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let script = scripts[number.min(scripts.len() - 1)];
            thread::spawn(move || follow(script, stream.unwrap()));
        }
    });
    (address, accepted)
}

fn follow(script: &[Step], mut stream: TcpStream) {
    for step in script {
        match *step {
            Step::Say(text) => {
                read_request(&mut stream);
                stream.write_all(text.as_bytes()).unwrap();
            }
            Step::SayAfter(time, text) => {
                read_request(&mut stream);
                thread::sleep(time);
                stream.write_all(text.as_bytes()).unwrap();
            }
            Step::Serve => {
                while read_request(&mut stream) {
                    stream.write_all(OK.as_bytes()).unwrap();
                }
            }
            // Unread bytes make the kernel send a reset.
            Step::Reset => {
                stream.read_exact(&mut [0; 4]).unwrap();
                return;
            }
            Step::Wait => drop(stream.read(&mut [0])),
        }
    }
}

fn read_request(stream: &mut TcpStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return false;
        }
        head.extend(byte);
    }
    true
}

/// A plan for one connection.
fn plan(target: SocketAddr) -> Plan {
    Plan {
        target,
        path: "/".to_owned(),
        per_second: 100,
        connections: 1,
        newcomer_every: 0,
        newcomer_asks: 1,
        at_most: None,
        patience: Duration::from_secs(5),
    }
}

/// Returns the outcome of one request to a scripted server.
fn outcome_of(scripts: &'static [&'static [Step]]) -> Outcome {
    outcome_of_plan(plan(server(scripts).0))
}

fn outcome_of_plan(plan: Plan) -> Outcome {
    let mut report = run(1, plan);
    report.samples.remove(0).outcome
}

fn run(requests: u64, plan: Plan) -> Report {
    let report = Load::start(Plan {
        at_most: Some(requests),
        ..plan
    })
    .wait();
    assert_eq!(report.samples.len() as u64, requests);
    report
}

fn answered(status: u16) -> Outcome {
    Outcome::Decision {
        status,
        retry_after: false,
        last: false,
    }
}

#[test]
fn one_connection_serves_many_requests() {
    let (target, accepted) = server(&[&[Step::Serve]]);
    // Slow enough that the connection is always free.
    let report = run(
        10,
        Plan {
            per_second: 10,
            ..plan(target)
        },
    );
    assert_eq!(report.ok(), report.samples.len());
    assert!(report.samples.iter().skip(1).all(|sample| !sample.first));
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[test]
fn newcomers_take_new_connections() {
    let (target, accepted) = server(&[&[Step::Serve]]);
    let three_of_nine = Plan {
        newcomer_every: 3,
        per_second: 10,
        ..plan(target)
    };
    let report = run(9, three_of_nine);
    assert_eq!(report.ok(), report.samples.len());
    assert_eq!(accepted.load(Ordering::SeqCst), 1 + 3);
}

/// Sends three pipelined requests to a scripted server.
fn three_at_once(scripts: &'static [&'static [Step]]) -> Vec<Outcome> {
    let plan = Plan {
        connections: 0,
        newcomer_every: 1,
        newcomer_asks: 3,
        at_most: Some(1),
        ..plan(server(scripts).0)
    };
    let report = Load::start(plan).wait();
    report.samples.into_iter().map(|sample| sample.outcome).collect()
}

#[test]
fn pipelined_requests_have_separate_outcomes() {
    assert_eq!(three_at_once(&[&[Step::Serve]]), [(); 3].map(|()| answered(200)));
    let torn = three_at_once(&[&[Step::Say(OK)]]);
    assert_eq!(torn[0], answered(200));
    assert!(
        matches!(torn[1], Outcome::Lost { .. }) && torn[1] == torn[2],
        "{torn:?}"
    );
}

#[test]
fn requests_after_connection_close_are_not_lost() {
    const LAST: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let fates = three_at_once(&[&[Step::Say(LAST)]]);
    assert!(
        matches!(fates[0], Outcome::Decision { last: true, .. }),
        "{fates:?}"
    );
    assert!(
        fates[1..]
            .iter()
            .all(|fate| matches!(fate, Outcome::Refused { .. })),
        "{fates:?}"
    );
}

#[test]
fn requests_are_due_regardless_of_responses() {
    const SLOW: &[Step] = &[Step::SayAfter(Duration::from_millis(500), OK), Step::Serve];
    let (target, _) = server(&[SLOW, &[Step::Serve]]);
    let report = run(100, plan(target));
    assert!(report.samples[0].waited() >= Duration::from_millis(500));
    let meanwhile = report
        .samples
        .iter()
        .filter(|sample| sample.due < report.samples[0].ended)
        .count();
    assert!(meanwhile >= 40, "{meanwhile} in half a second at 100/s");
    assert!(report.longest_wait() >= Duration::from_millis(500));
}

#[test]
fn all_response_framings_are_complete() {
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nA-Trailer: 1\r\n\r\n";
    assert_eq!(outcome_of(&[&[Step::Say(CHUNKED), Step::Wait]]), answered(200));
    assert_eq!(
        outcome_of(&[&[
            Step::Say("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
            Step::Wait
        ]]),
        answered(204)
    );
    assert_eq!(
        outcome_of(&[&[Step::Say("HTTP/1.1 200 OK\r\n\r\nuntil the end")]]),
        Outcome::Decision {
            status: 200,
            retry_after: false,
            last: true
        }
    );
    assert_eq!(
        outcome_of(&[&[Step::Say(
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )]]),
        Outcome::Decision {
            status: 503,
            retry_after: true,
            last: true
        }
    );
}

#[test]
fn truncated_response_is_lost_with_its_phase() {
    let lost = |script| match outcome_of(script) {
        Outcome::Lost { phase, .. } => phase,
        other => panic!("{other:?}"),
    };
    assert_eq!(lost(&[&[Step::Say("")]]), Phase::Waiting);
    assert_eq!(lost(&[&[Step::Reset]]), Phase::Waiting);
    assert_eq!(lost(&[&[Step::Say("HTTP/1.1 200 OK\r\nContent-")]]), Phase::Head);
    assert_eq!(
        lost(&[&[Step::Say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi")]]),
        Phase::Body
    );
    assert_eq!(
        lost(&[&[Step::Say(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
        )]]),
        Phase::Body
    );
    // Extra bytes would be read as the next response.
    assert_eq!(
        lost(&[&[
            Step::Say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi"),
            Step::Wait
        ]]),
        Phase::Body
    );
}

#[test]
fn timeout_is_lost() {
    // The kernel accepts the connection, but nothing reads from it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let outcome = outcome_of_plan(Plan {
        patience: Duration::from_millis(50),
        ..plan(target)
    });
    assert!(matches!(outcome, Outcome::Lost { phase: Phase::Waiting, how } if how.contains("50ms")));
}

#[test]
fn connection_closed_between_requests_is_not_a_loss() {
    let (target, _) = server(&[&[Step::Say(OK)], &[Step::Serve]]);
    let report = run(
        20,
        Plan {
            per_second: 20,
            ..plan(target)
        },
    );
    assert_eq!(report.ok(), report.samples.len());
    assert_eq!(report.closed_while_idle, 1);
}

#[test]
fn connection_refused_is_not_a_loss() {
    assert!(matches!(outcome_of_plan(plan(vacant())), Outcome::Refused { .. }));
}

/// The engine's port forwarder accepts connections for a stopped service.
#[test]
fn unanswered_new_connection_is_lost_only_while_accepting() {
    let closed = Instant::now();
    let (before, after) = (
        closed.checked_sub(Duration::from_secs(1)).unwrap(),
        closed + Duration::from_secs(1),
    );
    let sample = |opened, first, phase| Sample {
        due: after,
        opened,
        first,
        ended: after,
        outcome: Outcome::Lost {
            phase,
            how: "closed".to_owned(),
        },
    };
    let mut report = Report::begin(&plan(SocketAddr::from(([127, 0, 0, 1], 1))));
    report.samples = vec![
        sample(after, true, Phase::Waiting),
        sample(before, true, Phase::Waiting),
        sample(after, false, Phase::Waiting),
        sample(after, true, Phase::Body),
    ];
    assert_eq!(report.lost().len(), 4);
    let lost = report.lost_while_accepting(closed);
    assert_eq!(lost.len(), 3);
    assert!(
        !lost
            .iter()
            .any(|sample| std::ptr::eq(*sample, &raw const report.samples[0]))
    );
}
