//! Shutdown: under load, with half a request, with a slow client, twice.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use penguin_app::server::Drain;
use penguin_app::state::AppState;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{self, read_one, read_to_end};
use crate::server::{Server, Setup};

/// Far more than sockets hold, so that most of a response is still with the server while the client sleeps.
const LARGE: usize = 1024 * 1024;

/// In one piece, as the pages are.
async fn large() -> Body {
    Body::from(vec![b'p'; LARGE])
}

fn setup(drain_timeout: Duration) -> Setup {
    Setup {
        drain_timeout,
        routes: Router::<AppState>::new().route("/large", on_get(large)),
        ..Setup::default()
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
async fn fifty_responses_in_flight_are_completed() {
    let server = Server::start_with(setup(Duration::from_mins(1))).await;
    let address = server.address;
    let mut begun = Vec::new();
    for number in 0..50 {
        let connection = if number % 2 == 0 { "close" } else { "keep-alive" };
        begun.push(begin(address, "/large", connection).await);
    }
    server.shutdown.shut_down();
    refuses_connections(address).await;
    for (mut stream, mut bytes) in begun {
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes[..1024]).into_owned();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        let body = bytes.len() - (text.find("\r\n\r\n").unwrap() + 4);
        assert_eq!(body, LARGE, "a response was cut off");
    }
    assert_eq!(server.ended().await, Drain::Complete);
}

#[tokio::test]
async fn drain_timeout_aborts_a_response_that_nobody_reads() {
    let server = Server::start_with(setup(Duration::from_millis(200))).await;
    let begun = begin(server.address, "/large", "close").await;
    server.shutdown.shut_down();
    assert_eq!(server.ended().await, Drain::Aborted);
    drop(begun);
}

#[tokio::test]
async fn second_shutdown_request_ends_it_at_once() {
    let server = Server::start_with(setup(Duration::from_hours(1))).await;
    let begun = begin(server.address, "/large", "close").await;
    server.shutdown.shut_down();
    refuses_connections(server.address).await;
    server.shutdown.shut_down();
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended()).await;
    assert_eq!(ended.unwrap(), Drain::Aborted);
    drop(begun);
}

/// A connection that has had one response and waits for the next request.
async fn keep_alive(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = client::request("GET", "/", &[], "keep-alive");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    stream
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_exit() {
    let server = Server::start_with(setup(Duration::from_hours(1))).await;
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(keep_alive(server.address).await);
    }
    server.shutdown.shut_down();
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended()).await;
    assert_eq!(ended.unwrap(), Drain::Complete);
    for mut stream in idle {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty(), "closed in good order");
    }
}

/// Without a deadline of its own `axum::serve` would wait for the rest of the request for ever.
#[tokio::test]
async fn half_a_request_does_not_hold_the_exit_beyond_the_deadline() {
    let server = Server::start_with(setup(Duration::from_millis(200))).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nHost: pen").await.unwrap();
    // Accepted later, so that the server has accepted the other as well.
    keep_alive(server.address).await;
    server.shutdown.shut_down();
    let ended = tokio::time::timeout(Duration::from_secs(20), server.ended()).await;
    assert_eq!(ended.unwrap(), Drain::Aborted);
    drop(half);
}

#[tokio::test]
async fn other_half_of_a_request_is_answered_and_health_reports_draining() {
    let server = Server::start_with(setup(Duration::from_hours(1))).await;
    let address = server.address;
    let mut waiting = TcpStream::connect(address).await.unwrap();
    waiting.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    keep_alive(address).await;
    server.shutdown.shut_down();
    refuses_connections(address).await;
    waiting.write_all(b"Host: penguins.test\r\n\r\n").await.unwrap();
    let reply = read_to_end(&mut waiting, "GET").await;
    assert_eq!((reply.status, reply.text()), (503, "draining\n".to_owned()));
    assert_eq!(server.ended().await, Drain::Complete);
}
