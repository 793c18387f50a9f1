//! What changes in the header fields of a message on its way through, in both directions. Operates on maps in
//! place; it must not know of sockets, and it decides nothing about whether a message may pass.
//!
//! Decisions worth knowing:
//! * **Via** is appended to requests, as RFC 9110 §7.6.3 demands of a gateway, and not to responses, where it is
//!   optional and would only tell the world what stands here.
//! * **Fields that pretend to come from a proxy** (`Forwarded`, `X-Forwarded-Host`, `X-Real-IP`,
//!   `X-Original-URL`, …) are removed, whoever sent them: a load balancer passes on what its client invented, and
//!   none of them says anything that Host and the three `X-Forwarded` fields do not.
//! * **Names with an underscore** are removed: CGI-like frameworks fold `X_Forwarded_For` and `X-Forwarded-For`
//!   into one variable, so they are the same trick in another spelling.

mod client;
mod hop_by_hop;
mod http2;
mod names;
mod networks;
mod trace;

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, FORWARDED, HOST, HeaderMap,
    HeaderName, HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VIA,
};
use http::{StatusCode, Version};

pub use self::client::{Client, Hop};
pub use self::http2::to_http2;
use self::names::Names;
pub use self::networks::{NetworkError, Networks, PRIVATE_NETWORKS};
pub use self::trace::Trace;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Fields that a neighbour could use to claim what only the proxy may say.
static PRETENDERS: [HeaderName; 11] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("front-end-https"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
    // Becomes the variable HTTP_PROXY in CGI programs, which then send their own requests through it.
    HeaderName::from_static("proxy"),
];

/// How messages are changed, decided once at start.
#[derive(Debug, Clone)]
pub struct Forwarding {
    /// The neighbours whose word about the client is believed.
    pub trusted: Networks,
    /// `Strict-Transport-Security` for clients that came over https and whose response has none; `None` adds none.
    pub hsts: Option<HeaderValue>,
}

/// What was learnt from a request on its way in, needed again on the way out and by the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// Who sent it.
    pub client: Client,
    /// How it is found in logs.
    pub trace: Trace,
    /// The protocols it asks to change to, if any.
    pub upgrade: Option<HeaderValue>,
}

impl Forwarding {
    /// Changes a request's fields into those that the app is sent.
    pub fn request(&self, headers: &mut HeaderMap, version: Version, hop: Hop) -> Forwarded {
        let peer = hop.peer.ip().to_canonical();
        let trusted = self.trusted.contains(peer);
        let names = Names::of(headers);
        let upgrade = if names.of_the_connection {
            hop_by_hop::strip_request(headers, version == Version::HTTP_11)
        } else {
            None
        };
        if names.pretending {
            remove_pretenders(headers);
        }
        let address = if names.forwarded_for {
            client::address(peer, &headers.get_all(FORWARDED_FOR), &self.trusted)
        } else {
            peer
        };
        client::append_forwarded_for(headers, peer, names.forwarded_for);
        let https = client::settle_scheme(headers, hop.local_port, trusted);
        headers.append(VIA, via(version));
        let trace = trace::settle(headers, names);
        Forwarded {
            client: Client { address, https },
            trace,
            upgrade,
        }
    }

    /// Changes a response's fields into those that the client is sent.
    ///
    /// Also for answers of the proxy itself, so that they carry the same ids.
    pub fn response(&self, headers: &mut HeaderMap, status: StatusCode, request: &Forwarded) {
        if names::some_are_of_the_connection(headers) {
            hop_by_hop::strip_response(headers, status == StatusCode::SWITCHING_PROTOCOLS);
        }
        keep_first(headers, &DATE);
        headers.insert(REQUEST_ID, request.trace.request_id.clone());
        headers.insert(trace::TRACEPARENT, request.trace.traceparent.clone());
        if let Some(hsts) = &self.hsts
            && request.client.https
            && !headers.contains_key(STRICT_TRANSPORT_SECURITY)
        {
            headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// Drops the trailer fields that would change what has already been decided: framing, routing, authentication,
/// and how the content is read (RFC 9110 §6.5.1).
pub fn trailers(trailers: &mut HeaderMap) {
    hop_by_hop::strip_response(trailers, false);
    if Names::of(trailers).pretending {
        remove_pretenders(trailers);
    }
    for name in [
        HOST,
        CONTENT_LENGTH,
        CONTENT_ENCODING,
        CONTENT_TYPE,
        CONTENT_RANGE,
        SET_COOKIE,
        FORWARDED_FOR,
        FORWARDED_PROTO,
        FORWARDED_PORT,
        REQUEST_ID,
        AMZN_TRACE_ID,
        http::header::AUTHORIZATION,
        http::header::CACHE_CONTROL,
        http::header::COOKIE,
        http::header::EXPECT,
        http::header::LOCATION,
        http::header::MAX_FORWARDS,
        http::header::RANGE,
        http::header::TRAILER,
        http::header::VARY,
        http::header::WWW_AUTHENTICATE,
    ] {
        trailers.remove(name);
    }
}

fn remove_pretenders(headers: &mut HeaderMap) {
    for name in &PRETENDERS {
        headers.remove(name);
    }
    let underscored: Vec<HeaderName> = headers
        .keys()
        .filter(|name| names::has_underscore(name.as_str()))
        .cloned()
        .collect();
    for name in underscored {
        headers.remove(name);
    }
}

/// Only the first of a field that can be there once.
fn keep_first(headers: &mut HeaderMap, name: &HeaderName) {
    let mut values = headers.get_all(name).iter();
    if let Some(first) = values.next().cloned()
        && values.next().is_some()
    {
        headers.insert(name, first);
    }
}

fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 penguin-proxy",
        Version::HTTP_2 => "2 penguin-proxy",
        _ => "1.1 penguin-proxy",
    })
}

#[cfg(test)]
mod tests;
