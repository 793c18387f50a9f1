//! Apps that are asked by the health check of gRPC.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{HeaderMap, Response};

use super::h2c;
use crate::stage::http2::{Http2App, Http2Client, Manners, read};
use crate::stage::{App, Proxy, eventually};

/// `HealthCheckResponse` with a serving status.
fn reply(respond: &mut SendResponse<Bytes>, status: u8) {
    let head = Response::builder().header("content-type", "application/grpc");
    let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
    let message = [0, 0, 0, 0, 2, 8, status];
    stream.send_data(Bytes::copy_from_slice(&message), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    stream.send_trailers(trailers).unwrap();
}

fn asking(app: std::net::SocketAddr, service: &str) -> Proxy {
    Proxy::with(|arguments| {
        h2c(app)(arguments);
        arguments.upstream_grpc_health = service.into();
    })
}

#[test]
fn ready_once_the_service_is_serving() {
    let serving = Arc::<AtomicBool>::default();
    let asked = Arc::<AtomicUsize>::default();
    let seen = Arc::<Mutex<Vec<u8>>>::default();
    let script = {
        let (serving, asked, seen) = (Arc::clone(&serving), Arc::clone(&asked), Arc::clone(&seen));
        move |request: http::Request<h2::RecvStream>, mut respond: SendResponse<Bytes>| {
            let (serving, asked, seen) = (Arc::clone(&serving), Arc::clone(&asked), Arc::clone(&seen));
            async move {
                assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
                assert_eq!(request.headers()["content-type"], "application/grpc");
                assert_eq!(request.headers()["te"], "trailers");
                let (body, _) = read(&mut request.into_body()).await.unwrap();
                *seen.lock().unwrap() = body;
                reply(&mut respond, if serving.load(Ordering::SeqCst) { 1 } else { 2 });
                asked.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    let app = Http2App::at("127.0.0.1:0".parse().unwrap(), Manners::default(), script);
    let proxy = asking(app.address, "shop.v1.Cart");
    eventually("it was asked twice", || asked.load(Ordering::SeqCst) >= 2);
    let client = Http2Client::connect(proxy.address);
    assert_eq!(client.get("/healthz/ready").status, 503);
    assert_eq!(
        seen.lock().unwrap()[..],
        [&[0, 0, 0, 0, 14, 10, 12][..], b"shop.v1.Cart"].concat()
    );
    serving.store(true, Ordering::SeqCst);
    proxy.ready();
    assert_eq!(client.get("/healthz/ready").status, 200);
}

#[test]
fn not_ready_without_a_health_service() {
    let asked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&asked);
    let app = Http2App::serving(move |_, mut respond| {
        let counted = Arc::clone(&counted);
        async move {
            let head = Response::builder().header("grpc-status", "12");
            respond.send_response(head.body(()).unwrap(), true).unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let proxy = asking(app.address, "on");
    eventually("it was asked twice", || asked.load(Ordering::SeqCst) >= 2);
    assert_eq!(proxy.get("/healthz/ready").status, 503);
}

#[test]
fn not_ready_before_an_app_of_http1() {
    let asked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&asked);
    let app = App::scripted(move |mut connection| {
        let mut buffer = [0; 1024];
        if connection.read(&mut buffer) > 0 {
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            counted.fetch_add(1, Ordering::SeqCst);
            connection.closed();
        }
    });
    let proxy = asking(app.address, "on");
    eventually("it was asked twice", || asked.load(Ordering::SeqCst) >= 2);
    assert_eq!(proxy.get("/healthz/ready").status, 503);
}
