//! The app answers, and does it badly: it closes, resets, drips, is silent, talks nonsense, says too much or too early.
//!
//! Each test names the code at the end of the access log's line, so that this file also tells what a fault looks like
//! there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::absent_app::{fill, never_accepting};
use crate::stage::{App, Client, PATIENCE, Proxy, eventually};

/// Reads requests and closes, this often; then answers.
fn closing_first(times: usize, seen: &Arc<AtomicUsize>) -> App {
    let seen = Arc::clone(seen);
    App::scripted(move |mut connection| {
        while connection.request().is_some() {
            if seen.fetch_add(1, Ordering::SeqCst) < times {
                return;
            }
            connection.answer("200 OK", "ok");
        }
    })
}

#[test]
fn get_is_retried_when_its_connection_closes_without_a_response() {
    let seen = Arc::default();
    let app = closing_first(1, &seen);
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 200);
    assert_eq!(proxy.line("/")["retries"], 1);
    assert_eq!(proxy.metric("penguin_proxy_retries_total"), 1);
}

#[test]
fn get_retries_are_bounded() {
    let seen = Arc::default();
    let app = closing_first(usize::MAX, &seen);
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    assert_eq!(proxy.line("/")["end"], "upstream.wait.closed");
}

#[test]
fn post_is_sent_once() {
    let seen = Arc::default();
    let app = closing_first(1, &seen);
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.reply().status, 502);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(proxy.line("/")["end"], "upstream.wait.closed");
}

#[test]
fn status_never_causes_a_retry() {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = App::scripted(move |mut connection| {
        while connection.request().is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            connection.answer("503 Service Unavailable", "busy");
        }
    });
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").text(), "busy");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

/// An app that sends these bytes for every request and closes.
fn saying(bytes: &str) -> App {
    let bytes = bytes.to_owned();
    App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.send(&bytes);
        }
    })
}

#[test]
fn invalid_and_incomplete_heads_are_502() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Many: 1\r\n".repeat(101));
    for (bytes, end) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", "upstream.head.malformed"),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}", "upstream.head.malformed"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "upstream.wait.closed"),
        ("HTTP/1.1 2", "upstream.wait.closed"),
        ("", "upstream.wait.closed"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "upstream.head.malformed",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
            "upstream.head.malformed",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "upstream.head.malformed",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "upstream.head.malformed",
        ),
        ("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", "upstream.head.malformed"),
        ("HTTP/1.1 999999 No\r\n\r\n", "upstream.head.malformed"),
        (many.as_str(), "upstream.head.too_large"),
    ] {
        let app = saying(bytes);
        let proxy = Proxy::before(&app);
        assert_eq!(proxy.get("/").status, 502, "{bytes}");
        assert_eq!(proxy.line("/")["end"], end, "{bytes}");
    }
}

#[test]
fn endless_head_is_502() {
    for (piece, end) in [
        ("\r\n", "upstream.head.malformed"),
        ("HTTP/1.1 200 OK\r\nX-Endless: x", "upstream.head.too_large"),
        ("\r\n\r\n\n", "upstream.head.malformed"),
    ] {
        let app = App::scripted(move |mut connection| {
            connection.request();
            // A piece at first, so that the rest is what comes behind the beginning of a head.
            connection.send(piece);
            while connection.send(piece.chars().last().unwrap().to_string().repeat(1000)) {}
        });
        let proxy = Proxy::before(&app);
        assert_eq!(proxy.get("/").status, 502, "{piece:?}");
        assert_eq!(proxy.line("/")["end"], end, "{piece:?}");
    }
}

#[test]
fn reset_in_the_middle_of_a_head_is_502() {
    let app = App::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Le");
        connection.reset();
    });
    let proxy = Proxy::before(&app);
    assert_eq!(proxy.get("/").status, 502);
    let line = proxy.line("/");
    assert_eq!(line["end"], "upstream.wait.closed");
    assert!(line["error"].as_str().unwrap().contains("reset"), "{line}");
}

#[test]
fn incomplete_response_is_never_presented_as_complete() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf and more\r\n0\r\n\r\n",
    ] {
        let app = saying(bytes);
        let proxy = Proxy::before(&app);
        let mut modern = proxy.connect();
        modern.send("GET /1.1 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(modern.head().unwrap().starts_with("HTTP/1.1 200"));
        let body = modern.rest().unwrap_or_default();
        assert!(
            !body.ends_with(b"0\r\n\r\n"),
            "{}",
            String::from_utf8_lossy(&body)
        );
        assert_eq!(proxy.line("/1.1")["end"], "upstream.answer.cut");
        let mut old = proxy.connect();
        old.send("GET /1.0 HTTP/1.0\r\n\r\n");
        if !old
            .head()
            .unwrap()
            .to_ascii_lowercase()
            .contains("content-length")
        {
            assert_eq!(
                old.rest(),
                None,
                "only a reset tells this client that the answer is not complete"
            );
        }
        assert_eq!(proxy.line("/1.0")["end"], "upstream.answer.cut");
    }
}

