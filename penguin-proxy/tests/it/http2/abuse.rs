//! Requests that break a rule, and clients that flood or stall: bounded, and told in the log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use h2::Reason;
use penguin_proxy::resolver::Lookup;

use super::waiting;
use crate::stage::frames::{GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS, frame, get, headers};
use crate::stage::http2::{Http2Client, soon};
use crate::stage::{App, Client, PATIENCE, Proxy, eventually};

#[test]
fn rules_hold_for_every_stream_and_the_connection_stays() {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = App::answering(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        "ok".to_owned()
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let get = |target: &str| client.request("GET", target);
    let many = (0..101).fold(get("/many"), |request, number| {
        request.header(format!("x-{number}"), "1")
    });
    let connect = http::Request::builder().method("CONNECT").uri("a.example:443");
    for (request, status, rule) in [
        (get("/a").header("host", "other.example"), 400, "host-disagrees"),
        (get("/a%zz"), 400, "target-escape"),
        (get("/a%00"), 400, "target-nul"),
        (get("/a").uri("http://u@a.example/"), 400, "target-authority"),
        (
            get("/a").header("content-length", "2000000"),
            413,
            "body-too-large",
        ),
        (get("/a").header("expect", "a miracle"), 417, "expectation"),
        (get(&format!("/{}", "x".repeat(17_000))), 414, "target-too-long"),
        (
            get("/large").header("x", "x".repeat(33_000)),
            431,
            "head-too-large",
        ),
        (many, 431, "too-many-fields"),
        (client.request("TRACE", "/a"), 405, "method"),
        (connect, 405, "method"),
    ] {
        let answer = if rule == "body-too-large" {
            let (answer, _upload) = client.open(request.body(()).unwrap(), false);
            client.wait(answer).unwrap()
        } else {
            client.send(request).unwrap()
        };
        assert_eq!(answer.status, status, "{rule}: {}", answer.text());
        assert_eq!(answer.field("connection"), None, "{rule}");
        let line = proxy.lines(1, |line| line["rule"] == rule).remove(0);
        assert_eq!(line["protocol"], "HTTP/2", "{line}");
    }
    assert_eq!(
        seen.load(Ordering::SeqCst),
        0,
        "nothing of all this reached the app"
    );
    assert_eq!(client.get("/fine").status, 200);
}

#[test]
fn too_large_body_is_rejected() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_body = "10KiB".into();
    });
    let client = Http2Client::connect(proxy.address);
    let answer = client
        .post(client.request("POST", "/large"), vec![b'x'; 20_000])
        .unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(proxy.line("/large")["end"], "client.body.too_large");
    let answer = client
        .post(client.request("POST", "/small"), vec![b'x'; 10_000])
        .unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn slow_upload_is_rejected() {
    let app = App::hello();
    let proxy = Proxy::configured(
        Lookup::system(),
        |arguments| arguments.upstream = app.address.to_string(),
        |config| config.timeouts.rate_window = Duration::from_millis(200),
    );
    let client = Http2Client::connect(proxy.address);
    let (answer, _upload) = client.open(client.request("POST", "/slow").body(()).unwrap(), false);
    assert_eq!(client.wait(answer).unwrap().status, 408);
    assert_eq!(proxy.line("/slow")["end"], "client.body.timeout");
}

