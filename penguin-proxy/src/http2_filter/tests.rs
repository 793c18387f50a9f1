//! The filter frame by frame, and between a client and a server of h2.

mod with_h2;

use super::frame::{ACK, PADDED, PING, PRIORITIZED, SETTINGS};
use super::shown::SHOWN;
use super::*;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = FrameHead {
        length: payload.len(),
        kind,
        flags,
        stream,
    };
    head.write(&mut bytes);
    [&bytes, payload].concat()
}

fn literals(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        hpack::encode_literal(name.as_bytes(), value.as_bytes(), &mut block);
    }
    block
}

/// What a filter of an app's frames makes of them.
fn passed(filter: &mut Filter, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    filter.received(bytes, &mut out).expect("the connection goes on");
    out
}

const END: u8 = END_STREAM | END_HEADERS;

#[test]
fn responses_and_trailers_are_told_apart() {
    let mut filter = Filter::new(Role::Responses);
    filter.sent(&[b' '; PREFACE]);
    for stream in [1, 3, 5, 7] {
        filter.sent(&frame(HEADERS, END_HEADERS, stream, &[0x82]));
    }
    let ok = literals(&[(":status", "200")]);
    let interim = literals(&[(":status", "103")]);
    let trailers = literals(&[("grpc-status", "0")]);
    for (stream, flags, block, flaw) in [
        (1, END_HEADERS, &interim, None),
        (1, END_HEADERS, &ok, None),
        (1, END, &ok, Some(Flaw::PseudoUnknown)),
        (3, END_HEADERS, &trailers, Some(Flaw::PseudoMissing)),
        (5, END_HEADERS, &ok, None),
        (5, END, &trailers, None),
        // Streams that are over are h2's business.
        (5, END, &ok, None),
        (9, END, &ok, None),
    ] {
        let out = passed(&mut filter, &frame(HEADERS, flags, stream, block));
        let malformed = filter.take_malformed();
        assert_eq!(
            malformed.first().map(|message| message.flaw),
            flaw,
            "{stream} {block:?}"
        );
        let expected = if flaw.is_some() { MALFORMED_BLOCK } else { block };
        assert_eq!(out, frame(HEADERS, flags, stream, expected));
    }
    filter.sent(&frame(RST_STREAM, 0, 7, &[0; 4]));
    assert_eq!(filter.resets(), 1);
    passed(&mut filter, &frame(HEADERS, END, 7, &trailers));
    assert!(filter.take_malformed().is_empty(), "it was reset before");
}

#[test]
fn a_stream_ends_with_data_or_a_reset_too() {
    let ok = literals(&[(":status", "200")]);
    for end in [frame(DATA, END_STREAM, 1, b"x"), frame(RST_STREAM, 0, 1, &[0; 4])] {
        let mut filter = Filter::new(Role::Responses);
        filter.sent(&[b' '; PREFACE]);
        filter.sent(&frame(HEADERS, END_HEADERS, 1, &[0x82]));
        passed(&mut filter, &frame(HEADERS, END_HEADERS, 1, &ok));
        assert_eq!(passed(&mut filter, &end), end);
        passed(&mut filter, &frame(HEADERS, END, 1, &ok));
        assert!(filter.take_malformed().is_empty());
    }
}

#[test]
fn sent_frames_are_tracked_to_their_end() {
    let mut filter = Filter::new(Role::Requests);
    assert!(filter.is_between_frames());
    let bytes = [
        frame(DATA, 0, 1, b"12345"),
        frame(HEADERS, 0, 1, b"123"),
        frame(CONTINUATION, END_HEADERS, 1, b""),
        frame(PING, 0, 0, &[0; 8]),
    ];
    // Between HEADERS and CONTINUATION no other frame may stand.
    let mut ends = vec![14, 14 + 12 + 9, 14 + 12 + 9 + 17];
    ends.reverse();
    for (index, byte) in bytes.concat().iter().enumerate() {
        filter.sent(&[*byte]);
        let between = ends.last() == Some(&(index + 1));
        if between {
            ends.pop();
        }
        assert_eq!(filter.is_between_frames(), between, "{index}");
    }
    assert!(ends.is_empty());
}

