//! Line splitter for bytes that arrive in any pieces. Lines end with CRLF only; control bytes are rejected.

use crate::reject_reason::RejectReason;

/// The beginning of a line whose end has not arrived yet. Empty in the common case of a head in one read.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    bytes: Vec<u8>,
}

/// What the next bytes did to the current line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The line ended: its text without CRLF, and how many of the given bytes belonged to it.
    Complete { text: &'a [u8], taken: usize },
    /// All the given bytes belong to a line that goes on.
    Partial,
    /// The line is longer than the budget.
    TooLong,
    /// A byte that stands in no line, or an end that is none.
    Faulty(RejectReason),
}

impl Unfinished {
    /// Continues the current line with `bytes`. At most `budget` of them may belong to it.
    ///
    /// The verdict does not depend on how a line was cut into pieces: it is always the leftmost fault.
    ///
    /// `clean` is what [`is_clean`] said of these bytes, or of more of them: one look at all of a head is cheaper than one at
    /// each line.
    pub(super) fn next<'a>(&'a mut self, bytes: &'a [u8], budget: usize, clean: bool) -> Line<'a> {
        let clean = clean && self.bytes.is_empty();
        let view = &bytes[..bytes.len().min(budget)];
        let Some(end) = memchr::memchr(b'\n', view) else {
            return self.keep(view, bytes.len() > budget);
        };
        let taken = end + 1;
        let text = if self.bytes.is_empty() {
            &view[..end]
        } else {
            self.bytes.extend_from_slice(&view[..end]);
            self.bytes.as_slice()
        };
        match text.split_last() {
            Some((b'\r', text)) if clean || !has_control(text) => Line::Complete { text, taken },
            // Without any control byte, the fault is the LF itself.
            _ => Line::Faulty(
                first_control(text.strip_suffix(b"\r").unwrap_or(text)).unwrap_or(RejectReason::BareLf),
            ),
        }
    }

    /// Forgets the line; called once its text has been read.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        // A connection that once sent a long line in pieces must not hold that memory while idle.
        if self.bytes.capacity() > 1024 {
            self.bytes = Vec::new();
        }
    }

    /// Bytes that are waiting for the end of their line.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn keep(&mut self, piece: &[u8], over_budget: bool) -> Line<'_> {
        if self.bytes.last() == Some(&b'\r') && !piece.is_empty() {
            return Line::Faulty(RejectReason::BareCr);
        }
        let whole = piece.strip_suffix(b"\r").unwrap_or(piece);
        if has_control(whole)
            && let Some(refusal) = first_control(whole)
        {
            return Line::Faulty(refusal);
        }
        if over_budget {
            return Line::TooLong;
        }
        self.bytes.extend_from_slice(piece);
        Line::Partial
    }
}

/// Whether a control byte other than the tabulator stands in the text. Written without an early exit, so that
/// the compiler turns it into vector instructions.
fn has_control(text: &[u8]) -> bool {
    text.iter().fold(false, |found, &byte| found | is_control(byte))
}

/// The bytes up to the first empty line, or all of them: a body need not be looked at, and may hold any byte.
pub(super) fn head_of(bytes: &[u8]) -> &[u8] {
    const END: &[u8] = b"\r\n\r\n";
    if bytes.ends_with(END) {
        return bytes;
    }
    let end = memchr::memmem::find(bytes, END);
    end.map_or(bytes, |end| &bytes[..end + END.len()])
}

/// Whether every CR and LF is half of a CRLF, and no other control byte stands among these: then every line of them is
/// sound.
pub(super) fn is_clean(bytes: &[u8]) -> bool {
    let [first, rest @ ..] = bytes else { return false };
    if *first == b'\n' || bytes.last() == Some(&b'\r') {
        return false;
    }
    let torn = bytes
        .iter()
        .zip(rest)
        .fold(false, |torn, (&byte, &next)| torn | is_torn(byte, next));
    let control = bytes.iter().fold(false, |found, &byte| {
        found | (is_control(byte) && byte != b'\r' && byte != b'\n')
    });
    !torn && !control
}

