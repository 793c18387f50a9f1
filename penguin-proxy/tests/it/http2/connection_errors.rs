//! What breaks an HTTP/2 connection ends it with the code that the specification names (RFC 9113 §7).

use super::connected;
use crate::stage::frames::{
    CONTINUATION, DATA, END_HEADERS, GOAWAY, HEADERS, RST_STREAM, frame, get, headers,
};
use crate::stage::{App, Proxy};

const PROTOCOL_ERROR: u32 = 1;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 0xb;

/// Sends bytes on a new connection, and expects it to end with this code.
#[track_caller]
fn ends_with(code: u32, cases: &[(&str, Vec<u8>)]) {
    let app = App::hello();
    let proxy = Proxy::before(&app);
    for (what, bytes) in cases {
        let mut client = connected(&proxy);
        client.send(bytes);
        let last = std::iter::from_fn(|| client.frame())
            .filter(|frame| frame.kind == GOAWAY)
            .last();
        let last = last.unwrap_or_else(|| panic!("{what}: no GOAWAY"));
        assert_eq!(last.code(), code, "{what}");
    }
}

#[test]
fn invalid_hpack_is_a_compression_error() {
    ends_with(
        COMPRESSION_ERROR,
        &[
            ("index 0", headers(1, true, &[0x80])),
            ("index beyond the table", headers(1, true, &[0xff, 0])),
            ("half a string", headers(1, true, &[0x82, 0, 5, b'x'])),
            (
                "end mark in a string",
                headers(1, true, &[0, 0x84, 0xff, 0xff, 0xff, 0xff]),
            ),
            ("table too large", headers(1, true, &[0x3f, 0xe2, 0x1f])),
            ("late size update", headers(1, true, &[0x82, 0x20])),
            (
                "endless integer",
                headers(1, true, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            ),
        ],
    );
}

#[test]
fn frames_of_a_wrong_length_are_a_frame_size_error() {
    ends_with(
        FRAME_SIZE_ERROR,
        &[
            ("GOAWAY of 4 bytes", frame(GOAWAY, 0, 0, &[0; 4])),
            ("PING of 7 bytes", frame(6, 0, 0, &[0; 7])),
            ("SETTINGS of 5 bytes", frame(4, 0, 0, &[0; 5])),
            ("SETTINGS acknowledged with more", frame(4, 1, 0, &[0; 6])),
            ("WINDOW_UPDATE of 5 bytes", frame(8, 0, 0, &[1; 5])),
            ("PRIORITY of 4 bytes", frame(2, 0, 1, &[0; 4])),
            ("RST_STREAM of 3 bytes", frame(RST_STREAM, 0, 1, &[0; 3])),
            ("a frame too large", frame(DATA, 0, 1, &vec![0; 16_385])),
            (
                "HEADERS shorter than a priority",
                frame(HEADERS, END_HEADERS | 0x20, 1, &[0; 4]),
            ),
        ],
    );
}

#[test]
fn frames_in_a_wrong_place_are_a_protocol_error() {
    ends_with(
        PROTOCOL_ERROR,
        &[
            ("PUSH_PROMISE", frame(5, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])),
            (
                "padding beyond the frame",
                frame(HEADERS, END_HEADERS | 8, 1, &[9, 0x82]),
            ),
            ("CONTINUATION first", frame(CONTINUATION, END_HEADERS, 1, &[0x82])),
            (
                "PING inside a block",
                [frame(HEADERS, 0, 1, &get("/")), frame(6, 0, 0, &[0; 8])].concat(),
            ),
            (
                "CONTINUATION of another stream",
                [
                    frame(HEADERS, 0, 1, &get("/")),
                    frame(CONTINUATION, END_HEADERS, 3, &[]),
                ]
                .concat(),
            ),
            ("HEADERS on stream 0", headers(0, true, &get("/"))),
            ("HEADERS on the server's stream", headers(2, true, &get("/"))),
            (
                "HEADERS on an older stream",
                [headers(5, true, &get("/")), headers(3, true, &get("/"))].concat(),
            ),
            ("PRIORITY on stream 0", frame(2, 0, 0, &[0; 5])),
        ],
    );
}

#[test]
fn header_blocks_are_bounded() {
    let block = |pieces: usize, piece: &[u8]| {
        std::iter::once(frame(HEADERS, 0, 1, &get("/")))
            .chain((0..pieces).map(|_| frame(CONTINUATION, 0, 1, piece)))
            .flatten()
            .collect::<Vec<u8>>()
    };
    ends_with(
        ENHANCE_YOUR_CALM,
        &[
            ("CONTINUATION without end", block(40, &[])),
            ("a block without end", block(9, &vec![0x82; 16_000])),
        ],
    );
}
