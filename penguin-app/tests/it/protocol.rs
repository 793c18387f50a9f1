//! HTTP as clients speak it: pipelining, HTTP/1.0, malformed requests, slow and large bodies, upgrades.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use http::StatusCode;
use http::header::{CONNECTION, UPGRADE};
use hyper_util::rt::TokioIo;
use penguin_app::state::AppState;
use penguin_app::{router, shutdown};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use crate::client::{self, get, read_one, read_to_end, send};
use crate::server::{self, Server, Setup};

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address).await.unwrap()
}

/// Echoes the body of a request.
fn echo() -> Router<AppState> {
    Router::new().route("/echo", post(async |body: Bytes| body))
}

/// A body of which nothing ever arrives.
struct NeverArrives;

impl HttpBody for NeverArrives {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

/// The clock is the test's: it jumps to the next timer when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn body_that_does_not_arrive_ends_in_408() {
    let (_trigger, handle) = shutdown::channel();
    let state = AppState::open(server::config(), handle).unwrap();
    let router = router::with_middleware(echo(), state);
    let request = Request::post("/echo").body(Body::new(NeverArrives)).unwrap();
    let begun = tokio::time::Instant::now();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(begun.elapsed() >= router::REQUEST_TIMEOUT && begun.elapsed() < 2 * router::REQUEST_TIMEOUT);
    let body = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
    let html = String::from_utf8(body.to_vec()).unwrap();
    assert!(html.contains("That took too long"), "{html}");
}

#[tokio::test]
async fn body_above_the_limit_ends_in_413() {
    let server = Server::start_with(Setup {
        routes: echo(),
        ..Setup::default()
    })
    .await;
    for (length, status) in [(router::BODY_LIMIT, 200), (router::BODY_LIMIT + 1, 413)] {
        let mut stream = connect(&server).await;
        let headers = [format!("content-length: {length}")];
        let head = client::request("POST", "/echo", &[&headers[0]], "keep-alive");
        stream.write_all(head.as_bytes()).await.unwrap();
        // The refusal comes before the body was read, and may close the connection.
        let _ = stream.write_all(&vec![b'x'; length]).await;
        let reply = read_one(&mut stream).await;
        assert_eq!(reply.status, status, "{length} bytes");
        assert_eq!(reply.text().contains("Too much for one penguin"), status == 413);
    }
}

#[tokio::test]
async fn cross_site_posts_are_refused() {
    let server = Server::start_with(Setup {
        routes: echo(),
        ..Setup::default()
    })
    .await;
    for (header, status) in [
        ("sec-fetch-site: cross-site", 403),
        ("sec-fetch-site: same-site", 403),
        ("sec-fetch-site: same-origin", 200),
        ("sec-fetch-site: none", 200),
        ("origin: https://elsewhere.example", 403),
        ("origin: null", 403),
        ("origin: http://penguins.test", 200),
        ("user-agent: curl", 200),
    ] {
        let reply = send(server.address, "POST", "/echo", &["content-length: 0", header]).await;
        assert_eq!(reply.status, status, "{header}");
    }
}

#[tokio::test]
async fn handlers_can_upgrade_the_connection() {
    async fn upgrade(request: Request) -> Response {
        let upgrade = hyper::upgrade::on(request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.unwrap());
            let mut word = [0; 5];
            io.read_exact(&mut word).await.unwrap();
            word.reverse();
            io.write_all(&word).await.unwrap();
        });
        (
            StatusCode::SWITCHING_PROTOCOLS,
            [(CONNECTION, "upgrade"), (UPGRADE, "words")],
        )
            .into_response()
    }
    let server = Server::start_with(Setup {
        routes: Router::new().route("/words", any(upgrade)),
        ..Setup::default()
    })
    .await;
    let mut stream = connect(&server).await;
    let request = client::request("GET", "/words", &["upgrade: words"], "upgrade");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 101);
    stream.write_all(b"krill").await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"llirk");
}

#[tokio::test]
async fn handlers_can_ask_for_the_address_of_the_client() {
    let server = Server::start_with(Setup {
        routes: Router::new().route(
            "/peer",
            any(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
        ),
        ..Setup::default()
    })
    .await;
    let mut stream = connect(&server).await;
    let own = stream.local_addr().unwrap().to_string();
    let request = client::request("GET", "/peer", &[], "close");
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_to_end(&mut stream, "GET").await.text(), own);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
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
async fn http_1_0_is_answered() {
    let server = Server::start().await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /about HTTP/1.0\r\n\r\n").await.unwrap();
    let reply = read_to_end(&mut stream, "GET").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let server = Server::start().await;
    let long_head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(512 * 1024)
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
