//! Properties of the rules for any input that can be thought of, and for more that cannot.

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};
use http_desync_guardian::RequestSafetyTier;
use penguin_proxy::compression::{Coding, Compression};
use penguin_proxy::forwarding::{Forwarding, Hop, Tracing, Via};
use penguin_proxy::head_scan::{Event, Framing, HeadScan, ScanLimits};
use proptest::prelude::*;

use super::judges::{Fate, fate, parse, tier};

/// Every event of a stream, cut where `cuts` says, and where each stood.
fn events(stream: &[u8], cuts: &[usize]) -> Vec<(usize, Event)> {
    let mut edges: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    edges.extend([0, stream.len()]);
    edges.sort_unstable();
    let mut scan = HeadScan::new(ScanLimits {
        head: 300,
        target: 100,
        fields: 6,
        ..ScanLimits::default()
    });
    let mut events = Vec::new();
    for edge in edges.windows(2) {
        let mut at = edge[0];
        while at < edge[1] {
            let step = scan.next(&stream[at..edge[1]]);
            at += step.taken;
            match step.event {
                Event::Partial => assert_eq!(at, edge[1], "a partial step takes everything"),
                Event::Refused(_) => {
                    events.push((0, step.event));
                    return events;
                }
                event => events.push((at, event)),
            }
        }
    }
    events
}

/// One of several texts.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(texts).prop_map(str::to_owned)
}

/// Field lines, most of them about framing, and many of them wrong.
fn field() -> impl Strategy<Value = String> {
    let names = one_of(&[
        "Host",
        "host",
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "transfer-encoding",
        "Content_Length",
        "ContentLength",
        "Transfer Encoding",
        "Transfer-Encoding ",
        " Content-Length",
        "\tHost",
        "X-Length",
        "Content-Length\0",
        "Transfer-Encod\u{131}ng",
        "X-Content-Length",
        "Content-Length-X",
        "Connection",
        "Expect",
        "",
        "X\u{1}Y",
        "Transfer--Encoding",
        "-Content-Length",
        "Upgrade",
        "Cookie",
    ]);
    let values = one_of(&[
        "a",
        "a.example",
        "0",
        "5",
        "05",
        "5, 5",
        "5,6",
        "+5",
        "-1",
        "0x5",
        "5 ",
        "18446744073709551616",
        "chunked",
        "Chunked",
        " chunked",
        "chunked ",
        "chunked, chunked",
        "gzip, chunked",
        "chunked, identity",
        "identity",
        "\"chunked\"",
        "xchunked",
        "chunked\u{b}",
        "chun\u{0}ked",
        "a\rb",
        "a b",
        "",
        "close",
        "100-continue",
        "websocket",
        "\u{e9}",
    ]);
    let colon = one_of(&[": ", ":", " : ", "", ":\t"]);
    let end = one_of(&[
        "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\r\n", "\r\n ", "\n\r",
    ]);
    (names, colon, values, end).prop_map(|(name, colon, value, end)| format!("{name}{colon}{value}{end}"))
}

/// Heads that are nearly requests.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let methods = one_of(&[
        "GET", "POST", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "G\0ET", "", "PROPFIND", "GE T",
    ]);
    let targets = one_of(&[
        "/",
        "/a/../b?c=d",
        "*",
        "http://a.example/x",
        "a.example:80",
        "/a b",
        "/\u{e9}",
        "/%zz",
        "/#f",
        "",
        "/\u{1}",
        "http://u@a/",
        "//a/b",
        "/?\u{7f}",
        "?q",
    ]);
    let versions = one_of(&[
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/0.9",
        "http/1.1",
        "HTTP/1.1 ",
        "",
        "HTTP/1.10",
    ]);
    let space = one_of(&[" ", " ", " ", " ", "  ", "\t", ""]);
    let end = one_of(&["\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n"]);
    let start = one_of(&["", "", "", "\r\n", "\n", "\r\n\r\n\r\n\r\n"]);
    let fields = proptest::collection::vec(field(), 0..6);
    (start, methods, space, targets, versions, end, fields).prop_map(
        |(start, method, space, target, version, end, fields)| {
            let fields = fields.concat();
            format!("{start}{method}{space}{target} {version}{end}Host: a\r\n{fields}\r\n").into_bytes()
        },
    )
}

