//! HTTP/1.1 client codec: serializes requests, parses responses. No I/O.
//!
//! hyper's client sends requests through a channel to a dispatcher task and responses back. Here the request's own task
//! uses the connection, which saves both.
//!
//! Responses that two readers could read differently (RFC 9112 §6.3) are rejected: Content-Length with
//! Transfer-Encoding, conflicting lengths, unknown codings.

mod chunked;
mod incoming;
mod request;
mod response;

use std::io;

pub use self::incoming::{Incoming, Piece};
pub use self::request::{Framing, begin_chunk, end_chunks, write_fields, write_head};
pub use self::response::{Answer, ends_a_head, read_head};

/// Largest head of a response in bytes: generous, because frameworks put whole sessions into cookies.
pub const HEAD: usize = 64 * 1024;
/// Most fields of a head, and of trailers.
const FIELDS: usize = 100;

/// Why an exchange with the app came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It ended where it must not.
    #[error("the connection ended")]
    Closed,
    /// The system says so.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// It had been closed before the request was written.
    #[error("the connection was closed before the request was written")]
    Unsent,
    /// The client's part of it.
    #[error("the client closed the connection before the request body was complete")]
    Upload,
    /// More than is read of a head or of trailers.
    #[error("the response has more than {HEAD} bytes of headers or {FIELDS} headers")]
    TooLarge,
    /// No response of HTTP/1.1, for this reason.
    #[error("{0}")]
    Malformed(&'static str),
}

impl From<httparse::Error> for Fault {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            httparse::Error::HeaderName => Self::Malformed("invalid header name"),
            httparse::Error::HeaderValue => Self::Malformed("forbidden byte in a header value"),
            httparse::Error::NewLine => Self::Malformed("a line of its head does not end properly"),
            httparse::Error::Status => Self::Malformed("invalid status code"),
            httparse::Error::Version => Self::Malformed("it does not begin with HTTP/1.1 or HTTP/1.0"),
            httparse::Error::Token => Self::Malformed("its first line holds a forbidden byte"),
        }
    }
}

#[cfg(test)]
mod tests;
