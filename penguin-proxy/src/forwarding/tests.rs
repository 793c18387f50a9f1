//! Whole messages on their way through.

use super::*;

/// A map of fields.
pub(super) fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    map
}

/// All fields, sorted, one to a line.
pub(super) fn shown(headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    lines.join("\n")
}

fn forwarding() -> Forwarding {
    Forwarding {
        trusted: "private".parse().expect("networks"),
        hsts: Some(HeaderValue::from_static("max-age=31536000")),
        underscores: false,
        tracing: Tracing::Propagate,
        via: Via::named("penguin-proxy"),
    }
}

fn hop(peer: &str) -> Hop {
    Hop {
        peer: peer.parse().expect("an address"),
        local_port: 8080,
    }
}

const IDS: [(&str, &str); 2] = [
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("x-request-id", "id-1"),
];

#[test]
fn request_behind_a_load_balancer() {
    let mut fields = vec![
        ("host", "penguin.example"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678"),
        ("x-forwarded-host", "outer.example"),
        ("forwarded", "for=127.0.0.1"),
        ("x_forwarded_for", "127.0.0.1"),
        ("proxy", "evil.example"),
        ("connection", "keep-alive"),
        ("cookie", "a=b"),
        ("via", "1.1 edge"),
    ];
    fields.extend(IDS);
    let mut request = headers(&fields);
    let forwarded = forwarding().request(&mut request, Version::HTTP_11, hop("[::ffff:10.0.3.7]:50000"));
    insta::assert_snapshot!(shown(&request), @r"
    cookie: a=b
    host: penguin.example
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    via: 1.1 edge
    via: 1.1 penguin-proxy
    x-amzn-trace-id: Root=1-67891233-abcdef012345678912345678
    x-forwarded-for: 203.0.113.9, 10.0.3.7
    x-forwarded-host: outer.example
    x-forwarded-port: 443
    x-forwarded-proto: https
    x-request-id: id-1
    ");
    assert_eq!(
        forwarded.client,
        Client {
            address: [203, 0, 113, 9].into(),
            https: true
        }
    );
    assert_eq!(forwarded.upgrade, None);
    assert_eq!(
        forwarded.dropped.as_deref(),
        Some("forwarded, x_forwarded_for, proxy")
    );
}

/// What is left of these fields, and what the log says is not.
fn passing(forwarding: &Forwarding, peer: &str, fields: &[(&str, &str)]) -> (Vec<String>, String) {
    let mut request = headers(fields);
    let forwarded = forwarding.request(&mut request, Version::HTTP_11, hop(peer));
    let passed = fields
        .iter()
        .filter(|(name, value)| request.get(*name).is_some_and(|left| left == value));
    (
        passed.map(|(name, _)| (*name).to_owned()).collect(),
        forwarded.dropped.as_deref().unwrap_or_default().to_owned(),
    )
}

#[test]
fn forwarded_headers_of_trusted_proxies_pass() {
    let fields = [
        ("x-forwarded-host", "outer.example"),
        ("x-forwarded-prefix", "/shop"),
        ("x-real-ip", "203.0.113.9"),
        ("x-original-url", "/admin"),
    ];
    let (passed, dropped) = passing(&forwarding(), "10.0.0.1:1", &fields);
    assert_eq!(passed, ["x-forwarded-host", "x-forwarded-prefix", "x-real-ip"]);
    assert_eq!(dropped, "x-original-url");
    let (passed, dropped) = passing(&forwarding(), "198.51.100.4:1", &fields);
    assert!(passed.is_empty(), "{passed:?}");
    assert_eq!(
        dropped,
        "x-forwarded-host, x-forwarded-prefix, x-real-ip, x-original-url"
    );
}

#[test]
fn underscores_pass_unless_they_alias_another_header() {
    let fields = [
        ("trace_id", "1"),
        ("x_forwarded_for", "127.0.0.1"),
        ("x_real_ip", "127.0.0.1"),
        ("proxy_authorization", "x"),
        ("x-user", "guest"),
        ("x_user", "root"),
        ("_", "1"),
    ];
    let (passed, dropped) = passing(&forwarding(), "10.0.0.1:1", &fields);
    assert_eq!(passed, ["x-user"]);
    assert_eq!(
        dropped,
        "trace_id, x_forwarded_for, x_real_ip, proxy_authorization, x_user, _"
    );
    let open = Forwarding {
        underscores: true,
        ..forwarding()
    };
    let (passed, dropped) = passing(&open, "10.0.0.1:1", &fields);
    assert_eq!(passed, ["trace_id", "x-user", "_"]);
    assert_eq!(dropped, "x_forwarded_for, x_real_ip, proxy_authorization, x_user");
    assert_eq!(passing(&open, "10.0.0.1:1", &[("accept", "*/*")]).1, "");
}

#[test]
fn forwarded_headers_of_untrusted_peers_are_replaced() {
    let mut request = headers(&[
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        IDS[0],
        IDS[1],
    ]);
    let forwarded = forwarding().request(&mut request, Version::HTTP_10, hop("198.51.100.4:50000"));
    assert_eq!(
        forwarded.client,
        Client {
            address: [198, 51, 100, 4].into(),
            https: false
        }
    );
    insta::assert_snapshot!(shown(&request), @r"
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    via: 1.0 penguin-proxy
    x-forwarded-for: 127.0.0.1, 198.51.100.4
    x-forwarded-port: 8080
    x-forwarded-proto: http
    x-request-id: id-1
    ");
}

#[test]
fn only_http11_upgrades() {
    let fields = [("connection", "upgrade"), ("upgrade", "websocket")];
    let mut request = headers(&fields);
    let forwarded = forwarding().request(&mut request, Version::HTTP_11, hop("10.0.0.1:1"));
    assert_eq!(forwarded.upgrade, Some(HeaderValue::from_static("websocket")));
    assert_eq!(request["connection"], "upgrade");
    let mut request = headers(&fields);
    assert_eq!(
        forwarding()
            .request(&mut request, Version::HTTP_10, hop("10.0.0.1:1"))
            .upgrade,
        None
    );
    assert!(!request.contains_key("upgrade") && !request.contains_key("connection"));
}

#[test]
fn response_over_https() {
    let mut request = headers(&[("x-forwarded-proto", "https"), IDS[0], IDS[1]]);
    let forwarded = forwarding().request(&mut request, Version::HTTP_11, hop("10.0.0.1:1"));
    let mut response = headers(&[
        ("server", "axum"),
        ("date", "Mon, 02 Nov 2026 10:00:00 GMT"),
        ("date", "Mon, 02 Nov 2026 10:00:01 GMT"),
        ("connection", "close, x-debug"),
        ("x-debug", "1"),
        ("keep-alive", "timeout=5"),
        ("x-request-id", "the app's own"),
    ]);
    forwarding().response(&mut response, StatusCode::OK, &forwarded);
    insta::assert_snapshot!(shown(&response), @r"
    date: Mon, 02 Nov 2026 10:00:00 GMT
    server: axum
    strict-transport-security: max-age=31536000
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    x-request-id: the app's own
    ");
    let mut own = headers(&[("strict-transport-security", "max-age=0")]);
    forwarding().response(&mut own, StatusCode::OK, &forwarded);
    assert_eq!(
        own["strict-transport-security"], "max-age=0",
        "the app knows better"
    );
}

#[test]
fn trailers_cannot_override_headers() {
    let mut fields = headers(&[
        ("grpc-status", "0"),
        ("server-timing", "db;dur=1"),
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
        ("host", "evil"),
        ("x-forwarded-for", "127.0.0.1"),
        ("authorization", "Basic eA=="),
        ("set-cookie", "a=b"),
        ("connection", "x"),
    ]);
    fields.append("trace_id", HeaderValue::from_static("1"));
    let mut of_the_app = fields.clone();
    request_trailers(&mut fields);
    assert_eq!(shown(&fields), "grpc-status: 0\nserver-timing: db;dur=1");
    response_trailers(&mut of_the_app);
    assert_eq!(
        shown(&of_the_app),
        "grpc-status: 0\nserver-timing: db;dur=1\ntrace_id: 1"
    );
}