#[test]
fn http10_client_gets_all_that_came_of_an_incomplete_response() {
    const CAME: usize = 1_000_012;
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000100\r\n\r\n");
            connection.send(vec![b'~'; CAME]);
        }
    });
    let proxy = Proxy::before(&app);
    for version in ["1.0", "1.1"] {
        let mut client = proxy.connect();
        client.send(format!("GET /cut HTTP/{version}\r\nHost: a\r\n\r\n"));
        let head = client.head().unwrap().to_ascii_lowercase();
        assert!(head.contains("content-length: 1000100\r\n"), "{head}");
        assert_eq!(client.rest().map(|body| body.len()), Some(CAME), "HTTP/{version}");
    }
}

#[test]
fn silent_app_is_504() {
    let app = App::scripted(|mut connection| {
        connection.request();
        connection.closed();
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.first_byte_timeout = "200ms".into();
    });
    assert_eq!(proxy.get("/").status, 504);
    let line = proxy.line("/");
    assert_eq!(line["end"], "upstream.wait.timeout");
    assert!(line["first_byte_ms"].is_null(), "there was none: {line}");
    let mut client = proxy.connect();
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(client.reply().status, 504);
}

#[test]
fn dripping_head_is_504() {
    let app = App::scripted(|mut connection| {
        connection.request();
        let drops = "HTTP/1.1 200 OK\r\nX-Drip: "
            .chars()
            .chain(std::iter::repeat('x'));
        for drop in drops {
            if !connection.send(drop.to_string()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.first_byte_timeout = "300ms".into();
    });
    assert_eq!(proxy.get("/").status, 504);
    assert_eq!(proxy.line("/")["end"], "upstream.wait.timeout");
}

#[test]
fn slow_accept_is_waited_for() {
    // The kernel takes the connections; the app fetches none of them before it is told to.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::with(|arguments| arguments.upstream = listener.local_addr().unwrap().to_string());
    let mut client = proxy.connect();
    client.send("GET /patient HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the request is on its way", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    proxy.ready();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Probes say nothing; they must not keep the others waiting.
            std::thread::spawn(move || {
                let mut app = Client::over(stream);
                if app.head().is_some() {
                    app.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
                }
            });
        }
    });
    assert_eq!(client.reply().text(), "late");
    assert_eq!(proxy.line("/patient")["end"], "ok");
}

#[test]
fn app_that_accepts_no_connections_is_503() {
    let hole = never_accepting();
    let _full = fill(&hole);
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = hole.local_addr().unwrap().as_socket().unwrap().to_string();
        arguments.connect_timeout = "100ms".into();
        arguments.hold = "300ms".into();
    });
    assert_eq!(proxy.get("/").status, 503);
    let line = proxy.line("/");
    assert_eq!(line["end"], "upstream.connect.unreachable");
    assert!(line["error"].as_str().unwrap().contains("within 100ms"), "{line}");
}

#[test]
fn early_response_arrives() {
    let app = App::scripted(|mut connection| {
        connection.head();
        connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nwho?");
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    client.send(vec![b'x'; 100_000]);
    let reply = client.reply();
    assert_eq!((reply.status, reply.text().as_str()), (401, "who?"));
    assert_eq!(reply.field("connection"), Some("close"));
}

#[test]
fn early_response_followed_by_a_reset_arrives() {
    let app = App::scripted(|mut connection| {
        connection.head();
        connection
            .send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        // What has not been read by then makes the kernel reset the connection.
        connection.reset();
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.status, reply.text().as_str()), (413, "big"));
    assert_eq!(reply.field("connection"), Some("close"));
    assert_eq!(proxy.line("/upload")["end"], "ok");
}

#[test]
fn stalled_response_does_not_delay_the_next_request() {
    let (told, closed) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection
            .request()
            .is_some_and(|request| request.target() == "/half")
        {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            connection.closed();
            told.lock().unwrap().send(()).unwrap();
        } else {
            connection.answer("200 OK", "whole");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(proxy.get("/whole").text(), "whole");
    // Whoever has had enough leaves, and the app is told.
    client.reset();
    closed
        .recv_timeout(PATIENCE)
        .expect("the app's connection is closed");
    assert_eq!(proxy.line("/half")["end"], "client.answer.aborted");
}

#[test]
fn stalled_response_body_is_closed() {
    for (kind, fields) in [
        ("length", "Content-Length: 10"),
        ("chunks", "Transfer-Encoding: chunked"),
        ("stream", "Content-Type: text/event-stream"),
    ] {
        let app = App::scripted(move |mut connection| {
            if connection.request().is_some() {
                connection.send(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"));
                connection.send(if kind == "chunks" {
                    "5\r\nhello\r\n"
                } else {
                    "hello"
                });
                connection.closed();
            }
        });
        let proxy = Proxy::with(|arguments| {
            arguments.upstream = app.address.to_string();
            arguments.read_timeout = "200ms".into();
        });
        let mut client = proxy.connect();
        client.send(format!("GET /{kind} HTTP/1.1\r\nHost: a\r\n\r\n"));
        client.head();
        client.rest();
        let line = proxy.line(&format!("/{kind}"));
        assert_eq!(line["end"], "upstream.answer.timeout", "{line}");
        assert_eq!(line["error"], "the app sent nothing for 200ms", "{line}");
    }
}
