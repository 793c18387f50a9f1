//! Calls that the proxy itself has to answer: gRPC clients read `grpc-status`, not pages.

use http::header::CONTENT_TYPE;

use super::{echo, h2c};
use crate::stage::http2::{Answer, Http2Client};
use crate::stage::{App, Proxy};

fn call(client: &Http2Client, target: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let call = client
        .request("POST", target)
        .header("te", "trailers")
        .header(CONTENT_TYPE, "application/grpc+proto");
    client.post(call, body).unwrap()
}

/// A response without messages, with this code and in its message this code of the log.
#[track_caller]
fn failed(answer: &Answer, status: &str, code: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("content-type"), Some("application/grpc"));
    assert_eq!(answer.field("grpc-status"), Some(status));
    let message = answer.field("grpc-message").expect("a message");
    let id = answer.field("x-request-id").expect("an id");
    assert!(message.contains(&format!("({code}, request {id})")), "{message}");
    assert!(answer.body.is_empty() && answer.trailers.is_empty(), "{answer:?}");
}

#[test]
fn unreachable_app_is_unavailable() {
    let proxy = Proxy::with(|arguments| {
        h2c("127.0.0.1:1".parse().unwrap())(arguments);
        arguments.hold = "0s".into();
    });
    let client = Http2Client::connect(proxy.address);
    failed(
        &call(&client, "/a.B/C", "x"),
        "14",
        "upstream.connect.unreachable",
    );
    let line = proxy.line("/a.B/C");
    assert_eq!(
        (&line["status"], &line["end"]),
        (&503.into(), &"upstream.connect.unreachable".into())
    );
    let page = client.post(client.request("POST", "/page"), "x").unwrap();
    assert_eq!(
        (page.status.as_u16(), page.field("grpc-status")),
        (503, None),
        "no call, no code"
    );
}

#[test]
fn silent_app_is_unavailable() {
    let app = App::scripted(|mut connection| connection.closed());
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.first_byte_timeout = "200ms".into();
    });
    let client = Http2Client::connect(proxy.address);
    failed(&call(&client, "/a.B/C", ""), "14", "upstream.wait.timeout");
    assert_eq!(proxy.line("/a.B/C")["status"], 504);
}

#[test]
fn rejected_calls_have_grpc_status_and_message() {
    let app = echo();
    let proxy = Proxy::with(|arguments| {
        h2c(app.address)(arguments);
        arguments.max_body = "10KiB".into();
    });
    let client = Http2Client::connect(proxy.address);
    failed(&call(&client, "/a%00", "x"), "13", "target-nul");
    failed(
        &call(&client, "/a.B/C", vec![0; 20_000]),
        "2",
        "client.body.too_large",
    );
    let fine = call(&client, "/a.B/C", "x");
    assert_eq!(
        (fine.text().as_str(), &fine.trailers["grpc-status"]),
        ("x", &"0".parse().unwrap())
    );
}

#[test]
fn http1_clients_get_pages() {
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = "127.0.0.1:1".into();
        arguments.hold = "0s".into();
    });
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.reply().status, 503);
}
