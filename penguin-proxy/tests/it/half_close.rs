//! Clients that close their sending side after the request, and wait for the response.

use std::sync::{Mutex, mpsc};

use crate::stage::app::{Connection, Request};
use crate::stage::{App, PATIENCE, Proxy, eventually};
use crate::vacant::vacant;

/// Half-closed requests of each kind.
const EACH: usize = 200;

/// Says what it got.
fn describe(request: &Request) -> String {
    format!("{} {}", request.line, request.body.len())
}

/// A request with a body of the given length, framed by `Content-Length`.
fn with_length(method: &str, length: usize) -> Vec<u8> {
    let head = format!("{method} /{length} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    [head.into_bytes(), vec![b'x'; length]].concat()
}

/// The same, as a chunked body of pieces of at most 4,000 bytes.
fn chunked(method: &str, length: usize) -> Vec<u8> {
    let mut bytes =
        format!("{method} /{length} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for piece in vec![b'x'; length].chunks(4_000) {
        bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn all_get_a_response(kinds: &[(&str, Vec<u8>, usize)], count: usize) {
    let app = App::answering(describe);
    let proxy = Proxy::before(&app);
    for round in 0..count {
        let (method, bytes, length) = &kinds[round % kinds.len()];
        let mut client = proxy.connect();
        client.send(bytes);
        client.finish_sending();
        let reply = client.reply_to(method);
        let reply =
            reply.unwrap_or_else(|| panic!("{method} with {length} bytes, round {round}: no response"));
        assert_eq!(reply.status, 200);
        if *method != "HEAD" {
            let expected = format!("{method} /{length} HTTP/1.1 {length}");
            assert_eq!(reply.text(), expected, "round {round}");
        }
        assert!(client.is_closed());
    }
}

#[test]
fn half_closed_request_with_length_gets_response() {
    let methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"];
    let kinds = methods.map(|method| (method, with_length(method, 5), 5));
    all_get_a_response(&kinds, EACH);
}

#[test]
fn half_closed_chunked_request_gets_response() {
    let methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"];
    let kinds = methods.map(|method| (method, chunked(method, 5), 5));
    all_get_a_response(&kinds, EACH);
}

#[test]
fn half_closed_request_without_body_gets_response() {
    let methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET", "HEAD"];
    let kinds = methods.map(|method| (method, with_length(method, 0), 0));
    all_get_a_response(&kinds, EACH);
}

#[test]
fn half_closed_large_request_gets_response() {
    let kinds = [
        ("POST", with_length("POST", 200_000), 200_000),
        ("PUT", chunked("PUT", 200_000), 200_000),
    ];
    all_get_a_response(&kinds, EACH);
}

#[test]
fn half_closed_pipelined_requests_get_all_responses() {
    let app = App::answering(describe);
    let proxy = Proxy::before(&app);
    let requests = [
        with_length("POST", 3),
        chunked("PUT", 20_000),
        with_length("GET", 0),
        with_length("PATCH", 40_000),
    ];
    for _ in 0..20 {
        let mut client = proxy.connect();
        client.send(requests.concat());
        client.finish_sending();
        for expected in [
            "POST /3 HTTP/1.1 3",
            "PUT /20000 HTTP/1.1 20000",
            "GET /0 HTTP/1.1 0",
            "PATCH /40000 HTTP/1.1 40000",
        ] {
            assert_eq!(client.reply().text(), expected);
        }
        assert!(client.is_closed());
    }
}

/// An app that tells of each request and waits for a cue before it responds.
fn prompted() -> (App, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (told, news) = mpsc::channel();
    let (prompt, cue) = mpsc::channel();
    let (told, cue) = (Mutex::new(told), Mutex::new(cue));
    let app = App::scripted(move |mut connection: Connection| {
        while let Some(request) = connection.request() {
            told.lock().unwrap().send(()).unwrap();
            cue.lock().unwrap().recv().unwrap();
            connection.answer("200 OK", describe(&request));
        }
    });
    (app, news, prompt)
}

#[test]
fn half_closed_client_of_a_slow_app_gets_response() {
    let (app, news, prompt) = prompted();
    let proxy = Proxy::before(&app);
    for (bytes, expected) in [
        (with_length("POST", 5), "POST /5 HTTP/1.1 5"),
        (chunked("POST", 5), "POST /5 HTTP/1.1 5"),
        (with_length("POST", 200_000), "POST /200000 HTTP/1.1 200000"),
        (with_length("GET", 0), "GET /0 HTTP/1.1 0"),
    ] {
        // The end comes together with the request, and while the app is busy with it.
        for early in [true, false] {
            let mut client = proxy.connect();
            client.send(&bytes);
            if early {
                client.finish_sending();
            }
            news.recv_timeout(PATIENCE).expect("the app got the request");
            if !early {
                client.finish_sending();
            }
            // The health path is answered on the same threads: what came before has been looked at.
            proxy.ready();
            prompt.send(()).unwrap();
            assert_eq!(client.reply().text(), expected);
            assert!(client.is_closed());
        }
    }
}

#[test]
fn half_closed_request_waits_for_the_app_to_start() {
    let address = vacant();
    let proxy = Proxy::with(|arguments| {
        arguments.upstream = address.to_string();
        arguments.hold = "20s".into();
    });
    let requests = [
        (with_length("POST", 5), "POST /5 HTTP/1.1 5"),
        (chunked("PUT", 5), "PUT /5 HTTP/1.1 5"),
        (with_length("POST", 200_000), "POST /200000 HTTP/1.1 200000"),
        (with_length("DELETE", 0), "DELETE /0 HTTP/1.1 0"),
    ];
    let mut clients: Vec<_> = requests.iter().map(|_| proxy.connect()).collect();
    for (client, (bytes, _)) in clients.iter_mut().zip(&requests) {
        let mut sending = client.stream.try_clone().unwrap();
        let bytes = bytes.clone();
        // The large one does not fit into the buffers on the way before the app takes it.
        std::thread::spawn(move || {
            use std::io::Write;
            sending.write_all(&bytes).unwrap();
            sending.shutdown(std::net::Shutdown::Write).unwrap();
        });
    }
    eventually("all requests are held", || {
        proxy.metric("penguin_proxy_held") == clients.len() as u64
    });
    let _app = App::at(address, |mut connection: Connection| {
        while let Some(request) = connection.request() {
            connection.answer("200 OK", describe(&request));
        }
    });
    for (client, (_, expected)) in clients.iter_mut().zip(&requests) {
        assert_eq!(client.reply().text(), *expected);
        assert!(client.is_closed());
    }
}

#[test]
fn half_closed_client_that_reads_slowly_gets_all_of_a_large_response() {
    const LENGTH: usize = 8 << 20;
    let (told, news) = mpsc::channel();
    let told = Mutex::new(told);
    let app = App::scripted(move |mut connection: Connection| {
        if connection.request().is_some() {
            connection.answer("200 OK", vec![b'~'; LENGTH]);
            told.lock().unwrap().send(()).unwrap();
        }
    });
    let proxy = Proxy::before(&app);
    let mut client = proxy.connect();
    client.send(with_length("POST", 5));
    client.finish_sending();
    let mut all = Vec::new();
    // Until the app is rid of it, the client takes just enough that it can be; the rest is in the proxy and the kernel.
    while news.try_recv().is_err() {
        let some = client.some(64 << 10);
        if some.is_empty() {
            // All of it has come before the app was heard.
            break;
        }
        all.extend(some);
    }
    all.extend(client.rest().expect("an orderly close"));
    assert!(all.ends_with(&vec![b'~'; LENGTH]), "{} bytes came", all.len());
}

#[test]
fn half_closed_client_that_sent_part_of_a_body_is_not_served_as_if_complete() {
    let app = App::answering(describe);
    let proxy = Proxy::before(&app);
    for half in [
        "POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel",
        "POST /half HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
    ] {
        let mut client = proxy.connect();
        client.send(half);
        client.finish_sending();
        assert_ne!(client.reply_to("POST").map(|reply| reply.status), Some(200));
    }
    assert_eq!(
        proxy.lines(2, |line| line["end"] == "client.body.aborted").len(),
        2
    );
}