#[test]
fn too_many_streams_end_the_connection() {
    let mut filter = Filter::new(Role::Requests);
    passed(&mut filter, &[b' '; PREFACE]);
    let block = literals(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    let mut out = Vec::new();
    let error = (0..2000)
        .find_map(|number| {
            let bytes = frame(HEADERS, END_HEADERS, number * 2 + 1, &block);
            filter.received(&bytes, &mut out).err()
        })
        .expect("a bound");
    assert_eq!(error.code, 0xb);
}

/// What a filter of a client's frames makes of them after the preface.
fn from_client(frames: &[Vec<u8>]) -> Result<Vec<u8>, u32> {
    let mut filter = Filter::new(Role::Requests);
    passed(&mut filter, &[b' '; PREFACE]);
    let mut out = Vec::new();
    filter
        .received(&frames.concat(), &mut out)
        .map(|()| out)
        .map_err(|error| error.code)
}

#[test]
fn lengths_of_frames() {
    for (kind, flags, length, fits) in [
        (PRIORITY, 0, 5, true),
        (PRIORITY, 0, 4, false),
        (PRIORITY, 0, 6, false),
        (RST_STREAM, 0, 4, true),
        (RST_STREAM, 0, 5, false),
        (WINDOW_UPDATE, 0, 4, true),
        (WINDOW_UPDATE, 0, 3, false),
        (SETTINGS, ACK, 0, true),
        (SETTINGS, ACK, 6, false),
        (SETTINGS, 0, 0, true),
        (SETTINGS, 0, 12, true),
        (SETTINGS, 0, 7, false),
        (PING, 0, 8, true),
        (PING, 0, 9, false),
        (GOAWAY, 0, 8, true),
        (GOAWAY, 0, 20, true),
        (GOAWAY, 0, 7, false),
        (DATA, 0, FRAME_LIMIT, true),
        (DATA, 0, FRAME_LIMIT + 1, false),
    ] {
        let bytes = frame(kind, flags, 1, &vec![1; length]);
        let expected = match (fits, kind) {
            (false, _) => Err(6),
            (true, PRIORITY) => Ok(Vec::new()),
            (true, _) => Ok(bytes.clone()),
        };
        assert_eq!(from_client(&[bytes]), expected, "{kind} {flags} {length}");
    }
}

#[test]
fn window_update_without_increment_resets_its_stream() {
    let none = [0x80, 0, 0, 0];
    let reset = frame(HEADERS, END, 1, MALFORMED_BLOCK);
    assert_eq!(from_client(&[frame(WINDOW_UPDATE, 0, 1, &none)]), Ok(reset));
    // On stream 0 it is an error of the connection, which h2 knows.
    for (stream, increment) in [(0, none), (1, [0, 0, 0, 1]), (1, [1, 0, 0, 0])] {
        let bytes = frame(WINDOW_UPDATE, 0, stream, &increment);
        assert_eq!(from_client(std::slice::from_ref(&bytes)), Ok(bytes.clone()));
    }
}

#[test]
fn padding_and_priority_are_removed() {
    let block = literals(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    let with = |prefix: &[u8], suffix: &[u8]| [prefix, &block, suffix].concat();
    let priority = [0, 0, 0, 3, 7];
    for (flags, payload, expected) in [
        (0, block.clone(), Ok(&block)),
        (PADDED, with(&[2], &[0, 0]), Ok(&block)),
        (PADDED, with(&[0], &[]), Ok(&block)),
        (PRIORITIZED, with(&priority, &[]), Ok(&block)),
        (PADDED | PRIORITIZED, with(&[1, 0, 0, 0, 3, 7], &[0]), Ok(&block)),
        (PADDED, vec![], Err(6)),
        (PADDED, vec![1], Err(1)),
        (PADDED, vec![3, 0x82, 0x86], Err(1)),
        (PRIORITIZED, vec![0; 4], Err(6)),
        (PADDED | PRIORITIZED, vec![0; 5], Err(6)),
    ] {
        let bytes = frame(HEADERS, END | flags, 1, &payload);
        let expected = expected.map(|block| frame(HEADERS, END, 1, block));
        assert_eq!(from_client(&[bytes]), expected, "{flags:x} {payload:?}");
    }
    // All of a frame may be padding.
    let empty = from_client(&[frame(HEADERS, END | PADDED, 1, &[2, 0, 0])]).unwrap();
    assert_eq!(
        empty,
        frame(HEADERS, END, 1, MALFORMED_BLOCK),
        "a request without anything"
    );
}

#[test]
fn blocks_are_bounded_and_come_in_few_frames() {
    let start = literals(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    let large = [
        &start[..],
        &literals(&[("x", &"v".repeat(15_000)), ("y", &"w".repeat(15_000))]),
    ]
    .concat();
    let pieces = |count: usize| {
        let mut frames = vec![frame(HEADERS, END_STREAM, 1, &large[..9])];
        let size = (large.len() - 9).div_ceil(count - 1);
        frames.extend(
            large[9..]
                .chunks(size)
                .map(|piece| frame(CONTINUATION, 0, 1, piece)),
        );
        let last = frames.len() - 1;
        frames[last][4] |= END_HEADERS;
        assert_eq!(frames.len(), count);
        frames
    };
    let expected = [
        frame(HEADERS, END_STREAM, 1, &large[..FRAME_LIMIT]),
        frame(CONTINUATION, END_HEADERS, 1, &large[FRAME_LIMIT..]),
    ];
    assert_eq!(from_client(&pieces(BLOCK_FRAMES)), Ok(expected.concat()));
    assert_eq!(from_client(&pieces(BLOCK_FRAMES + 1)), Err(0xb));
    let full = vec![0x82; FRAME_LIMIT];
    let blocks = |last: usize| {
        let mut frames = vec![frame(HEADERS, 0, 1, &full)];
        frames.extend((1..8).map(|_| frame(CONTINUATION, 0, 1, &full)));
        frames.push(frame(CONTINUATION, 0, 1, &full[..last]));
        frames
    };
    assert_eq!(from_client(&blocks(0)), Ok(Vec::new()), "it has not ended");
    assert_eq!(from_client(&blocks(1)), Err(0xb));
}

#[test]
fn frames_in_a_wrong_place_end_the_connection() {
    let block = literals(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    for frames in [
        vec![frame(CONTINUATION, END_HEADERS, 1, &block)],
        vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[0; 5])],
        vec![frame(PRIORITY, 0, 0, &[0; 5])],
        vec![frame(HEADERS, END, 0, &block)],
        vec![frame(HEADERS, END, 2, &block)],
        vec![frame(HEADERS, END_STREAM, 1, &block), frame(PING, 0, 0, &[0; 8])],
        vec![
            frame(HEADERS, END_STREAM, 1, &block),
            frame(CONTINUATION, END_HEADERS, 3, &[]),
        ],
    ] {
        assert_eq!(from_client(&frames), Err(1), "{frames:?}");
    }
    assert_eq!(from_client(&[frame(0x42, 0, 1, b"unknown")]), Ok(Vec::new()));
}

#[test]
fn log_line_shows_the_request() {
    let mut filter = Filter::new(Role::Requests);
    passed(&mut filter, &[b' '; PREFACE]);
    let long = "u".repeat(2 * SHOWN);
    let block = literals(&[
        (":method", "POST"),
        (":path", "/a"),
        (":authority", "shop"),
        ("user-agent", &long),
        ("x-amzn-trace-id", "Root=1"),
        ("x", "\0"),
    ]);
    passed(&mut filter, &frame(HEADERS, END, 1, &block));
    let malformed = filter.take_malformed().pop().expect("a malformed request");
    let shown = format!(
        "POST /a HTTP/2\r\nhost:shop\r\nuser-agent:{}\r\nx-amzn-trace-id:Root=1\r\n",
        &long[..SHOWN]
    );
    assert_eq!(malformed.flaw, Flaw::Nul);
    assert_eq!(String::from_utf8(malformed.head.unwrap()).unwrap(), shown);
}
