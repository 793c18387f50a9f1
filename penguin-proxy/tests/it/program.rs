//! The program itself: signals, exit codes, its own probe.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;

use serde_json::Value;

use crate::stage::running::{Running, run};
use crate::stage::{App, Client, eventually};

#[test]
fn serves_until_told_to_stop_and_writes_its_log() {
    let app = App::hello();
    for signal in ["TERM", "INT"] {
        let mut proxy = Running::start(&app, &[]);
        let mut client = Client::connect(proxy.address);
        assert_eq!(client.get("/logged").text(), "hello");
        proxy.signal(signal);
        eventually("it stops accepting", || {
            std::net::TcpStream::connect(proxy.address).is_err()
        });
        // The connection is idle: it is kept for a last request, which lets go of it.
        assert_eq!(client.get("/last").field("connection"), Some("close"));
        assert_eq!(proxy.wait().code(), Some(0), "{signal}");
        let mut log = String::new();
        proxy
            .child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        let targets: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["target"].clone())
            .collect();
        assert_eq!(targets, ["/logged", "/last"]);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let app = App::hello();
    let mut proxy = Running::start(&app, &[]);
    let mut client = Client::connect(proxy.address);
    assert_eq!(client.get("/").status, 200);
    proxy.signal("TERM");
    eventually("it stops accepting", || {
        std::net::TcpStream::connect(proxy.address).is_err()
    });
    assert!(
        proxy.child.try_wait().unwrap().is_none(),
        "it waits for the idle connection"
    );
    proxy.signal("TERM");
    assert_eq!(proxy.wait().code(), Some(0));
    assert!(client.is_closed());
}

#[test]
fn a_reader_of_the_log_that_leaves_does_not_take_it_along() {
    let app = App::hello();
    let mut proxy = Running::start(&app, &[]);
    drop(proxy.child.stdout.take());
    let mut client = Client::connect(proxy.address);
    for _ in 0..3 {
        assert_eq!(client.get("/").status, 200);
    }
    proxy.signal("TERM");
    drop(client);
    let status = proxy.wait();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
}

#[test]
fn its_own_probe_says_yes_no_and_why() {
    let app = App::hello();
    let proxy = Running::start(&app, &[]);
    let listen = proxy.address.to_string();
    let settings = [("PROXY_LISTEN", listen.as_str())];
    eventually("it is healthy", || run("health", &settings).status.success());
    let mut ready = None;
    eventually("it says so", || {
        ready = proxy
            .said()
            .lines()
            .find(|line| line.contains("can be reached: ready"))
            .map(str::to_owned);
        ready.is_some()
    });
    let ready: Value = serde_json::from_str(&ready.unwrap()).unwrap();
    assert_eq!(ready["lost_for"], Value::Null, "it was never lost: {ready}");
    let nobody = run("health", &[("PROXY_LISTEN", "127.0.0.1:1")]);
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8(nobody.stderr).unwrap();
    assert!(
        said.lines().count() == 1 && said.contains("127.0.0.1:1"),
        "{said}"
    );
    let lost = run(
        "health",
        &[
            ("PROXY_LISTEN", listen.as_str()),
            ("PROXY_HEALTH_PATH", "/nowhere/to/be/found"),
        ],
    );
    assert_eq!(lost.status.code(), Some(0), "the app answers 200 to everything");
}

#[test]
fn unusable_settings_end_with_64_before_a_port_is_bound() {
    for verb in ["serve", "check", "health"] {
        let output = run(
            verb,
            &[
                ("PROXY_UPSTREAM", "http://app:3000"),
                ("PROXY_LISTEN", "127.0.0.1:1"),
            ],
        );
        assert_eq!(output.status.code(), Some(64), "{verb}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("PROXY_UPSTREAM=\"http://app:3000\"") && said.contains("hint: leave out http://"),
            "{said}"
        );
    }
    let misfit = run("serve", &[("PROXY_STOP_TIMEOUT", "10s")]);
    assert_eq!(misfit.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&misfit.stderr).contains("PROXY_PRE_DRAIN=\"15s\" leaves no time"));
}

#[test]
fn a_port_in_use_is_told_of_with_its_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let output = run(
        "serve",
        &[("PROXY_LISTEN", listen.as_str()), ("PROXY_LOG_FORMAT", "text")],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!("PROXY_LISTEN={listen}")) && said.contains("hint: another program"),
        "{said}"
    );
}

#[test]
fn check_prints_values_and_the_timeline() {
    let output = run("check", &[("PROXY_HOLD", "7s")]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    let holds = |name, value| said.lines().any(|line| line.split_whitespace().eq([name, value]));
    assert!(
        holds("PROXY_HOLD", "7s") && said.contains("+15s  closing"),
        "{said}"
    );
}
