//! Address and scheme of the client, from trusted `X-Forwarded-*` headers or the connection.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{GetAll, HeaderMap, HeaderValue};

use super::trusted_networks::Networks;
use super::{FORWARDED_FOR, FORWARDED_PORT, FORWARDED_PROTO};
use crate::decimal;

/// The connection that a request came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The other end: a load balancer, or a client without one.
    pub peer: SocketAddr,
    /// The port that the connection was accepted on.
    pub local_port: u16,
}

/// The client behind all trusted neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks https, to whoever ends TLS before us.
    pub https: bool,
}

/// Reads the client's address from the right: the peer itself, unless it is trusted; then the last address that
/// it names, unless that is trusted; and so on. What stands further left may be invented.
pub(super) fn address(peer: IpAddr, forwarded_for: &GetAll<'_, HeaderValue>, trusted: &Networks) -> IpAddr {
    let mut client = peer;
    if !trusted.contains(client) {
        return client;
    }
    for value in forwarded_for.iter().rev() {
        for member in value.as_bytes().rsplit(|&byte| byte == b',') {
            let Some(address) = parse(member) else {
                // Nothing can be believed beyond a name that is no address.
                return client;
            };
            client = address;
            if !trusted.contains(client) {
                return client;
            }
        }
    }
    client
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn parse(member: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(member).ok()?.trim_ascii();
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| {
            text.trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<IpAddr>()
        });
    address.ok().map(|address| address.to_canonical())
}

/// Appends the peer to X-Forwarded-For, as one line. `some` tells whether there are any.
pub(super) fn append_forwarded_for(headers: &mut HeaderMap, peer: IpAddr, some: bool) {
    let mut joined: Vec<u8> = Vec::with_capacity(64);
    if some {
        for value in headers.get_all(FORWARDED_FOR) {
            joined.extend_from_slice(value.as_bytes());
            joined.extend_from_slice(b", ");
        }
    }
    decimal::ip(&mut joined, peer);
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(joined)) {
        headers.insert(FORWARDED_FOR, value);
    }
}

/// Settles X-Forwarded-Proto and X-Forwarded-Port: a trusted peer's word, else what this connection is.
/// Returns whether the client speaks https.
pub(super) fn normalize_scheme(headers: &mut HeaderMap, local_port: u16, trusted: bool) -> bool {
    let told = if trusted { told_scheme(headers) } else { None };
    let https = told.unwrap_or(false);
    let scheme = if https { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme));
    let port_is_told = trusted && told_port(headers);
    if !port_is_told {
        // TLS ends at a neighbour that did not name its port: the usual one.
        let port = if https { 443 } else { local_port };
        headers.insert(FORWARDED_PORT, HeaderValue::from(port));
    }
    https
}

fn told_scheme(headers: &HeaderMap) -> Option<bool> {
    let mut told = headers.get_all(FORWARDED_PROTO).iter();
    let scheme = told.next()?;
    if told.next().is_some() {
        return None;
    }
    // Each neighbour in a chain may have added its own; the first one faces the client.
    let first = scheme
        .as_bytes()
        .split(|&byte| byte == b',')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if first.eq_ignore_ascii_case(b"https") || first.eq_ignore_ascii_case(b"wss") {
        Some(true)
    } else if first.eq_ignore_ascii_case(b"http") || first.eq_ignore_ascii_case(b"ws") {
        Some(false)
    } else {
        None
    }
}

/// Whether the peer names one port, in plain digits: readers disagree about `+443`, `0443` and lists.
fn told_port(headers: &HeaderMap) -> bool {
    let mut told = headers.get_all(FORWARDED_PORT).iter();
    let is_port = |value: &HeaderValue| {
        value.to_str().is_ok_and(|port| {
            port.starts_with(|first| matches!(first, '1'..='9')) && port.parse::<u16>().is_ok()
        })
    };
    told.next().is_some_and(is_port) && told.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forwarding::tests::headers;

    #[test]
    fn client_is_the_last_untrusted_address() {
        let trusted: Networks = "10.0.0.0/8, 2001:db8::/32".parse().expect("networks");
        for (peer, told, expected) in [
            ("203.0.113.5", &["192.0.2.1"][..], "203.0.113.5"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (
                "10.0.0.1",
                &["198.51.100.9", "192.0.2.1", "10.0.0.2"],
                "192.0.2.1",
            ),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["192.0.2.1:4711"], "192.0.2.1"),
            ("2001:db8::1", &["[2001:db9::7]:4711"], "2001:db9::7"),
            ("2001:db8::1", &["[2001:db9::7]"], "2001:db9::7"),
            ("10.0.0.1", &["192.0.2.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1, "], "10.0.0.1"),
        ] {
            let fields: Vec<(&str, &str)> = told.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let map = headers(&fields);
            let peer: IpAddr = peer.parse().expect("an address");
            let found = address(peer.to_canonical(), &map.get_all(FORWARDED_FOR), &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {told:?}");
        }
    }

    #[test]
    fn forwarded_port_must_be_digits() {
        for (told, expected) in [
            ("1", "1"),
            ("65535", "65535"),
            ("+443", "8080"),
            ("0443", "8080"),
            ("0", "8080"),
            ("65536", "8080"),
            ("443, 443", "8080"),
            ("443 ", "8080"),
            ("", "8080"),
        ] {
            let mut map = headers(&[("x-forwarded-port", told)]);
            normalize_scheme(&mut map, 8080, true);
            assert_eq!(map[FORWARDED_PORT], expected, "{told:?}");
        }
    }

    #[test]
    fn scheme_is_taken_from_trusted_peers() {
        for (told, trusted, expected) in [
            (&[("x-forwarded-proto", "https")][..], true, ("https", "443")),
            (
                &[("x-forwarded-proto", "https"), ("x-forwarded-port", "8443")],
                true,
                ("https", "8443"),
            ),
            (
                &[("x-forwarded-proto", "https"), ("x-forwarded-port", "0")],
                true,
                ("https", "443"),
            ),
            (&[("x-forwarded-proto", "https, http")], true, ("https", "443")),
            (&[("x-forwarded-proto", "gopher")], true, ("http", "8080")),
            (
                &[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")],
                true,
                ("http", "8080"),
            ),
            (
                &[("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
                false,
                ("http", "8080"),
            ),
            (&[], true, ("http", "8080")),
        ] {
            let mut map = headers(told);
            let https = normalize_scheme(&mut map, 8080, trusted);
            let normalized = (
                map[FORWARDED_PROTO].to_str().expect("text"),
                map[FORWARDED_PORT].to_str().expect("text"),
            );
            assert_eq!(normalized, expected, "{told:?}");
            assert_eq!(https, expected.0 == "https");
        }
    }
}
