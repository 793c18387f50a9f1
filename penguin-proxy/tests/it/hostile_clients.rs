//! Heads and bodies that come slowly, half, wrongly or too large; clients that leave or never read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use penguin_proxy::resolver::Lookup;

use crate::stage::http2::Http2Client;
use crate::stage::{App, Proxy, eventually};

/// Counts the requests that reach it.
fn counting() -> (App, Arc<AtomicUsize>) {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = App::answering(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        "ok".to_owned()
    });
    (app, seen)
}

#[test]
fn head_timeout_and_idle_timeout() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.head_timeout = "300ms".into();
    });
    let mut idle = proxy.connect();
    let mut half = proxy.connect();
    half.send("GET /half HTTP/1.1\r\nHos");
    let mut dripping = proxy.connect();
    let mut drops = "GET /drip HTTP/1.1\r\nHost: a\r\nX-Drip: "
        .bytes()
        .chain(std::iter::repeat(b'x'));
    dripping
        .stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    eventually("the dripping client is cut", || {
        use std::io::{Read, Write};
        let sent = dripping.stream.write_all(&[drops.next().unwrap()]);
        let mut byte = [0; 12];
        match dripping.stream.read(&mut byte) {
            Ok(count) => {
                assert_eq!(&byte[..count], b"HTTP/1.1 408");
                true
            }
            Err(_) => sent.is_err(),
        }
    });
    let reply = half.reply();
    assert_eq!((reply.status, reply.field("connection")), (408, Some("close")));
    assert!(half.is_closed());
    assert_eq!(
        proxy.lines(2, |line| line["end"] == "client.head.timeout").len(),
        2
    );
    assert_eq!(idle.get("/").status, 200, "older than both, and never in a head");
}

#[test]
fn minimum_upload_rate() {
    let app = App::scripted(|mut connection| {
        connection.request();
    });
    let proxy = Proxy::configured(
        Lookup::system(),
        |arguments| arguments.upstream = app.address.to_string(),
        |config| config.timeouts.rate_window = Duration::from_millis(300),
    );
    let mut client = proxy.connect();
    client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
    let reply = client.reply();
    assert_eq!((reply.status, reply.field("connection")), (408, Some("close")));
    assert_eq!(proxy.line("/slow")["end"], "client.body.timeout");
}

#[test]
fn body_limit_with_and_without_content_length() {
    let (app, seen) = counting();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_body = "100KiB".into();
    });
    let mut told = proxy.connect();
    told.send("POST /told HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    assert_eq!(told.reply().status, 413);
    let mut untold = proxy.connect();
    untold.send("POST /untold HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..20 {
        untold.send("2000\r\n").send(vec![b'x'; 0x2000]).send("\r\n");
    }
    assert_eq!(untold.reply().status, 413);
    for target in ["/told", "/untold"] {
        assert_eq!(proxy.line(target)["end"], "client.body.too_large");
    }
    assert_eq!(
        seen.load(Ordering::SeqCst),
        0,
        "no complete request reached the app"
    );
}

#[test]
fn client_that_sends_on_after_413_is_not_reset() {
    let (app, _) = counting();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST /30 HTTP/1.1\r\nHost: a\r\nContent-Length: 31457280\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.status, reply.field("connection")), (413, Some("close")));
    for _ in 0..30 {
        client.send(vec![b'x'; 1 << 20]);
    }
    client.finish_sending();
    assert_eq!(client.rest(), Some(Vec::new()), "an orderly close");
}

#[test]
fn large_body_within_the_limit_passes_both_ways() {
    let app = App::answering(|request| String::from_utf8(request.body.clone()).unwrap());
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_body = "16MiB".into();
    });
    let mut client = proxy.connect();
    let body = "0123456789abcdef".repeat(512 * 1024);
    let mut sending = client.stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use std::io::Write;
            let head = format!(
                "POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            sending.write_all(head.as_bytes()).unwrap();
            sending.write_all(body.as_bytes()).unwrap();
        });
        assert!(client.reply().text() == body, "not the same bytes came back");
    });
}

#[test]
fn client_close_during_upload_closes_the_upstream_request() {
    let (told, closed) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection.head().is_some() {
            connection.closed();
            told.lock().unwrap().send(()).unwrap();
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf");
    eventually("it is being answered", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 1
    });
    client.reset();
    closed
        .recv_timeout(crate::stage::PATIENCE)
        .expect("the app's connection is closed");
    let line = proxy.line("/upload");
    assert!(
        ["client.body.aborted", "client.wait.aborted"].contains(&line["end"].as_str().unwrap()),
        "{line}"
    );
}

