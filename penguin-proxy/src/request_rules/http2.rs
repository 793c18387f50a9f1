//! What HTTP/2 asks of a request beside the rules for all versions (RFC 9113 §8), and what the scanner of raw bytes does
//! for HTTP/1: sizes, and nothing that the app could read in another way once it has become an HTTP/1 request.

use http::header::{
    CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::PathAndQuery;

use super::{FIELD_LIMIT, HEAD_LIMIT, Refusal};
use crate::head_scan::ScanLimits;

/// Fields that speak of one connection, which HTTP/2 does in frames.
const FORBIDDEN: [HeaderName; 5] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];
/// What a field counts beside its name and value (RFC 9113 §6.5.2).
const PER_FIELD: usize = 32;

/// Refuses what HTTP/2 forbids, and mends what it allows and HTTP/1 does not: cookies in pieces.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn settle(head: &mut Parts) -> Result<(), Refusal> {
    join_cookies(&mut head.headers);
    check_sizes(head)?;
    let forbidden = FORBIDDEN.iter().any(|name| head.headers.contains_key(name));
    if forbidden || head.headers.get_all(TE).iter().any(|value| value != "trailers") {
        return Err(Refusal::ConnectionField);
    }
    if head
        .uri
        .scheme_str()
        .is_some_and(|scheme| scheme != "http" && scheme != "https")
    {
        return Err(Refusal::TargetAuthority);
    }
    // Only an absolute target may begin with its query, and in HTTP/2 no target is absolute.
    if head
        .uri
        .path_and_query()
        .is_some_and(|target| target.as_str().starts_with('?'))
    {
        return Err(Refusal::TargetForm);
    }
    if let (Some(authority), Some(host)) = (head.uri.authority(), head.headers.get(HOST))
        && !host
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(Refusal::HostDisagrees);
    }
    Ok(())
}

/// One cookie field, as everybody but HTTP/2 has it (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut pieces = headers.get_all(COOKIE).iter();
    if pieces.next().is_none() || pieces.next().is_none() {
        return;
    }
    let pieces: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let Ok(whole) = HeaderValue::from_bytes(&pieces.join(&b"; "[..])) {
        headers.insert(COOKIE, whole);
    }
}

fn check_sizes(head: &Parts) -> Result<(), Refusal> {
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target: &PathAndQuery| target.as_str().len());
    if target > ScanLimits::default().target {
        return Err(Refusal::TargetTooLong);
    }
    if head.headers.len() > FIELD_LIMIT {
        return Err(Refusal::TooManyFields);
    }
    let fields: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + PER_FIELD)
        .sum();
    if target + fields > HEAD_LIMIT {
        return Err(Refusal::HeadTooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::*;

    fn settled(uri: &str, fields: &[(&str, &str)]) -> Result<Parts, Refusal> {
        let mut request = Request::builder().version(Version::HTTP_2).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut head = request.body(()).expect("a head").into_parts().0;
        settle(&mut head).map(|()| head)
    }

    #[track_caller]
    fn refused(uri: &str, fields: &[(&str, &str)], expected: Refusal) {
        assert_eq!(
            settled(uri, fields).map(|_| ()),
            Err(expected),
            "{uri} {fields:?}"
        );
    }

    #[test]
    fn what_belongs_to_one_connection_is_refused() {
        for name in [
            "connection",
            "transfer-encoding",
            "upgrade",
            "keep-alive",
            "proxy-connection",
        ] {
            refused("http://a/", &[(name, "x")], Refusal::ConnectionField);
        }
        refused("http://a/", &[("te", "gzip")], Refusal::ConnectionField);
        settled("http://a/", &[("te", "trailers")]).expect("trailers may be asked for");
    }

    #[test]
    fn one_name_for_the_site() {
        settled("http://a.example/", &[("host", "A.example")]).expect("they agree");
        settled("/", &[("host", "a.example")]).expect("Host alone is enough");
        refused(
            "http://a.example/",
            &[("host", "b.example")],
            Refusal::HostDisagrees,
        );
        refused("ftp://a.example/", &[], Refusal::TargetAuthority);
    }

    #[test]
    fn cookies_in_pieces_become_one() {
        let head = settled("http://a/", &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]).expect("fine");
        assert_eq!(
            head.headers.get_all(COOKIE).iter().collect::<Vec<_>>(),
            ["a=1; b=2"]
        );
    }

    #[test]
    fn sizes() {
        let long = format!("/{}", "x".repeat(16 * 1024));
        refused(&long, &[], Refusal::TargetTooLong);
        let half = "x".repeat(HEAD_LIMIT / 2);
        refused("/", &[("a", &half), ("b", &half)], Refusal::HeadTooLarge);
        let names: Vec<String> = (0..=FIELD_LIMIT).map(|number| format!("n{number}")).collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        refused("/", &fields, Refusal::TooManyFields);
        settled("/", &fields[..FIELD_LIMIT]).expect("as many as allowed");
    }
}
