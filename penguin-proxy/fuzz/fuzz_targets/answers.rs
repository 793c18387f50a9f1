//! Answers of an app: read the same in whatever pieces they come, and never more of them than came.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use penguin_proxy::upstream::http1::{Piece, ends_a_head, read_head};

fuzz_target!(|input: (&[u8], u8, bool)| {
    let (bytes, piece, head_only) = input;
    let method = if head_only { Method::HEAD } else { Method::GET };
    let whole = read(bytes, &method, usize::MAX);
    assert_eq!(read(bytes, &method, usize::from(piece).max(1)), whole);
    if let Some((_, body)) = whole {
        assert!(body.len() <= bytes.len());
    }
});

/// The head's length and the body of a whole answer.
fn read(bytes: &[u8], method: &Method, piece: usize) -> Option<(usize, Vec<u8>)> {
    let mut pieces = bytes.chunks(piece);
    let mut seen = Vec::new();
    let (end, mut answer) = loop {
        seen.extend_from_slice(pieces.next()?);
        let read = read_head(&Bytes::copy_from_slice(&seen), method, &mut HeaderMap::new()).ok()?;
        if let Some(read) = read {
            assert!(ends_a_head(&seen, 0));
            break read;
        }
    };
    let mut input = Bytes::copy_from_slice(&seen[end..]);
    let mut body = Vec::new();
    loop {
        match answer.incoming.next(&mut input).ok()? {
            Piece::Data(data) => body.extend_from_slice(&data),
            Piece::Trailers(_) | Piece::End => return Some((end, body)),
            Piece::More => match pieces.next() {
                Some(more) => input = Bytes::from([&input, more].concat()),
                None => answer.incoming.closed().ok()?,
            },
        }
    }
}
