//! The body of an answer as it comes, and how its end is found (RFC 9112 §6.3).

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::Fault;
use super::chunked::{Chunked, Next};

/// Least and most bytes that are asked for at once when more are wanted.
const LEAST: u64 = 16 * 1024;
const MOST: u64 = 64 * 1024;

/// What of an answer's body is still to come.
#[derive(Debug, Default)]
pub(crate) enum Incoming {
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
pub(crate) enum Piece {
    /// None before there is more to look at.
    More,
    Data(Bytes),
    Trailers(HeaderMap),
    End,
}

impl Incoming {
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Bytes that are still to come, where that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match self {
            Self::Ended => Some(0),
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// How much to ask the kernel for. One byte more than is to come: a read that leaves room tells that it took all
    /// there was.
    pub(crate) fn room(&self) -> usize {
        let bytes = match self {
            Self::Ended => 0,
            Self::Length(left) => left.saturating_add(1).min(MOST),
            Self::Chunked(chunked) => chunked.wanted().clamp(LEAST, MOST),
            Self::UntilClose => LEAST,
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Takes the next piece out of what has come.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, Fault> {
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
            Self::UntilClose => Ok(Piece::Data(std::mem::take(input).freeze())),
        }
    }

    /// The connection ended: whether that is the end of the body too.
    pub(crate) fn closed(&mut self) -> Result<(), Fault> {
        match self {
            Self::Ended | Self::UntilClose => {
                *self = Self::Ended;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => Err(Fault::Closed),
        }
    }
}

/// Takes what has come, but no more than `left`, which it lessens.
pub(super) fn take(input: &mut BytesMut, left: &mut u64) -> Bytes {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left -= here as u64;
    if here == input.len() {
        // The buffer goes along: splitting it would only make it a shared one.
        std::mem::take(input).freeze()
    } else {
        input.split_to(here).freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_ends_by_itself_and_not_before() {
        let mut body = Incoming::Length(4);
        let mut input = BytesMut::from(&b"ab"[..]);
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "ab"));
        assert_eq!((body.left(), body.room()), (Some(2), 3));
        assert!(matches!(body.next(&mut input), Ok(Piece::More)));
        assert!(matches!(body.closed(), Err(Fault::Closed)));
        input.extend_from_slice(b"cdef");
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "cd"));
        assert!(body.has_ended());
        assert!(matches!(body.next(&mut input), Ok(Piece::End)));
        assert_eq!(input, "ef", "what is behind it is not touched");
    }

    #[test]
    fn the_end_of_the_connection_ends_only_what_has_no_other_end() {
        let mut body = Incoming::UntilClose;
        let mut input = BytesMut::from(&b"ab"[..]);
        assert!(matches!(body.next(&mut input), Ok(Piece::Data(data)) if data == "ab"));
        assert!(matches!(body.next(&mut input), Ok(Piece::More)));
        assert!(body.closed().is_ok() && body.has_ended());
        assert!(Incoming::Chunked(Chunked::default()).closed().is_err());
    }
}
