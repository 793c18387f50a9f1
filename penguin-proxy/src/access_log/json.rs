//! Serializer of one flat JSON object into a byte buffer.
//!
//! It runs for every request, so times and addresses are formatted here without `fmt`.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::decimal::{digits, ip, three_digits};

/// An object in the making. Names are the program's own and are never escaped.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Object<'a> {
    /// Begins an object with the moment that it tells of.
    pub(super) fn begin(out: &'a mut Vec<u8>, time: SystemTime, clock: &mut Clock) -> Self {
        out.extend_from_slice(b"{\"time\":\"");
        clock.write(out, time);
        out.push(b'"');
        Self { out }
    }

    /// Ends it, and the line.
    pub(super) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    /// Inlined like those who call it, so that the length of each name is known.
    #[inline]
    fn name(&mut self, name: &'static str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A text, whatever it holds; cut where it is longer than `most` bytes.
    #[inline]
    pub(super) fn text(&mut self, name: &'static str, value: &str, most: usize) {
        self.name(name);
        self.out.push(b'"');
        escape(self.out, value, most);
        self.out.push(b'"');
    }

    /// A text, left out where it is empty.
    #[inline]
    pub(super) fn text_if_any(&mut self, name: &'static str, value: &str, most: usize) {
        if !value.is_empty() {
            self.text(name, value, most);
        }
    }

    /// A whole number.
    #[inline]
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        digits(self.out, value);
    }

    /// True or false.
    #[inline]
    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A time in milliseconds, to the microsecond.
    #[inline]
    pub(super) fn millis(&mut self, name: &'static str, value: Duration) {
        self.name(name);
        let micros = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        digits(self.out, micros / 1000);
        self.out.push(b'.');
        three_digits(self.out, micros % 1000);
    }

    /// An address.
    #[inline]
    pub(super) fn ip(&mut self, name: &'static str, value: IpAddr) {
        self.name(name);
        self.out.push(b'"');
        ip(self.out, value);
        self.out.push(b'"');
    }

    /// An address and a port.
    #[inline]
    pub(super) fn socket(&mut self, name: &'static str, value: SocketAddr) {
        self.name(name);
        self.out.push(b'"');
        if value.is_ipv4() {
            ip(self.out, value.ip());
            self.out.push(b':');
            digits(self.out, u64::from(value.port()));
        } else {
            let _infallible = write!(self.out, "{value}");
        }
        self.out.push(b'"');
    }
}

/// Turns moments into text, and remembers the text of the present second.
#[derive(Debug, Default)]
pub(super) struct Clock {
    second: u64,
    text: String,
}

impl Clock {
    /// Appends a moment as RFC 3339 has it, in UTC, to the millisecond.
    fn write(&mut self, out: &mut Vec<u8>, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != since.as_secs() || self.text.is_empty() {
            self.second = since.as_secs();
            let start = UNIX_EPOCH + Duration::from_secs(self.second);
            self.text = humantime::format_rfc3339_seconds(start).to_string();
        }
        out.extend_from_slice(self.text.trim_end_matches('Z').as_bytes());
        out.push(b'.');
        three_digits(out, u64::from(since.subsec_millis()));
        out.push(b'Z');
    }
}

/// What stands at the end of a text that was cut.
pub(super) const CUT: &str = "…";

/// Appends at most `most` bytes of escaped text, and [`CUT`] where that is not all of it.
fn escape(out: &mut Vec<u8>, value: &str, most: usize) {
    let start = out.len();
    // What is far too long anyway is not escaped as a whole.
    let whole = value.len() <= most;
    let taken = &value[..value.floor_char_boundary(most)];
    escape_all(out, taken.as_bytes());
    if whole && out.len() - start <= most {
        return;
    }
    cut(out, start, most);
}

/// Shortens escaped text to `most` bytes, between two characters and not within an escape.
#[cold]
fn cut(out: &mut Vec<u8>, start: usize, most: usize) {
    let room = most.saturating_sub(CUT.len());
    let mut end = 0;
    let text = &out[start..];
    while end < text.len() {
        let width = match text[end..] {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            [byte, ..] if byte >= 0xf0 => 4,
            [byte, ..] if byte >= 0xe0 => 3,
            [byte, ..] if byte >= 0xc0 => 2,
            _ => 1,
        };
        if end + width > room {
            break;
        }
        end += width;
    }
    out.truncate(start + end);
    out.extend_from_slice(CUT.as_bytes());
}

/// Copies what needs no escape in one go: nearly everything.
fn escape_all(out: &mut Vec<u8>, value: &[u8]) {
    let mut rest = value;
    // Without an early exit the compiler looks at many bytes at once.
    while rest.iter().fold(false, |found, &byte| found | is_special(byte)) {
        let at = rest.iter().position(|&byte| is_special(byte)).unwrap_or_default();
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte => {
                let _infallible = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use serde_json::Value;

    fn parsed(write: impl FnOnce(&mut Object<'_>)) -> Value {
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out, SystemTime::now(), &mut Clock::default());
        write(&mut object);
        object.end();
        assert_eq!(out.pop(), Some(b'\n'));
        assert!(!out.contains(&b'\n'));
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339() {
        let mut clock = Clock::default();
        let moments = [
            0,
            999,
            1_000,
            951_827_696_123,
            1_795_478_400_007,
            1_795_478_400_008,
        ];
        for millis in moments {
            let time = UNIX_EPOCH + Duration::from_millis(millis);
            let mut out = Vec::new();
            clock.write(&mut out, time);
            let expected = humantime::format_rfc3339_millis(time).to_string();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn truncated_text_stays_valid_json(text in any::<String>(), quotes in 0usize..40, most in 3usize..80) {
            let text = "\"\u{1}\\é🐧".repeat(quotes) + &text;
            let mut escaped = Vec::new();
            escape(&mut escaped, &text, most);
            prop_assert!(escaped.len() <= most);
            let read: String = serde_json::from_str(&format!("\"{}\"", String::from_utf8(escaped).unwrap())).unwrap();
            match read.strip_suffix(CUT) {
                Some(kept) if read != text => prop_assert!(text.starts_with(kept)),
                _ => prop_assert_eq!(read, text),
            }
        }

        #[test]
        fn values_round_trip_through_json(
            text in any::<String>(), number in any::<u64>(), flag in any::<bool>(),
            v4 in any::<std::net::SocketAddrV4>(), v6 in any::<std::net::SocketAddrV6>(), micros in 0u64..1 << 40,
        ) {
            let value = parsed(|object| {
                object.text("text", &text, usize::MAX);
                object.number("number", number);
                object.flag("flag", flag);
                object.millis("millis", Duration::from_micros(micros));
                object.ip("v4", (*v4.ip()).into());
                object.ip("v6", (*v6.ip()).into());
                object.socket("s4", v4.into());
                object.socket("s6", v6.into());
            });
            prop_assert_eq!(&value["text"], &text);
            prop_assert_eq!(value["number"].as_u64(), Some(number));
            prop_assert_eq!(&value["flag"], &flag);
            let millis = value["millis"].as_f64().unwrap();
            #[expect(clippy::cast_precision_loss, reason = "microseconds of two weeks fit")]
            let expected = micros as f64 / 1000.0;
            prop_assert!((millis - expected).abs() < 0.000_5, "{millis} {expected}");
            prop_assert_eq!(&value["v4"], &v4.ip().to_string());
            prop_assert_eq!(&value["v6"], &v6.ip().to_string());
            prop_assert_eq!(&value["s4"], &v4.to_string());
            prop_assert_eq!(&value["s6"], &v6.to_string());
        }
    }
}
