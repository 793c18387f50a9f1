//! Clients that speak HTTP/2 from the first byte, in front of an app that speaks HTTP/1.1.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use penguin_proxy::upstream::Lookup;

use crate::stage::http2::{Http2Client, piece, read, reset_reason, soon};
use crate::stage::{App, Client, Proxy, eventually};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

#[test]
fn a_request_and_its_answer() {
    let app = App::answering(|request| {
        assert_eq!(request.field("via"), Some("2 penguin-proxy"));
        assert_eq!(request.field("cookie"), Some("a=1; b=2"));
        assert_eq!(request.field("x-forwarded-proto"), Some("http"));
        format!("{}\n{}", request.line, request.field("host").unwrap())
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    for _ in 0..3 {
        let request = client
            .request("GET", "/a/b?c=%20d")
            .header("cookie", "a=1")
            .header("cookie", "b=2");
        let answer = client.send(request).unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.trailers.is_empty());
        assert_eq!(
            answer.text(),
            format!("GET /a/b?c=%20d HTTP/1.1\n{}", proxy.address)
        );
        assert!(answer.field("x-request-id").is_some() && answer.field("date").is_some());
    }
    let line = proxy.lines(3, |line| line["target"] == "/a/b?c=%20d").remove(2);
    assert_eq!(
        (&line["protocol"], &line["end"], &line["host"]),
        (&"HTTP/2".into(), &"ok".into(), &proxy.address.to_string().into())
    );
    assert_eq!(proxy.metric("penguin_proxy_client_connections"), 1);
}

#[test]
fn many_streams_at_once() {
    let app = App::answering(|request| "x".repeat(30_000) + request.target());
    let proxy = Proxy::before(&app);
    let client = Http2Client::configured(proxy.address, |builder| {
        builder.initial_connection_window_size(10_000_000);
    });
    let opened: Vec<_> = (0..100)
        .map(|number| {
            let request = client.request("GET", &format!("/{number}")).body(()).unwrap();
            client.open(request, true).0
        })
        .collect();
    for (number, answer) in opened.into_iter().enumerate() {
        let answer = client.wait(answer).unwrap();
        assert!(
            answer.text().ends_with(&format!("x/{number}")),
            "{}",
            answer.status
        );
    }
}

#[test]
fn both_directions_stream_and_trailers_pass() {
    let app = App::scripted(|mut connection| {
        if connection.head().is_none() {
            return;
        }
        connection
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/grpc\r\n\r\n");
        let mut got = Vec::new();
        let mut buffer = [0; 64];
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
        connection.send("0\r\ngrpc-status: 0\r\nset-cookie: no\r\n\r\n");
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let request = client
        .request("POST", "/both")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (answer, mut upload) = client.open(request, false);
    client.runtime.block_on(async {
        upload.send_data(Bytes::from("ping"), false).unwrap();
        let mut body = soon(answer).await.unwrap().into_body();
        assert_eq!(piece(&mut body).await, "pong");
        upload.send_data(Bytes::from("ping"), false).unwrap();
        assert_eq!(piece(&mut body).await, "pong");
        upload.send_data(Bytes::new(), true).unwrap();
        let (rest, trailers) = soon(read(&mut body)).await.unwrap();
        assert!(rest.is_empty());
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers.len(), 1, "{trailers:?}");
    });
    assert_eq!(proxy.line("/both")["bytes_in"], 8);
}

#[test]
fn the_preface_may_come_in_any_pieces() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for byte in PREFACE.iter().chain(SETTINGS) {
        client.send([*byte]);
    }
    let settings = client.exactly(9).unwrap();
    assert_eq!(settings[3], 4, "the server's SETTINGS come first: {settings:?}");
}

#[test]
fn what_only_begins_like_the_preface_is_refused() {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx"[..],
        b"PRI * HTTP/2.0\r\nHost: a\r\n\r\n",
        b"PRI /x HTTP/2.0\r\n\r\n",
        b"\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
    ] {
        let mut client = proxy.connect();
        client.send(bytes);
        assert_eq!(client.reply().status, 505, "{}", String::from_utf8_lossy(bytes));
        assert!(client.is_closed());
    }
    let mut client = proxy.connect();
    assert_eq!(client.get("/").status, 200);
    client.send(PREFACE);
    assert_eq!(client.reply().status, 505, "after HTTP/1 there is no way back");
    let mut client = proxy.connect();
    client.send(&PREFACE[..20]).finish_sending();
    assert_eq!(client.reply().status, 505);
    proxy.lines(7, |line| line["rule"] == "version");
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
fn health_is_answered_over_http2_too() {
    let app = App::answering(|request| panic!("the app was asked for {}", request.target()));
    let proxy = Proxy::before(&app);
    proxy.ready();
    let client = Http2Client::connect(proxy.address);
    let answer = client.get("/healthz/ready");
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "ready\n"));
    drop(app);
    let absent = Proxy::with(|arguments| arguments.upstream = "127.0.0.1:1".into());
    let client = Http2Client::connect(absent.address);
    assert_eq!(client.get("/healthz/ready").status, 503);
}

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
fn an_absent_app_is_told_of_without_ending_the_connection() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = "127.0.0.1:1".into();
        arguments.hold = "0s".into();
    });
    let client = Http2Client::connect(proxy.address);
    for _ in 0..2 {
        let answer = client.get("/absent");
        assert_eq!(
            (answer.status.as_u16(), answer.field("retry-after")),
            (503, Some("1"))
        );
        assert_eq!(answer.field("connection"), None);
    }
}

