//! Metrics as lines of CloudWatch's embedded metric format.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::stage::running::Running;
use crate::stage::{App, Proxy, eventually};

const SETTINGS: [(&str, &str); 3] = [
    ("PROXY_METRICS_LOG", "emf"),
    ("PROXY_METRICS_SERVICE", "school"),
    ("PROXY_METRICS_ENVIRONMENT", "prod"),
];

/// An app that fails where it is asked to.
fn failing() -> App {
    App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            match request.target() {
                "/closed" => return,
                "/broken" => connection.answer("500 Internal Server Error", "broken"),
                _ => connection.answer("200 OK", "fine"),
            };
        }
    })
}

/// Asks AWS's specification and library about lines. They object to every line that is made wrong on purpose, too.
fn assert_are_judged_valid(lines: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.parent().unwrap().join(".venv/bin/python");
    assert!(
        interpreter.exists(),
        "no Python tools in .venv: `.ci/test rust` makes them"
    );
    let mut judge = Command::new(interpreter)
        .arg(root.join("tests/it/metrics_log/judge.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    judge
        .stdin
        .take()
        .unwrap()
        .write_all(lines.join("\n").as_bytes())
        .unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let judged = String::from_utf8(output.stdout).unwrap();
    assert_eq!(judged.trim(), lines.len().to_string());
}

#[test]
fn lines_tell_every_request_once_and_are_valid() {
    let app = failing();
    let mut proxy = Running::start(&app, &SETTINGS);
    let targets = ["/", "/", "/a?b=c", "/broken", "/closed"];
    for target in targets {
        let mut client = proxy.connect();
        client.send(format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ));
        client.reply();
    }
    proxy.signal("TERM");
    assert_eq!(proxy.wait().code(), Some(0));
    let mut log = String::new();
    let mut output = proxy.child.stdout.take().unwrap();
    output.read_to_string(&mut log).unwrap();
    // One more where a minute of the clock ended meanwhile.
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("_aws")).collect();
    assert_eq!(log.lines().count() - lines.len(), targets.len(), "{log}");
    assert!((1..=2).contains(&lines.len()), "{log}");
    assert_eq!(
        lines.last().copied(),
        log.lines().last(),
        "the last line tells of all before"
    );
    assert_are_judged_valid(&lines);
    let told: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum = |name: &str| told.iter().filter_map(|line| line[name].as_u64()).sum::<u64>();
    assert!(sum("UpstreamConnects") >= 2);
    assert_eq!(
        [
            "Requests",
            "Errors",
            "Errors.ok",
            "Errors.upstream.wait.closed",
            "InFlight"
        ]
        .map(sum),
        [5, 2, 1, 1, 0]
    );
    let latencies = told.iter().filter_map(|line| line["Latency"]["Count"].as_u64());
    assert_eq!(latencies.sum::<u64>(), 5);
    for line in &told {
        assert_eq!(
            (&line["Service"], &line["Environment"]),
            (&"school".into(), &"prod".into())
        );
    }
}

#[test]
fn second_signal_still_writes_the_last_line() {
    let app = App::scripted(|mut connection| {
        connection.request();
        connection.closed();
    });
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.metrics_log = "emf".into();
    });
    let mut client = proxy.connect();
    client.send("GET /hanging HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.stop();
    proxy.stop();
    proxy.stopped();
    let told = proxy
        .lines(1, |line| line["Errors.proxy.drain.cut"] == 1)
        .remove(0);
    assert_eq!((&told["Requests"], &told["Errors"]), (&1.into(), &1.into()));
}

#[test]
fn metrics_are_not_logged_unless_asked_for() {
    let app = App::hello();
    let mut proxy = Running::start(&app, &[]);
    assert_eq!(proxy.connect().get("/").status, 200);
    proxy.signal("TERM");
    assert_eq!(proxy.wait().code(), Some(0));
    let mut log = String::new();
    let mut output = proxy.child.stdout.take().unwrap();
    output.read_to_string(&mut log).unwrap();
    assert_eq!((log.lines().count(), log.contains("_aws")), (1, false), "{log}");
}
