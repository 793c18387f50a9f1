//! What a line holds, and its two forms: a JSON object for machines, a short text for a terminal.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

/// One finished request.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    #[serde(serialize_with = "rfc3339")]
    pub(crate) time: SystemTime,
    pub(crate) client: IpAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) host: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) status: u16,
    pub(crate) end: &'static str,
    /// Which rule for requests was broken.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) rule: &'a str,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    #[serde(rename = "total_ms")]
    pub(crate) total: Millis,
    #[serde(rename = "connect_ms", skip_serializing_if = "Option::is_none")]
    pub(crate) connect: Option<Millis>,
    #[serde(rename = "first_byte_ms", skip_serializing_if = "Option::is_none")]
    pub(crate) first_byte: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) reused: bool,
    pub(crate) retries: u32,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) request_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) traceparent: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) amzn_trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) user_agent: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) error: &'a str,
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_millis(*time))
}

/// A time as milliseconds: microseconds are enough, and exact in a JSON number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) Duration);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = u32::try_from(self.0.as_micros()).unwrap_or(u32::MAX);
        serializer.serialize_f64(f64::from(micros) / 1000.0)
    }
}

impl Line<'_> {
    /// Appends the line as JSON.
    pub(crate) fn json(&self, out: &mut Vec<u8>) {
        // Writing to memory cannot fail, and every field is a plain value.
        let _infallible = serde_json::to_writer(&mut *out, self);
        out.push(b'\n');
    }

    /// Appends the line for human eyes. Control bytes of a client never reach the terminal.
    pub(crate) fn text(&self, out: &mut Vec<u8>) {
        let Self {
            status,
            method,
            target,
            bytes_out,
            end,
            rule,
            retries,
            total,
            ..
        } = self;
        let target: String = target.chars().flat_map(plain).collect();
        let _infallible = write!(out, "{status} {method} {target} {bytes_out} B in {:.1?}", total.0);
        if *end != "ok" {
            let _infallible = write!(out, " [{end}]");
        }
        if !rule.is_empty() {
            let _infallible = write!(out, " {rule}");
        }
        if *retries > 0 {
            let _infallible = write!(out, " after {retries} more tries");
        }
        if !self.error.is_empty() {
            let _infallible = write!(out, ": {}", self.error);
        }
        out.push(b'\n');
    }
}

/// A character as it is, or escaped where a terminal would take it for something else.
fn plain(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control() || character.is_whitespace();
    let (itself, escape) = if escaped {
        (None, Some(character.escape_default()))
    } else {
        (Some(character), None)
    };
    itself.into_iter().chain(escape.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line<'static> {
        Line {
            time: SystemTime::UNIX_EPOCH,
            client: "203.0.113.7".parse().unwrap(),
            peer: "10.0.0.4:40122".parse().unwrap(),
            method: "GET",
            target: "/a\"b\u{1b}[31m",
            host: "penguin.example",
            protocol: "HTTP/1.1",
            status: 502,
            end: "upstream.wait.closed",
            rule: "",
            bytes_in: 0,
            bytes_out: 321,
            total: Millis(Duration::from_micros(1_234)),
            connect: Some(Millis(Duration::from_micros(80))),
            first_byte: None,
            upstream: Some("127.0.0.1:3000".parse().unwrap()),
            reused: false,
            retries: 1,
            request_id: "0af7651916cd43dd8448eb211c80319c",
            traceparent: "",
            amzn_trace_id: "",
            user_agent: "curl/8",
            error: "connection closed",
        }
    }

    fn written(write: impl Fn(&Line<'static>, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&line(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_one_object_on_one_line() {
        let json = written(Line::json);
        insta::assert_snapshot!(json);
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        assert_eq!(json.lines().count(), 1);
    }

    #[test]
    fn text_shows_what_matters_and_no_control_bytes() {
        insta::assert_snapshot!(written(Line::text));
    }
}
