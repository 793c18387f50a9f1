//! Clients that speak HTTP/2 from the first byte, in front of an app that speaks HTTP/1.1.

// Malformed requests cost only their stream.
mod malformed;
// Broken frames and compression end the connection.
mod connection_errors;
// What breaks a rule, floods or stalls.
mod abuse;
// How a connection ends.
mod farewell;

use std::sync::{Mutex, mpsc};

use bytes::Bytes;
use h2::Reason;

use crate::stage::frames::{PREFACE, SETTINGS};
use crate::stage::http2::{Http2App, Http2Client, answer, piece, read, reset_reason, soon};
use crate::stage::{App, Client, Proxy};

/// A connection for raw frames.
fn connected(proxy: &Proxy) -> Client {
    let mut client = proxy.connect();
    client.send([PREFACE, SETTINGS].concat());
    client
}

#[test]
fn request_and_response() {
    let app = App::answering(|request| {
        assert!(request.field("via").unwrap().starts_with("2 penguin-proxy-"));
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
    let line = proxy.lines(3, |line| line["target"] == "/a/b?c=*").remove(2);
    assert_eq!(
        (&line["protocol"], &line["end"], &line["host"]),
        (&"HTTP/2".into(), &"ok".into(), &proxy.address.to_string().into())
    );
    assert_eq!(proxy.metric("penguin_proxy_client_connections"), 1);
}

#[test]
fn options_for_the_whole_server_reach_apps_of_both_protocols() {
    let app = App::answering(|request| request.line.clone());
    let h2c_app = Http2App::serving(|request, mut respond| async move {
        answer(&mut respond, request.uri().path().to_owned());
    });
    for (address, protocol, expected) in [
        (app.address, "http1", "OPTIONS * HTTP/1.1"),
        (h2c_app.address, "h2c", "*"),
    ] {
        let proxy = Proxy::with(|arguments| {
            arguments.upstream = address.to_string();
            arguments.upstream_protocol = protocol.into();
        });
        let client = Http2Client::connect(proxy.address);
        let target = http::Uri::builder()
            .scheme("http")
            .authority("a.example")
            .path_and_query("*");
        let request = http::Request::options(target.build().unwrap());
        assert_eq!(client.send(request).unwrap().text(), expected);
        let mut client = proxy.connect();
        client.send("OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n");
        assert_eq!(client.reply().text(), expected);
    }
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
fn preface_may_come_in_any_pieces() {
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
fn incomplete_preface_is_rejected() {
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
fn health_path_over_http2() {
    let app = App::answering(|request| panic!("the app was asked for {}", request.target()));
    let proxy = Proxy::before(&app);
    proxy.ready();
    let client = Http2Client::connect(proxy.address);
    let answer = client.get("/healthz/ready");
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "ready\n"));
    let call = |client: &Http2Client| {
        let call = client.request("POST", "/healthz/ready");
        let answer = client
            .post(call.header("content-type", "application/grpc"), vec![0; 5])
            .unwrap();
        (
            answer.status.as_u16(),
            answer.field("grpc-status").map(str::to_owned),
        )
    };
    assert_eq!(
        call(&client),
        (200, Some("0".to_owned())),
        "a target group of gRPC asks by a call"
    );
    drop(app);
    let absent = Proxy::with(|arguments| arguments.upstream = "127.0.0.1:1".into());
    let client = Http2Client::connect(absent.address);
    assert_eq!(client.get("/healthz/ready").status, 503);
    assert_eq!(call(&client), (200, Some("14".to_owned())));
}

#[test]
fn unreachable_app_is_503_and_the_connection_stays() {
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
        let line = proxy.lines(1, |line| line["target"] == "/absent").remove(0);
        assert_eq!(line["bytes_out"], answer.body.len());
    }
}

#[test]
fn incomplete_response_never_ends_cleanly() {
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
fn unexpected_101_is_502() {
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
fn cancelled_request_closes_the_upstream_request() {
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
