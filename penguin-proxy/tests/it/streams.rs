//! Bodies without a known length, upgrades, half-closed clients.

use std::sync::{Mutex, mpsc};

use crate::stage::{App, PATIENCE, Proxy};

#[test]
fn events_leave_as_they_come() {
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
fn an_upload_reaches_the_app_while_it_is_still_coming() {
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
fn an_upgraded_connection_is_a_tunnel() {
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

#[test]
fn an_upgrade_that_the_app_declines_leaves_the_connection_as_it_is() {
    let app = echo();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for _ in 0..2 {
        client.send(format!("GET /no HTTP/1.1\r\nHost: a\r\n{UPGRADE}\r\n"));
        assert_eq!(client.reply().status, 426);
    }
}

#[test]
fn a_half_closed_client_gets_its_answer() {
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            std::thread::sleep(std::time::Duration::from_millis(100));
            connection.answer("200 OK", "late");
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.finish_sending();
    assert_eq!(client.reply().text(), "late");
    assert!(client.is_closed());
}

#[test]
fn a_half_closed_client_does_not_occupy_the_app_for_long() {
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
