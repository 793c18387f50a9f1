//! The real program under real signals.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::client;
use crate::program::{Program, run};

fn connect(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(program.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn both_signals_end_it_in_good_order() {
    for signal in ["TERM", "INT"] {
        let program = Program::serve(&[]);
        program.signal(signal);
        let (status, log) = program.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains(&format!("\"signal\":\"SIG{signal}\"")), "{log}");
        assert!(log.contains("\"message\":\"drained\""), "{log}");
    }
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
fn half_a_request_does_not_hold_the_exit() {
    let program = Program::serve(&[("APP_DRAIN_TIMEOUT", "100s")]);
    let mut stream = connect(&program);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    program.signal("TERM");
    let (status, log) = program.ended();
    assert_eq!(status.code(), Some(0));
    let drained: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(drained["message"], "drained");
    assert!(drained["duration_ms"].as_u64().unwrap() < 20_000, "{log}");
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
fn requests_are_logged_under_their_id_and_health_is_not() {
    let mut program = Program::serve(&[("APP_LOG_LEVEL", "debug")]);
    let well = run("health", &[("APP_LISTEN", &program.address.to_string())]);
    assert_eq!(well.code, Some(0));
    let mut stream = connect(&program);
    let request = client::request("GET", "/nowhere?secret", &["x-request-id: krill-7"], "close");
    stream.write_all(request.as_bytes()).unwrap();
    let line = program.wait_for("request answered");
    assert_eq!(line["path"], "/nowhere");
    assert_eq!(line["status"], 404);
    assert_eq!(line["method"], "GET");
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
