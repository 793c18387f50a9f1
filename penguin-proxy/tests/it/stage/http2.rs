//! A client and an app that speak HTTP/2 without TLS, frame by frame where a test wants it so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use super::PATIENCE;

/// A runtime that works beside the test.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("it comes in time")
}

/// One connection of a client.
pub(crate) struct Http2Client {
    pub(crate) runtime: Runtime,
    sender: SendRequest<Bytes>,
    ended: tokio::task::JoinHandle<Result<(), h2::Error>>,
    address: SocketAddr,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Http2Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::configured(address, |_| ())
    }

    /// With settings of its own.
    pub(crate) fn configured(address: SocketAddr, change: impl FnOnce(&mut h2::client::Builder)) -> Self {
        let runtime = runtime();
        let mut builder = h2::client::Builder::new();
        change(&mut builder);
        let (sender, connection) = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            soon(builder.handshake(stream)).await.unwrap()
        });
        let ended = runtime.spawn(connection);
        Self {
            runtime,
            sender,
            ended,
            address,
        }
    }

    /// A request to the proxy, to be changed as the test likes.
    pub(crate) fn request(&self, method: &str, target: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://{}{target}", self.address))
    }

    /// Begins a request.
    pub(crate) fn open(&self, request: Request<()>, ends: bool) -> (ResponseFuture, SendStream<Bytes>) {
        self.try_open(request, ends).unwrap()
    }

    /// Begins a request; fails if the proxy has asked for another connection.
    pub(crate) fn try_open(
        &self,
        request: Request<()>,
        ends: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.runtime.block_on(async {
            let mut sender = soon(self.sender.clone().ready()).await?;
            sender.send_request(request, ends)
        })
    }

    /// Whether new requests are still taken.
    pub(crate) fn takes_requests(&self) -> bool {
        self.runtime
            .block_on(async { soon(self.sender.clone().ready()).await.is_ok() })
    }

    /// Sends a request without a body and reads the whole answer.
    pub(crate) fn send(&self, request: http::request::Builder) -> Result<Answer, h2::Error> {
        let (answer, _) = self.open(request.body(()).unwrap(), true);
        self.wait(answer)
    }

    /// Sends a request with a body and reads the whole answer.
    pub(crate) fn post(
        &self,
        request: http::request::Builder,
        body: impl Into<Bytes>,
    ) -> Result<Answer, h2::Error> {
        let (answer, mut upload) = self.open(request.body(()).unwrap(), false);
        // Who has answered already may refuse the body; then the answer counts.
        let sent = upload.send_data(body.into(), true);
        self.wait(answer).or_else(|error| sent.and(Err(error)))
    }

    /// GET.
    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send(self.request("GET", target)).unwrap()
    }

    /// Reads a whole answer.
    pub(crate) fn wait(&self, answer: ResponseFuture) -> Result<Answer, h2::Error> {
        self.runtime.block_on(soon(async {
            let (head, mut stream) = answer.await?.into_parts();
            let (body, trailers) = read(&mut stream).await?;
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body,
                trailers,
            })
        }))
    }

    /// Waits for the end of the connection, and tells how it ended.
    pub(crate) fn ended(self) -> Result<(), h2::Error> {
        drop(self.sender);
        self.runtime.block_on(soon(self.ended)).unwrap()
    }
}

/// Reads a body to its end.
pub(crate) async fn read(stream: &mut RecvStream) -> Result<(Vec<u8>, HeaderMap), h2::Error> {
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok((body, stream.trailers().await?.unwrap_or_default()))
}

/// The next piece of a body.
pub(crate) async fn piece(stream: &mut RecvStream) -> Bytes {
    let data = soon(stream.data()).await.expect("more comes").unwrap();
    stream.flow_control().release_capacity(data.len()).unwrap();
    data
}

/// The reason for which a stream was reset.
#[track_caller]
pub(crate) fn reset_reason(outcome: Result<Answer, h2::Error>) -> Reason {
    let error = outcome.expect_err("the stream is reset");
    assert!(error.is_reset(), "{error}");
    error.reason().unwrap()
}

/// An app that speaks HTTP/2. Its port is free again when it is dropped.
pub(crate) struct Http2App {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

/// How an app treats its connections.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// Streams at once.
    pub(crate) streams: u32,
    /// Requests on one connection before it takes leave.
    pub(crate) requests: usize,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            streams: 1000,
            requests: usize::MAX,
        }
    }
}

impl Http2App {
    /// Hands every request to a script, all at once.
    pub(crate) fn serving<F, A>(script: F) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        Self::at("127.0.0.1:0".parse().unwrap(), Manners::default(), script)
    }

    /// Likewise, at a given address and with manners.
    pub(crate) fn at<F, A>(address: SocketAddr, manners: Manners, script: F) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let runtime = runtime();
        let connections = Arc::<AtomicUsize>::default();
        let (script, counted) = (Arc::new(script), Arc::clone(&connections));
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, counted) = (Arc::clone(&script), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut builder = h2::server::Builder::new();
                    builder.max_concurrent_streams(manners.streams);
                    // Looks whether the port is open come and go without a word.
                    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
                        return;
                    };
                    counted.fetch_add(1, Ordering::SeqCst);
                    let mut served = 0;
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(script(request, respond));
                        served += 1;
                        if served == manners.requests {
                            connection.graceful_shutdown();
                        }
                    }
                });
            }
        });
        Self {
            address,
            connections,
            runtime: Some(runtime),
        }
    }

    /// Connections that began to speak HTTP/2.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Http2App {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An answer with a body and the trailers of gRPC.
pub(crate) fn answer(respond: &mut SendResponse<Bytes>, body: impl Into<Bytes>) {
    let head = Response::builder().header("content-type", "application/grpc");
    let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
    stream.send_data(body.into(), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    stream.send_trailers(trailers).unwrap();
}
