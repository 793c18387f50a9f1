//! Header fields of any kind through the forwarding rules.
#![no_main]

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use libfuzzer_sys::fuzz_target;
use penguin_proxy::forwarding::{Forwarding, Hop, Tracing, Via, request_trailers, response_trailers};

const NAMES: [&str; 14] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-port",
    "connection",
    "te",
    "upgrade",
    "keep-alive",
    "forwarded",
    "x_forwarded_for",
    "traceparent",
    "tracestate",
    "x-request-id",
    "transfer-encoding",
    "via",
];

fuzz_target!(|input: (Vec<(u8, Vec<u8>)>, bool)| {
    let (fields, trusted) = input;
    let mut headers = HeaderMap::new();
    for (name, value) in &fields {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            continue;
        };
        headers.append(
            HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]),
            value,
        );
    }
    let mut response = headers.clone();
    let mut trailing = headers.clone();
    let networks = if trusted { "10.0.0.0/8" } else { "" };
    let forwarding = Forwarding {
        trusted: networks.parse().expect("networks"),
        hsts: None,
        underscores: trusted,
        tracing: Tracing::Start,
        via: Via::default(),
    };
    let hop = Hop {
        peer: ([10, 0, 0, 1], 4711).into(),
        local_port: 8080,
    };

    let forwarded = forwarding.request(&mut headers, Version::HTTP_11, hop);
    assert!(trusted || forwarded.client.address == hop.peer.ip());
    assert!(trusted || !forwarded.client.https);
    assert!(headers["x-forwarded-for"].as_bytes().ends_with(b"10.0.0.1"));
    assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
    assert!(forwarded.trace.traceparent.is_some());
    assert_eq!(headers.contains_key("upgrade"), forwarded.upgrade.is_some());
    for gone in ["keep-alive", "transfer-encoding", "forwarded", "x_forwarded_for"] {
        assert!(!headers.contains_key(gone));
    }

    forwarding.response(&mut response, StatusCode::OK, &forwarded);
    assert!(!response.contains_key("connection") && !response.contains_key("upgrade"));
    response_trailers(&mut trailing);
    assert!(!trailing.contains_key("transfer-encoding") && !trailing.contains_key("x-forwarded-for"));
    request_trailers(&mut trailing);
    assert!(!trailing.contains_key("forwarded") && !trailing.contains_key("x_forwarded_for"));
});
