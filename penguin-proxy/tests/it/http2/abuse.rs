//! Requests that break a rule, and clients that flood or stall: bounded, and told in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use h2::Reason;
use penguin_proxy::upstream::Lookup;

use super::{PREFACE, SETTINGS, waiting};
use crate::stage::http2::{Http2Client, soon};
use crate::stage::{App, Client, Proxy, eventually};

#[test]
fn the_rules_hold_for_every_stream_and_the_connection_goes_on() {
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

/// A request without a body as it goes over the wire, nothing left out and nothing refused on the way.
fn headers_frame(stream: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    // :method GET, :scheme http, :path /, :authority a, as RFC 7541 numbers and spells them.
    let mut block = vec![0x82, 0x86, 0x84, 0x41, 1, b'a'];
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.bytes());
        }
    }
    let length = u8::try_from(block.len()).unwrap();
    [&[0, 0, length, 1, 5, 0, 0, 0, stream], &block[..]].concat()
}

#[test]
fn what_http2_itself_calls_malformed_is_reset() {
    let app = App::answering(|request| panic!("the app was asked for {}", request.target()));
    let proxy = Proxy::before(&app);
    for field in [
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("keep-alive", "1"),
        ("te", "gzip"),
        ("X-Upper", "1"),
        ("x", "a\r\nb: c"),
        ("x y", "1"),
        ("content-length", "5"),
    ] {
        let mut client = proxy.connect();
        client.send([PREFACE, SETTINGS, &headers_frame(1, &[field])].concat());
        let mut frames = Vec::new();
        eventually(&format!("{field:?} is answered"), || {
            frames.extend(client.exactly(1).unwrap_or_default());
            // RST_STREAM of stream 1 for a PROTOCOL_ERROR, or GOAWAY.
            frames.ends_with(&[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 1]) || frames.ends_with(&[0, 0, 8, 7])
        });
    }
}

#[test]
fn a_body_that_grows_too_large_is_refused() {
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
fn a_slow_upload_is_refused() {
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

#[test]
fn begun_and_cancelled_requests_are_bounded() {
    let (app, _news) = waiting();
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let mut begun = 0;
    let mut open = true;
    while open {
        let request = client.request("GET", "/flood").body(()).unwrap();
        client.runtime.block_on(async {
            let sender = soon(client.sender().ready()).await;
            let Ok(mut sender) = sender else {
                open = false;
                return;
            };
            if let Ok((_answer, mut upload)) = sender.send_request(request, true) {
                begun += 1;
                tokio::task::yield_now().await;
                upload.send_reset(Reason::CANCEL);
            }
        });
        assert!(begun < 100_000, "nobody stops it");
    }
    let error = client.ended().expect_err("it was no good end");
    assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM), "{error}");
    // Either the library found more cancelled requests than it takes in one go, or the proxy counted them.
    proxy.lines(1, |line| {
        line["rule"] == "http2-resets" || line["rule"] == "http2"
    });
    assert!(proxy.metric("penguin_proxy_requests_in_flight") == 0);
}

#[test]
fn a_client_that_takes_nothing_is_cut_and_its_neighbours_are_not() {
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
fn a_client_that_reads_no_byte_is_cut() {
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
    for stream in 0..100_u8 {
        bytes.extend(headers_frame(stream * 2 + 1, &[]));
    }
    let mut client = Client::connect(proxy.address);
    client.send(bytes);
    proxy.lines(1, |line| line["end"] == "client.answer.stalled");
    eventually("the connection is gone", || {
        proxy.metric("penguin_proxy_client_connections") == 0
    });
}

#[test]
fn bytes_that_are_no_frames_end_the_connection_and_are_told() {
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
fn a_connection_too_many_is_told_so_on_every_stream() {
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