#[test]
fn an_answer_that_breaks_off_is_never_a_clean_end() {
    let app = App::scripted(|mut connection| {
        if let Some(request) = connection.request() {
            let head = if request.target() == "/length" {
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
            } else {
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
            };
            connection.send(head);
        }
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    for target in ["/length", "/chunked"] {
        let outcome = client.send(client.request("GET", target));
        assert_eq!(reset_reason(outcome), Reason::INTERNAL_ERROR);
        assert_eq!(proxy.line(target)["end"], "upstream.answer.cut");
    }
}

#[test]
fn a_protocol_that_nobody_asked_for_is_no_answer() {
    let app = App::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
            connection.closed();
        }
    });
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/").status, 502);
    assert_eq!(proxy.line("/")["end"], "upstream.head.malformed");
}

/// An app that tells when a request has come and when its connection was closed.
fn waiting() -> (App, mpsc::Receiver<&'static str>) {
    let (told, news) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            let _the_test_is_over = told.lock().unwrap().send("asked");
            connection.closed();
            let _the_test_is_over = told.lock().unwrap().send("left");
        }
    });
    (app, news)
}

#[test]
fn a_cancelled_request_lets_go_of_the_app() {
    let (app, news) = waiting();
    let proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let (answer, mut upload) = client.open(client.request("GET", "/gone").body(()).unwrap(), true);
    assert_eq!(news.recv().unwrap(), "asked");
    upload.send_reset(Reason::CANCEL);
    assert_eq!(news.recv().unwrap(), "left");
    drop(answer);
    assert_eq!(proxy.line("/gone")["end"], "client.wait.aborted");
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
fn an_idle_connection_is_told_farewell_and_closed() {
    let app = App::hello();
    let proxy = Proxy::configured(
        Lookup::system(),
        |arguments| arguments.upstream = app.address.to_string(),
        |config| config.timeouts.client_idle = Duration::from_millis(300),
    );
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/").status, 200);
    client.ended().expect("a close in order");
}

#[test]
fn a_stop_lets_streams_finish_and_takes_no_more() {
    let (go, cue) = mpsc::channel::<()>();
    let cue = Mutex::new(cue);
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfini");
            cue.lock().unwrap().recv().unwrap();
            connection.send("shed");
        }
    });
    let mut proxy = Proxy::before(&app);
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/last").body(()).unwrap(), true);
    let answer = client.runtime.block_on(soon(answer)).unwrap();
    let mut idle = Some(Http2Client::connect(proxy.address));
    proxy.stop();
    eventually("the client is told", || !client.takes_requests());
    idle.take().unwrap().ended().expect("nothing is left on this one");
    assert!(!proxy.has_stopped());
    go.send(()).unwrap();
    let (body, _) = client
        .runtime
        .block_on(soon(read(&mut answer.into_body())))
        .unwrap();
    assert_eq!(body, b"finished");
    client.ended().expect("a close in order");
    proxy.stopped();
    assert_eq!(proxy.line("/last")["end"], "ok");
}

#[test]
fn what_is_left_at_the_bound_is_cut_and_told() {
    let (app, news) = waiting();
    let mut proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.stop_timeout = "3s".into();
    });
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/hanging").body(()).unwrap(), true);
    assert_eq!(news.recv().unwrap(), "asked");
    proxy.stop();
    client.wait(answer).expect_err("it is never answered");
    proxy.stopped();
    assert_eq!(proxy.line("/hanging")["end"], "proxy.drain.cut");
}
