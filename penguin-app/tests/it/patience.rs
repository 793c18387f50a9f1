//! Clients that are slow on purpose, or speak nonsense. None of them may keep a connection, or harm another.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use penguin_app::router::Shared;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{self, get, read_one, read_to_end};
use crate::server::{Server, Wishes};

/// A server that loses patience soon.
async fn impatient() -> Server {
    let mut wishes = Wishes {
        routes: Router::<Shared>::new().route("/large", on_get(async || Body::from(vec![b'p'; 1024 * 1024]))),
        ..Wishes::default()
    };
    wishes.limits.head = Duration::from_millis(300);
    wishes.limits.stall = Duration::from_millis(300);
    Server::start_with(wishes).await
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

#[tokio::test]
async fn a_dripping_head_is_cut_off() {
    let server = impatient().await;
    let mut stream = connect(&server).await;
    let drip = async {
        // Stops only because the server has closed: a byte now and then does not start its clock anew.
        while stream.write_all(b"X").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), drip).await.unwrap();
    assert_eq!(get(server.address, "/").await.status, 200);
}

#[tokio::test]
async fn the_clock_of_a_head_starts_with_its_first_byte() {
    let server = impatient().await;
    let mut stream = connect(&server).await;
    for _ in 0..2 {
        // Longer than a head may take: a connection may be idle, a request may not.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let request = client::request("GET", "/about", &[], "keep-alive");
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_one(&mut stream).await.status, 200);
    }
}

#[tokio::test]
async fn a_connection_on_which_nothing_happens_is_closed_in_the_end() {
    let mut wishes = Wishes::default();
    wishes.limits.idle = Duration::from_millis(300);
    let server = Server::start_with(wishes).await;
    let mut stream = connect(&server).await;
    let request = client::request("GET", "/", &[], "keep-alive");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    assert_eq!(closed.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let server = impatient().await;
    let mut stream = connect(&server).await;
    let request = client::request("GET", "/large", &[], "close");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 16];
    stream.read_exact(&mut first).await.unwrap();
    server.stopper.stop();
    // The drain would allow 20 s more; the stalled client does not get them.
    let drained = tokio::time::timeout(Duration::from_secs(15), server.ended())
        .await
        .unwrap();
    assert_eq!(drained.cut, 0, "it was given up before the deadline");
}

#[tokio::test]
async fn several_requests_at_once_are_answered_in_order() {
    let server = Server::start().await;
    let mut stream = connect(&server).await;
    let mut requests = client::request("GET", "/robots.txt", &[], "keep-alive");
    requests.push_str(&client::request("HEAD", "/robots.txt", &[], "keep-alive"));
    requests.push_str(&client::request("GET", "/nowhere", &[], "close"));
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let statuses: Vec<_> = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "200", "404"]);
}

#[tokio::test]
async fn old_clients_are_answered_too() {
    let server = Server::start().await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /about HTTP/1.0\r\n\r\n").await.unwrap();
    let reply = read_to_end(&mut stream, "GET").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn nonsense_is_refused_and_harms_nobody() {
    let server = Server::start().await;
    let long_head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    for (nonsense, status) in [
        ("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),
        ("GET / HTTP/3.7\r\n\r\n", "400"),
        ("GET /\r\n bad HTTP/1.1\r\n\r\n", "400"),
        (&long_head, "431"),
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{nonsense:.40}");
    }
    assert_eq!(get(server.address, "/").await.status, 200);
}
