//! Frames of HTTP/2: what passes the filter does not depend on how they were cut, and is well-formed frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penguin_proxy::http2_filter::{ConnectionError, Filter, Role};

/// Largest payload that is passed on.
const FRAME_LIMIT: usize = 16 * 1024;

fuzz_target!(|input: (&[u8], u8, bool)| {
    let (bytes, piece, from_client) = input;
    let role = if from_client { Role::Requests } else { Role::Responses };
    let (passed, error) = filter(role, bytes, usize::MAX);
    assert_eq!(filter(role, bytes, usize::from(piece).max(1)), (passed.clone(), error));
    // After the preface come whole frames, and the last one that has begun.
    let mut rest = passed.get(if from_client { 24 } else { 0 }..).unwrap_or_default();
    while let [a, b, c, _, _, _, _, _, _, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        assert!(length <= FRAME_LIMIT);
        rest = after.get(length..).unwrap_or_default();
    }
});

/// What passes, and why the connection ends.
fn filter(role: Role, bytes: &[u8], piece: usize) -> (Vec<u8>, Option<ConnectionError>) {
    let mut filter = Filter::new(role);
    let mut passed = Vec::new();
    for piece in bytes.chunks(piece) {
        if let Err(error) = filter.received(piece, &mut passed) {
            return (passed, Some(error));
        }
    }
    (passed, None)
}
