//! A flat JSON object, written straight into memory.
//!
//! A line is written for every request, so this is one of the proxy's hottest paths: values are copied and digits are
//! made here, without the detour over `fmt` that a general serializer takes for times and addresses.

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

    /// A text, whatever it holds.
    #[inline]
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.out.push(b'"');
        escape(self.out, value.as_bytes());
        self.out.push(b'"');
    }

    /// A text, left out where it is empty.
    #[inline]
    pub(super) fn text_if_any(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.text(name, value);
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

/// Copies what needs no escape in one go: nearly everything.
fn escape(out: &mut Vec<u8>, value: &[u8]) {
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
    fn moments_are_written_as_the_standard_has_them() {
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
        fn every_value_can_be_read_back(
            text in any::<String>(), number in any::<u64>(), flag in any::<bool>(),
            v4 in any::<std::net::SocketAddrV4>(), v6 in any::<std::net::SocketAddrV6>(), micros in 0u64..1 << 40,
        ) {
            let value = parsed(|object| {
                object.text("text", &text);
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
