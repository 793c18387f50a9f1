//! Bodies without a known length, upgrades, half-closed clients.

use std::sync::{Mutex, mpsc};

use crate::stage::{App, PATIENCE, Proxy, eventually};

#[test]
fn server_sent_events_are_not_buffered() {
    let (next, cue) = mpsc::channel::<()>();
    let cue = Mutex::new(cue);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_none() {
            return;
        }
        connection
            .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for event in ["first", "second"] {
            connection.send(format!("{:x}\r\n{event}\r\n", event.len()));
            cue.lock().unwrap().recv().unwrap();
        }
        connection.send("0\r\n\r\n");
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET /events HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(client.chunk().unwrap(), b"first");
    next.send(()).unwrap();
    assert_eq!(client.chunk().unwrap(), b"second");
    next.send(()).unwrap();
    assert_eq!(client.chunk().unwrap(), b"");
    assert_eq!(proxy.line("/events")["end"], "ok");
}

#[test]
fn uploads_are_streamed() {
    let app = App::scripted(|mut connection| {
        if connection.head().is_none() {
            return;
        }
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        // Chunk for chunk: size line, data, line end.
        let mut buffer = [0; 64];
        let mut got = Vec::new();
        while !got.ends_with(b"0\r\n\r\n") {
            let count = connection.read(&mut buffer);
            if count == 0 {
                return;
            }
            got.extend_from_slice(&buffer[..count]);
            if got.ends_with(b"ping\r\n") {
                connection.send("4\r\npong\r\n");
            }
        }
        connection.send("0\r\n\r\n");
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST /both HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n");
    assert!(client.head().unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(client.chunk().unwrap(), b"pong");
    client.send("4\r\nping\r\n");
    assert_eq!(client.chunk().unwrap(), b"pong");
    client.send("0\r\n\r\n");
    assert_eq!(client.chunk().unwrap(), b"");
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

/// Upgrades, says hello at once, and echoes.
fn echo() -> App {
    App::scripted(|mut connection| {
        let Some(request) = connection.request() else {
            return;
        };
        assert_eq!(request.field("upgrade"), Some("websocket"));
        if request.target() == "/no" {
            connection.answer("426 Upgrade Required", "no");
            return;
        }
        connection.send(format!("HTTP/1.1 101 Switching Protocols\r\n{UPGRADE}\r\nhello"));
        let mut buffer = [0; 1024];
        loop {
            let count = connection.read(&mut buffer);
            if count == 0 || !connection.send(&buffer[..count]) {
                return;
            }
        }
    })
}

#[test]
fn upgraded_connection_is_a_tunnel() {
    let app = echo();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    // Bytes that come before the answer belong to the tunnel as well, whatever they look like.
    client.send(format!("GET /ws HTTP/1.1\r\nHost: a\r\n{UPGRADE}\r\n\0early\n"));
    let head = client.head().unwrap();
    assert!(
        head.starts_with("HTTP/1.1 101") && head.to_ascii_lowercase().contains("upgrade: websocket"),
        "{head}"
    );
    assert_eq!(client.exactly(12).unwrap(), b"hello\0early\n");
    for text in ["a", "bc", "\0\r\n\r\n\x7f"] {
        client.send(text);
        assert_eq!(client.exactly(text.len()).unwrap(), text.as_bytes());
    }
    client.finish_sending();
    assert_eq!(client.rest().unwrap(), b"");
    let line = proxy.line("/ws");
    assert_eq!(
        (&line["end"], &line["status"], &line["bytes_in"]),
        (&"ok.tunnel".into(), &101.into(), &16.into())
    );
}

/// Upgrades once it has the whole request, and echoes from the body on.
fn echo_from_the_body_on() -> App {
    App::scripted(|mut connection| {
        let Some(request) = connection.request() else {
            return;
        };
        connection.send(format!("HTTP/1.1 101 Switching Protocols\r\n{UPGRADE}\r\n"));
        connection.send([b"<", request.body.as_slice(), b">"].concat());
        let mut buffer = [0; 1024];
        loop {
            let count = connection.read(&mut buffer);
            if count == 0 || !connection.send(&buffer[..count]) {
                return;
            }
        }
    })
}

#[test]
fn upgrade_request_body_reaches_the_app_before_the_tunnel() {
    let app = echo_from_the_body_on();
    let proxy = Proxy::before(&app);
    for (framing, body, early) in [
        ("Content-Length: 5", "hello", ""),
        ("Content-Length: 5", "hello", "\0GET / HTTP/9.9\n"),
        (
            "Transfer-Encoding: chunked",
            "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "\0\r\n",
        ),
    ] {
        for at_once in [true, false] {
            let mut client = proxy.connect();
            let head = format!("POST /exec HTTP/1.1\r\nHost: a\r\n{UPGRADE}{framing}\r\n\r\n");
            if at_once {
                client.send(format!("{head}{body}{early}"));
            } else {
                // The body comes once the app has the head.
                client.send(head);
                eventually("the request is in flight", || {
                    proxy.metric("penguin_proxy_requests_in_flight") == 1
                });
                client.send(body).send(early);
            }
            assert!(client.head().unwrap().starts_with("HTTP/1.1 101"));
            assert_eq!(client.exactly(7).unwrap(), b"<hello>");
            assert_eq!(client.exactly(early.len()).unwrap(), early.as_bytes());
            client.send("more");
            assert_eq!(client.exactly(4).unwrap(), b"more");
            client.finish_sending();
            assert_eq!(client.rest().unwrap(), b"");
            eventually("the tunnel is closed", || {
                proxy.metric("penguin_proxy_requests_in_flight") == 0
            });
        }
    }
}

#[test]
fn tunnel_that_is_reset_logs_its_bytes() {
    let app = echo();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(format!("GET /reset HTTP/1.1\r\nHost: a\r\n{UPGRADE}\r\n"));
    client.head().unwrap();
    client.send("ping");
    assert_eq!(client.exactly(9).unwrap(), b"helloping");
    client.reset();
    let line = proxy.line("/reset");
    assert_eq!(
        (&line["end"], &line["bytes_in"], &line["bytes_out"]),
        (&"ok.tunnel".into(), &4.into(), &9.into()),
        "{line}"
    );
}

#[test]
fn idle_tunnel_is_closed() {
    let app = echo();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.tunnel_idle = "200ms".into();
    });
    let mut client = proxy.connect();
    client.send(format!("GET /idle HTTP/1.1\r\nHost: a\r\n{UPGRADE}\r\n"));
    client.head().unwrap();
    assert_eq!(client.exactly(5).unwrap(), b"hello");
    assert!(client.is_closed());
    let line = proxy.line("/idle");
    assert_eq!(
        (&line["end"], &line["bytes_out"], &line["error"]),
        (&"ok.tunnel".into(), &5.into(), &"idle timeout".into()),
        "{line}"
    );
}

#[test]
fn declined_upgrade_keeps_the_connection() {
    let app = echo();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for _ in 0..2 {
        client.send(format!("GET /no HTTP/1.1\r\nHost: a\r\n{UPGRADE}\r\n"));
        assert_eq!(client.reply().status, 426);
    }
}

#[test]
fn half_closed_client_is_closed_after_half_close() {
    let (told, closed) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.closed();
            told.lock().unwrap().send(()).unwrap();
        }
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.half_close = "200ms".into();
    });
    let mut client = proxy.connect();
    client.send("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
    client.finish_sending();
    closed
        .recv_timeout(PATIENCE)
        .expect("the app's connection is closed");
    assert_eq!(proxy.line("/gone")["end"], "client.wait.aborted");
}