/// Bytes, near-requests behind each other, and near-requests with a byte changed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let heads = proptest::collection::vec(head(), 1..4).prop_map(|heads| heads.concat());
    let spoilt = (heads, any::<proptest::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    });
    let heads = proptest::collection::vec(head(), 1..4).prop_map(|heads| heads.concat());
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..400), heads, spoilt]
}

/// A chunked body, its content, and how it is spelt.
fn chunked() -> impl Strategy<Value = Vec<u8>> {
    let extension = one_of(&["", "", "", ";a", ";a=b", ";a=\"b;c\"", "; a", ";"]);
    let size_end = one_of(&["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", " \r\n"]);
    let chunk = (proptest::collection::vec(any::<u8>(), 1..20), extension, size_end).prop_map(
        |(data, extension, size_end)| {
            let mut chunk = format!("{:x}{extension}{size_end}", data.len()).into_bytes();
            chunk.extend(data);
            chunk.extend(b"\r\n");
            chunk
        },
    );
    let end = one_of(&[
        "0\r\n\r\n",
        "0\r\n\r\n",
        "00\r\nx: y\r\n\r\n",
        "0\r\nx : y\r\n\r\n",
        "0\r\n",
        "-0\r\n\r\n",
        "0\n\n",
    ]);
    (proptest::collection::vec(chunk, 0..4), end).prop_map(|(chunks, end)| {
        let mut body = chunks.concat();
        body.extend(end.into_bytes());
        body
    })
}