/// The client ignores GOAWAY and PING: one that heeds them is asked for another connection and ends in good order.
#[test]
fn cancelled_requests_are_bounded() {
    let (app, _news) = waiting();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send([PREFACE, SETTINGS].concat());
    for stream in (1..10_000).step_by(2) {
        client.send(headers(stream, true, &get("/flood")));
        client.send(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    let mut frames = std::iter::from_fn(|| client.frame());
    let calm = frames.find(|frame| frame.kind == GOAWAY && frame.code() == 11);
    assert!(calm.is_some(), "no GOAWAY(ENHANCE_YOUR_CALM)");
    // Either the library found more cancelled requests than it takes in one go, or the proxy counted them.
    proxy.lines(1, |line| {
        line["rule"] == "http2-resets" || line["rule"] == "http2"
    });
    eventually("no request is left", || {
        proxy.metric("penguin_proxy_requests_in_flight") == 0
    });
}

/// A load balancer sends the requests of many clients over one connection.
#[test]
fn cancelled_requests_do_not_affect_others_on_the_connection() {
    let (app, held, go) = holding();
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let (other, _) = client.open(client.request("GET", "/other").body(()).unwrap(), true);
    held.recv_timeout(PATIENCE).unwrap();
    let mut cancelled = 0;
    loop {
        let request = client.request("GET", "/cancelled").body(()).unwrap();
        let Ok((_answer, mut upload)) = client.try_open(request, true) else {
            break;
        };
        // A request that crosses the GOAWAY does not reach the app.
        eventually("the app has it", || {
            held.try_recv().is_ok() || !client.takes_requests()
        });
        upload.send_reset(Reason::CANCEL);
        cancelled += 1;
        assert!(cancelled < 10_000, "it is asked for another connection");
    }
    drop(go);
    assert_eq!(client.wait(other).unwrap().text(), "held");
    client.ended().expect("a close in order");
}

/// More than h2 takes by default, in one segment.
#[test]
fn requests_cancelled_at_once_do_not_end_the_connection() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    let mut bytes = [PREFACE, SETTINGS].concat();
    for stream in (1..100).step_by(2) {
        bytes.extend(headers(stream, true, &get("/cancelled")));
        bytes.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    bytes.extend(headers(101, true, &get("/fine")));
    client.send(bytes);
    loop {
        let answer = client.stream_frame();
        assert_ne!(answer.kind, GOAWAY, "{answer:?}");
        if answer.stream == 101 {
            assert_eq!((answer.kind, answer.payload[0]), (HEADERS, 0x88));
            break;
        }
    }
}

#[test]
fn window_update_without_increment_resets_only_its_stream() {
    let (app, held, go) = holding();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send([PREFACE, SETTINGS].concat());
    client.send(headers(1, true, &get("/a")));
    held.recv_timeout(PATIENCE).unwrap();
    client.send(frame(8, 0, 1, &[0; 4]));
    let reset = client.stream_frame();
    assert_eq!(
        (reset.kind, reset.stream, reset.code()),
        (RST_STREAM, 1, 1),
        "{reset:?}"
    );
    drop(go);
    client.send(headers(3, true, &get("/b")));
    let answer = client.stream_frame();
    assert_eq!(
        (answer.kind, answer.stream, answer.payload[0]),
        (HEADERS, 3, 0x88)
    );
}

/// An app that tells of each request and answers none before it is let go.
fn holding() -> (App, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (told, held) = mpsc::channel();
    let (go, cue) = mpsc::channel::<()>();
    let (told, cue) = (Mutex::new(told), Mutex::new(cue));
    let app = App::scripted(move |mut connection| {
        while connection.request().is_some() {
            let _the_test_is_over = told.lock().unwrap().send(());
            let _released = cue.lock().unwrap().recv();
            connection.answer("200 OK", "held");
        }
    });
    (app, held, go)
}

#[test]
fn stalled_stream_does_not_affect_others() {
    let app = App::answering(|request| {
        if request.target() == "/large" {
            "x".repeat(1_000_000)
        } else {
            "small".to_owned()
        }
    });
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.send_timeout = "300ms".into();
    });
    let client = Http2Client::configured(proxy.address, |builder| {
        builder
            .initial_window_size(10_000)
            .initial_connection_window_size(1_000_000);
    });
    let (answer, _) = client.open(client.request("GET", "/large").body(()).unwrap(), true);
    let stalled = client.runtime.block_on(soon(answer)).unwrap();
    assert_eq!(proxy.line("/large")["end"], "client.answer.stalled");
    assert_eq!(client.get("/small").text(), "small");
    drop(stalled);
}

#[test]
fn client_that_reads_nothing_is_closed() {
    let app = App::answering(|_| "x".repeat(1_000_000));
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.send_timeout = "300ms".into();
    });
    // SETTINGS with the largest window, a WINDOW_UPDATE for the connection, then requests and not a single read.
    let mut bytes = [
        PREFACE,
        &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff],
    ]
    .concat();
    bytes.extend([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0]);
    for stream in 0..100 {
        bytes.extend(headers(stream * 2 + 1, true, &get("/")));
    }
    let mut client = Client::connect(proxy.address);
    client.send(bytes);
    proxy.lines(1, |line| line["end"] == "client.answer.stalled");
    eventually("the connection is gone", || {
        proxy.metric("penguin_proxy_client_connections") == 0
    });
}

#[test]
fn invalid_frames_end_the_connection_and_are_logged() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send([PREFACE, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
    let answer = client.rest().unwrap();
    assert!(
        answer.windows(4).any(|window| window == [0, 0, 8, 7]),
        "GOAWAY: {answer:?}"
    );
    proxy.lines(1, |line| {
        line["rule"] == "http2" && line["end"] == "client.head.malformed"
    });
}

#[test]
fn surplus_connection_gets_503_on_every_stream() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.max_connections = "1".into();
    });
    proxy.ready();
    eventually("there is room again", || {
        proxy.metric("penguin_proxy_client_connections") == 0
    });
    let first = Http2Client::connect(proxy.address);
    assert_eq!(first.get("/").status, 200);
    let second = Http2Client::connect(proxy.address);
    assert_eq!(second.get("/").status, 503);
    assert_eq!(second.get("/healthz/ready").status, 200);
    assert_eq!(first.get("/").status, 200);
}
