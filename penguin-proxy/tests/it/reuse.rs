//! Connections to the app: which requests share one, and when none may use it again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use crate::stage::{App, Client, PATIENCE, Proxy, eventually};

const POST: &str = "POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

fn post(client: &mut Client) {
    client.send(POST);
    let reply = client.reply();
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// In front of one app, with idle connections that do not grow old.
fn patient(app: &App) -> Proxy {
    Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.threads = "1".into();
        arguments.upstream_idle = "30m".into();
    })
}

/// An app that promises to keep idle connections for an hour. Counts them.
fn promising(accepted: &Arc<AtomicUsize>) -> App {
    let accepted = Arc::clone(accepted);
    App::scripted(move |mut connection| {
        accepted.fetch_add(1, Ordering::SeqCst);
        while connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3600\r\nContent-Length: 2\r\n\r\nok");
        }
    })
}

#[test]
fn connections_to_the_app_are_reused() {
    let app = App::hello();
    let proxy = Proxy::on_one_thread(&app);
    let mut client = proxy.connect();
    for _ in 0..10 {
        assert_eq!(client.get("/again").status, 200);
    }
    let again = proxy.lines(10, |line| line["target"] == "/again");
    assert_eq!(again.iter().filter(|line| line["reused"] == true).count(), 9);
}

#[test]
fn posts_reuse_connections_with_keep_alive_timeout() {
    let accepted = Arc::default();
    let app = promising(&accepted);
    let proxy = patient(&app);
    let mut client = proxy.connect();
    for _ in 0..20 {
        post(&mut client);
    }
    let lines = proxy.lines(20, |line| line["target"] == "/once");
    assert_eq!(lines.iter().filter(|line| line["reused"] == true).count(), 19);
    // The readiness check connects as well, and sends nothing on its connection.
    assert_eq!(proxy.metric("penguin_proxy_upstream_connections_opened_total"), 1);
}

#[test]
fn posts_reuse_connections_once_the_app_was_seen_to_keep_them() {
    let app = App::hello();
    let proxy = patient(&app);
    let mut client = proxy.connect();
    eventually("a POST reuses a connection", || {
        post(&mut client);
        let lines = proxy.lines(1, |line| line["target"] == "/once");
        lines.iter().any(|line| line["reused"] == true)
    });
}

/// An app that was seen to close an idle connection gets fresh ones for what must not be sent twice.
#[test]
fn posts_open_no_more_connections_than_concurrency_needs() {
    let open: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&open);
    let app = App::scripted(move |mut connection| {
        counted.fetch_add(1, Ordering::SeqCst);
        let mut first = true;
        while let Some(request) = connection.request() {
            if request.target() == "/leave" && !first {
                break;
            }
            connection.answer("200 OK", "ok");
            first = false;
        }
        counted.fetch_sub(1, Ordering::SeqCst);
    });
    let proxy = patient(&app);
    let mut client = proxy.connect();
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.get("/leave").status, 200);
    assert_eq!(proxy.line("/leave")["retries"], 1);
    for _ in 0..20 {
        post(&mut client);
    }
    let lines = proxy.lines(20, |line| line["target"] == "/once");
    assert!(lines.iter().all(|line| line["reused"] == false), "{lines:#?}");
    // One for the next request, and the oldest, which shows how long the app keeps it.
    eventually("the others are closed", || open.load(Ordering::SeqCst) <= 2);
}

#[test]
fn no_post_is_sent_on_a_connection_that_the_app_has_closed() {
    let (said, heard) = mpsc::channel();
    let said = Mutex::new(said);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3600\r\nContent-Length: 2\r\n\r\nok");
            drop(connection);
            let _the_test_is_over = said.lock().unwrap().send(());
        }
    });
    let proxy = patient(&app);
    let mut client = proxy.connect();
    for _ in 0..50 {
        post(&mut client);
        heard.recv_timeout(PATIENCE).unwrap();
    }
}

/// A body where none may be, sent when the connection could be in use again.
#[test]
fn unexpected_response_body_is_discarded() {
    for (method, head) in [
        ("GET", "204 No Content\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content\r\nContent-Length: 4"),
        ("GET", "304 Not Modified\r\nContent-Length: 4"),
        ("HEAD", "200 OK\r\nContent-Length: 4"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
    ] {
        let app = App::scripted(move |mut connection| {
            while let Some(request) = connection.request() {
                if request.target() == "/bodiless" {
                    connection.send(format!("HTTP/1.1 {head}\r\n\r\n"));
                } else {
                    connection.answer("200 OK", "mine");
                }
            }
        });
        let proxy = Proxy::on_one_thread(&app);
        let mut client = proxy.connect();
        client.send(format!("{method} /bodiless HTTP/1.1\r\nHost: a\r\n\r\n"));
        client.head();
        assert_eq!(client.get("/next").text(), "mine");
        assert_eq!(proxy.line("/next")["reused"], false, "{method} {head}");
    }
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
fn connection_closed_at_reuse_loses_no_request() {
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
fn connections_closed_while_idle_lose_no_request() {
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
fn bytes_behind_a_response_are_not_a_response() {
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
fn connection_close_prevents_reuse() {
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
