//! Connections to the app: which requests share one, and when none may use it again.

use std::sync::{Mutex, mpsc};

use crate::stage::{App, PATIENCE, Proxy, eventually};

#[test]
fn connections_to_the_app_are_reused_for_what_may_be_repeated_and_fresh_for_the_rest() {
    let app = App::hello();
    let proxy = Proxy::on_one_thread(&app);
    let mut client = proxy.connect();
    for _ in 0..10 {
        assert_eq!(client.get("/again").status, 200);
    }
    client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.reply().status, 200);
    let again = proxy.lines(10, |line| line["target"] == "/again");
    assert_eq!(again.iter().filter(|line| line["reused"] == true).count(), 9);
    assert_eq!(proxy.line("/once")["reused"], false);
}

#[test]
fn idle_connections_to_the_app_are_closed_in_time() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.upstream_idle = "200ms".into();
    });
    assert_eq!(proxy.get("/").status, 200);
    eventually("the idle connection is closed", || {
        proxy.metric("penguin_proxy_upstream_connections_idle") == 0
    });
}

/// Answers one request on each connection, and goes away with the next: the moment at which it is used again.
fn leaving_at_reuse(reset: bool) -> App {
    App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.answer("200 OK", "ok");
            connection.head();
            if reset {
                connection.reset();
            }
        }
    })
}

#[test]
fn a_connection_that_dies_at_the_moment_of_its_reuse_costs_nothing() {
    for reset in [false, true] {
        let app = leaving_at_reuse(reset);
        let proxy = Proxy::on_one_thread(&app);
        let mut client = proxy.connect();
        for _ in 0..10 {
            assert_eq!(client.get("/again").status, 200);
            client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
            assert_eq!(client.reply().status, 200);
        }
        let again = proxy.lines(10, |line| line["target"] == "/again");
        assert!(again.iter().all(|line| line["end"] == "ok"), "{again:#?}");
        assert!(again.iter().any(|line| line["retries"] == 1), "{again:#?}");
        let once = proxy.lines(10, |line| line["target"] == "/once");
        assert!(once.iter().all(|line| line["retries"] == 0), "{once:#?}");
    }
}

#[test]
fn connections_that_the_app_closed_while_idle_cost_nothing() {
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.answer("200 OK", "ok");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for _ in 0..20 {
        assert_eq!(client.get("/").status, 200);
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(client.reply().status, 200);
    }
}

/// What the app sends behind an answer, together with it or when the connection has been idle for a while.
#[test]
fn bytes_behind_an_answer_are_nobodys_answer() {
    const EXTRA: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for extra in [EXTRA, "x", "\r\n\r\n"] {
        let (said, heard) = mpsc::channel();
        let said = Mutex::new(said);
        let app = App::scripted(move |mut connection| {
            while let Some(request) = connection.request() {
                let target = request.target().to_owned();
                let mut bytes = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{target}",
                    target.len()
                );
                if target == "/at-once" {
                    bytes.push_str(extra);
                }
                connection.send(bytes);
                if target == "/later" {
                    connection.send(extra);
                    said.lock().unwrap().send(()).unwrap();
                }
            }
        });
        let proxy = Proxy::on_one_thread(&app);
        let mut client = proxy.connect();
        for target in [
            "/at-once", "/next", "/later", "/next", "/at-once", "/later", "/next",
        ] {
            assert_eq!(client.get(target).text(), target, "with {extra:?} behind");
            if target == "/later" {
                heard.recv_timeout(PATIENCE).unwrap();
            }
        }
        let lines = proxy.lines(7, |_| true);
        assert!(lines.iter().all(|line| line["end"] == "ok"), "{lines:#?}");
    }
}

#[test]
fn a_connection_that_the_app_is_done_with_is_not_used_again() {
    for (version, fields, again) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
    ] {
        let app = App::scripted(move |mut connection| {
            while connection.request().is_some() {
                connection.send(format!(
                    "HTTP/{version} 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok"
                ));
            }
        });
        let proxy = Proxy::on_one_thread(&app);
        let mut client = proxy.connect();
        for _ in 0..3 {
            assert_eq!(client.get("/").status, 200);
        }
        let lines = proxy.lines(3, |_| true);
        let reused = lines.iter().filter(|line| line["reused"] == true).count();
        assert_eq!(reused, if again { 2 } else { 0 }, "HTTP/{version} {fields}");
    }
}
