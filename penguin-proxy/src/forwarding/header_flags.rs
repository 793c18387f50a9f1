//! Flags for the headers that need changes, found in one pass over the names.

use http::HeaderName;
use http::header::HeaderMap;

/// What the names of a message's fields tell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct HeaderFlags {
    /// Some belong to one connection and end here.
    pub(super) of_the_connection: bool,
    /// Some could be spoofed: fields that proxies set, and names with an underscore.
    pub(super) spoofable: bool,
    pub(super) forwarded_for: bool,
    pub(super) traceparent: bool,
    pub(super) tracestate: bool,
    pub(super) request_id: bool,
    pub(super) via: bool,
}

impl HeaderFlags {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut names = Self::default();
        for name in headers.keys() {
            names.note(name);
        }
        names
    }

    fn note(&mut self, name: &HeaderName) {
        let name = name.as_str();
        self.spoofable |= has_underscore(name);
        self.of_the_connection |= is_of_the_connection(name);
        // By length first: by it alone most names differ from all of these.
        match name.len() {
            3 => self.via |= name == "via",
            5 => self.spoofable |= name == "proxy",
            9 => self.spoofable |= matches!(name, "forwarded" | "x-real-ip"),
            10 => self.tracestate |= name == "tracestate",
            11 => self.traceparent |= name == "traceparent",
            12 => self.request_id |= name == "x-request-id",
            13 => self.spoofable |= name == "x-rewrite-url",
            14 => self.spoofable |= name == "x-original-url",
            15 => {
                self.forwarded_for |= name == "x-forwarded-for";
                self.spoofable |= matches!(name, "x-forwarded-ssl" | "front-end-https");
            }
            16 => self.spoofable |= name == "x-forwarded-host",
            18 => {
                self.spoofable |= matches!(
                    name,
                    "x-forwarded-prefix" | "x-forwarded-scheme" | "x-forwarded-server"
                );
            }
            _ => {}
        }
    }
}

/// Whether some fields belong to one connection and end here.
pub(super) fn some_are_of_the_connection(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| is_of_the_connection(name.as_str()))
}

fn is_of_the_connection(name: &str) -> bool {
    match name.len() {
        2 => name == "te",
        7 => name == "upgrade",
        10 => matches!(name, "connection" | "keep-alive"),
        14 => name == "http2-settings",
        16 => name == "proxy-connection",
        17 => name == "transfer-encoding",
        18 => name == "proxy-authenticate",
        19 => name == "proxy-authorization",
        _ => false,
    }
}

/// Whether a proxy on the way, or this one, says something in a field of this name.
pub(super) fn means_something(name: &str) -> bool {
    is_of_the_connection(name)
        || name.starts_with("x-forwarded-")
        || matches!(
            name,
            "host"
                | "content-length"
                | "content-type"
                | "authorization"
                | "cookie"
                | "x-request-id"
                | "x-amzn-trace-id"
                | "via"
        )
}

pub(super) fn has_underscore(name: &str) -> bool {
    name.as_bytes().contains(&b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forwarding::hop_by_hop::OF_THE_CONNECTION;
    use crate::forwarding::tests::headers;
    use crate::forwarding::{FORWARDED_FOR, REQUEST_ID, SPOOFABLE, trace};
    use http::header::CONNECTION;

    fn of(name: &str) -> HeaderFlags {
        HeaderFlags::of(&headers(&[("accept", "*/*"), (name, "x"), ("host", "a")]))
    }

    #[test]
    fn relevant_headers_set_their_flag() {
        for name in OF_THE_CONNECTION.iter().chain([&CONNECTION]) {
            assert!(of(name.as_str()).of_the_connection, "{name}");
            assert!(
                some_are_of_the_connection(&headers(&[(name.as_str(), "x")])),
                "{name}"
            );
        }
        for name in SPOOFABLE.iter().map(HeaderName::as_str).chain(["a_b", "_"]) {
            assert!(of(name).spoofable, "{name}");
        }
        assert!(of(FORWARDED_FOR.as_str()).forwarded_for);
        assert!(of(REQUEST_ID.as_str()).request_id);
        assert!(of("via").via);
        assert!(of(trace::TRACEPARENT.as_str()).traceparent);
        assert!(of(trace::TRACESTATE.as_str()).tracestate);
    }

    #[test]
    fn other_headers_set_no_flag() {
        for name in [
            "accept",
            "x-forwarded-proto",
            "x-amzn-trace-id",
            "user-agent",
            "x-a",
            "tea",
            "cookie",
        ] {
            assert_eq!(of(name), HeaderFlags::default(), "{name}");
            assert!(!some_are_of_the_connection(&headers(&[(name, "x")])), "{name}");
        }
    }
}
