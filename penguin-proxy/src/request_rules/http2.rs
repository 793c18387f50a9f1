//! Additional rules for HTTP/2 requests (RFC 9113 §8), and the size limits that the scanner checks for HTTP/1.

use http::header::{
    CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::PathAndQuery;

use crate::http2_filter::Flaw;
use crate::reject_reason::RejectReason;
use crate::request_limits::{FIELD_LIMIT, HEAD_LIMIT, TARGET_LIMIT};

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

impl From<Flaw> for RejectReason {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Name => Self::FieldName,
            Flaw::Nul => Self::Nul,
            Flaw::ControlByte => Self::ControlByte,
            Flaw::OuterSpace => Self::FieldSpace,
            Flaw::ConnectionField => Self::ConnectionField,
            Flaw::ContentLength => Self::ContentLength,
            Flaw::PseudoUnknown | Flaw::PseudoOrder | Flaw::PseudoMissing | Flaw::Status => Self::PseudoField,
            Flaw::Method => Self::MethodSyntax,
            Flaw::Authority => Self::TargetAuthority,
            Flaw::Path => Self::TargetByte,
            Flaw::Fragment => Self::TargetFragment,
        }
    }
}

/// Refuses what HTTP/2 forbids, and mends what it allows and HTTP/1 does not: cookies in pieces.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn normalize(head: &mut Parts) -> Result<(), RejectReason> {
    join_cookies(&mut head.headers);
    check_sizes(head)?;
    let forbidden = FORBIDDEN.iter().any(|name| head.headers.contains_key(name));
    if forbidden || head.headers.get_all(TE).iter().any(|value| value != "trailers") {
        return Err(RejectReason::ConnectionField);
    }
    if head
        .uri
        .scheme_str()
        .is_some_and(|scheme| scheme != "http" && scheme != "https")
    {
        return Err(RejectReason::TargetAuthority);
    }
    // Only an absolute target may begin with its query, and in HTTP/2 no target is absolute.
    if head
        .uri
        .path_and_query()
        .is_some_and(|target| target.as_str().starts_with('?'))
    {
        return Err(RejectReason::TargetForm);
    }
    if let (Some(authority), Some(host)) = (head.uri.authority(), head.headers.get(HOST))
        && !host
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(RejectReason::HostDisagrees);
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

fn check_sizes(head: &Parts) -> Result<(), RejectReason> {
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target: &PathAndQuery| target.as_str().len());
    if target > TARGET_LIMIT {
        return Err(RejectReason::TargetTooLong);
    }
    if head.headers.len() > FIELD_LIMIT {
        return Err(RejectReason::TooManyFields);
    }
    let fields: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + PER_FIELD)
        .sum();
    if target + fields > HEAD_LIMIT {
        return Err(RejectReason::HeadTooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::*;

    fn normalized(uri: &str, fields: &[(&str, &str)]) -> Result<Parts, RejectReason> {
        let mut request = Request::builder().version(Version::HTTP_2).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut head = request.body(()).expect("a head").into_parts().0;
        normalize(&mut head).map(|()| head)
    }

    #[track_caller]
    fn refused(uri: &str, fields: &[(&str, &str)], expected: RejectReason) {
        assert_eq!(
            normalized(uri, fields).map(|_| ()),
            Err(expected),
            "{uri} {fields:?}"
        );
    }

    #[test]
    fn connection_specific_headers_are_rejected() {
        for name in [
            "connection",
            "transfer-encoding",
            "upgrade",
            "keep-alive",
            "proxy-connection",
        ] {
            refused("http://a/", &[(name, "x")], RejectReason::ConnectionField);
        }
        refused("http://a/", &[("te", "gzip")], RejectReason::ConnectionField);
        normalized("http://a/", &[("te", "trailers")]).expect("trailers may be asked for");
    }

    #[test]
    fn host_and_authority_must_agree() {
        normalized("http://a.example/", &[("host", "A.example")]).expect("they agree");
        normalized("/", &[("host", "a.example")]).expect("Host alone is enough");
        refused(
            "http://a.example/",
            &[("host", "b.example")],
            RejectReason::HostDisagrees,
        );
        refused("ftp://a.example/", &[], RejectReason::TargetAuthority);
    }

    #[test]
    fn split_cookies_are_joined() {
        let head =
            normalized("http://a/", &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]).expect("fine");
        assert_eq!(
            head.headers.get_all(COOKIE).iter().collect::<Vec<_>>(),
            ["a=1; b=2"]
        );
    }

    #[test]
    fn sizes() {
        let long = format!("/{}", "x".repeat(16 * 1024));
        refused(&long, &[], RejectReason::TargetTooLong);
        let half = "x".repeat(HEAD_LIMIT / 2);
        refused("/", &[("a", &half), ("b", &half)], RejectReason::HeadTooLarge);
        let names: Vec<String> = (0..=FIELD_LIMIT).map(|number| format!("n{number}")).collect();
        let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        refused("/", &fields, RejectReason::TooManyFields);
        normalized("/", &fields[..FIELD_LIMIT]).expect("as many as allowed");
    }
}
