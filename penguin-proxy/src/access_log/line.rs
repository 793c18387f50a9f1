//! Fields of one log line, and its two formats: a JSON object for machines, a short text for terminals.

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use super::json::{CUT, Clock, Object};

/// Bytes that a field may have in a line, its escapes included: together fewer than 8 KiB. Docker splits longer lines
/// at 16 KiB, others earlier, and half a JSON object is none.
mod most {
    pub(super) const METHOD: usize = 32;
    pub(super) const TARGET: usize = 2048;
    pub(super) const HOST: usize = 256;
    /// Of the program's own: codes and names.
    pub(super) const WORD: usize = 64;
    pub(super) const ID: usize = 256;
    pub(super) const AMZN_TRACE_ID: usize = 512;
    pub(super) const USER_AGENT: usize = 1024;
    pub(super) const DROPPED: usize = 512;
    pub(super) const ERROR: usize = 1024;
}

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
    /// Names of the request's headers that were not forwarded.
    pub(crate) dropped: &'a str,
    pub(crate) error: &'a str,
}

impl Line<'_> {
    /// Appends the line as JSON.
    pub(super) fn json(&self, out: &mut Vec<u8>, clock: &mut Clock) {
        let mut object = Object::begin(out, self.time, clock);
        object.ip("client", self.client);
        object.socket("peer", self.peer);
        object.text("method", self.method, most::METHOD);
        object.text("target", self.target, most::TARGET);
        object.text_if_any("host", self.host, most::HOST);
        object.text("protocol", self.protocol, most::WORD);
        object.number("status", u64::from(self.status));
        object.text("end", self.end, most::WORD);
        object.text_if_any("rule", self.rule, most::WORD);
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
        object.text_if_any("request_id", self.request_id, most::ID);
        object.text_if_any("traceparent", self.traceparent, most::ID);
        object.text_if_any("amzn_trace_id", self.amzn_trace_id, most::AMZN_TRACE_ID);
        object.text_if_any("user_agent", self.user_agent, most::USER_AGENT);
        object.text_if_any("dropped", self.dropped, most::DROPPED);
        object.text_if_any("error", self.error, most::ERROR);
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
        let method = shortened(method, most::METHOD);
        let target = shortened(target, most::TARGET);
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
            let _infallible = write!(out, ": {}", cut(self.error, most::ERROR));
        }
        out.push(b'\n');
    }
}

/// A text for the terminal, cut where it is longer than `most` bytes.
fn shortened(text: &str, most: usize) -> String {
    let plain: String = text.chars().take(most).flat_map(plain).collect();
    cut(&plain, most).into_owned()
}

fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let kept = &text[..text.floor_char_boundary(most - CUT.len())];
    Cow::Owned([kept, CUT].concat())
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
    use proptest::prelude::*;

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
            dropped: "",
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

    proptest! {
        /// Whatever a client puts into its fields, and the worst of it: bytes that six take the place of.
        #[test]
        fn lines_are_valid_json_below_8_kib(text in any::<String>(), repeats in 1usize..3000) {
            let long = text.repeat(repeats.min(40_000 / text.len().max(1))) + &"\u{1}".repeat(repeats);
            let line = Line {
                peer: "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535".parse().unwrap(),
                client: "1111:1111:2222:3333:4444:5555:6666:7777".parse().unwrap(),
                upstream: Some("[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535".parse().unwrap()),
                method: &long,
                target: &long,
                host: &long,
                rule: "content-length-repeated",
                bytes_in: u64::MAX,
                bytes_out: u64::MAX,
                total: Duration::MAX,
                connect: Some(Duration::MAX),
                first_byte: Some(Duration::MAX),
                retries: u32::MAX,
                request_id: &long,
                traceparent: &long,
                amzn_trace_id: &long,
                user_agent: &long,
                dropped: &long,
                error: &long,
                ..line()
            };
            let mut json = Vec::new();
            line.json(&mut json, &mut Clock::default());
            prop_assert!(json.len() < 8 * 1024, "{}", json.len());
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
            let mut text = Vec::new();
            line.text(&mut text);
            prop_assert!(text.len() < 8 * 1024, "{}", text.len());
        }
    }

    #[test]
    fn text_shows_what_matters_and_no_control_bytes() {
        insta::assert_snapshot!(written(Line::text));
    }
}
