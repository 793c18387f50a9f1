//! What a log line shows of a request that was not passed on.

/// Bytes of one field that a log line can show.
pub(super) const SHOWN: usize = 1024;

/// What a log line shows of a request that does not get further: its pieces, each behind a letter and ended by LF. In
/// one piece of memory, because it is written for every request and read for few.
pub(super) struct Shown(Vec<u8>);

impl Shown {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(256))
    }

    pub(super) fn field(&mut self, name: &[u8], value: &[u8]) {
        let letter = match name {
            b":method" => b'm',
            b":path" => b'p',
            b":authority" | b"host" => b'h',
            b"user-agent" => b'u',
            b"x-amzn-trace-id" => b'x',
            _ => return,
        };
        let value = &value[..value.len().min(SHOWN)];
        if self.0.len() < 4 * SHOWN {
            self.0.push(letter);
            self.0.extend_from_slice(value);
            self.0.push(b'\n');
        }
    }

    /// As lines of HTTP/1.
    pub(super) fn lines(&self) -> Vec<u8> {
        let pieces = || self.0.split(|byte| *byte == b'\n');
        let first = |letter| {
            pieces()
                .find_map(|piece| piece.strip_prefix(&[letter]))
                .unwrap_or_default()
        };
        let mut lines = [first(b'm'), first(b'p'), b"HTTP/2\r\n"].join(&b' ');
        for (letter, name) in [(b'h', "host:"), (b'u', "user-agent:"), (b'x', "x-amzn-trace-id:")] {
            lines.extend_from_slice(name.as_bytes());
            lines.extend_from_slice(first(letter));
            lines.extend_from_slice(b"\r\n");
        }
        lines
    }
}
