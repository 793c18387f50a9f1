//! The admin port: `/live`, `/ready`, `/metrics`, `/config`. Loopback by default, never for clients.

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::metrics::exposition;
use crate::readiness;
use crate::server::Shared;

/// An admin connection lives at most this long: it is for probes and scrapes.
const LIFETIME: Duration = Duration::from_mins(1);
/// Admin connections at once.
const MOST: usize = 32;

/// Serves for as long as the proxy runs, through the drain as well.
pub(crate) async fn serve(shared: Arc<Shared>, listener: StdListener) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("no admin endpoints: {error}"),
    };
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(&shared, request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(response.map(Whole::new)) }
            });
            let serving = http1::Builder::new()
                .header_read_timeout(None)
                .serve_connection(AdminSocket(stream), service);
            // Whoever asks here notices a failure itself.
            drop(timeout(LIFETIME, serving).await);
            drop(place);
        });
    }
}

fn answer(shared: &Shared, method: &Method, path: &str) -> Response<String> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n".to_owned());
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/live" => text(StatusCode::OK, "live\n".to_owned()),
        "/ready" => match readiness::obstacle(shared) {
            None => text(StatusCode::OK, "ready\n".to_owned()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        "/metrics" => {
            let mut response = text(StatusCode::OK, exposition(shared));
            let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, format);
            response
        }
        "/config" => {
            let settings: serde_json::Map<_, _> = shared
                .config
                .effective()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            let mut response = text(
                StatusCode::OK,
                format!("{:#}\n", serde_json::Value::Object(settings)),
            );
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "here are /live, /ready, /metrics and /config\n".to_owned(),
        ),
    }
}

fn text(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Whole {
    fn new(text: String) -> Self {
        Self(Some(Bytes::from(text)))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// A plain socket for hyper.
struct AdminSocket(TcpStream);

impl hyper::rt::Read for AdminSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut buffer = [0; 2048];
        let room = out.remaining().min(buffer.len());
        let mut read = ReadBuf::new(&mut buffer[..room]);
        let outcome = tokio::io::AsyncRead::poll_read(Pin::new(&mut self.get_mut().0), cx, &mut read);
        out.put_slice(read.filled());
        outcome
    }
}

impl hyper::rt::Write for AdminSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
