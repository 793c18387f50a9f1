//! Rules for which responses are compressed, and the changes to their headers.

use http::StatusCode;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, VARY,
};

use super::Coding;

/// Digests of the very bytes that compression would change.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Media types beside `text/*`, `*+json` and `*+xml` that are worth compressing.
const TYPES: [&[u8]; 16] = [
    b"application/json",
    b"application/javascript",
    b"application/x-javascript",
    b"application/ecmascript",
    b"application/xml",
    b"application/xhtml+xml",
    b"application/wasm",
    b"application/x-ndjson",
    b"application/x-yaml",
    b"application/yaml",
    b"application/vnd.ms-fontobject",
    b"font/ttf",
    b"font/otf",
    b"image/bmp",
    b"image/x-icon",
    b"image/vnd.microsoft.icon",
];

/// What the fields of a response say about its coding, found in one look at all of them.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct ResponseTraits {
    /// Its media type is worth compressing; the first one counts.
    compressible: Option<bool>,
    has_coding: bool,
    /// It has a coding that changes it.
    encoded: bool,
    no_transform: bool,
    /// A digest stands for the very bytes that compression would change.
    digest: bool,
    ranges: bool,
    /// `Vary` names `Accept-Encoding` already.
    varies: bool,
    /// The declared length; the first one counts.
    pub(super) length: Option<u64>,
}

impl ResponseTraits {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut traits = Self::default();
        for (name, value) in headers {
            if *name == CONTENT_TYPE {
                traits.compressible.get_or_insert_with(|| is_compressible(value));
            } else if *name == CONTENT_ENCODING {
                traits.has_coding = true;
                traits.encoded |= !value.as_bytes().eq_ignore_ascii_case(b"identity");
            } else if *name == CACHE_CONTROL {
                traits.no_transform |= lists(value, b"no-transform");
            } else if *name == VARY {
                traits.varies |= lists(value, b"*") || lists(value, b"accept-encoding");
            } else if *name == CONTENT_LENGTH {
                traits.length = traits.length.or_else(|| value.to_str().ok()?.parse().ok());
            } else if *name == ACCEPT_RANGES {
                traits.ranges = true;
            } else {
                traits.digest |= DIGESTS.contains(name);
            }
        }
        traits
    }

    fn is_compressible(&self) -> bool {
        self.compressible == Some(true)
    }

    /// Whether the response is one of several variants that depend on `Accept-Encoding`.
    ///
    /// A part is: it has the `Vary` that the whole would have had (RFC 9110, 15.3.7).
    pub(super) fn vary(&self, status: StatusCode) -> bool {
        (may_have_content(status) || status == StatusCode::PARTIAL_CONTENT)
            && (self.has_coding || self.is_compressible())
            && !self.no_transform
    }

    /// Whether the response, with a body of `length` bytes (`None`: unknown), is compressed for clients that want it.
    pub(super) fn are_eligible(&self, status: StatusCode, length: Option<u64>, shortest: u64) -> bool {
        may_have_content(status)
            && length.is_none_or(|length| length >= shortest)
            && self.is_compressible()
            && !self.encoded
            && !self.no_transform
            && !self.digest
    }

    /// Marks a response as one variant of several.
    pub(super) fn add_vary(&self, headers: &mut HeaderMap) {
        if !self.varies {
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
    }

    /// Changes the fields as the body is changed: another coding, another length, no ranges, a weak validator.
    pub(super) fn encode_head(&self, headers: &mut HeaderMap, coding: Coding) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.token()));
        headers.remove(CONTENT_LENGTH);
        if self.ranges {
            headers.remove(ACCEPT_RANGES);
        }
        weaken(headers);
    }
}

fn may_have_content(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(
            status,
            StatusCode::NO_CONTENT
                | StatusCode::RESET_CONTENT
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::NOT_MODIFIED
        )
}

fn is_compressible(media_type: &HeaderValue) -> bool {
    let essence = media_type
        .as_bytes()
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if starts_with(essence, b"text/") {
        // Events leave one by one, and each is tiny.
        return !essence.eq_ignore_ascii_case(b"text/event-stream");
    }
    ends_with(essence, b"+json")
        || ends_with(essence, b"+xml")
        || TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known))
}

fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn ends_with(text: &[u8], suffix: &[u8]) -> bool {
    text.len() > suffix.len() && text[text.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// Whether Cache-Control holds a directive.
pub(super) fn has_directive(headers: &HeaderMap, directive: &[u8]) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .any(|value| lists(value, directive))
}

/// Whether a list holds a member.
fn lists(value: &HeaderValue, member: &[u8]) -> bool {
    value
        .as_bytes()
        .split(|&byte| byte == b',')
        .any(|listed| listed.trim_ascii().eq_ignore_ascii_case(member))
}

/// The bytes differ from those that the app's validator stood for, the meaning does not: `"a"` becomes `W/"a"`.
pub(super) fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG) else {
        return;
    };
    if tag.as_bytes().starts_with(b"\"") {
        let weak = [b"W/", tag.as_bytes()].concat();
        if let Ok(weak) = HeaderValue::from_bytes(&weak) {
            headers.insert(ETAG, weak);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use http::response;

    fn head(status: u16, fields: &[(&str, &str)]) -> response::Parts {
        let mut response = http::Response::builder().status(status);
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        response.body(()).expect("a head").into_parts().0
    }

    #[test]
    fn compressible_media_types() {
        let html = ("content-type", "text/html; charset=utf-8");
        for (status, fields, length, expected) in [
            (200, &[html][..], Some(1000), true),
            (200, &[html], Some(999), false),
            (200, &[html], None, true),
            (404, &[html], Some(5000), true),
            (200, &[("content-type", "TEXT/CSS")], Some(5000), true),
            (
                200,
                &[("content-type", "application/problem+json")],
                Some(5000),
                true,
            ),
            (200, &[("content-type", "image/svg+xml")], Some(5000), true),
            (200, &[("content-type", "image/png")], Some(5000), false),
            (200, &[("content-type", "font/woff2")], Some(5000), false),
            (200, &[("content-type", "text/event-stream")], None, false),
            (200, &[("content-type", "application/grpc")], None, false),
            (200, &[], Some(5000), false),
            (206, &[html], Some(5000), false),
            (204, &[html], None, false),
            (304, &[html], None, false),
            (101, &[html], None, false),
            (200, &[html, ("content-encoding", "br")], Some(5000), false),
            (200, &[html, ("content-encoding", "identity")], Some(5000), true),
            (
                200,
                &[html, ("cache-control", "public, No-Transform")],
                Some(5000),
                false,
            ),
            (
                200,
                &[html, ("content-digest", "sha-256=:AA==:")],
                Some(5000),
                false,
            ),
        ] {
            let parts = head(status, fields);
            assert_eq!(
                ResponseTraits::of(&parts.headers).are_eligible(parts.status, length, 1000),
                expected,
                "{status} {fields:?} {length:?}"
            );
        }
    }

    #[test]
    fn headers_match_the_compressed_body() {
        let mut parts = head(
            200,
            &[
                ("content-length", "5000"),
                ("accept-ranges", "bytes"),
                ("etag", "\"a\""),
                ("vary", "cookie"),
            ],
        );
        let traits = ResponseTraits::of(&parts.headers);
        assert_eq!(traits.length, Some(5000));
        traits.encode_head(&mut parts.headers, Coding::Zstd);
        traits.add_vary(&mut parts.headers);
        assert_eq!(parts.headers[CONTENT_ENCODING], "zstd");
        assert_eq!(parts.headers[ETAG], "W/\"a\"");
        assert!(!parts.headers.contains_key(CONTENT_LENGTH) && !parts.headers.contains_key(ACCEPT_RANGES));
        let vary: Vec<_> = parts.headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["cookie", "accept-encoding"]);
        weaken(&mut parts.headers);
        assert_eq!(parts.headers[ETAG], "W/\"a\"", "weak already");
        for named in ["*", "cookie, Accept-Encoding"] {
            let mut parts = head(200, &[("vary", named)]);
            ResponseTraits::of(&parts.headers).add_vary(&mut parts.headers);
            assert_eq!(parts.headers.get_all(VARY).iter().count(), 1, "{named}");
        }
    }
}
