//! Responses that the proxy makes when a request fails: an HTML page, JSON or one line of text, as the client asks.
//!
//! Each has the request's id, so that the logs can be searched for it. Nothing in it describes the app or the network
//! behind the proxy. No I/O.

mod template;

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};

pub(crate) use self::template::LARGEST;
pub use self::template::{ErrorPage, InvalidPage};

/// Everything that an error response is made of.
#[derive(Debug, Clone, Copy)]
pub struct ErrorResponse<'a> {
    /// The status.
    pub status: StatusCode,
    /// The stable code that the log line of this request carries too.
    pub code: &'a str,
    /// One sentence for the client.
    pub explanation: &'a str,
    /// The request's id, if it has one by now.
    pub request_id: Option<&'a HeaderValue>,
    /// When trying again is worth while.
    pub retry_after: Option<Duration>,
    /// The methods there are, for a 405.
    pub allow: Option<&'a HeaderValue>,
}

impl ErrorResponse<'_> {
    /// Returns the response to a request with this method and these headers. `page` is its form in HTML. The response to
    /// HEAD has the length and no body.
    pub fn respond(&self, page: &ErrorPage, method: &Method, request: &HeaderMap) -> Response<Bytes> {
        let shape = Shape::wanted_by(request);
        let body = shape.body(self, page);
        let length = body.len();
        let mut response = Response::new(if *method == Method::HEAD {
            Bytes::new()
        } else {
            Bytes::from(body)
        });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(shape.content_type()));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if shape == Shape::Html {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        }
        if let Some(pause) = self.retry_after {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, allow.clone());
        }
        response
    }

    /// All of it in one line.
    pub fn line(&self) -> String {
        format!("{} ({}, request {})", self.explanation, self.code, self.id())
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    fn id(&self) -> &str {
        self.request_id.and_then(|id| id.to_str().ok()).unwrap_or("-")
    }
}

/// The page runs nothing and loads nothing: styles and images are inline.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'none'";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Html,
    Json,
    Text,
}

impl Shape {
    /// The first of the three that the client names with the highest weight; text for those that do not care,
    /// which are scripts and probes.
    fn wanted_by(request: &HeaderMap) -> Self {
        let mut best = (0, Self::Text);
        for range in request
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        {
            let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let shape = match media_type.as_slice() {
                b"text/html" | b"application/xhtml+xml" => Self::Html,
                b"text/plain" => Self::Text,
                b"application/json" => Self::Json,
                _ if media_type.ends_with(b"+json") => Self::Json,
                _ => continue,
            };
            let weight = parts
                .find_map(|part| part.strip_prefix(b"q="))
                .map_or(1000, thousandths);
            if weight > best.0 {
                best = (weight, shape);
            }
        }
        best.1
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/problem+json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    fn body(self, failure: &ErrorResponse<'_>, page: &ErrorPage) -> String {
        match self {
            Self::Html => page.render(failure),
            Self::Json => json(failure),
            Self::Text => format!("{} {}\n", failure.status.as_u16(), failure.line()),
        }
    }
}

/// `0.5` as 500; what is no weight counts as none.
fn thousandths(weight: &[u8]) -> u16 {
    let (whole, fraction) = match weight {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return 0,
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let mut value = u16::from(whole - b'0') * 1000;
    let mut place = 100;
    for digit in fraction {
        value += u16::from(digit - b'0') * place;
        place /= 10;
    }
    value.min(1000)
}

/// Problem details (RFC 9457).
fn json(failure: &ErrorResponse<'_>) -> String {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": failure.title(),
        "status": failure.status.as_u16(),
        "detail": failure.explanation,
        "code": failure.code,
        "request_id": failure.id(),
    });
    format!("{problem}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &Method, accept: &str) -> Response<Bytes> {
        let id = HeaderValue::from_static("id-1");
        let mut request = HeaderMap::new();
        request.insert(ACCEPT, HeaderValue::from_str(accept).expect("a value"));
        let failure = ErrorResponse {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "overloaded",
            explanation: "The site is busy. Please try again in a moment.",
            request_id: Some(&id),
            retry_after: Some(Duration::from_millis(1200)),
            allow: None,
        };
        failure.respond(&ErrorPage::default(), method, &request)
    }

    fn text(response: &Response<Bytes>) -> &str {
        std::str::from_utf8(response.body()).expect("text")
    }

    #[test]
    fn error_format_follows_accept() {
        for (accept, content_type) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "text/html; charset=utf-8",
            ),
            ("application/json", "application/problem+json"),
            ("application/vnd.api+json", "application/problem+json"),
            ("*/*", "text/plain; charset=utf-8"),
            (
                "text/html;q=0.1, application/json;q=0.2",
                "application/problem+json",
            ),
            ("text/html;q=0", "text/plain; charset=utf-8"),
            ("text/html;q=7", "text/plain; charset=utf-8"),
            ("", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(
                answer(&Method::GET, accept).headers()[CONTENT_TYPE],
                content_type,
                "{accept}"
            );
        }
    }

    #[test]
    fn bodies() {
        insta::assert_snapshot!(text(&answer(&Method::GET, "*/*")), @"503 The site is busy. Please try again in a moment. (overloaded, request id-1)");
        insta::assert_snapshot!(text(&answer(&Method::GET, "application/json")), @r#"{"code":"overloaded","detail":"The site is busy. Please try again in a moment.","request_id":"id-1","status":503,"title":"Service Unavailable","type":"about:blank"}"#);
        let page = answer(&Method::GET, "text/html");
        assert!(text(&page).contains("<h1>Service Unavailable</h1>"));
        assert!(text(&page).contains("request <code>id-1</code>"));
        assert_eq!(
            page.headers()[CONTENT_LENGTH],
            page.body().len().to_string().as_str()
        );
        assert_eq!(page.headers()[RETRY_AFTER], "2", "never sooner than meant");
        assert_eq!(page.headers()[CACHE_CONTROL], "no-store");
    }

    #[test]
    fn head_response_has_length_only() {
        let head = answer(&Method::HEAD, "text/html");
        assert!(head.body().is_empty());
        assert_eq!(
            head.headers()[CONTENT_LENGTH],
            answer(&Method::GET, "text/html").headers()[CONTENT_LENGTH]
        );
    }
}
