//! Apps that speak HTTP/2 without TLS, such as gRPC services.

// Calls that the proxy itself has to answer.
mod failures;
// Whether the app is well, asked as gRPC does.
mod health;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, Response};
use penguin_proxy::config::Arguments;
use penguin_proxy::resolver::Lookup;
use tokio::sync::Notify;

use crate::stage::frames::{HEADERS, headers};
use crate::stage::http2::{Http2App, Http2Client, Manners, answer, piece, read, soon};
use crate::stage::{App, Proxy, eventually};
use crate::vacant::vacant;

fn h2c(app: SocketAddr) -> impl FnOnce(&mut Arguments) {
    move |arguments| {
        arguments.upstream = app.to_string();
        arguments.upstream_protocol = "h2c".into();
        arguments.threads = "1".into();
    }
}

/// Answers with what it was sent.
fn echo() -> Http2App {
    echo_at("127.0.0.1:0".parse().unwrap())
}

fn echo_at(address: SocketAddr) -> Http2App {
    Http2App::at(address, Manners::default(), async |request, mut respond| {
        if let Ok((body, _)) = read(&mut request.into_body()).await {
            answer(&mut respond, body);
        }
    })
}

#[test]
fn calls_share_one_connection_and_keep_their_trailers() {
    let app = Http2App::serving(async |request, mut respond| {
        let (head, mut body) = request.into_parts();
        let field = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(head.uri.to_string(), "http://shop.example/shop.Cart/Add");
        assert_eq!(
            (field("te"), field("host"), field("connection")),
            (Some("trailers"), None, None)
        );
        assert_eq!(field("x-forwarded-for"), Some("127.0.0.1"));
        assert!(field("via").unwrap().starts_with("2 penguin-proxy-"));
        assert_eq!(field("x-forwarded-proto"), Some("http"));
        let (body, _) = read(&mut body).await.unwrap();
        answer(&mut respond, body);
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    for number in 0..20 {
        let call = client
            .request("POST", "/")
            .uri("http://shop.example/shop.Cart/Add")
            .header("te", "trailers")
            .header("content-type", "application/grpc");
        let reply = client.post(call, format!("call {number}")).unwrap();
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (200, format!("call {number}"))
        );
        assert_eq!(reply.trailers["grpc-status"], "0");
        assert_eq!(reply.field("content-type"), Some("application/grpc"));
    }
    assert_eq!(app.connections(), 1);
    let lines = proxy.lines(20, |line| line["protocol"] == "HTTP/2" && line["end"] == "ok");
    assert_eq!(lines.iter().filter(|line| line["reused"] == true).count(), 19);
}

#[test]
fn bidirectional_streaming() {
    let app = Http2App::serving(async |request, mut respond| {
        let mut incoming = request.into_body();
        let mut outgoing = respond.send_response(Response::new(()), false).unwrap();
        while let Some(Ok(data)) = incoming.data().await {
            if data.is_empty() {
                break;
            }
            incoming.flow_control().release_capacity(data.len()).unwrap();
            outgoing
                .send_data(Bytes::from([b"re: ", &data[..]].concat()), false)
                .unwrap();
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "7".parse().unwrap());
        outgoing.send_trailers(trailers).unwrap();
    });
    let proxy = Proxy::configured(Lookup::system(), h2c(app.address), |config| {
        // A conversation may pause for longer than an upload.
        config.timeouts.rate_window = Duration::from_millis(100);
    });
    let client = Http2Client::connect(proxy.address);
    let (head, mut upload) = client.open(client.request("POST", "/talk").body(()).unwrap(), false);
    client.runtime.block_on(async {
        let mut incoming = soon(head).await.unwrap().into_body();
        for word in ["one", "two", "three"] {
            upload.send_data(Bytes::from(word), false).unwrap();
            assert_eq!(piece(&mut incoming).await, format!("re: {word}"));
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        upload.send_data(Bytes::new(), true).unwrap();
        let (rest, trailers) = soon(read(&mut incoming)).await.unwrap();
        assert!(rest.is_empty());
        assert_eq!(trailers["grpc-status"], "7");
    });
    assert_eq!(proxy.line("/talk")["end"], "ok");
}

#[test]
fn trailers_only_response_stays_one() {
    let app = Http2App::serving(async |_, mut respond| {
        let head = Response::builder().header("grpc-status", "12");
        respond.send_response(head.body(()).unwrap(), true).unwrap();
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    let reply = client.post(client.request("POST", "/"), "call").unwrap();
    assert_eq!(reply.field("grpc-status"), Some("12"));
    assert!(reply.body.is_empty() && reply.trailers.is_empty());
}

#[test]
fn http1_clients_of_an_h2c_app() {
    let app = Http2App::serving(async |request, mut respond| {
        let (head, mut body) = request.into_parts();
        assert_eq!(
            (head.headers.get("upgrade"), head.headers.get("connection")),
            (None, None)
        );
        let (body, _) = read(&mut body).await.unwrap();
        let text = format!(
            "{} {} {}",
            head.method,
            head.uri,
            String::from_utf8(body).unwrap()
        );
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(Bytes::from(text), true).unwrap();
    });
    let proxy = Proxy::with(h2c(app.address));
    let mut client = proxy.connect();
    assert_eq!(client.get("/a?b").text(), "GET http://penguin.example/a?b ");
    client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    assert_eq!(client.reply().text(), "POST http://a/c body");
    client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(client.reply().text(), "GET http://a/ws ");
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.reply().status, 200);
    assert_eq!(app.connections(), 1);
}

#[test]
fn refused_call_is_retried_with_its_body() {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = Http2App::serving(move |request, mut respond| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            let (body, _) = read(&mut request.into_body()).await.unwrap();
            if first {
                respond.send_reset(Reason::REFUSED_STREAM);
            } else {
                answer(&mut respond, body);
            }
        }
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    let reply = client
        .post(client.request("POST", "/again"), "all of it")
        .unwrap();
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "all of it"));
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    assert_eq!(proxy.line("/again")["retries"], 1);
}

#[test]
fn possibly_processed_call_is_not_retried() {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let app = Http2App::serving(move |request, mut respond| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            let _all = read(&mut request.into_body()).await;
            respond.send_reset(Reason::INTERNAL_ERROR);
        }
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    let reply = client.post(client.request("POST", "/once"), "x").unwrap();
    assert_eq!((reply.status.as_u16(), seen.load(Ordering::SeqCst)), (502, 1));
    assert_eq!(proxy.line("/once")["end"], "upstream.wait.closed");
}

#[test]
fn goaway_loses_no_call() {
    let manners = Manners {
        requests: 3,
        ..Manners::default()
    };
    let app = Http2App::at(
        "127.0.0.1:0".parse().unwrap(),
        manners,
        async |request, mut respond| {
            if let Ok((body, _)) = read(&mut request.into_body()).await {
                answer(&mut respond, body);
            }
        },
    );
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    for _ in 0..60 {
        let reply = client.post(client.request("POST", "/"), "call").unwrap();
        assert_eq!(reply.text(), "call", "{}", reply.status);
    }
    assert!(app.connections() >= 15, "{}", app.connections());
}

#[test]
fn idle_connection_is_reused_and_later_closed() {
    let (told, news) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection| {
        if !connection.speaks_http2() {
            return;
        }
        while let Some(frame) = connection.frame() {
            if frame.kind == HEADERS {
                connection.send(headers(frame.stream, true, &[0x88]));
                told.lock().unwrap().send("asked").unwrap();
            }
        }
        let _the_test_is_over = told.lock().unwrap().send("closed");
    });
    let keeping = |time: &str| {
        Proxy::with(|arguments| {
            h2c(app.address)(arguments);
            arguments.upstream_idle = time.into();
        })
    };
    let proxy = keeping("1h");
    assert_eq!(Http2Client::connect(proxy.address).get("/").status, 200);
    assert_eq!(news.recv().unwrap(), "asked");
    eventually("it was looked at and kept", || {
        proxy.metric("penguin_proxy_upstream_connections_idle") == 1
    });
    assert_eq!(Http2Client::connect(proxy.address).get("/").status, 200);
    assert_eq!(news.recv().unwrap(), "asked");
    assert_eq!(proxy.metric("penguin_proxy_upstream_connections_opened_total"), 1);
    let closing = keeping("300ms");
    assert_eq!(Http2Client::connect(closing.address).get("/").status, 200);
    assert_eq!((news.recv().unwrap(), news.recv().unwrap()), ("asked", "closed"));
}

