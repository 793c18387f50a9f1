//! gRPC health check client: one call of `grpc.health.v1.Health/Check`.
//!
//! Both messages have one field, so they are encoded and decoded here.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use h2::RecvStream;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

use crate::config::UpstreamAddress;

const METHOD: &str = "/grpc.health.v1.Health/Check";
/// More than this of a response is not read.
const LONGEST: usize = 1024;
/// The status by which an app reports that it is healthy.
const SERVING: u64 = 1;

/// What an app said instead of `SERVING`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A status of HTTP, from something that is no gRPC server.
    Http(u16),
    /// The call failed with this code of gRPC.
    Failed(String),
    /// Another serving status.
    Status(u64),
    /// No message that could be read.
    Unreadable,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(f, "HTTP status {status}"),
            Self::Failed(code) => {
                let meaning = match code.as_str() {
                    "5" => " (NOT_FOUND: unknown service)",
                    "12" => " (UNIMPLEMENTED: the app has no health service)",
                    _ => "",
                };
                write!(f, "grpc-status {code}{meaning}")
            }
            Self::Status(2) => f.write_str("NOT_SERVING"),
            Self::Status(3) => f.write_str("SERVICE_UNKNOWN"),
            Self::Status(status) => write!(f, "serving status {status}"),
            Self::Unreadable => f.write_str("an unreadable message"),
        }
    }
}

/// Asks for a service, or with an empty name for the app as a whole. Gives what was answered, unless it is `SERVING`.
///
/// # Errors
/// If the connection ends, or what comes on it is not HTTP/2.
pub(super) async fn check(
    stream: TcpStream,
    upstream: &UpstreamAddress,
    service: &str,
) -> Result<Option<Reply>, h2::Error> {
    let (sender, connection) = h2::client::handshake(stream).await?;
    // Ends with the last handle to it, which this call holds.
    tokio::spawn(connection);
    let request = Request::post(format!("http://{upstream}{METHOD}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "penguin-proxy")
        .body(());
    let Ok(request) = request else {
        return Ok(Some(Reply::Unreadable));
    };
    let mut sender = sender.ready().await?;
    let (response, mut body) = sender.send_request(request, false)?;
    body.send_data(question(service), true)?;
    let (head, mut body) = response.await?.into_parts();
    if head.status != 200 {
        return Ok(Some(Reply::Http(head.status.as_u16())));
    }
    let message = read(&mut body).await?;
    let trailers = body.trailers().await?.unwrap_or_default();
    Ok(judge(&head.headers, &message, &trailers))
}

/// The message of the call, in its frame.
fn question(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        // Field 1, a string.
        message.put_u8(0x0a);
        // The name is checked to be shorter than 128 bytes, so that its length is one byte.
        message.put_u8(u8::try_from(service.len()).unwrap_or_default());
        message.put_slice(service.as_bytes());
    }
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or_default());
    frame.put(message);
    frame.freeze()
}

async fn read(body: &mut RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut message = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        if message.len() + data.len() <= LONGEST {
            message.extend_from_slice(&data);
        }
    }
    Ok(message)
}

/// A call ends with its status in the trailers, or in the head where there is nothing else.
fn judge(head: &HeaderMap, message: &[u8], trailers: &HeaderMap) -> Option<Reply> {
    let status = trailers.get("grpc-status").or_else(|| head.get("grpc-status"));
    let Some(status) = status.and_then(|status| status.to_str().ok()) else {
        return Some(Reply::Unreadable);
    };
    if status != "0" {
        return Some(Reply::Failed(status.to_owned()));
    }
    match serving_status(message) {
        Some(SERVING) => None,
        Some(other) => Some(Reply::Status(other)),
        None => Some(Reply::Unreadable),
    }
}

/// Field 1 of the message, an enumeration; 0 where it is left out. None if the message is not what was asked for.
fn serving_status(frame: &[u8]) -> Option<u64> {
    let [0, a, b, c, d, message @ ..] = frame else {
        return None;
    };
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    match (message.len() == length, message) {
        (true, []) => Some(0),
        (true, [0x08, status @ 0..0x80]) => Some(u64::from(*status)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", code.parse().unwrap());
        headers
    }

    #[test]
    fn only_serving_is_healthy() {
        let none = HeaderMap::new();
        let judged = |message: &[u8]| judge(&none, message, &status("0"));
        assert_eq!(judged(&[0, 0, 0, 0, 2, 8, 1]), None);
        for (message, expected) in [
            (&[0, 0, 0, 0, 2, 8, 2][..], Reply::Status(2)),
            (&[0, 0, 0, 0, 2, 8, 3], Reply::Status(3)),
            (&[0, 0, 0, 0, 0], Reply::Status(0)),
            (&[0, 0, 0, 0, 3, 8, 1], Reply::Unreadable),
            (&[1, 0, 0, 0, 2, 8, 1], Reply::Unreadable),
            (&[0, 0, 0, 0, 2, 16, 1], Reply::Unreadable),
            (&[], Reply::Unreadable),
        ] {
            assert_eq!(judged(message), Some(expected), "{message:?}");
        }
        let serving = &[0, 0, 0, 0, 2, 8, 1];
        assert_eq!(
            judge(&status("12"), &[], &none),
            Some(Reply::Failed("12".to_owned())),
            "a response without messages"
        );
        assert_eq!(
            judge(&none, serving, &status("14")),
            Some(Reply::Failed("14".to_owned()))
        );
        assert_eq!(judge(&none, serving, &none), Some(Reply::Unreadable));
    }

    #[test]
    fn health_check_request_names_the_service() {
        assert_eq!(question("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(question("a.B")[..], [0, 0, 0, 0, 5, 10, 3, b'a', b'.', b'B']);
    }
}
