//! The same job on `pingora-proxy`: forwarding fields, request id, compression, a JSON line a request. A peer for
//! measurements and nothing else: it has none of penguin-proxy's strictness, holding, draining or limits.
//!
//! `pingora-peer LISTEN APP LOG`

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use async_trait::async_trait;
use pingora_core::modules::http::HttpModules;
use pingora_core::modules::http::compression::ResponseCompressionBuilder;
use pingora_core::server::Server;
use pingora_core::server::configuration::ServerConf;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{ProxyHttp, Session};
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines are written when so many bytes of them wait, as the other proxies do it.
const FULL: usize = 16 * 1024;
/// Lines wait no longer than this.
const LONGEST: Duration = Duration::from_secs(1);

struct Peer {
    app: SocketAddr,
    log: Arc<Mutex<Log>>,
}

struct Log {
    file: File,
    lines: Vec<u8>,
}

impl Log {
    fn flush(&mut self) {
        if let Err(error) = self.file.write_all(&self.lines) {
            eprintln!("no access log: {error}");
        }
        self.lines.clear();
    }
}

struct Request {
    began: Instant,
    id: String,
    client: String,
    https: bool,
    first_byte: Option<Duration>,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    client: &'a str,
    peer: String,
    method: &'a str,
    target: &'a str,
    host: &'a str,
    protocol: &'a str,
    status: u16,
    bytes_in: usize,
    bytes_out: usize,
    total_ms: f64,
    first_byte_ms: Option<f64>,
    upstream: SocketAddr,
    request_id: &'a str,
    amzn_trace_id: &'a str,
    user_agent: &'a str,
    error: String,
}

fn field<'a>(head: &'a RequestHeader, name: &str) -> &'a str {
    head.headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[async_trait]
impl ProxyHttp for Peer {
    type CTX = Request;

    fn new_ctx(&self) -> Request {
        Request {
            began: Instant::now(),
            id: String::new(),
            client: String::new(),
            https: false,
            first_byte: None,
        }
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        modules.add_module(ResponseCompressionBuilder::enable(6));
    }

    async fn upstream_peer(&self, _: &mut Session, _: &mut Request) -> pingora_core::Result<Box<HttpPeer>> {
        let mut peer = HttpPeer::new(self.app, false, String::new());
        peer.options.connection_timeout = Some(Duration::from_secs(2));
        peer.options.idle_timeout = Some(Duration::from_secs(4));
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        head: &mut RequestHeader,
        request: &mut Request,
    ) -> pingora_core::Result<()> {
        let peer = session
            .client_addr()
            .and_then(|address| address.as_inet())
            .map(|address| address.ip().to_string());
        let peer = peer.unwrap_or_default();
        let told = field(head, "x-forwarded-for");
        let client = told
            .rsplit(',')
            .next()
            .map(str::trim)
            .filter(|client| !client.is_empty());
        request.client = client.unwrap_or(&peer).to_owned();
        request.https = field(head, "x-forwarded-proto") == "https";
        request.id = match field(head, "x-request-id") {
            "" => format!("{:032x}", fastrand::u128(1..)),
            id => id.to_owned(),
        };
        let chain = if told.is_empty() {
            peer
        } else {
            format!("{told}, {peer}")
        };
        head.insert_header("X-Forwarded-For", chain)?;
        head.insert_header("X-Request-Id", request.id.as_str())?;
        if field(head, "x-forwarded-proto").is_empty() {
            head.insert_header("X-Forwarded-Proto", "http")?;
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        head: &mut ResponseHeader,
        request: &mut Request,
    ) -> pingora_core::Result<()> {
        request.first_byte = Some(request.began.elapsed());
        head.insert_header("X-Request-Id", request.id.as_str())?;
        if request.https {
            head.insert_header("Strict-Transport-Security", "max-age=31536000")?;
        }
        Ok(())
    }

    async fn logging(
        &self,
        session: &mut Session,
        error: Option<&pingora_core::Error>,
        request: &mut Request,
    ) {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let head = session.req_header();
        let line = Line {
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            client: &request.client,
            peer: session.client_addr().map(ToString::to_string).unwrap_or_default(),
            method: head.method.as_str(),
            target: head.uri.path_and_query().map_or("-", |target| target.as_str()),
            host: field(head, "host"),
            protocol: if head.version == http::Version::HTTP_10 {
                "HTTP/1.0"
            } else {
                "HTTP/1.1"
            },
            status: session.response_written().map_or(0, |head| head.status.as_u16()),
            bytes_in: session.body_bytes_read(),
            bytes_out: session.body_bytes_sent(),
            total_ms: millis(request.began.elapsed()),
            first_byte_ms: request.first_byte.map(millis),
            upstream: self.app,
            request_id: &request.id,
            amzn_trace_id: field(head, "x-amzn-trace-id"),
            user_agent: field(head, "user-agent"),
            error: error.map(ToString::to_string).unwrap_or_default(),
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if serde_json::to_writer(&mut log.lines, &line).is_ok() {
            log.lines.push(b'\n');
        }
        if log.lines.len() >= FULL {
            log.flush();
        }
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &'static str| arguments.next().context(what);
    let listen = next("the address to listen on")?;
    let app = next("the address of the app")?.parse()?;
    let file = File::options()
        .append(true)
        .create(true)
        .open(next("the file of the log")?)?;
    let log = Arc::new(Mutex::new(Log {
        file,
        lines: Vec::with_capacity(2 * FULL),
    }));
    let late = Arc::clone(&log);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(LONGEST);
            late.lock().unwrap_or_else(PoisonError::into_inner).flush();
        }
    });
    let settings = ServerConf {
        threads: 1,
        work_stealing: false,
        grace_period_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, settings);
    server.bootstrap();
    let mut service = pingora_proxy::http_proxy_service(&server.configuration, Peer { app, log });
    service.add_tcp(&listen);
    server.add_service(service);
    server.run_forever()
}
