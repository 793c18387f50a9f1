//! `PROXY_READ_TIMEOUT`: time between two pieces of a response, by content type.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;

use super::parse::{self, Refused};

/// With `auto`.
const USUAL: Duration = Duration::from_mins(1);
/// Responses that are silent for long by their nature.
const SILENT_BY_NATURE: [&[u8]; 2] = [b"text/event-stream", b"application/grpc"];

/// The limit between two pieces of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadTimeout {
    /// One minute, and none for event streams and gRPC.
    Auto,
    /// This long for every response, or no limit.
    Every(Option<Duration>),
}

impl ReadTimeout {
    /// The limit for a response with this `Content-Type`.
    pub(crate) fn of(self, content_type: Option<&HeaderValue>) -> Option<Duration> {
        let silent = || {
            content_type.is_some_and(|kind| {
                let kind = kind.as_bytes();
                SILENT_BY_NATURE.iter().any(|name| {
                    kind.get(..name.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(name))
                })
            })
        };
        match self {
            Self::Auto => (!silent()).then_some(USUAL),
            Self::Every(limit) => limit,
        }
    }
}

impl fmt::Display for ReadTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Every(Some(limit)) => humantime::format_duration(*limit).fmt(f),
            Self::Every(None) => f.write_str("off"),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<ReadTimeout, Refused> {
    match text {
        "auto" => Ok(ReadTimeout::Auto),
        "off" => Ok(ReadTimeout::Every(None)),
        _ => parse::positive(text).map(|limit| ReadTimeout::Every(Some(limit))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_streams_have_a_read_timeout_only_if_configured() {
        let limit = |setting, kind| parse(setting).unwrap().of(Some(&HeaderValue::from_static(kind)));
        let (minute, second) = (Some(Duration::from_mins(1)), Some(Duration::from_secs(1)));
        for (kind, auto) in [
            ("text/html", minute),
            ("text/event-stream", None),
            ("Text/Event-Stream; charset=utf-8", None),
            ("application/grpc+proto", None),
            ("application/json", minute),
        ] {
            assert_eq!(limit("auto", kind), auto, "{kind}");
            assert_eq!(limit("1s", kind), second, "{kind}");
            assert_eq!(limit("off", kind), None, "{kind}");
        }
        assert_eq!(ReadTimeout::Auto.of(None), minute);
        assert!(parse("0s").is_err() && parse("soon").is_err());
        for text in ["auto", "off", "1s"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }
}
