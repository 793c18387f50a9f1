//! Removal of hop-by-hop headers (RFC 9110 §7.6.1), those nominated by `Connection` included. Upgrades are forwarded.

use http::StatusCode;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Fields of one connection, besides `Connection` and what it nominates.
pub(super) static OF_THE_CONNECTION: [HeaderName; 8] = [
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HTTP2_SETTINGS,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Fields that `Connection` cannot nominate away: without them the message means something else, or the app
/// takes a stranger for a neighbour.
const NOT_FOR_NOMINATION: [HeaderName; 10] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    http::header::AUTHORIZATION,
    http::header::COOKIE,
    super::FORWARDED_FOR,
    super::FORWARDED_PROTO,
    super::FORWARDED_PORT,
    super::REQUEST_ID,
    super::AMZN_TRACE_ID,
];

/// Removes the fields of the client's connection from a request and returns the protocol it asks to change
/// to, if it does and may. `te: trailers` stays, because trailers are forwarded.
///
/// Only HTTP/1.1 can change to another protocol in this way (`may_upgrade`).
pub(super) fn strip_request(headers: &mut HeaderMap, may_upgrade: bool) -> Option<HeaderValue> {
    let wants_trailers = headers.get_all(TE).iter().any(|value| lists(value, "trailers"));
    let upgrade = may_upgrade.then(|| take_upgrade(headers)).flatten();
    strip(headers);
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = &upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    } else if wants_trailers {
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    upgrade
}

/// Removes the fields of the upstream's connection from a response. `Upgrade` is kept in the two statuses that consist of
/// it (RFC 9110 §15.2.2, §15.5.22).
pub(super) fn strip_response(headers: &mut HeaderMap, status: Option<StatusCode>) {
    let kept = matches!(
        status,
        Some(StatusCode::SWITCHING_PROTOCOLS | StatusCode::UPGRADE_REQUIRED)
    );
    let upgrade = kept.then(|| headers.get(UPGRADE).cloned()).flatten();
    strip(headers);
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let nominated: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(members)
            .filter_map(|member| HeaderName::from_bytes(member).ok())
            .filter(|name| !NOT_FOR_NOMINATION.contains(name))
            .collect();
        for name in nominated {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in &OF_THE_CONNECTION {
        headers.remove(name);
    }
}

/// The protocols that a request offers, if `Connection` nominates `Upgrade`. HTTP/2 is never among them: behind
/// a changed protocol of HTTP itself, requests would reach the app without passing any rule.
fn take_upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let nominated = headers
        .get_all(CONNECTION)
        .iter()
        .any(|value| lists(value, "upgrade"));
    if !nominated {
        return None;
    }
    let offered: Vec<&[u8]> = headers.get_all(UPGRADE).iter().flat_map(members).collect();
    let allowed: Vec<&[u8]> = offered
        .iter()
        .copied()
        .filter(|protocol| !is_http(protocol))
        .collect();
    if allowed.is_empty() {
        return None;
    }
    HeaderValue::from_bytes(&allowed.join(&b", "[..])).ok()
}

fn is_http(protocol: &[u8]) -> bool {
    let name = protocol.split(|&byte| byte == b'/').next().unwrap_or_default();
    ["h2c", "h2", "http", "h3", "tls"]
        .iter()
        .any(|http| name.eq_ignore_ascii_case(http.as_bytes()))
}

/// Whether a list holds a word, whatever its case and parameters.
fn lists(value: &HeaderValue, word: &str) -> bool {
    members(value).any(|member| {
        let name = member.split(|&byte| byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
    })
}

fn members(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value
        .as_bytes()
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forwarding::tests::{headers, shown};

    #[test]
    fn hop_by_hop_headers_are_removed() {
        let mut request = headers(&[
            ("connection", "close, X-Secret"),
            ("connection", "keep-alive"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "x"),
            ("proxy-authorization", "x"),
            ("te", "gzip, trailers;q=1"),
            ("transfer-encoding", "chunked"),
            ("x-secret", "1"),
            ("accept", "*/*"),
        ]);
        assert_eq!(strip_request(&mut request, true), None);
        assert_eq!(shown(&request), "accept: */*\nconnection: te\nte: trailers");
    }

    #[test]
    fn connection_header_cannot_remove_essential_headers() {
        let mut request = headers(&[
            (
                "connection",
                "host, cookie, x-forwarded-for, content-length, accept",
            ),
            ("host", "a"),
            ("cookie", "b"),
            ("content-length", "1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("accept", "*/*"),
        ]);
        strip_request(&mut request, true);
        assert_eq!(
            shown(&request),
            "content-length: 1\ncookie: b\nhost: a\nx-forwarded-for: 192.0.2.1"
        );
    }

    #[test]
    fn upgrades_pass_but_http_does_not() {
        let upgrade = |connection, upgrade| {
            let mut request = headers(&[
                ("connection", connection),
                ("upgrade", upgrade),
                ("http2-settings", "AA"),
            ]);
            let offered = strip_request(&mut request, true);
            assert_eq!(request.contains_key(UPGRADE), offered.is_some());
            assert!(!request.contains_key("http2-settings"));
            offered.map(|value| value.to_str().expect("text").to_owned())
        };
        assert_eq!(
            upgrade("keep-alive, Upgrade", "websocket").as_deref(),
            Some("websocket")
        );
        assert_eq!(upgrade("upgrade", "h2c, WebSocket").as_deref(), Some("WebSocket"));
        assert_eq!(upgrade("Upgrade, HTTP2-Settings", "h2c"), None);
        assert_eq!(upgrade("upgrade", "TLS/1.2, HTTP/2.0"), None);
        assert_eq!(upgrade("close", "websocket"), None);
    }

    #[test]
    fn responses() {
        let fields = [
            ("connection", "upgrade, x-hop"),
            ("upgrade", "websocket"),
            ("x-hop", "1"),
            ("etag", "\"a\""),
        ];
        for status in [StatusCode::SWITCHING_PROTOCOLS, StatusCode::UPGRADE_REQUIRED] {
            let mut response = headers(&fields);
            strip_response(&mut response, Some(status));
            assert_eq!(
                shown(&response),
                "connection: upgrade\netag: \"a\"\nupgrade: websocket"
            );
        }
        for status in [Some(StatusCode::OK), None] {
            let mut response = headers(&fields);
            strip_response(&mut response, status);
            assert_eq!(shown(&response), "etag: \"a\"");
        }
    }
}