#[test]
fn client_close_while_waiting_closes_the_upstream_request() {
    let (told, news) = mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            told.lock().unwrap().send("asked").unwrap();
            connection.closed();
            told.lock().unwrap().send("closed").unwrap();
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(news.recv_timeout(crate::stage::PATIENCE), Ok("asked"));
    client.reset();
    assert_eq!(news.recv_timeout(crate::stage::PATIENCE), Ok("closed"));
    let line = proxy.line("/waiting");
    assert_eq!(
        (&line["end"], &line["status"]),
        (&"client.wait.aborted".into(), &499.into())
    );
}

#[test]
fn client_that_never_reads_is_closed() {
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
            while connection.send(&chunk) {}
        }
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.send_timeout = "300ms".into();
    });
    let mut client = proxy.connect();
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    let line = proxy.line("/endless");
    assert_eq!(line["end"], "client.answer.stalled");
}

#[test]
fn ambiguous_requests_are_rejected_and_logged() {
    let (app, seen) = counting();
    let proxy = Proxy::before(&app);
    for (bytes, status, rule) in [
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "bare-lf"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "length-and-coding",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            400,
            "coding",
        ),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "field-name"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
            400,
            "field-folded",
        ),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version"),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 400, "control-byte"),
    ] {
        let mut client = proxy.connect();
        client.send(bytes);
        let reply = client.reply();
        assert!(reply.field("date").is_some(), "{}", reply.head);
        assert_eq!(
            (reply.status, reply.field("connection")),
            (status, Some("close")),
            "{bytes:?}: {}",
            reply.text()
        );
        assert!(client.is_closed(), "{bytes:?}");
        proxy.lines(1, |line| line["rule"] == rule && line["status"] == status);
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn rules_for_parsed_heads_hold() {
    let (app, seen) = counting();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = client.reply();
    assert_eq!(
        (reply.status, reply.field("allow")),
        (405, Some("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
    );
    assert_eq!(
        client.get("/").status,
        200,
        "an unwanted method leaves the connection as it is"
    );
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.reply().status, 400);
    proxy.lines(1, |line| line["rule"] == "host-missing");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn rejected_pipelined_head_does_not_affect_the_response_before_it() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\n\n");
    assert_eq!(client.reply().text(), "hello");
    assert_eq!(client.reply().status, 400);
    assert!(client.is_closed());
    let mut upload = proxy.connect();
    upload.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.1\nHost: a\n\n");
    assert_eq!(upload.reply().text(), "hello");
    assert_eq!(upload.reply().status, 400);
}

#[test]
fn invalid_chunks_are_400() {
    let (app, seen) = counting();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client
        .send("POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(client.reply().status, 400);
    let line = proxy.line("/chunks");
    assert_eq!(
        (&line["end"], &line["rule"]),
        (&"client.body.malformed".into(), &"chunk-size".into())
    );
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[test]
fn connections_are_bounded() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_connections = "2".into();
    });
    let (mut first, mut second) = (proxy.connect(), proxy.connect());
    assert_eq!((first.get("/").status, second.get("/").status), (200, 200));
    assert_eq!(
        proxy.get("/healthz/ready").text(),
        "ready\n",
        "the load balancer always comes through"
    );
    let mut third = proxy.connect();
    let reply = third.get("/third");
    assert_eq!(
        (
            reply.status,
            reply.field("retry-after"),
            reply.field("connection")
        ),
        (503, Some("1"), Some("close"))
    );
    assert!(third.is_closed());
    assert_eq!(proxy.line("/third")["end"], "proxy.limit.connections");
    let other = Http2Client::connect(proxy.address);
    assert_eq!(
        (
            other.get("/fourth").status.as_u16(),
            other.get("/healthz/ready").text().as_str()
        ),
        (503, "ready\n"),
        "streams are not a way around"
    );
    drop(other);
    let silent: Vec<_> = (0..40).map(|_| proxy.connect()).collect();
    eventually("there are limits to that as well", || {
        proxy.metric("penguin_proxy_client_connections_refused_total") >= 42
    });
    assert!(proxy.metric("penguin_proxy_client_connections") <= 34);
    drop(silent);
    drop(first);
    eventually("a place is free", || {
        proxy.metric("penguin_proxy_client_connections") == 1
    });
    assert_eq!(proxy.get("/").status, 200);
}