#[test]
fn max_concurrent_streams_of_the_app_is_respected() {
    let manners = Manners {
        streams: 10,
        ..Manners::default()
    };
    let app = Http2App::at("127.0.0.1:0".parse().unwrap(), manners, async |_, mut respond| {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer(&mut respond, "slow");
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    let calls: Vec<_> = (0..60)
        .map(|_| client.open(client.request("GET", "/").body(()).unwrap(), true).0)
        .collect();
    for call in calls {
        assert_eq!(client.wait(call).unwrap().text(), "slow");
    }
    assert_eq!(proxy.metric("penguin_proxy_retries_total"), 0);
}

#[test]
fn reset_response_resets_the_client_stream() {
    let arrived = Arc::new(Notify::new());
    let cue = Arc::clone(&arrived);
    let app = Http2App::serving(move |_, mut respond| {
        let cue = Arc::clone(&cue);
        async move {
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(Bytes::from("half"), false).unwrap();
            // A reset drops what its side has not sent yet.
            cue.notified().await;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
    });
    let proxy = Proxy::with(h2c(app.address));
    let client = Http2Client::connect(proxy.address);
    let (answer, _) = client.open(client.request("GET", "/half").body(()).unwrap(), true);
    let mut body = client.runtime.block_on(soon(answer)).unwrap().into_body();
    assert_eq!(client.runtime.block_on(piece(&mut body)), "half");
    arrived.notify_one();
    let error = client.runtime.block_on(soon(read(&mut body))).unwrap_err();
    assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "{error}");
    assert_eq!(proxy.line("/half")["end"], "upstream.answer.cut");
}

#[test]
fn restarted_app_is_found() {
    let address = vacant();
    let app = echo_at(address);
    let proxy = Proxy::with(h2c(address));
    let client = Http2Client::connect(proxy.address);
    assert_eq!(
        client.post(client.request("POST", "/"), "before").unwrap().text(),
        "before"
    );
    drop(app);
    // Its runtime ends in the background.
    eventually("the app has stopped, and the proxy knows", || {
        std::net::TcpStream::connect(address).is_err()
            && proxy.metric("penguin_proxy_upstream_connections_idle") == 0
    });
    let (call, mut upload) = client.open(client.request("POST", "/held").body(()).unwrap(), false);
    upload.send_data(Bytes::from("after"), true).unwrap();
    eventually("it is held", || proxy.metric("penguin_proxy_held") == 1);
    let _app = echo_at(address);
    assert_eq!(client.wait(call).unwrap().text(), "after");
}

#[test]
fn app_without_http2_is_logged() {
    let app = App::hello();
    let proxy = Proxy::with(|arguments| {
        h2c(app.address)(arguments);
        arguments.hold = "0s".into();
    });
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/").status, 503);
    let error = proxy.line("/")["error"].as_str().unwrap().to_owned();
    assert!(error.contains("does not speak HTTP/2"), "{error}");
}

#[test]
fn body_limits_hold_for_h2c_apps() {
    let app = echo();
    let proxy = Proxy::with(|arguments| {
        h2c(app.address)(arguments);
        arguments.max_body = "10KiB".into();
    });
    let client = Http2Client::connect(proxy.address);
    let reply = client
        .post(client.request("POST", "/large"), vec![b'x'; 20_000])
        .unwrap();
    assert_eq!(reply.status, 413);
    let reply = client.post(client.request("POST", "/fine"), "x").unwrap();
    assert_eq!(reply.text(), "x");
    let impatient = Proxy::configured(Lookup::system(), h2c(app.address), |config| {
        config.timeouts.rate_window = Duration::from_millis(200);
    });
    let client = Http2Client::connect(impatient.address);
    let (call, _upload) = client.open(client.request("POST", "/slow").body(()).unwrap(), false);
    assert_eq!(client.wait(call).unwrap().status, 408);
}

#[test]
fn cancelled_call_releases_its_stream() {
    let (told, news) = mpsc::channel();
    let app = Http2App::serving(move |_, mut respond| {
        let told = told.clone();
        async move {
            told.send("asked").unwrap();
            let _reason = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
            told.send("left").unwrap();
        }
    });
    let proxy = Proxy::with(|arguments| {
        h2c(app.address)(arguments);
        arguments.first_byte_timeout = "300ms".into();
    });
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/silent").status, 504, "the app takes too long");
    assert_eq!((news.recv().unwrap(), news.recv().unwrap()), ("asked", "left"));
    let (call, mut upload) = client.open(client.request("GET", "/gone").body(()).unwrap(), true);
    assert_eq!(news.recv().unwrap(), "asked");
    upload.send_reset(Reason::CANCEL);
    assert_eq!(news.recv().unwrap(), "left");
    drop(call);
    assert_eq!(proxy.line("/gone")["end"], "client.wait.aborted");
    assert_eq!(app.connections(), 1);
}
