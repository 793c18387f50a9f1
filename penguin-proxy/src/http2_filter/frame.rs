//! HTTP/2 frames: kinds, flags, heads, and header blocks as frames (RFC 9113 §4, §6).

use super::connection_error::ConnectionError;

pub(super) const PREFACE: usize = 24;
pub(super) const FRAME_HEAD: usize = 9;
/// Largest payload of a frame: `SETTINGS_MAX_FRAME_SIZE` is never raised here.
pub(super) const FRAME_LIMIT: usize = 16 * 1024;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// `END_STREAM` of `DATA` and `HEADERS`, `ACK` of `SETTINGS`.
pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
pub(super) const PRIORITIZED: u8 = 0x20;

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl FrameHead {
    pub(super) fn read(bytes: &[u8; FRAME_HEAD]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        // Three bytes are enough for every length that is written here.
        let length = u32::try_from(self.length).unwrap_or(u32::MAX).to_be_bytes();
        out.extend_from_slice(&length[1..]);
        out.extend_from_slice(&[self.kind, self.flags]);
        out.extend_from_slice(&self.stream.to_be_bytes());
    }
}

/// A header block that is coming.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) stream: u32,
    pub(super) flags: u8,
    pub(super) frames: usize,
}

/// Frames whose length is fixed (RFC 9113 §6).
pub(super) fn check_length(frame: FrameHead) -> Result<(), ConnectionError> {
    let fits = match frame.kind {
        PRIORITY => frame.length == 5,
        RST_STREAM | WINDOW_UPDATE => frame.length == 4,
        SETTINGS if frame.flags & ACK != 0 => frame.length == 0,
        SETTINGS => frame.length.is_multiple_of(6),
        PING => frame.length == 8,
        GOAWAY => frame.length >= 8,
        _ => true,
    };
    fits.then_some(())
        .ok_or(ConnectionError::frame_size("frame of a wrong length"))
}

/// Removes padding and priority from the payload of HEADERS.
pub(super) fn strip(payload: &mut Vec<u8>, flags: u8) -> Result<(), ConnectionError> {
    let mut prefix = 0;
    if flags & PADDED != 0 {
        let padding = payload.first().copied().map(usize::from);
        let padding = padding.ok_or(ConnectionError::frame_size("HEADERS too short"))?;
        prefix = 1;
        let end = payload.len().checked_sub(padding).filter(|end| *end >= prefix);
        payload.truncate(end.ok_or(ConnectionError::protocol("padding longer than its frame"))?);
    }
    if flags & PRIORITIZED != 0 {
        prefix += 5;
    }
    if prefix > payload.len() {
        return Err(ConnectionError::frame_size("HEADERS too short"));
    }
    payload.drain(..prefix);
    Ok(())
}

/// Writes a block in as few frames as possible.
pub(super) fn write_block(block: Block, bytes: &[u8], out: &mut Vec<u8>) {
    let mut kind = HEADERS;
    let mut rest = bytes;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(FRAME_LIMIT));
        let last = if after.is_empty() { END_HEADERS } else { 0 };
        let first = if kind == HEADERS {
            block.flags & END_STREAM
        } else {
            0
        };
        let head = FrameHead {
            length: piece.len(),
            kind,
            flags: first | last,
            stream: block.stream,
        };
        head.write(out);
        out.extend_from_slice(piece);
        if after.is_empty() {
            return;
        }
        (kind, rest) = (CONTINUATION, after);
    }
}

/// Moves at most `left` bytes of the input, and tells how many are left then.
pub(super) fn pass(input: &mut &[u8], left: usize, out: Option<&mut Vec<u8>>) -> usize {
    let (taken, rest) = input.split_at(input.len().min(left));
    if let Some(out) = out {
        out.extend_from_slice(taken);
    }
    *input = rest;
    left - taken.len()
}
