//! The real program under real signals.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::client;
use crate::program::Program;

fn connect(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(program.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn stop_signals_drain_it() {
    for signal in ["TERM", "INT", "QUIT"] {
        let program = Program::serve(&[]);
        program.signal(signal);
        let (status, log) = program.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains(&format!("\"signal\":\"SIG{signal}\"")), "{log}");
        assert!(log.contains("\"message\":\"drained\""), "{log}");
    }
}

#[test]
fn other_signals_are_ignored() {
    let mut program = Program::serve(&[]);
    for signal in ["HUP", "USR1", "USR2"] {
        program.signal(signal);
        let line = program.wait_for("signal ignored");
        assert_eq!(line["signal"], format!("SIG{signal}"));
    }
    program.signal("TERM");
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn fifty_requests_that_have_begun_are_answered_after_the_signal() {
    let mut program = Program::serve(&[]);
    let request = client::request("GET", "/gallery", &[], "keep-alive");
    let (first_half, second_half) = request.as_bytes().split_at(20);
    let mut streams: Vec<_> = (0..50).map(|_| connect(&program)).collect();
    for stream in &mut streams {
        stream.write_all(first_half).unwrap();
    }
    // Accepted last, so that the others are accepted too once it has a response.
    let mut last = connect(&program);
    last.write_all(client::request("GET", "/healthz", &[], "close").as_bytes())
        .unwrap();
    last.read_to_string(&mut String::new()).unwrap();
    program.signal("TERM");
    program.wait_for("draining");
    for stream in &mut streams {
        stream.write_all(second_half).unwrap();
    }
    for mut stream in streams {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.80}");
        assert!(
            answer.ends_with("</html>\n") || answer.ends_with("</html>"),
            "cut: {answer:.80}"
        );
    }
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn half_a_request_is_cut_off_at_the_deadline() {
    let program = Program::serve(&[("APP_DRAIN_TIMEOUT", "200ms")]);
    let mut stream = connect(&program);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let mut last = connect(&program);
    last.write_all(client::request("GET", "/healthz", &[], "close").as_bytes())
        .unwrap();
    last.read_to_string(&mut String::new()).unwrap();
    program.signal("TERM");
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(0));
    let aborted: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(aborted["reason"], "the drain timeout is over", "{log}");
}

#[test]
fn it_says_where_it_listens_and_what_it_does_not_know() {
    let program = Program::serve(&[("APP_PORT", "3000")]);
    let warning: serde_json::Value = serde_json::from_str(program.log.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&warning["level"], &warning["variable"]),
        (&"WARN".into(), &"APP_PORT".into())
    );
}

#[test]
fn requests_are_logged_under_their_id() {
    let mut program = Program::serve(&[("APP_LOG_LEVEL", "debug")]);
    let mut stream = connect(&program);
    let request = client::request("GET", "/nowhere?secret", &["x-request-id: krill-7"], "close");
    stream.write_all(request.as_bytes()).unwrap();
    let line = program.wait_for("finished processing request");
    assert_eq!(line["span"]["path"], "/nowhere");
    assert_eq!(line["status"], 404);
    assert_eq!(line["span"]["method"], "GET");
    assert_eq!(line["span"]["id"], "krill-7");
    assert!(!line.to_string().contains("secret"), "{line}");
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_site() {
    let mut program = Program::serve(&[("APP_LOG_LEVEL", "debug")]);
    program.close_log();
    for _ in 0..3 {
        let mut stream = connect(&program);
        let request = client::request("GET", "/", &[], "close");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.80}");
    }
}