/// Whether one of two bytes lacks the other to be the end of a line.
fn is_torn(byte: u8, next: u8) -> bool {
    (byte == b'\r') != (next == b'\n')
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

/// What the leftmost control byte of a text is refused for.
fn first_control(text: &[u8]) -> Option<RejectReason> {
    match text.iter().find(|&&byte| is_control(byte))? {
        b'\r' => Some(RejectReason::BareCr),
        0 => Some(RejectReason::Nul),
        _ => Some(RejectReason::ControlByte),
    }
}

/// Bytes of a token (RFC 9110 §5.6.2): methods, header names, extension names.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        table[byte as usize] = matches!(
            byte,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-'
                | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        );
        byte += 1;
    }
    table
};

pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> Result<Vec<u8>, RejectReason> {
        match Unfinished::default().next(bytes, 100, is_clean(bytes)) {
            Line::Complete { text, taken } => {
                assert_eq!(taken, bytes.len());
                Ok(text.to_vec())
            }
            Line::Faulty(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    fn byte_by_byte(bytes: &[u8]) -> Result<Vec<u8>, RejectReason> {
        let mut line = Unfinished::default();
        for byte in bytes {
            match line.next(
                std::slice::from_ref(byte),
                100,
                is_clean(std::slice::from_ref(byte)),
            ) {
                Line::Complete { text, .. } => return Ok(text.to_vec()),
                Line::Faulty(refusal) => return Err(refusal),
                Line::Partial => {}
                Line::TooLong => panic!("within the budget"),
            }
        }
        panic!("no end")
    }

    #[test]
    fn lines_parse_the_same_in_any_pieces() {
        for (bytes, expected) in [
            (&b"a: b\r\n"[..], Ok(&b"a: b"[..])),
            (b"\r\n", Ok(b"")),
            (b"a\tb\xff\r\n", Ok(b"a\tb\xff")),
            (b"a\n", Err(RejectReason::BareLf)),
            (b"\n", Err(RejectReason::BareLf)),
            (b"a\rb\r\n", Err(RejectReason::BareCr)),
            (b"a\r\r\n", Err(RejectReason::BareCr)),
            (b"\r\r", Err(RejectReason::BareCr)),
            (b"a\0\rb\n", Err(RejectReason::Nul)),
            (b"a\x0b\r\n", Err(RejectReason::ControlByte)),
            (b"a\x7f\n", Err(RejectReason::ControlByte)),
        ] {
            let expected = expected.map(<[u8]>::to_vec);
            assert_eq!(whole(bytes), expected, "{bytes:?}");
            assert_eq!(byte_by_byte(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn clean_bytes_have_only_valid_lines() {
        for bytes in [&b"a"[..], b"a: b\r\n\tc\xff\r\n\r\n", b"a\r\nb"] {
            assert!(is_clean(bytes), "{bytes:?}");
        }
        for bytes in [
            &b""[..],
            b"\n",
            b"\r",
            b"\r\r\n",
            b"\r\n\n",
            b"a\rb\r\n",
            b"a\nb\r\n",
            b"a\r",
            b"\na",
            b"a\0b",
            b"a\x7f",
            b"a\rb\nc\r\n",
        ] {
            assert!(!is_clean(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn head_ends_with_the_first_empty_line() {
        for (bytes, head) in [
            (&b"GET / HTTP/1.1\r\n\r\n\0\n"[..], 18),
            (b"GET / HTTP/1.1\r\n\r\nGET", 18),
            (b"\r\n\r\nGET /\0", 4),
            (b"GET / HTTP/1.1\r\n", 16),
            (b"a\r\n\r\nb\r\n\r\n", 10),
            (b"", 0),
        ] {
            assert_eq!(head_of(bytes).len(), head, "{bytes:?}");
        }
    }

    #[test]
    fn line_limit_includes_crlf() {
        assert!(matches!(
            Unfinished::default().next(b"abc\r\n", 5, false),
            Line::Complete { taken: 5, .. }
        ));
        assert_eq!(Unfinished::default().next(b"abc\r\n", 4, false), Line::TooLong);
        assert_eq!(Unfinished::default().next(b"abc", 3, false), Line::Partial);
        assert_eq!(Unfinished::default().next(b"x", 0, false), Line::TooLong);
    }
}
