//! gRPC error responses. No I/O.
//!
//! gRPC clients read `grpc-status` and no page. The proxy answers a failed call with a response without messages
//! ("Trailers-Only"): status 200, and the headers that otherwise are trailers.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

const MEDIA_TYPE: &str = "application/grpc";
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// How a call ended, of gRPC's codes those that the proxy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It succeeded.
    Ok = 0,
    /// Nothing more is known.
    Unknown = 2,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// There is no such method.
    Unimplemented = 12,
    /// The request could not be read.
    Internal = 13,
    /// Worth another try.
    Unavailable = 14,
    /// The caller is not known.
    Unauthenticated = 16,
}

impl Status {
    /// The code that gRPC's own clients make of a status of HTTP (`doc/http-grpc-status-mapping.md` of gRPC).
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200 => Self::Ok,
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }
}

/// Whether a request with these fields is a call. gRPC-Web is not: its clients read statuses of HTTP.
pub fn is_call(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = value.and_then(|value| value.strip_prefix(MEDIA_TYPE.as_bytes()));
    matches!(rest, Some([] | [b'+' | b';' | b' ', ..]))
}

/// A response that is nothing but its end; without a message where that is empty.
pub fn trailers_only(status: Status, message: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(GRPC_STATUS, HeaderValue::from(status as u16));
    if let Ok(message) = HeaderValue::try_from(escaped(message))
        && !message.is_empty()
    {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

/// Percent-encodes what a message may not hold as it is.
fn escaped(message: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut safe = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            safe.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)]));
            safe.push('%');
            safe.extend(digits);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_calls_are_detected_by_content_type() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            is_call(&headers)
        };
        for value in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;charset=utf-8",
        ] {
            assert!(of(value), "{value}");
        }
        for value in [
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/json",
            "text/plain",
        ] {
            assert!(!of(value), "{value}");
        }
        assert!(!is_call(&HeaderMap::new()));
    }

    #[test]
    fn http_statuses_map_to_grpc_statuses() {
        for (status, expected) in [
            (200, Status::Ok),
            (400, Status::Internal),
            (401, Status::Unauthenticated),
            (403, Status::PermissionDenied),
            (404, Status::Unimplemented),
            (405, Status::Unknown),
            (408, Status::Unknown),
            (413, Status::Unknown),
            (429, Status::Unavailable),
            (500, Status::Unknown),
            (501, Status::Unknown),
            (502, Status::Unavailable),
            (503, Status::Unavailable),
            (504, Status::Unavailable),
            (505, Status::Unknown),
        ] {
            assert_eq!(
                Status::of(StatusCode::from_u16(status).unwrap()),
                expected,
                "{status}"
            );
        }
    }

    #[test]
    fn grpc_message_is_a_valid_header_value() {
        let response = trailers_only(Status::Unavailable, "100 % of a\nb \u{e9}");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[GRPC_STATUS], "14");
        assert_eq!(response.headers()[GRPC_MESSAGE], "100 %25 of a%0Ab %C3%A9");
        assert!(
            trailers_only(Status::Ok, "")
                .headers()
                .get(GRPC_MESSAGE)
                .is_none()
        );
    }
}
