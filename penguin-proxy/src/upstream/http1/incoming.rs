//! Response body: its framing and its end (RFC 9112 §6.3).

use bytes::Bytes;
use http::HeaderMap;

use super::Fault;
use super::chunked::{Chunked, Next, take};

/// What of a response body is still to come.
#[derive(Debug, Default)]
pub enum Incoming {
    /// Nothing.
    #[default]
    Ended,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// Whatever comes before the connection ends.
    UntilClose,
}

/// One piece of a body.
#[derive(Debug)]
pub enum Piece {
    /// None before there is more to look at.
    More,
    /// Bytes of it.
    Data(Bytes),
    /// Its trailers, which end it.
    Trailers(HeaderMap),
    /// Its end.
    End,
}

impl Incoming {
    /// Whether all of it has come.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Bytes that are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self {
            Self::Ended => Some(0),
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Bytes that are surely still to come.
    pub fn wanted(&self) -> u64 {
        match self {
            Self::Ended | Self::UntilClose => 0,
            Self::Length(left) => *left,
            Self::Chunked(chunked) => chunked.wanted(),
        }
    }

    /// Takes the next piece out of what has come.
    ///
    /// # Errors
    /// Chunks that are none.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Piece, Fault> {
        match self {
            Self::Ended => Ok(Piece::End),
            Self::Chunked(chunked) => match chunked.next(input)? {
                Next::More => Ok(Piece::More),
                Next::Data(data) => Ok(Piece::Data(data)),
                Next::End(trailers) => {
                    *self = Self::Ended;
                    Ok(if trailers.is_empty() {
                        Piece::End
                    } else {
                        Piece::Trailers(trailers)
                    })
                }
            },
            Self::Length(_) | Self::UntilClose if input.is_empty() => Ok(Piece::More),
            Self::Length(left) => {
                let data = take(input, left);
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(Piece::Data(data))
            }
            Self::UntilClose => Ok(Piece::Data(std::mem::take(input))),
        }
    }

    /// The connection ended, and perhaps the body with it.
    ///
    /// # Errors
    /// [`Fault::Closed`] for a body that has another end.
    pub fn closed(&mut self) -> Result<(), Fault> {
        match self {
            Self::Ended | Self::UntilClose => {
                *self = Self::Ended;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => Err(Fault::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_with_content_length_ends_at_its_length() {
        let mut body = Incoming::Length(4);
        let mut input = Bytes::from_static(b"ab");
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "ab"));
        assert_eq!((body.left(), body.wanted()), (Some(2), 2));
        assert!(matches!(body.next(&mut input), Ok(Piece::More)));
        assert!(matches!(body.closed(), Err(Fault::Closed)));
        input = Bytes::from_static(b"cdef");
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "cd"));
        assert!(body.has_ended());
        assert!(matches!(body.next(&mut input), Ok(Piece::End)));
        assert_eq!(input, "ef", "what is behind it is not touched");
    }

    #[test]
    fn close_ends_only_bodies_without_framing() {
        let mut body = Incoming::UntilClose;
        let mut input = Bytes::from_static(b"ab");
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "ab"));
        assert!(matches!(body.next(&mut input), Ok(Piece::More)));
        assert!(body.closed().is_ok() && body.has_ended());
        assert!(Incoming::Chunked(Chunked::default()).closed().is_err());
    }
}
