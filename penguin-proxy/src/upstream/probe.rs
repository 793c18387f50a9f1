//! Whether the app is there: one connection, and where a health path is set, one question.
//!
//! It judges nothing over time; that is readiness's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connect::{ConnectError, connect};
use crate::config::UpstreamAddress;

/// For the connection, and for the answer.
const LIMIT: Duration = Duration::from_secs(1);
/// `HTTP/1.1 200` is all that is looked at.
const STATUS_LINE: usize = 12;
/// More than this of an answer is not waited for.
const LONGEST: u64 = 64 * 1024;

/// What is wrong with the app.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ailment {
    #[error(transparent)]
    Unreachable(#[from] ConnectError),
    #[error("{path} is answered with {status}")]
    Unwell { path: String, status: u16 },
    #[error("{path} is answered with something else than HTTP/1.1")]
    Nonsense { path: String },
    /// As from an app that is starting, or very busy.
    #[error("{path} is not answered")]
    Silent { path: String },
}

impl Ailment {
    /// Whether it may as well be load, here or there, that keeps a good app from answering.
    pub(crate) fn says_nothing_of_the_app(&self) -> bool {
        match self {
            Self::Silent { .. } => true,
            Self::Unreachable(error) => error.may_be_load(),
            Self::Unwell { .. } | Self::Nonsense { .. } => false,
        }
    }
}

/// Whether the app takes connections, and says that it is well if it is asked for `path`: with 2xx or 3xx.
pub(crate) async fn probe(
    upstream: &UpstreamAddress,
    path: Option<&str>,
    addresses: &mut watch::Receiver<Arc<[SocketAddr]>>,
) -> Result<(), Ailment> {
    let (mut stream, _) = connect(addresses, LIMIT).await?;
    let Some(path) = path else { return Ok(()) };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {upstream}\r\nUser-Agent: penguin-proxy\r\nConnection: close\r\n\r\n"
    );
    let mut line = [0; STATUS_LINE];
    match timeout(LIMIT, ask(&mut stream, &request, &mut line)).await {
        Ok(Ok(())) => {
            // Read on, or the app's side of the connection would be reset. Nobody waits for its end, however it comes.
            let mut rest = stream.take(LONGEST);
            tokio::spawn(async move { timeout(LIMIT, copy(&mut rest, &mut sink())).await });
            judge(path.to_owned(), &line)
        }
        Ok(Err(_)) | Err(_) => Err(Ailment::Silent {
            path: path.to_owned(),
        }),
    }
}

async fn ask(stream: &mut TcpStream, request: &str, line: &mut [u8]) -> std::io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.read_exact(line).await.map(drop)
}

fn judge(path: String, line: &[u8]) -> Result<(), Ailment> {
    let status = line
        .strip_prefix(b"HTTP/1.1 ")
        .or_else(|| line.strip_prefix(b"HTTP/1.0 "))
        .and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    match status {
        Some(200..400) => Ok(()),
        Some(status) => Err(Ailment::Unwell { path, status }),
        None => Err(Ailment::Nonsense { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_and_redirection_are_well() {
        let judged = |line: &str| judge("/up".into(), line.as_bytes());
        for line in ["HTTP/1.1 200", "HTTP/1.0 204", "HTTP/1.1 302"] {
            assert!(judged(line).is_ok(), "{line}");
        }
        for line in ["HTTP/1.1 404", "HTTP/1.1 503", "HTTP/1.1 100"] {
            assert!(matches!(judged(line), Err(Ailment::Unwell { .. })), "{line}");
        }
        for line in ["HTTP/1.1 2x0", "SSH-2.0-Open", "HTTP/2.0 200"] {
            assert!(matches!(judged(line), Err(Ailment::Nonsense { .. })), "{line}");
        }
    }
}
