//! What a line holds, and its two forms: a JSON object for machines, a short text for a terminal.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::json::{Clock, Object};

/// One finished request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: SystemTime,
    pub(crate) client: IpAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) status: u16,
    pub(crate) end: &'static str,
    /// Which rule for requests was broken.
    pub(crate) rule: &'a str,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) total: Duration,
    pub(crate) connect: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) reused: bool,
    pub(crate) retries: u32,
    pub(crate) request_id: &'a str,
    pub(crate) traceparent: &'a str,
    pub(crate) amzn_trace_id: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) error: &'a str,
}

impl Line<'_> {
    /// Appends the line as JSON.
    pub(super) fn json(&self, out: &mut Vec<u8>, clock: &mut Clock) {
        let mut object = Object::begin(out, self.time, clock);
        object.ip("client", self.client);
        object.socket("peer", self.peer);
        object.text("method", self.method);
        object.text("target", self.target);
        object.text_if_any("host", self.host);
        object.text("protocol", self.protocol);
        object.number("status", u64::from(self.status));
        object.text("end", self.end);
        object.text_if_any("rule", self.rule);
        object.number("bytes_in", self.bytes_in);
        object.number("bytes_out", self.bytes_out);
        object.millis("total_ms", self.total);
        if let Some(connect) = self.connect {
            object.millis("connect_ms", connect);
        }
        if let Some(first_byte) = self.first_byte {
            object.millis("first_byte_ms", first_byte);
        }
        if let Some(upstream) = self.upstream {
            object.socket("upstream", upstream);
        }
        object.flag("reused", self.reused);
        object.number("retries", u64::from(self.retries));
        object.text_if_any("request_id", self.request_id);
        object.text_if_any("traceparent", self.traceparent);
        object.text_if_any("amzn_trace_id", self.amzn_trace_id);
        object.text_if_any("user_agent", self.user_agent);
        object.text_if_any("error", self.error);
        object.end();
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
        let _infallible = write!(out, "{status} {method} {target} {bytes_out} B in {total:.1?}");
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
            total: Duration::from_micros(1_234),
            connect: Some(Duration::from_micros(80)),
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
        let json = written(|line, out| line.json(out, &mut Clock::default()));
        insta::assert_snapshot!(json);
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        assert_eq!(json.lines().count(), 1);
    }

    #[test]
    fn text_shows_what_matters_and_no_control_bytes() {
        insta::assert_snapshot!(written(Line::text));
    }
}
