//! Admin port: `/live`, `/ready`, `/metrics`, `/config`. Listens on loopback by default.

mod metrics;
mod process;

use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::pin::{Pin, pin};
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
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;

use crate::context::Shared;

/// An admin connection is closed this long after its last request: longer than anybody's interval between scrapes.
const IDLE: Duration = Duration::from_mins(5);
/// Admin connections at once.
const MOST: usize = 32;

/// Serves for as long as the proxy runs, through the drain as well.
pub(crate) async fn serve(shared: Arc<Shared>, listener: StdListener) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("admin endpoints are not available: {error}"),
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
            serve_connection(&shared, stream).await;
            drop(place);
        });
    }
}

/// Serves one connection until its client closes it, or until it has been idle for [`IDLE`].
async fn serve_connection(shared: &Shared, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let asked = Notify::new();
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        let response = answer(shared, request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(response.map(Whole::new)) }
    });
    let mut serving = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(AdminSocket(stream), service)
    );
    loop {
        tokio::select! {
            // Whoever asks here notices a failure itself.
            _ = serving.as_mut() => return,
            () = asked.notified() => {}
            () = sleep(IDLE) => return,
        }
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
        "/ready" => match shared.not_ready_reason() {
            None => text(StatusCode::OK, "ready\n".to_owned()),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        "/metrics" => {
            let mut response = text(StatusCode::OK, metrics::exposition(shared));
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
            "not found; endpoints are /live, /ready, /metrics and /config\n".to_owned(),
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
struct AdminSocket<S>(S);

impl<S: AsyncRead + Unpin> hyper::rt::Read for AdminSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut buffer = [0; 2048];
        let room = out.remaining().min(buffer.len());
        let mut read = ReadBuf::new(&mut buffer[..room]);
        let outcome = Pin::new(&mut self.get_mut().0).poll_read(cx, &mut read);
        out.put_slice(read.filled());
        outcome
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for AdminSocket<S> {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;
    use crate::access_log::AccessLog;
    use crate::cli::defaults;
    use crate::config::Config;
    use crate::resolver::Lookup;

    /// Sends a request and returns how many bytes of the response came at once; none from a closed connection.
    async fn ask(client: &mut DuplexStream) -> usize {
        _ = client.write_all(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n").await;
        client.read(&mut [0; 1024]).await.unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn connection_is_kept_between_scrapes() {
        let config = Config::new(&defaults()).unwrap();
        let log = AccessLog::new(std::io::sink(), true).unwrap();
        let shared = Shared::new(config, 0, 1, Lookup::system(), log);
        let (mut client, stream) = tokio::io::duplex(4096);
        let scrapes = async {
            for interval in [0, 15, 60, 61, 120] {
                sleep(Duration::from_secs(interval)).await;
                assert!(ask(&mut client).await > 0, "{interval} s after the last request");
            }
            sleep(IDLE + Duration::from_secs(1)).await;
            assert_eq!(ask(&mut client).await, 0);
        };
        tokio::join!(serve_connection(&shared, stream), scrapes);
    }
}
