//! What changes in the headers of a message on its way through, in both directions. Operates on maps in
//! place; it must not know of sockets, and it decides nothing about whether a message may pass.
//!
//! Decisions worth knowing:
//! * **Via** is appended to requests, as RFC 9110 §7.6.3 demands of a gateway, and not to responses, where it is
//!   optional and would only tell the world what stands here. Its name is unique, so that a request that leads back is
//!   recognized.
//! * **Fields that only a proxy may set** (`Forwarded`, `X-Original-URL`, …) are removed, whoever sent them: a load
//!   balancer forwards what its client invented, and none of them says anything that Host and the three `X-Forwarded`
//!   fields do not. `X-Forwarded-Host`, `X-Forwarded-Prefix` and `X-Real-IP` pass from trusted peers.
//! * **Names with an underscore** pass where the operator says so, and by default to apps of HTTP/2, where they are
//!   legal gRPC metadata. CGI-like frameworks fold `X_Forwarded_For` and `X-Forwarded-For` into one variable, so a
//!   spelling of a name that means something here, or that the message also has with dashes, never passes.
//! * What is removed for these reasons is named in the request's log line.

mod client;
mod header_flags;
mod hop_by_hop;
mod http2;
mod trace;
mod trusted_networks;
mod via;

use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, FORWARDED, HOST, HeaderMap,
    HeaderName, HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VIA,
};
use http::{StatusCode, Version};

pub use self::client::{Client, Hop};
use self::header_flags::HeaderFlags;
pub use self::http2::to_http2;
pub use self::trace::{Trace, Tracing};
pub use self::trusted_networks::{NetworkError, Networks, PRIVATE_NETWORKS};
pub use self::via::Via;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Fields that a neighbour could use to claim what only the proxy may say.
static SPOOFABLE: [HeaderName; 11] = [
    FORWARDED,
    FORWARDED_HOST,
    HeaderName::from_static("x-forwarded-server"),
    FORWARDED_PREFIX,
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-forwarded-ssl"),
    HeaderName::from_static("front-end-https"),
    REAL_IP,
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
    // Becomes the variable HTTP_PROXY in CGI programs, which then send their own requests through it.
    HeaderName::from_static("proxy"),
];
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// Those among them that a trusted peer may set.
const FROM_TRUSTED_PEERS: [HeaderName; 3] = [FORWARDED_HOST, FORWARDED_PREFIX, REAL_IP];

/// How messages are changed, decided once at start.
#[derive(Debug, Clone)]
pub struct Forwarding {
    /// The neighbours whose word about the client is believed.
    pub trusted: Networks,
    /// `Strict-Transport-Security` for clients that came over https and whose response has none; `None` adds none.
    pub hsts: Option<HeaderValue>,
    /// Whether names with an underscore are forwarded.
    pub underscores: bool,
    /// Whether traces begin here.
    pub tracing: Tracing,
    /// How this proxy names itself.
    pub via: Via,
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
    /// Names of the headers that were not forwarded, though they belong to the whole way.
    pub dropped: Option<Box<str>>,
    /// This proxy forwarded the request before: it leads back here.
    pub looped: bool,
}

impl Forwarding {
    /// Changes a request's fields into those that the app is sent.
    pub fn request(&self, headers: &mut HeaderMap, version: Version, hop: Hop) -> Forwarded {
        let peer = hop.peer.ip().to_canonical();
        let trusted = self.trusted.contains(peer);
        let names = HeaderFlags::of(headers);
        let upgrade = if names.of_the_connection {
            hop_by_hop::strip_request(headers, version == Version::HTTP_11)
        } else {
            None
        };
        let dropped = if names.spoofable {
            self.drop_spoofable(headers, trusted)
        } else {
            None
        };
        let address = if names.forwarded_for {
            client::address(peer, &headers.get_all(FORWARDED_FOR), &self.trusted)
        } else {
            peer
        };
        client::append_forwarded_for(headers, peer, names.forwarded_for);
        let https = client::normalize_scheme(headers, hop.local_port, trusted);
        let looped = names.via && self.via.is_in(headers);
        headers.append(VIA, self.via.value(version));
        let trace = trace::normalize(headers, names, self.tracing);
        Forwarded {
            client: Client { address, https },
            trace,
            upgrade,
            dropped,
            looped,
        }
    }

    /// Removes what could be spoofed, and gives its names.
    fn drop_spoofable(&self, headers: &mut HeaderMap, trusted: bool) -> Option<Box<str>> {
        let passes = |name: &HeaderName| {
            if header_flags::has_underscore(name.as_str()) {
                self.underscores && !is_another_spelling(name, headers)
            } else {
                !SPOOFABLE.contains(name) || (trusted && FROM_TRUSTED_PEERS.contains(name))
            }
        };
        let dropped: Vec<HeaderName> = headers.keys().filter(|name| !passes(name)).cloned().collect();
        for name in &dropped {
            headers.remove(name);
        }
        let dropped: Vec<&str> = dropped.iter().map(HeaderName::as_str).collect();
        (!dropped.is_empty()).then(|| dropped.join(", ").into())
    }

    /// Changes a response's fields into those that the client is sent.
    ///
    /// Also for responses of the proxy itself, so that they carry the same ids.
    pub fn response(&self, headers: &mut HeaderMap, status: StatusCode, request: &Forwarded) {
        if header_flags::some_are_of_the_connection(headers) {
            hop_by_hop::strip_response(headers, Some(status));
        }
        keep_first(headers, &DATE);
        if !headers.contains_key(REQUEST_ID) {
            headers.insert(REQUEST_ID, request.trace.request_id.clone());
        }
        if let Some(traceparent) = &request.trace.traceparent {
            headers.insert(trace::TRACEPARENT, traceparent.clone());
        }
        if let Some(hsts) = &self.hsts
            && request.client.https
            && !headers.contains_key(STRICT_TRANSPORT_SECURITY)
        {
            headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// Drops the trailer fields of a request that would change what has already been decided: framing, routing,
/// authentication, and how the content is read (RFC 9110 §6.5.1).
pub fn request_trailers(trailers: &mut HeaderMap) {
    let dropped: Vec<HeaderName> = trailers
        .keys()
        .filter(|name| SPOOFABLE.contains(name) || header_flags::has_underscore(name.as_str()))
        .cloned()
        .collect();
    for name in dropped {
        trailers.remove(name);
    }
    response_trailers(trailers);
}

/// The same for a response: the app may name its metadata as it likes.
pub fn response_trailers(trailers: &mut HeaderMap) {
    hop_by_hop::strip_response(trailers, None);
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

/// Whether a name with an underscore is, to a framework that folds the two, one that means something to a proxy, or that
/// the message has as well.
fn is_another_spelling(name: &HeaderName, headers: &HeaderMap) -> bool {
    let dashed = name.as_str().replace('_', "-");
    headers.contains_key(&dashed)
        || header_flags::means_something(&dashed)
        || SPOOFABLE.iter().any(|known| known.as_str() == dashed)
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

#[cfg(test)]
mod tests;
