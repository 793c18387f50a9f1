//! Answers are compressed on their way to clients that accept it.

use std::io::Read;
use std::sync::{Mutex, mpsc};

use crate::stage::{App, Client, PATIENCE, Proxy, Reply};

fn page() -> String {
    "<p>a penguin waddles, a penguin slides</p>\n".repeat(200)
}

/// An app with a page, a stream and something that is compressed already.
fn app() -> App {
    App::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            let page = page();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: \"1\"\r\n";
            let sent = match request.target() {
                "/stream" => {
                    let mut sent = connection.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
                    for _ in 0..3 {
                        sent = sent && connection.send("5\r\nwords\r\n");
                    }
                    sent && connection.send("0\r\n\r\n")
                }
                "/cut" => {
                    connection.send(format!("{head}Content-Length: 5000\r\n\r\nnot all"));
                    return;
                }
                "/br" => connection.send(format!(
                    "{head}Content-Encoding: br\r\nContent-Length: 3\r\n\r\nxyz"
                )),
                _ => {
                    let length = page.len();
                    let body = if request.line.starts_with("HEAD") {
                        ""
                    } else {
                        &page
                    };
                    connection.send(format!("{head}Content-Length: {length}\r\n\r\n{body}"))
                }
            };
            if !sent {
                return;
            }
        }
    })
}

fn get(client: &mut Client, method: &str, target: &str, accept: &str) -> Reply {
    client.send(format!(
        "{method} {target} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accept}\r\n\r\n"
    ));
    client.reply_to(method).unwrap()
}

fn decoded(reply: &Reply) -> String {
    let mut plain = String::new();
    match reply.field("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&reply.body[..])
            .read_to_string(&mut plain)
            .unwrap(),
        Some("zstd") => zstd::Decoder::new(&reply.body[..])
            .unwrap()
            .read_to_string(&mut plain)
            .unwrap(),
        _ => return reply.text(),
    };
    plain
}

#[test]
fn each_client_gets_its_coding_on_one_connection() {
    let app = app();
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    for (accept, coding) in [
        ("gzip, zstd", Some("zstd")),
        ("gzip", Some("gzip")),
        ("gzip;q=0", None),
        ("br", None),
    ] {
        let reply = get(&mut client, "GET", "/page", accept);
        assert_eq!(reply.field("content-encoding"), coding, "{accept}");
        assert_eq!(reply.field("vary"), Some("accept-encoding"), "{accept}");
        assert_eq!(
            reply.field("etag"),
            Some(if coding.is_some() { "W/\"1\"" } else { "\"1\"" })
        );
        assert_eq!(
            reply.field("content-length"),
            Some(reply.body.len().to_string().as_str())
        );
        assert_eq!(decoded(&reply), page(), "{accept}");
    }
    let head = get(&mut client, "HEAD", "/page", "zstd");
    assert_eq!(head.field("content-encoding"), Some("zstd"));
    assert_eq!(
        (head.field("content-length"), head.field("transfer-encoding")),
        (None, None)
    );
    let stream = get(&mut client, "GET", "/stream", "gzip");
    assert_eq!(
        (stream.field("content-encoding"), stream.field("content-length")),
        (Some("gzip"), None)
    );
    assert_eq!(decoded(&stream), "wordswordswords");
    assert_eq!(get(&mut client, "GET", "/br", "br, gzip").body, b"xyz");
}

#[test]
fn incomplete_short_response_is_502() {
    let app = app();
    let proxy = Proxy::before(&app);
    let reply = get(&mut proxy.connect(), "GET", "/cut", "zstd");
    assert_eq!(reply.status, 502);
    assert_eq!(proxy.line("/cut")["status"], 502);
}

#[test]
fn compression_can_be_off() {
    let app = app();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = app.address.to_string();
        arguments.compression = "off".into();
    });
    let reply = get(&mut proxy.connect(), "GET", "/page", "gzip");
    assert_eq!(
        (reply.field("content-encoding"), reply.field("vary")),
        (None, None)
    );
    assert_eq!(reply.text(), page());
}

/// A body that could be compressed in one go, had it come.
#[test]
fn head_is_sent_when_the_body_is_slow() {
    let (seen, head_seen) = mpsc::channel::<()>();
    let head_seen = Mutex::new(head_seen);
    let body = "a penguin waddles, a penguin slides; ".repeat(100);
    let sent = body.clone();
    let app = App::scripted(move |mut connection| {
        if connection.request().is_some() {
            let (early, late) = sent.split_at(1000);
            connection.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{early}",
                sent.len()
            ));
            head_seen.lock().unwrap().recv_timeout(PATIENCE).unwrap();
            connection.send(late);
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    let head = client.head().unwrap().to_ascii_lowercase();
    assert!(
        head.contains("content-encoding: gzip") && !head.contains("content-length"),
        "{head}"
    );
    seen.send(()).unwrap();
    let mut encoded = Vec::new();
    while let Some(chunk) = client.chunk().filter(|chunk| !chunk.is_empty()) {
        encoded.extend_from_slice(&chunk);
    }
    let mut plain = String::new();
    flate2::read::GzDecoder::new(encoded.as_slice())
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, body);
}
