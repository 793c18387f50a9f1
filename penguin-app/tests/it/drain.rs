//! A stop: under load, with half a request, with a slow client, twice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use penguin_app::router::Shared;
use penguin_app::server::Drained;
use penguin_app::server::limits::Limits;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{self, read_one, read_to_end};
use crate::server::{Server, Wishes};

/// Far more than sockets hold, so that most of an answer is still with the server while the client sleeps.
const LARGE: usize = 1024 * 1024;

/// In one piece, as the pages are.
async fn large() -> Body {
    Body::from(vec![b'p'; LARGE])
}

fn wishes(drain: Duration) -> Wishes {
    Wishes {
        limits: Limits::with_drain(drain),
        routes: Router::<Shared>::new().route("/large", on_get(large)),
        ..Wishes::default()
    }
}

/// A connection that takes in little before it is read from.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

/// Asks and reads the first bytes of the answer, so that it has surely begun.
async fn begin(address: SocketAddr, target: &str, connection: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = narrow(address);
    let request = client::request("GET", target, &[], connection);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut beginning = vec![0; 64];
    stream.read_exact(&mut beginning).await.unwrap();
    (stream, beginning)
}

async fn refuses_connections(address: SocketAddr) {
    // The listener is closed by another task, a moment after the stop was asked for.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn fifty_answers_that_have_begun_are_finished() {
    let server = Server::start_with(wishes(Duration::from_mins(1))).await;
    let address = server.address;
    let mut begun = Vec::new();
    for number in 0..50 {
        let connection = if number % 2 == 0 { "close" } else { "keep-alive" };
        begun.push(begin(address, "/large", connection).await);
    }
    server.stopper.stop();
    refuses_connections(address).await;
    for (mut stream, mut bytes) in begun {
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes[..1024]).into_owned();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        let body = bytes.len() - (text.find("\r\n\r\n").unwrap() + 4);
        assert_eq!(body, LARGE, "an answer was cut");
    }
    assert_eq!(server.ended().await, Drained { cut: 0 });
}

#[tokio::test]
async fn what_is_not_done_at_the_deadline_is_cut_and_counted() {
    let server = Server::start_with(wishes(Duration::from_millis(200))).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(begin(server.address, "/large", "close").await);
    }
    let idle = keep_alive(server.address).await;
    server.stopper.stop();
    assert_eq!(server.ended().await, Drained { cut: 3 });
    drop((begun, idle));
}

#[tokio::test]
async fn a_second_request_to_stop_ends_it_at_once() {
    let server = Server::start_with(wishes(Duration::from_hours(1))).await;
    let begun = begin(server.address, "/large", "close").await;
    server.stopper.stop();
    refuses_connections(server.address).await;
    server.stopper.stop();
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended()).await;
    assert_eq!(ended.unwrap(), Drained { cut: 1 });
    drop(begun);
}

/// A connection that has had one answer and waits for the next request.
async fn keep_alive(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = client::request("GET", "/", &[], "keep-alive");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    stream
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_exit() {
    let mut wishes = wishes(Duration::from_hours(1));
    wishes.limits.last_call = Duration::from_hours(1);
    let server = Server::start_with(wishes).await;
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(keep_alive(server.address).await);
    }
    server.stopper.stop();
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended()).await;
    assert_eq!(ended.unwrap(), Drained { cut: 0 });
    for mut stream in idle {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "closed in good order");
    }
}

#[tokio::test]
async fn half_a_request_does_not_hold_the_exit() {
    let server = Server::start_with(wishes(Duration::from_hours(1))).await;
    let address = server.address;
    let mut first_request = TcpStream::connect(address).await.unwrap();
    first_request
        .write_all(b"GET / HTTP/1.1\r\nHost: pen")
        .await
        .unwrap();
    let mut second_request = keep_alive(address).await;
    second_request.write_all(b"GET / HT").await.unwrap();
    let silent = TcpStream::connect(address).await.unwrap();
    let asked = Instant::now();
    server.stopper.stop();
    assert_eq!(server.ended().await, Drained { cut: 0 });
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    drop((first_request, second_request, silent));
}

#[tokio::test]
async fn the_other_half_still_gets_its_answer() {
    let mut wishes = wishes(Duration::from_hours(1));
    wishes.limits.last_call = Duration::from_hours(1);
    let server = Server::start_with(wishes).await;
    let address = server.address;
    let request = client::request("GET", "/about", &[], "keep-alive");
    let (first_half, second_half) = request.as_bytes().split_at(9);

    let mut on_a_new_connection = TcpStream::connect(address).await.unwrap();
    on_a_new_connection.write_all(first_half).await.unwrap();
    let mut on_a_used_connection = keep_alive(address).await;
    on_a_used_connection.write_all(first_half).await.unwrap();
    let mut not_a_word_yet = TcpStream::connect(address).await.unwrap();
    // One more answer, so that the server has surely seen what was sent before.
    keep_alive(address).await;

    server.stopper.stop();
    refuses_connections(address).await;
    for stream in [&mut on_a_new_connection, &mut on_a_used_connection] {
        stream.write_all(second_half).await.unwrap();
        assert_eq!(read_to_end(stream, "GET").await.status, 200);
    }
    not_a_word_yet.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_to_end(&mut not_a_word_yet, "GET").await.status, 200);
    assert_eq!(server.ended().await, Drained { cut: 0 });
}

#[tokio::test]
async fn health_says_no_once_it_drains() {
    let mut wishes = wishes(Duration::from_hours(1));
    wishes.limits.last_call = Duration::from_hours(1);
    let server = Server::start_with(wishes).await;
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    waiting.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    keep_alive(server.address).await;
    server.stopper.stop();
    refuses_connections(server.address).await;
    waiting.write_all(b"Host: penguins.test\r\n\r\n").await.unwrap();
    let reply = read_to_end(&mut waiting, "GET").await;
    assert_eq!((reply.status, reply.text()), (503, "draining\n".to_owned()));
    assert_eq!(server.ended().await, Drained { cut: 0 });
}
