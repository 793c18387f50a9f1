//! HTTP/1.1 as it is spoken with the app: a request into bytes, bytes into an answer. It knows no socket.
//!
//! hyper's client half is built for many users of a connection: a request goes through a channel to a dispatcher and its
//! answer comes back through another. Here nobody but the request's own task ever waits for a connection, so all
//! of that can go, and the head is still there when it must be sent again.
//!
//! Towards the app it is strict where two readers could see different messages (RFC 9112 §6.3): a length beside a
//! coding, lengths that differ, and codings that nobody here can undo are no answer.

mod answer;
mod chunked;
mod incoming;
mod request;

use std::io;

pub use self::answer::{Answer, ends_a_head, read_head};
pub use self::incoming::{Incoming, Piece};
pub use self::request::{Framing, begin_chunk, end_chunks, write_fields, write_head};

/// Largest head of an answer in bytes: generous, because frameworks put whole sessions into cookies.
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
    /// The client's part of it.
    #[error("the request's body broke off")]
    Upload,
    /// More than is read of a head or of trailers.
    #[error("its head has more than {HEAD} bytes or {FIELDS} fields")]
    TooLarge,
    /// No answer of HTTP/1.1, for this reason.
    #[error("{0}")]
    Malformed(&'static str),
}

impl From<httparse::Error> for Fault {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            httparse::Error::HeaderName => Self::Malformed("the name of a field is none"),
            httparse::Error::HeaderValue => Self::Malformed("the value of a field holds a forbidden byte"),
            httparse::Error::NewLine => Self::Malformed("a line of its head does not end properly"),
            httparse::Error::Status => Self::Malformed("its status is no number of three digits"),
            httparse::Error::Version => Self::Malformed("it does not begin with HTTP/1.1 or HTTP/1.0"),
            httparse::Error::Token => Self::Malformed("its first line holds a forbidden byte"),
        }
    }
}

#[cfg(test)]
mod tests;
