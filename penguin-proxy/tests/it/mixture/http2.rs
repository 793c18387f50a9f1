//! Faulty clients that speak HTTP/2, frame by frame.

use std::io::Read as _;
use std::time::Duration;

use super::{leave as reset, read_on, try_send};
use crate::stage::Client;

/// The preface and settings without a wish.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Stream 1 is cancelled (RFC 9113, 6.4).
const CANCEL: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
/// `GOAWAY` without an error: nothing more is asked.
const FAREWELL: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// GET for a target on stream 1, in the plainest coding of RFC 7541.
fn get(target: &str) -> Vec<u8> {
    let length = u8::try_from(target.len()).unwrap();
    // :method GET, :scheme http, :authority a, :path as given.
    let block = [&[0x82, 0x86, 0x41, 1, b'a', 0x44, length], target.as_bytes()].concat();
    let length = u8::try_from(block.len()).unwrap();
    [&[0, 0, length, 1, 5, 0, 0, 0, 1], &block[..]].concat()
}

pub(super) fn ask(client: &mut Client, target: &str) {
    try_send(client, [HELLO, &get(target), FAREWELL].concat());
    read_on(client);
}

/// Asks, and does not want to know any more.
pub(super) fn cancel(client: &mut Client, target: &str) {
    try_send(client, [HELLO, &get(target)].concat());
    // The proxy's settings are there: it has read the request as well, or will before it reads the cancellation.
    drop(client.stream.read(&mut [0; 1000]));
    try_send(client, [CANCEL, FAREWELL].concat());
    read_on(client);
}

/// Asks, and is gone.
pub(super) fn leave(client: &mut Client, target: &str) {
    try_send(client, [HELLO, &get(target)].concat());
    client
        .stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    drop(client.stream.read(&mut [0; 1000]));
    reset(client);
}

/// Frames that are none.
pub(super) fn nonsense(client: &mut Client, _: &str) {
    try_send(client, [HELLO, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat());
    read_on(client);
}