/// Where a chunked body ends, read without any tolerance, or `None`. Written apart from the scanner, and plainly.
fn end_of_chunked(body: &[u8]) -> Option<usize> {
    let line = |at: usize| {
        let length = body[at..].windows(2).position(|pair| pair == b"\r\n")?;
        Some((&body[at..at + length], at + length + 2))
    };
    let mut at = 0;
    loop {
        let (size_line, next) = line(at)?;
        let size = size_line.split(|&byte| byte == b';').next()?;
        let size = u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        at = next;
        if size == 0 {
            break;
        }
        at += usize::try_from(size).ok()?;
        if body.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
    }
    loop {
        let (trailer, next) = line(at)?;
        at = next;
        if trailer.is_empty() {
            return Some(at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No cut changes what is told of a stream.
    #[test]
    fn results_do_not_depend_on_pieces(stream in stream(), cuts in proptest::collection::vec(any::<usize>(), 0..40)) {
        let whole = events(&stream, &[]);
        prop_assert_eq!(&whole, &events(&stream, &cuts));
        let bytes: Vec<usize> = (0..stream.len()).collect();
        prop_assert_eq!(&whole, &events(&stream, &bytes));
    }

    /// The app sees nothing that a load balancer would block, and an ambiguous request is the last of its
    /// connection.
    #[test]
    fn dangerous_requests_do_not_pass(head in head()) {
        let tier = tier(&head);
        match fate(&head) {
            Fate::Admitted { closes } => {
                prop_assert_ne!(tier, RequestSafetyTier::Severe, "{}", head.escape_ascii());
                prop_assert!(
                    closes || tier != RequestSafetyTier::Ambiguous,
                    "ambiguous and kept: {}", head.escape_ascii()
                );
            }
            Fate::Refused(refusal) => prop_assert!(
                refusal.closes() || tier < RequestSafetyTier::Ambiguous,
                "refused for {} and kept: {}", refusal.code(), head.escape_ascii()
            ),
            Fate::Unfinished => {}
        }
    }

    /// A head that the scanner accepts is accepted by the parser, and both see the same body behind it.
    #[test]
    fn scanner_and_parser_agree(head in head()) {
        let step = HeadScan::new(ScanLimits::default()).next(&head);
        let Event::Head(framing) = step.event else { return Ok(()) };
        let parts = parse(&head[..step.taken]);
        let length = parts.headers.get("content-length").map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
        let chunked = parts.headers.contains_key("transfer-encoding");
        match framing {
            Framing::Length(length_seen) => {
                prop_assert_eq!(length.unwrap_or(0), length_seen);
                prop_assert!(!chunked);
            }
            Framing::Chunked => prop_assert!(chunked && length.is_none()),
        }
    }

    /// A chunked body that is accepted ends where a reader without tolerance says that it does.
    #[test]
    fn chunked_bodies_have_one_end(
        body in chunked(), spoil in proptest::option::of((any::<proptest::sample::Index>(), any::<u8>())),
    ) {
        let mut body = body;
        if let Some((at, byte)) = spoil {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.extend(b"GET /next HTTP/1.1\r\n");
        let mut scan = HeadScan::new(ScanLimits::default());
        scan.next(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
        let step = scan.next(&body);
        if step.event == Event::End {
            prop_assert_eq!(end_of_chunked(&body), Some(step.taken), "{}", body.escape_ascii());
        }
    }

    /// Whoever writes whatever: the client is the peer or somebody whom the peer named, the peer is appended, and
    /// nothing of one connection travels on.
    #[test]
    fn forwarded_requests_are_clean(
        fields in proptest::collection::vec((one_of(&[
            "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "connection", "te", "upgrade", "keep-alive",
            "x_forwarded_for", "forwarded", "traceparent", "x-request-id", "transfer-encoding", "proxy-connection",
        ]), prop_oneof![
            one_of(&["192.0.2.1", "10.0.0.9, 192.0.2.7", "https", "upgrade, te", "websocket", "trailers", "[::1]:5", ","]),
            "[ -~]{0,20}",
        ]), 0..8),
        peer in prop_oneof![Just([10, 0, 0, 1]), Just([198, 51, 100, 1])],
        (underscores, starts) in any::<(bool, bool)>(),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in &fields {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let told: Vec<HeaderValue> = headers.get_all("x-forwarded-for").iter().cloned().collect();
        let tracing = if starts { Tracing::Start } else { Tracing::Propagate };
        let forwarding = Forwarding { trusted: "10.0.0.0/8".parse().unwrap(), hsts: None, underscores, tracing, via: Via::default() };
        let hop = Hop { peer: (peer, 1234).into(), local_port: 8080 };
        let forwarded = forwarding.request(&mut headers, Version::HTTP_11, hop);
        let client = forwarded.client.address;
        let named = told.iter().any(|value| value.to_str().unwrap().contains(&client.to_string()));
        prop_assert!(client == hop.peer.ip() || peer[0] == 10 && (named || client.is_ipv6()));
        let appended = headers.get("x-forwarded-for").unwrap().to_str().unwrap();
        prop_assert!(appended.ends_with(&hop.peer.ip().to_string()));
        prop_assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
        for gone in ["keep-alive", "transfer-encoding", "proxy-connection", "forwarded", "x_forwarded_for"] {
            prop_assert!(!headers.contains_key(gone), "{}", gone);
        }
        prop_assert_eq!(headers.contains_key("upgrade"), forwarded.upgrade.is_some());
        for single in ["x-forwarded-proto", "x-forwarded-port", "x-request-id"] {
            prop_assert_eq!(headers.get_all(single).iter().count(), 1, "{}", single);
        }
        prop_assert_eq!(&headers["x-request-id"], &forwarded.trace.request_id);
        let came = fields.iter().filter(|(name, _)| name == "traceparent").count();
        prop_assert_eq!(headers.get_all("traceparent").iter().count(), if starts { 1 } else { came });
        prop_assert!(!starts || forwarded.trace.traceparent.is_some());
    }

    /// Accept-Encoding may say anything: its order does not matter between equals, and a refusal is a refusal.
    #[test]
    fn compression_follows_accept_encoding(members in proptest::collection::vec(prop_oneof![
        one_of(&["gzip", "zstd", "identity", "*", "br", "gzip;q=0", "zstd;q=0.5", "*;q=0.1", "x-gzip;q=1", "identity;q=0"]),
        "[ -~]{0,12}",
    ], 0..6)) {
        let coding = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap());
            Compression::default().negotiate(&Method::GET, Version::HTTP_11, &headers).coding()
        };
        let chosen = coding(&members.join(","));
        let mut reversed: Vec<String> = members.join(",").split(',').map(str::to_owned).collect();
        reversed.reverse();
        prop_assert_eq!(chosen, coding(&reversed.join(",")));
        let refused = coding(&format!("{},gzip;q=0,zstd;q=0", members.join(",")));
        prop_assert_eq!(refused, None);
        let named = |name: &str| members.iter().any(|member| member.to_ascii_lowercase().contains(name));
        match chosen {
            Some(Coding::Gzip) => prop_assert!(named("gzip") || named("*")),
            Some(Coding::Zstd) => prop_assert!(named("zstd") || named("*")),
            None => {}
        }
    }
}
