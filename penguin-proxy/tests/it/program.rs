//! The program itself: signals, exit codes, its own probe.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;

use serde_json::Value;

use crate::stage::running::{Running, run};
use crate::stage::{App, Client, eventually};
use crate::vacant::vacant;

#[test]
fn serves_until_signal_and_writes_its_log() {
    let app = App::hello();
    for signal in ["TERM", "INT", "QUIT"] {
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
fn second_signal_ends_it_at_once() {
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
fn signals_without_a_meaning_leave_requests_alone() {
    let (go, cue) = std::sync::mpsc::channel::<()>();
    let cue = std::sync::Mutex::new(cue);
    let app = App::answering(move |_| {
        cue.lock().unwrap().recv().unwrap();
        "hello".to_owned()
    });
    let mut proxy = Running::start(&app, &[]);
    let mut client = Client::connect(proxy.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    for signal in ["HUP", "USR1", "USR2"] {
        proxy.signal(signal);
        let told = format!("\"signal\":\"SIG{signal}\"");
        eventually(signal, || {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none(), "{signal}: {ended:?}");
            proxy.said().contains(&told)
        });
    }
    go.send(()).unwrap();
    assert_eq!(client.reply().text(), "hello");
}

#[test]
fn broken_pipe_of_the_log_does_not_stop_it() {
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
fn health_command_results() {
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
fn live_but_not_ready_without_the_app() {
    let address = vacant();
    let settings = [
        ("PROXY_UPSTREAM", address.to_string()),
        ("PROXY_LISTEN", "127.0.0.1:0".to_owned()),
        ("PROXY_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let proxy = Running::with(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    let (listen, admin) = (proxy.address.to_string(), proxy.admin.to_string());
    let asks = |listen: &str, admin: &str, command: &str| {
        let output = run(
            command,
            &[("PROXY_LISTEN", listen), ("PROXY_ADMIN_LISTEN", admin)],
        );
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(asks(&listen, &admin, "health --live"), (Some(0), String::new()));
    for command in ["health --ready", "health"] {
        let (code, said) = asks(&listen, &admin, command);
        assert!(
            code == Some(1) && said.contains("not ready: the app has not been reachable yet"),
            "{said}"
        );
    }
    // Both ports count.
    assert_eq!(asks("127.0.0.1:1", &admin, "health --live").0, Some(1));
    assert_eq!(asks(&listen, "127.0.0.1:1", "health --live").0, Some(1));
    let (code, said) = asks(&listen, &admin, "health --live --ready");
    assert!(code == Some(2) && said.contains("cannot be used with"), "{said}");
}

#[test]
fn invalid_settings_exit_with_64_before_a_port_is_bound() {
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
fn port_in_use_is_reported_with_a_hint() {
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
fn check_prints_values_and_timeline() {
    let output = run("check", &[("PROXY_HOLD", "7s")]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    let holds = |name, value| said.lines().any(|line| line.split_whitespace().eq([name, value]));
    assert!(
        holds("PROXY_HOLD", "7s") && said.contains("+15s  closing"),
        "{said}"
    );
}

/// One stuck log driver blocks both outputs of a container.
#[test]
fn unread_outputs_do_not_stop_health_admin_or_drain() {
    let address = vacant();
    let settings = [
        ("PROXY_UPSTREAM", address.to_string()),
        ("PROXY_LISTEN", "127.0.0.1:0".to_owned()),
        ("PROXY_ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("PROXY_LOG_FORMAT", "json".to_owned()),
        ("PROXY_PRE_DRAIN", "1s".to_owned()),
        ("PROXY_STOP_TIMEOUT", "20s".to_owned()),
    ];
    // Nobody listens there yet: the first complaint of that goes into a full pipe, or just before it is full.
    let (mut proxy, outputs) =
        Running::unread(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    let health = || proxy.connect().get("/healthz/ready");
    assert_eq!(health().status, 503);
    let (go, cue) = std::sync::mpsc::channel::<()>();
    let cue = std::sync::Mutex::new(cue);
    let _app = App::at(address, move |mut connection| {
        while let Some(request) = connection.request() {
            if request.target() == "/slow" {
                let _released = cue.lock().unwrap().recv();
            }
            connection.answer("200 OK", "hello");
        }
    });
    // What is learnt of the app is told, and acted upon.
    eventually("it learns of the app", || health().status == 200);
    // More lines than the pipe, the writer and its queue hold.
    let mut client = proxy.connect();
    let target = format!("/{}", "x".repeat(8000));
    let dropped = || proxy.metric("penguin_proxy_access_log_dropped_total");
    eventually("the log is full", || {
        assert_eq!(client.get(&target).status, 200);
        dropped() > 0
    });
    let mut slow = proxy.connect();
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.signal("TERM");
    eventually("health follows", || health().text() == "not ready: draining\n");
    eventually("the pre-drain ends", || {
        proxy.metric("penguin_proxy_drain_phase") == 2
    });
    assert_eq!(client.get("/last").field("connection"), Some("close"));
    go.send(()).unwrap();
    assert_eq!(slow.reply().text(), "hello");
    assert_eq!(proxy.wait().code(), Some(0));
    drop(outputs);
}

/// Many more than the pipe holds, read only once the proxy has been told to stop.
#[test]
fn no_log_line_is_lost_at_exit() {
    let app = App::hello();
    let mut proxy = Running::start(&app, &[("PROXY_THREADS", "1")]);
    let target = format!("/{}", "x".repeat(4000));
    let mut client = proxy.connect();
    for _ in 0..60 {
        assert_eq!(client.get(&target).status, 200);
    }
    assert_eq!(proxy.metric("penguin_proxy_access_log_dropped_total"), 0);
    proxy.signal("TERM");
    drop(client);
    eventually("it has drained", || {
        proxy.said().contains("all requests finished")
    });
    let mut log = String::new();
    let mut output = proxy.child.stdout.take().unwrap();
    output.read_to_string(&mut log).unwrap();
    assert_eq!(proxy.wait().code(), Some(0));
    assert_eq!(
        log.lines().filter(|line| line.contains("\"end\":\"ok\"")).count(),
        60
    );
}
