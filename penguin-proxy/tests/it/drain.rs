//! Stopping without losing anything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::stage::{App, Client, PATIENCE, Proxy, eventually};

#[test]
fn no_request_is_lost_when_it_stops_under_load() {
    let app = App::scripted(|mut connection| {
        while connection.request().is_some() {
            std::thread::sleep(Duration::from_millis(2));
            connection.answer("200 OK", "x".repeat(20_000));
        }
    });
    let mut proxy = Proxy::before(&app);
    let answered = AtomicUsize::new(0);
    let (address, lost) = (proxy.address, Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let connect = || std::net::TcpStream::connect_timeout(&address, PATIENCE);
                // Connections that are taken are answered; a refused one has lost nothing.
                while let Ok(stream) = connect() {
                    let mut client = Client::over(stream);
                    for turn in 0.. {
                        let sent = client.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                        // The kernel completes connections by itself, and resets those that are not accepted when the
                        // listener closes.
                        if turn == 0 && (!sent || client.is_reset()) && connect().is_err() {
                            return;
                        }
                        let reply = sent.then(|| client.reply_to("GET")).flatten();
                        let Some(reply) =
                            reply.filter(|reply| reply.status == 200 && reply.body.len() == 20_000)
                        else {
                            lost.lock().unwrap().push(client.stream.local_addr().unwrap());
                            return;
                        };
                        answered.fetch_add(1, Ordering::SeqCst);
                        if reply.field("connection") == Some("close") {
                            break;
                        }
                    }
                }
            });
        }
        eventually("there is load", || answered.load(Ordering::SeqCst) > 300);
        proxy.stop();
        proxy.stopped();
    });
    let lost = lost.into_inner().unwrap();
    assert!(
        lost.is_empty(),
        "{} of {} were lost",
        lost.len(),
        answered.load(Ordering::SeqCst)
    );
}

#[test]
fn pre_drain_changes_only_the_health_path() {
    let app = App::hello();
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.pre_drain = "1s".into();
    });
    proxy.ready();
    let mut client = proxy.connect();
    assert_eq!(client.get("/").status, 200);
    proxy.stop();
    eventually("the load balancer is told", || {
        proxy.get("/healthz/ready").status == 503
    });
    assert_eq!(proxy.get("/healthz/ready").text(), "not ready: draining\n");
    let reply = client.get("/");
    assert_eq!(
        (reply.status, reply.field("connection")),
        (200, None),
        "as before"
    );
    assert_eq!(proxy.get("/new").status, 200, "new connections too");
    eventually("answers become the last of their connection", || {
        let reply = client.get("/");
        assert_eq!(reply.status, 200);
        reply.field("connection") == Some("close")
    });
    assert!(client.is_closed());
    proxy.stopped();
}

#[test]
fn idle_connection_is_kept_for_one_last_request() {
    let app = App::hello();
    let mut proxy = Proxy::before(&app);
    let mut idle = proxy.connect();
    assert_eq!(idle.get("/").status, 200);
    let mut fresh = proxy.connect();
    eventually("both are known", || {
        proxy.metric("penguin_proxy_client_connections") == 2
    });
    proxy.stop();
    eventually("the proxy is closing", || {
        proxy.metric("penguin_proxy_drain_phase") == 2
    });
    for client in [&mut idle, &mut fresh] {
        let reply = client.get("/last");
        assert_eq!((reply.status, reply.field("connection")), (200, Some("close")));
        assert!(client.is_closed());
    }
    proxy.stopped();
}

#[test]
fn drain_closes_idle_connections_after_drain_idle() {
    let app = App::hello();
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.drain_idle = "100ms".into();
    });
    let mut idle = proxy.connect();
    assert_eq!(idle.get("/").status, 200);
    proxy.stop();
    assert!(idle.is_closed());
    // Before the stop timeout of 30 s: a test waits no longer than 20 s.
    proxy.stopped();
}

#[test]
fn drain_finishes_requests_in_flight() {
    let (go, cue) = mpsc::channel::<()>();
    let cue = Mutex::new(cue);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            cue.lock().unwrap().recv().unwrap();
            connection.answer("200 OK", "finished");
        }
    });
    let mut proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.stop();
    eventually("the port is closed", || {
        std::net::TcpStream::connect(proxy.address).is_err()
    });
    assert!(!proxy.has_stopped());
    go.send(()).unwrap();
    let reply = client.reply();
    assert_eq!(
        (reply.text().as_str(), reply.field("connection")),
        ("finished", Some("close"))
    );
    proxy.stopped();
}

/// An app that takes a request and says nothing.
fn silent() -> App {
    App::scripted(|mut connection| {
        connection.request();
        connection.closed();
    })
}

#[test]
fn drain_deadline_closes_and_logs_what_is_left() {
    let app = silent();
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.stop_timeout = "3s".into();
    });
    let mut client = proxy.connect();
    client.send("GET /hanging HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.stop();
    proxy.stopped();
    assert_eq!(proxy.line("/hanging")["end"], "proxy.drain.cut");
    assert!(client.is_closed());
}

#[test]
fn second_signal_stops_at_once() {
    let app = silent();
    let mut proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET /hanging HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.stop();
    proxy.stop();
    proxy.stopped();
    assert_eq!(proxy.line("/hanging")["end"], "proxy.drain.cut");
}
