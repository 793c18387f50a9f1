//! Decoder of chunked response bodies (RFC 9112 §7.1). Extensions are skipped, within bounds.

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{FIELDS, Fault};

/// Longest line in front of a chunk, its extensions included, in bytes.
const SIZE_LINE: usize = 4 * 1024;
/// Most bytes of trailers.
const TRAILERS: usize = 16 * 1024;
/// Hexadecimal digits of a size: all that 64 bits hold.
const DIGITS: usize = 16;

/// The place inside a body in chunks.
#[derive(Debug, Default)]
pub enum Chunked {
    /// In front of a chunk.
    #[default]
    Size,
    /// So many bytes before the end of a chunk.
    Data(u64),
    /// Behind a chunk's data, in front of its end of line.
    DataEnd,
    /// Behind the last chunk.
    Trailers,
}

/// What comes next of it.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing before there is more to look at.
    More,
    Data(Bytes),
    End(HeaderMap),
}

impl Chunked {
    /// Bytes of the present chunk that have not come yet.
    pub(super) fn wanted(&self) -> u64 {
        match self {
            Self::Data(left) => *left,
            Self::Size | Self::DataEnd | Self::Trailers => 0,
        }
    }

    /// Takes the next piece out of what has come.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<Next, Fault> {
        loop {
            match self {
                Self::Size => match read_size(input)? {
                    None => return Ok(Next::More),
                    Some(0) => *self = Self::Trailers,
                    Some(size) => *self = Self::Data(size),
                },
                Self::Data(_) if input.is_empty() => return Ok(Next::More),
                Self::Data(left) => {
                    let data = take(input, left);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(Next::Data(data));
                }
                Self::DataEnd => {
                    if input.len() < 2 {
                        return Ok(Next::More);
                    }
                    if !input.starts_with(b"\r\n") {
                        return Err(Fault::Malformed("a chunk is longer than its size"));
                    }
                    input.advance(2);
                    *self = Self::Size;
                }
                Self::Trailers => {
                    return Ok(read_trailers(input)?.map_or(Next::More, Next::End));
                }
            }
        }
    }
}

/// The size of the next chunk, once its line is there.
fn read_size(input: &mut Bytes) -> Result<Option<u64>, Fault> {
    let window = &input[..input.len().min(SIZE_LINE)];
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if window.len() == SIZE_LINE {
            Err(Fault::Malformed("the line in front of a chunk is too long"))
        } else {
            Ok(None)
        };
    };
    let line = window[..end].strip_suffix(b"\r").ok_or(Fault::Malformed(
        "the line in front of a chunk does not end properly",
    ))?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    // Some servers pad sizes with spaces. A tab is never padding.
    let rest = line[digits..].iter().find(|byte| **byte != b' ');
    if !(1..=DIGITS).contains(&digits) || !matches!(rest, None | Some(b';')) {
        return Err(Fault::Malformed("the size of a chunk is no number"));
    }
    let size = line[..digits].iter().fold(0, |size: u64, digit| {
        size << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or_default())
    });
    input.advance(end + 1);
    Ok(Some(size))
}

/// The trailers, once all of them are there.
fn read_trailers(input: &mut Bytes) -> Result<Option<HeaderMap>, Fault> {
    if input.starts_with(b"\r\n") {
        input.advance(2);
        return Ok(Some(HeaderMap::new()));
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(input, &mut fields)? {
        httparse::Status::Partial if input.len() > TRAILERS => Err(Fault::TooLarge),
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete((end, _)) if has_bare_lf(&input[..end]) => {
            Err(Fault::Malformed("a line of its trailers does not end properly"))
        }
        httparse::Status::Complete((end, fields)) => {
            let mut trailers = HeaderMap::with_capacity(fields.len());
            for field in fields {
                if let (Ok(name), Ok(value)) = (
                    HeaderName::from_bytes(field.name.as_bytes()),
                    HeaderValue::from_bytes(field.value),
                ) {
                    trailers.append(name, value);
                }
            }
            input.advance(end);
            Ok(Some(trailers))
        }
    }
}

fn has_bare_lf(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes).any(|at| at == 0 || bytes[at - 1] != b'\r')
}

/// Removes up to `left` bytes from the front of `input`, and reduces `left` by their number.
pub(super) fn take(input: &mut Bytes, left: &mut u64) -> Bytes {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left -= here as u64;
    input.split_to(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data and the trailers of a body that comes in pieces of so many bytes.
    fn read(body: &[u8], piece: usize) -> Result<(Vec<u8>, Option<HeaderMap>, usize), Fault> {
        let (mut place, mut input, mut data) = (Chunked::default(), Bytes::new(), Vec::new());
        for bytes in body.chunks(piece) {
            input = Bytes::from([&input, bytes].concat());
            loop {
                match place.next(&mut input)? {
                    Next::More => break,
                    Next::Data(more) => data.extend_from_slice(&more),
                    Next::End(trailers) => return Ok((data, Some(trailers), input.len())),
                }
            }
        }
        Ok((data, None, input.len()))
    }

    #[test]
    fn chunks_decode_the_same_in_any_pieces() {
        let body =
            b"4\r\nbody\r\nA;name=\"value\"\r\n0123456789\r\n1 \r\n!\r\n00\r\nx-sum: 7\r\nx-sum: 8\r\n\r\n";
        for piece in 1..body.len() {
            let (data, trailers, behind) = read(body, piece).unwrap();
            assert_eq!(data, b"body0123456789!", "pieces of {piece}");
            let trailers = trailers.expect("it has ended");
            assert_eq!(trailers.get_all("x-sum").iter().count(), 2);
            assert_eq!(behind, 0);
        }
    }

    #[test]
    fn only_the_last_chunk_ends_the_body() {
        let (data, trailers, behind) = read(b"1\r\na\r\n0\r\n\r\nHTTP/1.1", 64).unwrap();
        assert_eq!((data.as_slice(), behind), (&b"a"[..], 8));
        assert!(trailers.expect("it has ended").is_empty());
        let (_, trailers, _) = read(b"1\r\na\r\n0\r\n", 64).unwrap();
        assert!(trailers.is_none());
    }

    #[test]
    fn malformed_chunks_are_rejected() {
        let long = format!("1;{}\r\n", "x".repeat(SIZE_LINE));
        let trailers = format!("0\r\nx: {}\r\n", "x".repeat(TRAILERS));
        let many = format!("0\r\n{}\r\n", "x: 1\r\n".repeat(FIELDS + 1));
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x1\r\n",
            "1x\r\n",
            "1\t;a\r\n",
            "1 \t\r\n",
            "1\r\r\n",
            "1\u{c}\r\n",
            "1\n",
            "11111111111111111\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n",
            "0\r\nno field\r\n\r\n",
            "0\r\nx: 1\n\n",
            &long,
            &trailers,
            &many,
        ] {
            assert!(read(body.as_bytes(), 1 << 20).is_err(), "{body}");
        }
    }
}
