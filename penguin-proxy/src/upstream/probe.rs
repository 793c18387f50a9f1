//! Probe of the app: one connection, and one health check request if configured.

mod grpc;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use self::grpc::Reply;
use super::connect::{ConnectError, connect};
use crate::config::{HealthCheck, UpstreamAddress};

/// For the connection, and for the response.
const LIMIT: Duration = Duration::from_secs(1);
/// `HTTP/1.1 200` is all that is looked at.
const STATUS_LINE: usize = 12;
/// More than this of a response is not waited for.
const LONGEST: u64 = 64 * 1024;

/// What is wrong with the app.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error(transparent)]
    Unreachable(#[from] ConnectError),
    #[error("{path} returned {status}")]
    Unwell { path: String, status: u16 },
    #[error("the response to {path} is not HTTP/1.1")]
    Nonsense { path: String },
    #[error("the gRPC health check returned {0}")]
    NotServing(Reply),
    #[error("the response to the gRPC health check is not HTTP/2: {0}")]
    NoHttp2(h2::Error),
    #[error("no response to the gRPC health check")]
    NoReply,
    /// As from an app that is starting, or very busy.
    #[error("no response from {path}")]
    Silent { path: String },
}

impl ProbeError {
    /// Whether it may as well be load, here or there, that keeps a good app from answering.
    pub(crate) fn says_nothing_of_the_app(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::NoReply => true,
            Self::Unreachable(error) => error.may_be_load(),
            Self::Unwell { .. } | Self::Nonsense { .. } | Self::NotServing(_) | Self::NoHttp2(_) => false,
        }
    }
}

/// Whether the app takes connections, and reports that it is healthy where it is asked: over HTTP/1.1 with 2xx or 3xx, as a
/// gRPC service with `SERVING`.
pub(crate) async fn probe(
    upstream: &UpstreamAddress,
    check: Option<&HealthCheck>,
    addresses: &mut watch::Receiver<Arc<[SocketAddr]>>,
) -> Result<(), ProbeError> {
    let (mut stream, _) = connect(addresses, LIMIT).await?;
    let path = match check {
        None => return Ok(()),
        Some(HealthCheck::Grpc(service)) => return ask_service(stream, upstream, service).await,
        Some(HealthCheck::Path(path)) => path,
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {upstream}\r\nUser-Agent: penguin-proxy\r\nConnection: close\r\n\r\n"
    );
    let mut line = [0; STATUS_LINE];
    match timeout(LIMIT, ask(&mut stream, &request, &mut line)).await {
        Ok(Ok(())) => {
            // Read on, or the app's side of the connection would be reset. Nobody waits for its end, however it comes.
            let mut rest = stream.take(LONGEST);
            tokio::spawn(async move { timeout(LIMIT, copy(&mut rest, &mut sink())).await });
            judge(path.clone(), &line)
        }
        Ok(Err(_)) | Err(_) => Err(ProbeError::Silent { path: path.clone() }),
    }
}

async fn ask_service(stream: TcpStream, upstream: &UpstreamAddress, service: &str) -> Result<(), ProbeError> {
    match timeout(LIMIT, grpc::check(stream, upstream, service)).await {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(reply))) => Err(ProbeError::NotServing(reply)),
        // An app that closes the connection may be starting.
        Ok(Err(error)) if error.is_io() || error.is_remote() => Err(ProbeError::NoReply),
        Ok(Err(error)) => Err(ProbeError::NoHttp2(error)),
        Err(_) => Err(ProbeError::NoReply),
    }
}

async fn ask(stream: &mut TcpStream, request: &str, line: &mut [u8]) -> std::io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.read_exact(line).await.map(drop)
}

fn judge(path: String, line: &[u8]) -> Result<(), ProbeError> {
    let status = line
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.0 "))
        .and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    match status {
        Some(200..400) => Ok(()),
        Some(status) => Err(ProbeError::Unwell { path, status }),
        None => Err(ProbeError::Nonsense { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_and_3xx_are_healthy() {
        let judged = |line: &str| judge("/up".into(), line.as_bytes());
        for line in ["HTTP/1.1 200", "HTTP/1.0 204", "HTTP/1.1 302"] {
            assert!(judged(line).is_ok(), "{line}");
        }
        for line in ["HTTP/1.1 404", "HTTP/1.1 503", "HTTP/1.1 100"] {
            assert!(matches!(judged(line), Err(ProbeError::Unwell { .. })), "{line}");
        }
        for line in ["HTTP/1.1 2x0", "SSH-2.0-Open", "HTTP/2.0 200"] {
            assert!(matches!(judged(line), Err(ProbeError::Nonsense { .. })), "{line}");
        }
    }
}
